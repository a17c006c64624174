"""Which rows of a result are wanted, and in which order; in words, and as the server takes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import MAX_CONDITIONS, MAX_LISTED, MAX_SORT_KEYS, Condition, Op
from longwatch_desktop import words
from longwatch_desktop.translation import QT_TR_NOOP, tr

NUMBERS: Final = ("int", "uint", "float", "double", "decimal", "halffloat")
_TEXTS: Final = ("string", "large_string", "string_view", "dictionary", "utf8")
_MOMENTS: Final = ("date", "timestamp", "time")
_OTHER: Final = ("duration", "month_day_nano", "binary", "large_binary", "extension<arrow.uuid")
"""What can be compared, but only as a whole."""
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_WORDS: Final = {
    Op.EQ: QT_TR_NOOP("is"),
    Op.NE: QT_TR_NOOP("is not"),
    Op.CONTAINS: QT_TR_NOOP("contains"),
    Op.STARTS_WITH: QT_TR_NOOP("starts with"),
    Op.IN: QT_TR_NOOP("is one of"),
    Op.IS_NULL: QT_TR_NOOP("is NULL"),
    Op.NOT_NULL: QT_TR_NOOP("is not NULL"),
}
_OF_NUMBERS: Final = {
    Op.LT: QT_TR_NOOP("is less than"),
    Op.LE: QT_TR_NOOP("is at most"),
    Op.GT: QT_TR_NOOP("is more than"),
    Op.GE: QT_TR_NOOP("is at least"),
}
_OF_MOMENTS: Final = {
    Op.LT: QT_TR_NOOP("is before"),
    Op.LE: QT_TR_NOOP("is at or before"),
    Op.GT: QT_TR_NOOP("is after"),
    Op.GE: QT_TR_NOOP("is at or after"),
}
_SIGNS: Final = {Op.EQ: "=", Op.NE: "≠", Op.LT: "<", Op.LE: "≤", Op.GT: ">", Op.GE: "≥"}
_EXAMPLES: Final = {"number": "12.5", "moment": "2013-07-04"}
_SENTENCES: Final = {
    Op.CONTAINS: QT_TR_NOOP("{column} contains “{value}”"),
    Op.STARTS_WITH: QT_TR_NOOP("{column} starts with “{value}”"),
    Op.IN: QT_TR_NOOP("{column} is one of {value}"),
    Op.IS_NULL: QT_TR_NOOP("{column} is NULL"),
    Op.NOT_NULL: QT_TR_NOOP("{column} is not NULL"),
}
"""Conditions that have no sign."""
WITHOUT_VALUE: Final = frozenset({Op.IS_NULL, Op.NOT_NULL})
_SHOWN_CHARS: Final = 40


class NoValue(ValueError):
    """What was typed is no value of its column; the message says what would be."""


@dataclass(frozen=True, slots=True)
class Key:
    """A column to sort by: its place, counted from 0."""

    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order and a filter. Conditions name columns as `address` does."""

    sort: tuple[Key, ...] = ()
    where: tuple[Condition, ...] = field(default=())

    @property
    def is_plain(self) -> bool:
        """Whether it means every row as it came."""
        return not self.sort and not self.where

    def key_of(self, column: int) -> tuple[int, Key] | None:
        """Which key a column is, from 1."""
        for number, key in enumerate(self.sort):
            if key.column == column:
                return number + 1, key
        return None

    def clicked(self, column: int, *, adds: bool) -> Wanted:
        """After a click on a column's header: ascending, descending, as it came. One that `adds`
        leaves the other columns as they are."""
        found = self.key_of(column)
        others = tuple(key for key in self.sort if key.column != column)
        if found is None:
            keys = (*self.sort, Key(column)) if adds else (Key(column),)
            return replace(self, sort=keys[:MAX_SORT_KEYS])
        if found[1].descending:
            return replace(self, sort=others if adds else ())
        turned = Key(column, descending=True)
        if not adds:
            return replace(self, sort=(turned,))
        return replace(
            self, sort=tuple(turned if key.column == column else key for key in self.sort)
        )

    def sorted_by(self, column: int, *, descending: bool) -> Wanted:
        """In the order of one column."""
        return replace(self, sort=(Key(column, descending),))

    def also(self, condition: Condition) -> Wanted:
        """With one condition more, unless it is there or there are too many."""
        if condition in self.where or len(self.where) >= MAX_CONDITIONS:
            return self
        return replace(self, where=(*self.where, condition))

    def without(self, number: int) -> Wanted:
        """Without a condition, counted from 0."""
        return replace(self, where=self.where[:number] + self.where[number + 1 :])

    def instead(self, number: int, condition: Condition) -> Wanted:
        """With another condition in the place of one."""
        where = list(self.where)
        where[number] = condition
        return replace(self, where=tuple(where))


def address(columns: Sequence[Column], place: int) -> str:
    """How to name a column to the server, which takes no name that two columns have."""
    name = columns[place].name
    alone = sum(column.name == name for column in columns) == 1
    return name if alone else f"#{place + 1}"


def place_of(columns: Sequence[Column], named: str) -> int:
    """The column that `address` named; 0 when there is none."""
    found = [place for place in range(len(columns)) if address(columns, place) == named]
    return found[0] if found else 0


def kind_of(column: Column) -> str:
    """`number`, `text`, `moment`, `flag`, `whole` (compared only as a whole) or `other`."""
    for kind, starts in (
        ("number", NUMBERS),
        ("text", _TEXTS),
        ("flag", ("bool",)),
        ("moment", _MOMENTS),
        ("whole", _OTHER),
    ):
        if column.type.startswith(starts):
            return kind
    return "other"


def operators(column: Column) -> dict[Op, str]:
    """What a column can be asked for, in words."""
    return {op: tr(said) for op, said in _offered(kind_of(column)).items()}


def _offered(kind: str) -> dict[Op, str]:
    nulls = {op: _WORDS[op] for op in (Op.IS_NULL, Op.NOT_NULL)}
    texts = {op: _WORDS[op] for op in (Op.CONTAINS, Op.STARTS_WITH)}
    same = {op: _WORDS[op] for op in (Op.EQ, Op.NE)}
    listed = {Op.IN: _WORDS[Op.IN]}
    match kind:
        case "number":
            return same | _OF_NUMBERS | listed | nulls
        case "moment":
            return same | _OF_MOMENTS | listed | texts | nulls
        case "text":
            return texts | same | listed | nulls
        case "flag":
            return same | nulls
        case "whole":
            return same | listed | texts | nulls
        case _:
            return texts | nulls


def example(column: Column, op: Op) -> str:
    """What a value looks like."""
    kind = kind_of(column)
    one = _EXAMPLES.get(kind) or (
        tr("true or false", "to be typed") if kind == "flag" else tr("text")
    )
    return f"{one}, …" if op is Op.IN else one


def condition(columns: Sequence[Column], place: int, op: Op, typed: str) -> Condition:
    """What was chosen and typed, as the server takes it. Raises `NoValue`."""
    column = columns[place]
    named = address(columns, place)
    if op in WITHOUT_VALUE:
        return Condition(column=named, op=op)
    if op in {Op.CONTAINS, Op.STARTS_WITH}:
        if not typed:
            raise NoValue(tr("Type the text to look for."))
        return Condition(column=named, op=op, value=typed)
    if op is Op.IN:
        values = [_value(column, part.strip()) for part in typed.split(",") if part.strip()]
        if not 1 <= len(values) <= MAX_LISTED:
            text = tr("Type 1 to {most} values, with commas between them.")
            raise NoValue(text.format(most=words.count(MAX_LISTED)))
        return Condition(column=named, op=op, value=values)
    return Condition(column=named, op=op, value=_value(column, typed))


def like_cell(columns: Sequence[Column], place: int, value: Any, *, same: bool) -> Condition:
    """Rows that have a cell's value in its column, or those that have another. Raises `NoValue`
    for a column whose values cannot be compared."""
    named = address(columns, place)
    if value is None:
        return Condition(column=named, op=Op.IS_NULL if same else Op.NOT_NULL)
    if kind_of(columns[place]) == "other":
        text = tr("Values of type {type} cannot be compared.")
        raise NoValue(text.format(type=columns[place].type))
    return Condition(column=named, op=Op.EQ if same else Op.NE, value=value)


def typed_text(condition: Condition) -> str:
    """A condition's value as it would be typed."""
    value = condition.value
    if isinstance(value, list):
        return ", ".join(_typed(one) for one in value)
    return "" if value is None else _typed(value)


def in_words(columns: Sequence[Column], condition: Condition) -> str:
    """A condition to read: `dep_delay > 60`, `carrier is one of UA, AA`."""
    column = columns[place_of(columns, condition.column)]
    op = condition.op
    value = typed_text(condition)
    value = value if len(value) <= _SHOWN_CHARS else value[: _SHOWN_CHARS - 1] + "…"
    if op in _SENTENCES:
        return tr(_SENTENCES[op]).format(column=column.name, value=value)
    if kind_of(column) == "text":
        value = tr("“{text}”").format(text=value)
    return f"{column.name} {_SIGNS[op]} {value}"


def order_in_words(columns: Sequence[Column], sort: Sequence[Key]) -> str:
    """`dep_delay descending, then carrier`."""
    said = ""
    for key in sort:
        one = columns[key.column].name
        if key.descending:
            one = tr("{column} descending").format(column=one)
        said = tr("{first}, then {next}").format(first=said, next=one) if said else one
    return said


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _value(column: Column, typed: str) -> Any:
    """A value that the server reads as one of the column's type: numbers as text, digit by
    digit."""
    kind = kind_of(column)
    if kind == "text":
        return typed
    typed = typed.strip()
    if not typed:
        raise NoValue(tr("Type a value, or choose “is NULL”."))
    if kind == "flag":
        if typed.lower() not in {"true", "false"}:
            raise NoValue(tr("Type true or false."))
        return typed.lower() == "true"
    if kind == "number":
        plain = typed.replace(" ", "").replace("_", "")
        special = column.type.startswith(("float", "double", "halffloat"))
        if special and plain.lower().lstrip("-") in {"nan", "inf", "infinity"}:
            return plain
        if not _NUMBER.fullmatch(plain):
            raise NoValue(tr("“{typed}” is no number. One looks like 12.5.").format(typed=typed))
        return plain
    return typed
