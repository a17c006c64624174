"""Values for a query's `:name`s, from Python and from a command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from longwatch.protocol.parameters import Given, Parameter, ParameterType
from longwatch.protocol.wire import UNREADABLE

_TYPES: Final = ", ".join(one.value for one in ParameterType)


def from_python(values: Mapping[str, Any]) -> dict[str, Given]:
    """Python values as the wire has them: `str`, `int`, `float`, `Decimal`, `bool`, `date`,
    `datetime`, `None`, a list or tuple of one of these, or a `Parameter`. Raises `TypeError`."""
    return {name: _given(name, value) for name, value in values.items()}


def _given(name: str, value: Any) -> Given:
    if value is None or isinstance(value, Parameter):
        return value
    items = [*value] if isinstance(value, list | tuple | set | frozenset) else [value]
    kinds = {_kind(name, one) for one in items if one is not None}
    if len(kinds) > 1:
        raise TypeError(f"The parameter {name} has values of several types.")
    plain = [_plain(one) for one in items]
    return Parameter(
        type=kinds.pop() if kinds else ParameterType.TEXT,
        value=plain[0] if items == [value] else plain,
    )


def _kind(name: str, value: Any) -> ParameterType:
    match value:
        case bool():
            return ParameterType.BOOLEAN
        case int() | float() | Decimal():
            return ParameterType.NUMBER
        case str():
            return ParameterType.TEXT
        case dt.datetime():
            return ParameterType.TIMESTAMP
        case dt.date():
            return ParameterType.DATE
        case _:
            raise TypeError(
                f"The parameter {name} is a {type(value).__name__}, which no query can be given."
            )


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime() | dt.date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case int() if not isinstance(value, bool) and abs(value) > 2**53:
            return str(value)
        case _:
            return value


def from_text(assignment: str) -> tuple[str, Given]:
    """`name=value` or `name:type=value`. Without a type a value that is JSON (a number, true, null,
    a list) is that, and all else is text. Raises `ValueError`."""
    target, equals, text = assignment.partition("=")
    name, colon, type_name = target.strip().partition(":")
    if not equals or not name.isidentifier():
        raise ValueError(f"{assignment!r} is not of the form name=value.")
    if not colon:
        return name, _read(text)
    try:
        kind = ParameterType(type_name.strip())
    except ValueError:
        raise ValueError(f"{type_name!r} is no type of a parameter. Types: {_TYPES}.") from None
    is_json = text.startswith("[") or kind in {ParameterType.NUMBER, ParameterType.BOOLEAN}
    return name, Parameter(type=kind, value=_read(text) if is_json else text)


def _read(text: str) -> Any:
    try:
        value = msgspec.json.decode(text)
    except UNREADABLE:
        return text
    if isinstance(value, dict | str):
        return text
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and str(value) != text.strip():
        # 1.50, or more digits than a float has: they travel as they were written.
        return Parameter(type=ParameterType.NUMBER, value=text.strip())
    return value
