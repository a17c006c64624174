"""From SQLite's values, each of which may be of any type, to Arrow's columns of one type each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pyarrow as pa

from longwatch.protocol.jobs import JobError

_NAMES = {int: "an integer", float: "a number", str: "text", bytes: "a blob"}


class Overflow(Exception):
    """A value that its column's type cannot hold."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.message)
        self.error = error


class Columns:
    """The columns of one result: named and declared by the statement, typed by its first rows.

    A column whose first rows are of several types becomes text, unless all are numbers. One that
    had no value yet goes by its declaration.
    """

    def __init__(self, described: Sequence[tuple[str, str | None]]) -> None:
        """`described`: each column's name, and the type it was declared with, if any."""
        self._described = described
        self._schema = pa.schema([])
        self._rows = 0

    def settle(self, rows: Sequence[tuple[Any, ...]]) -> pa.Schema:
        """Choose the types from the first rows, which `batch` is to be given as well."""
        values: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else ()
        found = [{type(one) for one in column} - {type(None)} for column in values]
        found += [set() for _ in range(len(self._described) - len(found))]
        self._schema = pa.schema(
            [
                pa.field(name, _type(types, declared))
                for (name, declared), types in zip(self._described, found, strict=True)
            ]
        )
        return self._schema

    def batch(self, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
        """Rows as a batch. Raises `Overflow`."""
        columns = zip(*rows, strict=True)
        arrays = [
            self._array(field, list(values))
            for field, values in zip(self._schema, columns, strict=True)
        ]
        self._rows += len(rows)
        return pa.record_batch(arrays, schema=self._schema)

    def _array(self, field: pa.Field[Any], values: list[Any]) -> pa.Array[Any]:
        if pa.types.is_string(field.type):
            values = [one if one is None or type(one) is str else _as_text(one) for one in values]
        elif pa.types.is_floating(field.type):
            values = [float(one) if type(one) is int else one for one in values]
        try:
            return cast("pa.Array[Any]", pa.array(values, field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise Overflow(self._refusal(field, values)) from None

    def _refusal(self, field: pa.Field[Any], values: list[Any]) -> JobError:
        for number, value in enumerate(values, start=self._rows + 1):
            try:
                pa.array([value], field.type)
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                kind = _NAMES.get(type(value), type(value).__name__)
                return JobError(
                    code="type_error",
                    message=f"Column {field.name} holds {kind} in row {number:,}, where the rows "
                    f"before it made it {field.type}.",
                    hint=f"Give it one type: CAST({field.name} AS TEXT), or AS REAL.",
                )
        return JobError(
            code="type_error",
            message=f"Column {field.name} holds values of several types.",
            hint=f"Give it one type: CAST({field.name} AS TEXT).",
        )


def _type(found: set[type], declared: str | None) -> pa.DataType:
    declaration = (declared or "").upper()
    if not found:
        return _declared(declaration)
    if found == {int}:
        # A REAL column's whole numbers come as floats already; a NUMERIC one's as integers, and
        # the next of its values may be a fraction.
        exact = not declaration or "INT" in declaration or "BOOL" in declaration
        return pa.int64() if exact else pa.float64()
    if found <= {int, float}:
        return pa.float64()
    if found == {bytes}:
        return pa.binary()
    return pa.string()


def _declared(declaration: str) -> pa.DataType:
    """SQLite's own rules of affinity."""
    if "INT" in declaration:
        return pa.int64()
    if any(word in declaration for word in ("CHAR", "CLOB", "TEXT")):
        return pa.string()
    if any(word in declaration for word in ("REAL", "FLOA", "DOUB")):
        return pa.float64()
    return pa.binary() if "BLOB" in declaration else pa.string()


def _as_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
