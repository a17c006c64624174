"""A filter as SQL over the columns of `scan`. Values are parameters; a column's type says how a
value is read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa

from longwatch.protocol.results import Op
from longwatch.results.criteria import Check
from longwatch.results.errors import Refused

_COMPARED: Final = {
    Op.EQ: "=",
    Op.NE: "<>",
    Op.LT: "<",
    Op.LE: "<=",
    Op.GT: ">",
    Op.GE: ">=",
}
_TYPES: Final[tuple[tuple[Callable[[Any], bool], str], ...]] = (
    (lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None, "CAST(? AS TIMESTAMPTZ)"),
    (lambda kind: pa.types.is_timestamp(kind) and kind.unit == "ns", "CAST(? AS TIMESTAMP_NS)"),
    (pa.types.is_timestamp, "CAST(? AS TIMESTAMP)"),
    (pa.types.is_date, "CAST(? AS TIMESTAMP)"),  # a time of day is no error, midnight the day
    (pa.types.is_time, "CAST(? AS TIME)"),
    (pa.types.is_interval, "CAST(? AS INTERVAL)"),
    (pa.types.is_duration, "CAST(? AS INTERVAL)"),
    (pa.types.is_binary, "from_hex(?)"),
    (pa.types.is_large_binary, "from_hex(?)"),
    (pa.types.is_dictionary, "?"),
    (lambda kind: str(kind) == "extension<arrow.uuid>", "CAST(? AS UUID)"),
)
"""How a text becomes a value of a type that JSON has not."""


def where(checks: tuple[Check, ...], schema: pa.Schema) -> tuple[str, list[object]]:
    """The condition, `true` without checks, and its parameters. Raises `Refused`
    (`invalid_filter`)."""
    parts, parameters = ["true"], list[object]()
    for check in checks:
        part, values = _one(check, schema.field(check.column))
        parts.append(part)
        parameters += values
    return " AND ".join(parts), parameters


def _one(check: Check, field: pa.Field[Any]) -> tuple[str, list[object]]:
    column = f"c{check.column}"
    match check.op:
        case Op.IS_NULL:
            return f"{column} IS NULL", []
        case Op.NOT_NULL:
            return f"{column} IS NOT NULL", []
        case Op.CONTAINS | Op.STARTS_WITH:
            how = "contains" if check.op is Op.CONTAINS else "starts_with"
            text = column if is_text(field.type) else f"CAST({column} AS VARCHAR)"
            return f"{how}(lower({text}), lower(?))", [check.value]
        case Op.IN:
            read = [_read(value, field) for value in check.value]
            marks = ", ".join(mark for mark, _ in read)
            return f"{column} IN ({marks})", [value for _, value in read]
        case _:
            mark, value = _read(check.value, field)
            return f"{column} {_COMPARED[check.op]} {mark}", [value]


def _read(value: Any, field: pa.Field[Any]) -> tuple[str, object]:
    """How a value is written in SQL, and the parameter."""
    kind = field.type
    try:
        if pa.types.is_boolean(kind):
            return "?", _only(bool, value)
        number = _number_reader(kind)
        if number is not None:
            return "?", number(_only((int, float, str), value))
        text = _only(str, value)
    except (TypeError, ValueError, InvalidOperation):
        raise Refused(
            "invalid_filter",
            f'filter: {value!r:.100} is no value of column "{field.name[:100]}" ({kind}).',
        ) from None
    return ("?" if is_text(kind) else _cast(kind)), text


def _number_reader(kind: pa.DataType) -> Callable[[Any], object] | None:
    if pa.types.is_integer(kind):
        return _integer
    if pa.types.is_floating(kind):
        return float
    return _decimal if pa.types.is_decimal(kind) else None


def _cast(kind: pa.DataType) -> str:
    """How a text becomes a value of a type that JSON has not. Raises `Refused`."""
    name = next((name for fits, name in _TYPES if fits(kind)), None)
    if name is None:
        raise Refused(
            "invalid_filter",
            f"filter: a column of type {kind} can be asked for contains, starts_with, is_null and "
            "not_null only.",
        )
    return name


def is_text(kind: pa.DataType) -> bool:
    """Whether values are texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _integer(value: Any) -> object:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return Decimal(value)
    return value if isinstance(value, int) else float(value)


def _decimal(value: Any) -> object:
    return Decimal(str(value))


def _only(kind: type | tuple[type, ...], value: Any) -> Any:
    """The value, if it is of the kind; a boolean is no number here."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError
    return value
