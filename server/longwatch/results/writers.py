"""Results as files of other kinds, written batch by batch into anything that takes bytes.

What survives, and as what:

- Arrow: everything, exactly.
- Parquet: everything but intervals and unions, which it has not: they are texts. Columns that
  share a name get a number.
- CSV, JSON lines, JSON, XLSX: texts as they are; times in ISO 8601; bytes in hexadecimal (in JSON
  base64); nested values as JSON; huge integers and decimals with every digit (in XLSX as text
  beyond 15 digits). NULL is nothing in CSV and XLSX; NaN is `nan` there, and null in JSON.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from longwatch.protocol.results import ExportFormat
from longwatch.protocol.texts import as_json, as_json_lines, as_text, sayable, unique
from longwatch.protocol.values import python_values
from longwatch.results import csv_text

_ROW_GROUP: Final = 122_880
"""Rows of a Parquet row group, DuckDB's own number."""
_ROW_GROUP_BYTES: Final = 48 * 2**20
"""Of rows that wait for one, so that wide ones do not fill the memory."""
_PIECE: Final = 1 << 18


class Sink(Protocol):
    """Takes bytes."""

    def write(self, data: bytes) -> object:
        """Take the next bytes."""


class Writer(Protocol):
    """Takes a result, batch by batch, then is closed."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""

    def close(self) -> None:
        """No more rows: write what is left."""


def open_writer(
    kind: ExportFormat, schema: pa.Schema, sink: Sink, folder: Path, *, escape: bool
) -> Writer:
    """The writer of a format. XLSX takes a file in `folder`; the others need none."""
    match kind:
        case ExportFormat.CSV:
            return CsvWriter(schema, sink, escape=escape)
        case ExportFormat.JSONL | ExportFormat.JSON:
            return JsonWriter(schema, sink, array=kind is ExportFormat.JSON)
        case ExportFormat.PARQUET:
            return ParquetWriter(schema, sink)
        case ExportFormat.ARROW:
            return ArrowWriter(schema, sink)
        case ExportFormat.XLSX:
            return XlsxWriter(schema, sink, folder)


class CsvWriter:
    """CSV with a header; see `csv_text`."""

    def __init__(self, schema: pa.Schema, sink: Sink, *, escape: bool) -> None:
        self._sink = sink
        self._escape = escape
        sink.write(csv_text.header(schema.names, escape=escape))

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        self._sink.write(csv_text.lines(batch.columns, escape=self._escape))

    def close(self) -> None:
        """Nothing is left."""


class JsonWriter:
    """Objects, one a line, or all in one array."""

    def __init__(self, schema: pa.Schema, sink: Sink, *, array: bool) -> None:
        self._names = unique(schema.names)
        self._sink = sink
        self._array = array
        self._first = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        columns = [_json_values(column) for column in batch.columns]
        rows = [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
        if not self._array:
            self._sink.write(as_json_lines(rows))
            return
        for row in rows:
            self._sink.write((b"[\n" if self._first else b",\n") + as_json(row))
            self._first = False

    def close(self) -> None:
        """End the array."""
        if self._array:
            self._sink.write(b"[]\n" if self._first else b"\n]\n")


class ArrowWriter:
    """A standard Arrow file, lz4 as the server keeps it."""

    def __init__(self, schema: pa.Schema, sink: Sink) -> None:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._file = pa.PythonFile(_Raw(sink), mode="w")
        self._writer = pa.ipc.new_file(self._file, schema, options=options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()
        self._file.close()


class ParquetWriter:
    """Parquet (zstd) in row groups of a size that readers like, whatever the size of batches."""

    def __init__(self, schema: pa.Schema, sink: Sink) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - 20 ms, and not every export is one

        self._as_text = [not _has_parquet(field) for field in schema]
        fields = [
            pa.field(name, pa.string() if as_text else field.type, metadata=field.metadata)
            for name, as_text, field in zip(
                unique(schema.names), self._as_text, schema, strict=True
            )
        ]
        self._schema = pa.schema(fields)
        self._file = pa.PythonFile(_Raw(sink), mode="w")
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a row group when enough rows have come."""
        columns = [
            _texts(column) if as_text else column
            for column, as_text in zip(batch.columns, self._as_text, strict=True)
        ]
        self._waiting.append(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _ROW_GROUP or self._bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write the last rows and the footer."""
        self._flush()
        self._writer.close()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting = []
        self._rows = self._bytes = 0


class XlsxWriter:
    """One sheet; see `sheets`. It is a file first: a sheet's end is needed for its beginning."""

    def __init__(self, schema: pa.Schema, sink: Sink, folder: Path) -> None:
        from longwatch.results.sheets import SheetWriter  # noqa: PLC0415 - 50 ms, as above

        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "sheet.xlsx"
        self._sink = sink
        self._sheet = SheetWriter(self._path, schema.names)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows. Raises `Refused` for a text that no cell holds; nothing is left then."""
        try:
            self._sheet.write(batch)
        except BaseException:
            self._sheet.close()
            self._path.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        """Send the file."""
        self._sheet.close()
        with self._path.open("rb") as file:
            while data := file.read(_PIECE):
                self._sink.write(data)
        self._path.unlink()


class _Raw(io.RawIOBase):
    """A sink as Arrow takes one. Its end is not the sink's."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Hand on what comes."""
        taken = bytes(data)
        self._sink.write(taken)
        return len(taken)


def _has_parquet(field: pa.Field[Any]) -> bool:
    """Whether Parquet has a column's type, seen by trying."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    try:
        pq.write_table(pa.schema([pa.field("v", field.type)]).empty_table(), io.BytesIO())
    except pa.ArrowException:
        return False
    return True


def _texts(column: pa.Array[Any]) -> pa.Array[Any]:
    values = [None if value is None else as_text(value) for value in python_values(column)]
    return pa.array(values, pa.string())


def _json_values(column: pa.Array[Any]) -> list[Any]:
    values = python_values(column)
    kind = column.type
    if pa.types.is_interval(kind) or pa.types.is_nested(kind):
        return [sayable(value) for value in values]
    return values
