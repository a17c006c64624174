"""In which order, and which rows: what an address says, checked against a result's columns.

A column is named by its name, or by its place, `#1` being the first: names may be empty, and two
columns may share one. Nothing that a client sends becomes part of an SQL text.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final, TypeVar

import msgspec

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import (
    MAX_CONDITIONS,
    MAX_LISTED,
    MAX_SORT_KEYS,
    Condition,
    Op,
    SortKey,
)
from longwatch.protocol.wire import UNREADABLE
from longwatch.results.errors import Refused

T = TypeVar("T")

_WITHOUT_VALUE: Final = frozenset({Op.IS_NULL, Op.NOT_NULL})
_OF_TEXT: Final = frozenset({Op.CONTAINS, Op.STARTS_WITH})
_EXAMPLES: Final = {
    "sort": '-dep_delay,carrier or [{"column": "dep_delay", "descending": true}]',
    "filter": '[{"column": "carrier", "op": "eq", "value": "UA"}]',
    "columns": 'carrier,dep_delay or ["carrier", "dep_delay"]',
}
_VERSION: Final = b"1"
"""Of what a view's files hold: those of another version are not used."""


class Key(msgspec.Struct, frozen=True):
    """A `SortKey` whose column is a place, counted from 0."""

    column: int
    descending: bool


class Check(msgspec.Struct, frozen=True):
    """A `Condition` whose column is a place, counted from 0."""

    column: int
    op: Op
    value: Any


class Criteria(msgspec.Struct, frozen=True):
    """An order and a filter that fit the columns of a result."""

    sort: tuple[Key, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether they mean every row as it was written."""
        return not self.sort and not self.checks

    def digest(self, rows: int) -> str:
        """A name for the view that they make of a result of so many rows."""
        told = msgspec.json.encode([self, rows])
        return hashlib.sha256(_VERSION + told).hexdigest()[:24]


def find_column(columns: list[Column], name: str) -> int:
    """The place of a column. Raises `Refused` (`unknown_column`, `ambiguous_column`)."""
    places = [place for place, column in enumerate(columns) if column.name == name]
    if len(places) == 1:
        return places[0]
    if places:
        numbers = " or ".join(f"#{place + 1}" for place in places)
        raise Refused(
            "ambiguous_column", f"{len(places)} columns are called {_shown(name)}. Say {numbers}."
        )
    if name.startswith("#") and name[1:].isdecimal() and 1 <= int(name[1:]) <= len(columns):
        return int(name[1:]) - 1
    raise Refused(
        "unknown_column",
        f"The result has no column {_shown(name)}. Its columns: {_named(columns)}.",
    )


def parse_sort(text: str, columns: list[Column]) -> tuple[Key, ...]:
    """`-dep_delay,carrier`, or a JSON list of `SortKey`. Raises `Refused` (`invalid_sort`)."""
    if not text:
        return ()
    if text.startswith("["):
        keys = _decoded(text, list[SortKey], "invalid_sort", "sort")
    else:
        keys = [
            SortKey(column=part.removeprefix("-"), descending=part.startswith("-"))
            for part in text.split(",")
        ]
    if len(keys) > MAX_SORT_KEYS:
        raise Refused("invalid_sort", f"sort: {MAX_SORT_KEYS} columns are the most.")
    found = tuple(Key(find_column(columns, key.column), key.descending) for key in keys)
    if len({key.column for key in found}) < len(found):
        raise Refused("invalid_sort", "sort: a column is named twice. Name each once.")
    return found


def parse_filter(text: str, columns: list[Column]) -> tuple[Check, ...]:
    """A JSON list of `Condition`. Raises `Refused` (`invalid_filter`)."""
    if not text:
        return ()
    conditions = _decoded(text, list[Condition], "invalid_filter", "filter")
    if len(conditions) > MAX_CONDITIONS:
        raise Refused("invalid_filter", f"filter: {MAX_CONDITIONS} conditions are the most.")
    checks = []
    for number, one in enumerate(conditions):
        wrong = _wrong(one)
        if wrong is not None:
            raise Refused("invalid_filter", f"filter: condition {number + 1}: {wrong}")
        checks.append(Check(find_column(columns, one.column), one.op, one.value))
    return tuple(checks)


def _wrong(one: Condition) -> str | None:
    """What is wrong with a condition, whatever the type of its column."""
    found: str | None = None
    if one.op in _WITHOUT_VALUE:
        found = None if one.value is None else f"{one.op} takes no value. Leave it out."
    elif one.op is Op.IN:
        if not isinstance(one.value, list) or not 1 <= len(one.value) <= MAX_LISTED:
            found = f"in takes a list of 1 to {MAX_LISTED} values."
        elif not all(_is_simple(value) for value in one.value):
            found = "each value of in is a number, a text or a boolean."
    elif one.value is None:
        found = f"{one.op} needs a value. For rows without one, ask is_null or not_null."
    elif not _is_simple(one.value):
        found = "a value is a number, a text or a boolean."
    elif one.op in _OF_TEXT and not isinstance(one.value, str):
        found = f"{one.op} takes a text."
    return found


def _is_simple(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _decoded(text: str, shape: type[T], code: str, name: str) -> T:
    try:
        return msgspec.json.decode(text, type=shape)
    except (UnicodeEncodeError, *UNREADABLE) as error:
        raise Refused(code, f"{name}: {error}. It reads like {_EXAMPLES[name]}.") from None


def _shown(name: str) -> str:
    return f'"{name[:100]}"'


def _named(columns: list[Column]) -> str:
    names = ", ".join(_shown(column.name) for column in columns[:20])
    return names + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")


def parse_columns(text: str, columns: list[Column]) -> list[int] | None:
    """`carrier,dep_delay`, or a JSON list of names; `None` for all. Raises `Refused`."""
    if not text:
        return None
    names = (
        _decoded(text, list[str], "invalid_columns", "columns")
        if text.startswith("[")
        else text.split(",")
    )
    found = [find_column(columns, name) for name in names]
    if not found or len(set(found)) < len(found):
        raise Refused("invalid_columns", "columns: name at least one, and each once.")
    return found
