"""Binds the `:name`s of a query: turns them into an engine's own placeholders, and keeps the values
apart from the SQL.

Only names that have a value are touched, and only where the dialect's tokens make them one: not in
strings, comments, quoted names or after `::`, and not what divides `list[1:n]` or `{key:x}`. An
identifier cannot be bound by any engine, so it is quoted into the text; everything else reaches the
engine as a value.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from longwatch.engines.contract import EngineError
from longwatch.engines.text import place, tokens
from longwatch.protocol.jobs import JobError
from longwatch.protocol.parameters import MAX_LIST_ITEMS, Parameter, ParameterType

_NAME: Final = re.compile(r"(?<!:):(?=[^\W\d])")
_CLOSING: Final = {")": "(", "]": "[", "}": "{"}
_OPERANDS: Final = frozenset({"NUMBER", "R_PAREN", "R_BRACKET", "R_BRACE"})
_WORDS: Final = frozenset({"VAR", "IDENTIFIER"})
"""sqlglot's names of the types of tokens."""
_EMPTY_LIST: Final = "(SELECT NULL WHERE 1 = 0)"
"""`x NOT IN` it is true, as it should be; of `(NULL)` it would be unknown."""


@dataclass(frozen=True, slots=True)
class Bound:
    """SQL with placeholders, made of what was `given`, and the values of them in order, the first
    being number 1."""

    given: str
    sql: str
    values: list[Any]
    missing: list[str] = field(default_factory=list)
    """`:name`s that have no value, and were left as they are."""
    _moved: list[tuple[int, int]] = field(default_factory=list)

    def place(self, at: int) -> tuple[int, int]:
        """Line and column, from 1 and in the SQL as it was given, of the bound one's character
        `at`."""
        return place(self.given, self.original(at))

    def original(self, at: int) -> int:
        """Where in the SQL as it was given character `at` of the bound SQL came from."""
        number = bisect_right(self._moved, (at, at)) - 1
        if number < 0:
            return at
        here, there = self._moved[number]
        return there + max(0, at - here)


def bind(
    sql: str,
    parameters: Mapping[str, Parameter],
    *,
    dialect: str,
    placeholder: Callable[[int], str],
    quoted: Callable[[str], str],
    literal: Callable[[Any], str] | None = None,
    nothing: tuple[str, str] | None = None,
) -> Bound:
    """Bind what `sql` names of `parameters`. `dialect` is sqlglot's name of it, `placeholder` makes
    that of value number n, `quoted` an identifier. With `literal` it is that which stands for a
    value, for engines that stream only without placeholders. `nothing` is what being IN an empty
    list is written as, and NOT IN one, where a query without rows cannot stand for any type.

    Raises `EngineError` for a value that is not of its type.
    """
    if not _NAME.search(sql):
        return Bound(sql, sql, [])
    found = tokens(sql, dialect)
    if found is None:
        return Bound(sql, sql, [])  # the engine says what is wrong with it
    parts: list[str] = []
    values: list[Any] = []
    missing: list[str] = []
    moved: list[tuple[int, int]] = []
    done = length = 0
    written = literal or (lambda _: placeholder(len(values)))
    brackets: list[str] = []
    for number, (colon, name) in enumerate(itertools.pairwise(found)):
        _follow(colon.text, brackets)
        text = sql[name.start : name.end + 1]
        if colon.text != ":" or name.start != colon.end + 1 or not text.isidentifier():
            continue
        if _belongs_to_what_is_before(sql, found[max(number - 2, 0) : number + 1], brackets):
            continue
        if text not in parameters:
            missing.append(text)
            continue
        first, last = number, number + 1
        if _texts(found, number - 1, number) == ["("] and _texts(found, last + 1) == [")"]:
            first, last = number - 1, last + 1
        bracketed = last > number + 1
        before = _texts(found, first - 2, first)
        if nothing is not None and parameters[text].value == [] and before[-1:] == ["IN"]:
            put = nothing[before[0] == "NOT"]
            first -= 1 + (before[0] == "NOT")
        else:
            put = _put(text, parameters[text], values, written, quoted, bracketed=bracketed)
            first, last = number, number + 1
        kept = sql[done : found[first].start]
        if kept[-1:].isalnum():
            put = " " + put  # `LIMIT:n` is two words, `LIMIT$1` may be one
        parts += [kept, put]
        length += len(kept)
        moved.append((length, colon.start))
        length += len(put)
        done = found[last].end + 1
        moved.append((length, done))
    return Bound(sql, "".join([*parts, sql[done:]]), values, missing, moved)


def _follow(text: str, brackets: list[str]) -> None:
    """Keep in `brackets` those that are open."""
    if text in _CLOSING.values():
        brackets.append(text)
    elif text in _CLOSING and brackets[-1:] == [_CLOSING[text]]:
        brackets.pop()


def _belongs_to_what_is_before(sql: str, found: Sequence[Any], brackets: list[str]) -> bool:
    """Whether the colon that `found` ends with divides the bounds of a slice, or a key from its
    value: then what it follows is an operand. A word is one when nothing is between (`ZONE :tz` has
    a parameter), or when it stands where a key does."""
    if len(found) < 2:
        return False
    before, colon = found[-2:]
    text = sql[before.start : before.end + 1]
    kind = before.token_type.name
    if kind in _OPERANDS or kind.endswith("STRING"):
        return True
    if kind in _WORDS and before.end + 1 == colon.start:
        return True
    is_key = len(found) > 2 and found[0].text in {"{", ","} and brackets[-1:] == ["{"]
    return is_key and text.isidentifier()


def _texts(tokens: Sequence[Any], start: int, end: int | None = None) -> list[str]:
    end = start + 1 if end is None else end
    return [token.text.upper() for token in tokens[max(start, 0) : max(end, 0)]]


def _put(
    name: str,
    parameter: Parameter,
    values: list[Any],
    written: Callable[[Any], str],
    quoted: Callable[[str], str],
    *,
    bracketed: bool,
) -> str:
    if parameter.type is ParameterType.IDENTIFIER:
        return quoted(identifier(name, parameter))
    value = to_python(name, parameter)
    if not isinstance(value, list):
        values.append(value)
        return written(value)
    if not value:
        return _EMPTY_LIST[1:-1] if bracketed else _EMPTY_LIST
    places = []
    for one in value:
        values.append(one)
        places.append(written(one))
    return ", ".join(places) if bracketed else f"({', '.join(places)})"


def identifier(name: str, parameter: Parameter) -> str:
    """The name that a parameter chooses. Raises `EngineError`."""
    value, choices = parameter.value, parameter.choices
    if not isinstance(value, str) or not value or "\x00" in value:
        raise EngineError(_wrong(name, parameter, "the name of a table or a column"))
    if choices is not None and value not in choices:
        raise EngineError(_wrong(name, parameter, "one of " + ", ".join(map(repr, choices))))
    return value


def to_python(name: str, parameter: Parameter) -> Any:
    """The value as the drivers take it: `str`, `int`, `float`, `Decimal`, `bool`, `date`,
    `datetime`, `None`, or a list of them. Raises `EngineError`."""
    value = parameter.value
    if isinstance(value, list):
        if len(value) > MAX_LIST_ITEMS:
            raise EngineError(
                JobError(
                    code="invalid_parameter",
                    message=f"The parameter {name} has {len(value):,} values; at most "
                    f"{MAX_LIST_ITEMS:,} can be given.",
                    hint="Put them into a table or a file, and join that.",
                )
            )
        return [_one(name, parameter, one) for one in value]
    return _one(name, parameter, value)


def as_sqlite_keeps(value: Any) -> Any:
    """A value that `to_python` gave as SQLite has such: it knows no dates, truth or decimals."""
    match value:
        case dt.datetime():
            return value.isoformat(" ")
        case dt.date():
            return value.isoformat()
        case bool():
            return int(value)
        case Decimal():
            return float(value)
        case _:
            return value


def _one(name: str, parameter: Parameter, value: Any) -> Any:
    if value is None:
        return None
    word, convert = _KINDS[parameter.type]
    try:
        return convert(value)
    except (TypeError, ValueError, InvalidOperation, OverflowError):
        raise EngineError(_wrong(name, parameter, word)) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> int | float | Decimal:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, int | float):
        return value
    text = _text(value).strip()
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> dt.date:
    return dt.date.fromisoformat(_text(value))


def _timestamp(value: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(_text(value))


_KINDS: Final[dict[ParameterType, tuple[str, Callable[[Any], Any]]]] = {
    ParameterType.TEXT: ("text", _text),
    ParameterType.NUMBER: ("a number", _number),
    ParameterType.BOOLEAN: ("true or false", _boolean),
    ParameterType.DATE: ("a date such as 2013-05-01", _date),
    ParameterType.TIMESTAMP: ("a time such as 2013-05-01T12:00:00", _timestamp),
    ParameterType.IDENTIFIER: ("a name", _text),
}


def _wrong(name: str, parameter: Parameter, wanted: str) -> JobError:
    return JobError(
        code="invalid_parameter",
        message=f"The parameter {name} is {parameter.value!r}, which is not {wanted}.",
        hint=f"Give {name} another value, then run the query again.",
    )


def advice(missing: list[str]) -> str | None:
    """What to tell about names without a value; `None` when there are none."""
    if not missing:
        return None
    names = ", ".join(dict.fromkeys(missing))
    return f"If :{names} is meant as a parameter, give it a value."
