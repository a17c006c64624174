"""What a query's `:name`s are given: what somebody typed, and the value that it means."""

from __future__ import annotations

import csv
import datetime as dt
import enum
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from longwatch.protocol.parameters import Parameter, ParameterType
from longwatch.protocol.sources import QueryParameter
from longwatch_desktop.translation import QT_TR_NOOP, tr


class Kind(enum.StrEnum):
    """How a text is to be read; `AUTO` goes by what it looks like."""

    AUTO = "auto"
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    IDENTIFIER = "identifier"
    NULL = "null"


TITLES: Final = {
    Kind.AUTO: QT_TR_NOOP("By what it looks like"),
    Kind.TEXT: QT_TR_NOOP("Text"),
    Kind.NUMBER: QT_TR_NOOP("Number"),
    Kind.BOOLEAN: QT_TR_NOOP("True or false"),
    Kind.DATE: QT_TR_NOOP("Date"),
    Kind.TIMESTAMP: QT_TR_NOOP("Date and time"),
    Kind.IDENTIFIER: QT_TR_NOOP("Name of a table or column"),
    Kind.NULL: "NULL",
}
"""To be translated where they are shown, as all of these."""
WITHIN: Final = {
    Kind.AUTO: QT_TR_NOOP("by what it looks like"),
    Kind.TEXT: QT_TR_NOOP("text"),
    Kind.NUMBER: QT_TR_NOOP("number"),
    Kind.BOOLEAN: QT_TR_NOOP("true or false"),
    Kind.DATE: QT_TR_NOOP("date"),
    Kind.TIMESTAMP: QT_TR_NOOP("date and time"),
    Kind.IDENTIFIER: QT_TR_NOOP("name of a table or column"),
    Kind.NULL: "null",
}
"""The same behind other words."""
EXAMPLES: Final = {
    Kind.AUTO: QT_TR_NOOP("42 or some text"),
    Kind.TEXT: QT_TR_NOOP("some text"),
    Kind.NUMBER: "42",
    Kind.BOOLEAN: "true",
    Kind.DATE: "2013-05-01",
    Kind.TIMESTAMP: "2013-05-01 12:00",
    Kind.IDENTIFIER: "carrier",
    Kind.NULL: "NULL",
}
_WRONG: Final = {
    Kind.NUMBER: QT_TR_NOOP(":{name} must be a number, such as {example}; '{text}' is not."),
    Kind.BOOLEAN: QT_TR_NOOP(
        ":{name} must be a true or false, such as {example}; '{text}' is not."
    ),
    Kind.DATE: QT_TR_NOOP(":{name} must be a date, such as {example}; '{text}' is not."),
    Kind.TIMESTAMP: QT_TR_NOOP(
        ":{name} must be a date and time, such as {example}; '{text}' is not."
    ),
}
_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}


class Typed(msgspec.Struct, frozen=True):
    """What somebody typed for a `:name`. With `many` it is a list, with commas in between."""

    text: str = ""
    kind: Kind = Kind.AUTO
    many: bool = False


class FieldError(Exception):
    """What was typed for `name` cannot be taken; the text says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def prefilled(declared: QueryParameter) -> Typed:
    """What a saved query suggests."""
    default = declared.default
    kind = Kind(declared.type.value)
    if default is None:
        return Typed("", kind, declared.many)
    if isinstance(default, list):
        return Typed(_joined([_shown(one) for one in default]), kind, many=True)
    return Typed(_shown(default), kind, declared.many)


def retyped(given: Parameter) -> Typed:
    """What to type for a value that a query was run with."""
    if given.value is None:
        return Typed("", Kind.NULL)
    kind = Kind(given.type.value)
    if isinstance(given.value, list):
        return Typed(_joined([_shown(one) for one in given.value]), kind, many=True)
    return Typed(_shown(given.value), kind)


def meant(name: str, typed: Typed, choices: list[str] | None = None) -> Parameter:
    """The value that was typed. Raises `FieldError`."""
    if typed.kind is Kind.NULL:
        return Parameter(type=ParameterType.TEXT, value=None)
    if typed.many:
        kind, value = _list(name, typed)
    else:
        kind, value = _one(name, typed.text, typed.kind)
    return Parameter(type=kind, value=value, choices=choices)


def _list(name: str, typed: Typed) -> tuple[ParameterType, list[Any]]:
    text = typed.text.strip()
    if text.startswith("[") and text.endswith("]"):  # as a list is written elsewhere
        text = text[1:-1]
    items = next(csv.reader([text], skipinitialspace=True), [])
    texts = [item for item in items if item.strip() or (typed.kind is Kind.TEXT and len(items) > 1)]
    if typed.kind is not Kind.AUTO:
        kind = ParameterType(typed.kind.value)
        return kind, [_one(name, text, typed.kind)[1] for text in texts]
    found = [_one(name, text, Kind.AUTO) for text in texts]
    kinds = {kind for kind, _ in found}
    if len(kinds) == 1:
        return kinds.pop(), [value for _, value in found]
    return ParameterType.TEXT, texts


def _one(name: str, text: str, kind: Kind) -> tuple[ParameterType, Any]:
    if kind is Kind.TEXT:
        return ParameterType.TEXT, text
    stripped = text.strip()
    if not stripped:
        raise FieldError(name, tr("Give :{name} a value.").format(name=name))
    if kind is Kind.AUTO:
        for one in (Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP):
            try:
                return _one(name, stripped, one)
            except FieldError:
                continue
        return ParameterType.TEXT, text
    try:
        return ParameterType(kind.value), _read(stripped, kind)
    except (ValueError, KeyError, InvalidOperation):
        wrong = tr(_WRONG[kind]).format(name=name, example=EXAMPLES[kind], text=stripped)
        raise FieldError(name, wrong) from None


def _read(text: str, kind: Kind) -> Any:
    match kind:
        case Kind.NUMBER:
            if not Decimal(text).is_finite():
                raise ValueError(text)
            return text  # its digits: a JSON number would lose some of a long one
        case Kind.BOOLEAN:
            return _TRUTHS[text.lower()]
        case Kind.DATE:
            return dt.date.fromisoformat(text).isoformat()
        case Kind.TIMESTAMP:
            return dt.datetime.fromisoformat(text).isoformat()
        case _:
            return text


def _shown(value: str | float | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _joined(texts: list[str]) -> str:
    return ", ".join(_quoted(text) for text in texts)


def _quoted(text: str) -> str:
    plain = text and text == text.strip() and not set(text) & set(',"\r\n')
    return text if plain else '"' + text.replace('"', '""') + '"'
