"""Where the rows go: a table or CSV on standard output, JSON lines, or a file by its extension.

Each takes Arrow batches as they come, so a result larger than memory passes through.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TextIO

import click

from longwatch.cli import tables
from longwatch.client import words
from longwatch.protocol import texts as values
from longwatch.protocol.values import python_values

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    import pyarrow.parquet as pq

TABLE_ROWS: Final = 100
"""Rows a terminal shows; a person who wants more wants a file."""

_CELL_WIDTH: Final = 60
_ROW_GROUP: Final = 122_880
"""Rows of a Parquet row group, DuckDB's own number."""


class Writer(Protocol):
    """Takes a result, batch by batch. `close` must be called for a whole one; without it what
    was begun is `discard`ed."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""

    def close(self) -> None:
        """No more rows: finish."""

    def discard(self) -> None:
        """Something went wrong: leave nothing half-written."""


class TableWriter:
    """An aligned table of the first rows, for a terminal."""

    def __init__(self, schema: pa.Schema, total_rows: int) -> None:
        self._schema = schema
        self._total = total_rows
        self._rows: list[list[str]] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Keep the rows that will be shown."""
        missing = TABLE_ROWS - len(self._rows)
        for row in _python_rows(batch.slice(0, max(0, missing))):
            texts = ("null" if value is None else values.as_text(value) for value in row)
            self._rows.append([words.clean(words.one_line(text, _CELL_WIDTH)) for text in texts])

    def close(self) -> None:
        """Print the table."""
        numeric = frozenset(
            index for index, field in enumerate(self._schema) if _is_numeric(field.type)
        )
        header = [words.clean(words.one_line(name, _CELL_WIDTH)) for name in self._schema.names]
        lines = tables.aligned(header, self._rows, right=numeric)
        rule = "─" * max(len(line) for line in lines)
        for line in [lines[0], rule, *lines[1:]]:
            click.echo(line)
        hidden = self._total - len(self._rows)
        if hidden > 0:
            click.echo(f"… and {words.count(hidden)} more rows; --output FILE takes them all.")

    def discard(self) -> None:
        """Nothing was printed."""


class CsvWriter:
    """CSV with a header (RFC 4180 quoting, `\\n` at line ends, null as nothing)."""

    def __init__(self, schema: pa.Schema, file: TextIO, finish: Finish) -> None:
        self._rows = csv.writer(file, lineterminator="\n")
        self._rows.writerow(schema.names)
        self._finish = finish

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        self._rows.writerows(map(values.as_text, row) for row in _python_rows(batch))

    def close(self) -> None:
        """Finish the file."""
        self._finish(True)

    def discard(self) -> None:
        """Remove what was begun."""
        self._finish(False)


class JsonWriter:
    """Objects, one a line, or all in one array."""

    def __init__(self, schema: pa.Schema, file: TextIO, finish: Finish, *, array: bool) -> None:
        self._names = values.unique(schema.names)
        self._file = file
        self._finish = finish
        self._array = array
        self._first = True

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        for row in _python_rows(batch):
            text = values.as_json(dict(zip(self._names, row, strict=True))).decode()
            if not self._array:
                self._file.write(text + "\n")
            else:
                self._file.write(("[\n" if self._first else ",\n") + text)
            self._first = False

    def close(self) -> None:
        """Finish the file."""
        if self._array:
            self._file.write("[]\n" if self._first else "\n]\n")
        self._finish(True)

    def discard(self) -> None:
        """Remove what was begun."""
        self._finish(False)


class ArrowWriter:
    """A standard Arrow file, lz4 as the server keeps it."""

    def __init__(self, schema: pa.Schema, path: Path, finish: Finish) -> None:
        import pyarrow as pa

        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(str(path), schema, options=options)
        self._finish = finish

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        self._finish(True)

    def discard(self) -> None:
        """Remove what was begun."""
        self._writer.close()
        self._finish(False)


class ParquetWriter:
    """Parquet in row groups of a size that readers like, whatever the size of the pages."""

    def __init__(self, schema: pa.Schema, path: Path, finish: Finish) -> None:
        import pyarrow.parquet as pq

        self._schema = schema
        self._writer: pq.ParquetWriter = pq.ParquetWriter(str(path), schema, compression="zstd")
        self._finish = finish
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Write a row group when enough rows have come."""
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= _ROW_GROUP:
            self._flush()

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._writer.close()
        self._finish(True)

    def discard(self) -> None:
        """Remove what was begun."""
        self._writer.close()
        self._finish(False)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema))
        self._waiting, self._waiting_rows = [], 0


if TYPE_CHECKING:
    Finish = Callable[[bool], None]

EXTENSIONS: Final = (".csv", ".jsonl", ".json", ".parquet", ".arrow")


def to_stdout(schema: pa.Schema, total_rows: int, *, json: bool) -> Writer:
    """JSON lines if asked for, a table in a terminal, CSV otherwise."""

    def flush(_whole: bool) -> None:
        sys.stdout.flush()

    if json:
        return JsonWriter(schema, sys.stdout, flush, array=False)
    if sys.stdout.isatty():
        return TableWriter(schema, total_rows)
    return CsvWriter(schema, sys.stdout, flush)


def to_file(schema: pa.Schema, path: Path) -> Writer:
    """A file of the kind its extension says, which appears under its name only once it is whole.

    Raises `OSError` where it cannot be made, `ValueError` for an extension not in `EXTENSIONS`.
    """
    part = path.with_name(f".{path.name}.part")

    def finish(whole: bool) -> None:
        if whole:
            part.replace(path)
        else:
            part.unlink(missing_ok=True)

    kind = path.suffix.lower()
    if kind == ".arrow":
        return ArrowWriter(schema, part, finish)
    if kind == ".parquet":
        return ParquetWriter(schema, part, finish)
    if kind not in EXTENSIONS:
        raise ValueError(f"{path.name}: the extension must be one of {', '.join(EXTENSIONS)}.")
    file = part.open("w", encoding="utf-8", newline="")

    def finish_text(whole: bool) -> None:
        file.close()
        finish(whole)

    if kind == ".csv":
        return CsvWriter(schema, file, finish_text)
    return JsonWriter(schema, file, finish_text, array=kind == ".json")


def _python_rows(batch: pa.RecordBatch) -> zip[tuple[object, ...]]:
    """By position: a query may well return two columns of one name."""
    return zip(*(python_values(column) for column in batch.columns), strict=True)


def _is_numeric(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
