"""From PostgreSQL's types to Arrow's.

Most come as they are. What Arrow has no type for is asked for as text: ranges, addresses, `money`,
bit strings, composite values, `uuid` and what extensions bring. `numeric(p, s)` of up to 38 digits
keeps every digit; one without a precision, such as the sum of a `bigint`, becomes `double`, as it
may be of any size: whoever needs its digits past the fifteenth writes `::numeric(38, 2)` or
`::text`. An array of several dimensions arrives as the list of all its elements.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from longwatch.engines.adbc_stream import plain_type
from longwatch.protocol.jobs import JobError

_TYPE: Final = b"POSTGRESQL:type"
_TYPMOD: Final = b"POSTGRESQL:typmod"
_MOST_DIGITS: Final = 38
_AS_TEXT: Final = frozenset({"uuid", "money", "record", "json", "jsonb"})
_CASTS: Final = {"oid": "int8", "xid": "int8", "_oid": "int8[]", "numeric": "float8"}
_EPOCH_DAYS: Final = 10_957
"""From 1970, Arrow's first day, to 2000, PostgreSQL's. The driver adds it to what stands for
infinity as well, which goes past the end."""
_INT32, _INT64 = 2**31, 2**63
_SHIFT_US: Final = _EPOCH_DAYS * 86_400 * 10**6
_INFINITE_DAYS: Final = (_INT32 - 1 + _EPOCH_DAYS - 2 * _INT32, -_INT32 + _EPOCH_DAYS)
_INFINITE_US: Final = (_INT64 - 1 + _SHIFT_US - 2 * _INT64, -_INT64 + _SHIFT_US)


class Unfit(Exception):
    """A value that its column cannot hold."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.message)
        self.error = error


def in_arrows_words(sql: str, schema: pa.Schema, *, changes: bool) -> str:
    """`sql`, which returns rows of that schema, with the columns that Arrow lacks the type of cast
    to ones it has; their names are lost. The SQL itself when there are none. `changes` says that
    it is an INSERT or the like, which may stand in WITH alone."""
    casts = [_cast(field) for field in schema]
    if not any(casts):
        return sql
    names = [f"c{number}" for number in range(len(casts))]
    listed = ", ".join(
        f"{name}::{cast}" if cast else name for name, cast in zip(names, casts, strict=True)
    )
    columns = ", ".join(names)
    if changes:
        return f"WITH q ({columns}) AS (\n{sql}\n) SELECT {listed} FROM q"  # noqa: S608 - as below
    return f"SELECT {listed} FROM (\n{sql}\n) AS q ({columns})"  # noqa: S608 - it is SQL we got


def _cast(field: pa.Field[Any]) -> str | None:
    name = _name(field)
    if name == "numeric":
        return None if _decimal(field) else "float8"
    if name == "_numeric":
        return "float8[]"
    if name in _CASTS:
        return _CASTS[name]
    if pa.types.is_list(field.type):
        return "text[]" if _lacking(field.type.value_type, name.removeprefix("_")) else None
    return "text" if _lacking(field.type, name) else None


def _lacking(kind: pa.DataType, name: str) -> bool:
    return (
        name in _AS_TEXT
        or isinstance(kind, pa.BaseExtensionType)
        or pa.types.is_struct(kind)
        or pa.types.is_nested(kind)
    )


def _name(field: pa.Field[Any]) -> str:
    return (field.metadata or {}).get(_TYPE, b"").decode()


def _decimal(field: pa.Field[Any]) -> pa.DataType | None:
    """The decimal type of a `numeric` with a precision that Arrow can hold."""
    typmod = int((field.metadata or {}).get(_TYPMOD, b"-1")) - 4
    precision, scale = typmod >> 16 & 0xFFFF, typmod & 0x7FF
    scale -= 2048 if scale >= 1024 else 0  # of 11 bits, since it may be negative
    if typmod < 0 or not 0 < precision <= _MOST_DIGITS or not 0 <= scale <= precision:
        return None
    return pa.decimal128(precision, scale)


class Columns:
    """A result's columns: `described` is the query's own schema, `got` what the driver sends."""

    def __init__(self, described: pa.Schema, got: pa.Schema) -> None:
        self._fields = [
            pa.field(one.name, _plain(other)) for one, other in zip(described, got, strict=True)
        ]
        self.schema = pa.schema(self._fields)

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of the driver's in the types of `schema`. Raises `Unfit`."""
        arrays = [
            _settled(column, field)
            for column, field in zip(batch.columns, self._fields, strict=True)
        ]
        if not arrays:
            return batch
        return pa.record_batch(arrays, schema=self.schema)


def _plain(field: pa.Field[Any]) -> pa.DataType:
    if _name(field) == "numeric":
        return _decimal(field) or pa.string()
    return plain_type(field.type)


def _settled(column: pa.Array[Any], field: pa.Field[Any]) -> pa.Array[Any]:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_date32(field.type):
        return _infinities(column, pa.int32(), _INFINITE_DAYS)
    if pa.types.is_timestamp(field.type):
        return _infinities(column, pa.int64(), _INFINITE_US)
    if column.type == field.type:
        return column
    try:
        settled: pa.Array[Any] = column.cast(field.type)
    except pa.ArrowInvalid:
        raise Unfit(
            JobError(
                code="type_error",
                message=f"Column {field.name} holds NaN, which {field.type} has not.",
                hint=f"Ask for it as a float: {field.name}::float8.",
            )
        ) from None
    return settled


def _infinities(
    column: pa.Array[Any], integer: pa.DataType, wrapped: tuple[int, int]
) -> pa.Array[Any]:
    """The largest number for infinity and the smallest for its opposite, as in DuckDB's Arrow."""
    import pyarrow.compute as pc  # noqa: PLC0415 - 50 ms, and most results have no dates

    raw = column.view(integer)
    largest = 2 ** (integer.bit_width - 1) - 1
    for value, meant in zip(wrapped, (largest, -largest), strict=True):
        mask = pc.equal(raw, pa.scalar(value, integer))
        if pc.any(mask).as_py():
            raw = pc.if_else(mask, pa.scalar(meant, integer), raw)
    settled: pa.Array[Any] = raw.view(column.type)
    return settled
