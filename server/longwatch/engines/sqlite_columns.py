"""From SQLite's values, each of which may be of any type, to Arrow's columns of one type each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import pyarrow as pa

from longwatch.protocol.jobs import JobError

_NAMES: Final = {int: "an integer", float: "a number", str: "text", bytes: "a blob"}
_EXACT: Final = 2**53
"""Up to here every whole number is one that a float can be."""
_WHOLE: Final = re.compile(r"(?:NUM|DEC)[^(]*\(\s*\d+\s*(?:,\s*0\s*)?\)")
"""How a decimal number without places is declared."""


class Overflow(Exception):
    """A value that its column's type cannot hold."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.message)
        self.error = error


class Columns:
    """The columns of one result: named and declared by the statement, typed by its first rows.

    A column whose first rows are of several types becomes text, unless all are numbers. One that
    had no value yet goes by its declaration. A value that comes later, and would lose something by
    becoming what its column is, is refused.
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
                pa.field(name, _type(types, declared, [row[at] for row in rows]))
                for at, ((name, declared), types) in enumerate(
                    zip(self._described, found, strict=True)
                )
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

    def not_utf8(self, rows: Sequence[tuple[Any, ...]], value: bytes) -> JobError:
        """What is wrong with `value`, which the row after `rows` holds as text. APSW drops such a
        row without telling the column, so it is one of those that may hold text."""
        every = [name for name, _ in self._described]
        names = [name for at, name in enumerate(every) if self._may_be_text(at, rows)] or every
        named = "Column " if len(names) == 1 else "One of the columns "
        casts = ", ".join(f"CAST({name} AS BLOB)" for name in names[:3])
        return JobError(
            code="conversion_error",
            message=f"{named}{', '.join(names)} holds text in row "
            f"{self._rows + len(rows) + 1:,} that is not UTF-8: "
            f"{value.decode(errors='replace')[:80]!r}.",
            hint=f"Take its bytes as they are: {casts}.",
        )

    def _may_be_text(self, at: int, rows: Sequence[tuple[Any, ...]]) -> bool:
        if len(self._schema):
            return pa.types.is_string(self._schema.field(at).type)
        found = {type(row[at]) for row in rows} - {type(None)}
        if found:
            return str in found
        return pa.types.is_string(_declared((self._described[at][1] or "").upper()))

    def _array(self, field: pa.Field[Any], values: list[Any]) -> pa.Array[Any]:
        if pa.types.is_string(field.type):
            values = [one if one is None or type(one) is str else _as_text(one) for one in values]
        elif pa.types.is_floating(field.type):
            if not all(map(_is_exact, values)):
                raise Overflow(self._loss(field, values))
            values = [float(one) if type(one) is int else one for one in values]
        elif pa.types.is_integer(field.type) and any(map(_is_fraction, values)):
            raise Overflow(self._refusal(field, values))  # Arrow would cut them off without a word
        try:
            return cast("pa.Array[Any]", pa.array(values, field.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise Overflow(self._refusal(field, values)) from None

    def _loss(self, field: pa.Field[Any], values: list[Any]) -> JobError:
        at = next(at for at, one in enumerate(values) if not _is_exact(one))
        return JobError(
            code="type_error",
            message=f"Column {field.name} holds {values[at]} in row {self._rows + at + 1:,}, which "
            "would lose its last digits beside numbers with fractions.",
            hint=f"CAST({field.name} AS TEXT) keeps every digit, AS INTEGER drops the fractions, "
            "AS REAL rounds.",
        )

    def _refusal(self, field: pa.Field[Any], values: list[Any]) -> JobError:
        for number, value in enumerate(values, start=self._rows + 1):
            if not _fits(value, field.type):
                kind = _NAMES.get(type(value), type(value).__name__)
                return JobError(
                    code="type_error",
                    message=f"Column {field.name} holds {kind} in row {number:,}, where the rows "
                    f"before it made it {field.type}.",
                    hint=f"Give it one type: {_advice(field, value)}.",
                )
        return JobError(
            code="type_error",
            message=f"Column {field.name} holds values of several types.",
            hint=f"Give it one type: CAST({field.name} AS TEXT).",
        )


def _fits(value: Any, wanted: pa.DataType) -> bool:
    if pa.types.is_integer(wanted) and _is_fraction(value):
        return False
    try:
        pa.array([value], wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _advice(field: pa.Field[Any], value: Any) -> str:
    if isinstance(value, float):
        return f"CAST({field.name} AS REAL), or AS TEXT"
    return f"CAST({field.name} AS TEXT), or AS REAL"


def _type(found: set[type], declared: str | None, values: Sequence[Any]) -> pa.DataType:
    declaration = (declared or "").upper()
    if not found:
        return _declared(declaration)
    if found == {int}:
        return pa.int64() if _stays_whole(declaration, values) else pa.float64()
    if found <= {int, float}:
        return pa.float64()
    if found == {bytes}:
        return pa.binary()
    return pa.string()


def _stays_whole(declaration: str, values: Sequence[Any]) -> bool:
    """A REAL column's whole numbers come as floats already; a NUMERIC one's as integers, and the
    next of its values may be a fraction."""
    if not declaration or "INT" in declaration or "BOOL" in declaration:
        return True
    return bool(_WHOLE.search(declaration)) or not all(map(_is_exact, values))


def _is_exact(value: Any) -> bool:
    """Whether a float can be what `value` is, if it is an integer."""
    return type(value) is not int or -_EXACT <= value <= _EXACT or int(float(value)) == value


def _declared(declaration: str) -> pa.DataType:
    """SQLite's own rules of affinity."""
    if "INT" in declaration:
        return pa.int64()
    if any(word in declaration for word in ("CHAR", "CLOB", "TEXT")):
        return pa.string()
    if any(word in declaration for word in ("REAL", "FLOA", "DOUB")):
        return pa.float64()
    return pa.binary() if "BLOB" in declaration else pa.string()


def _is_fraction(value: Any) -> bool:
    return type(value) is float and not value.is_integer()


def _as_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
