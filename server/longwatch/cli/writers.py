"""The first rows of a result as a table, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from longwatch.cli import tables
from longwatch.client import words
from longwatch.protocol.texts import as_text
from longwatch.protocol.values import python_values

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_ROWS: Final = 100
"""Rows a terminal shows; a person who wants more wants a file."""

_CELL_WIDTH: Final = 60


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
            texts = ("null" if value is None else as_text(value) for value in row)
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
            click.echo(f"… and {words.counted(hidden, 'more row')}; --output FILE takes them all.")


def _python_rows(batch: pa.RecordBatch) -> zip[tuple[object, ...]]:
    """By position: a query may well return two columns of one name."""
    return zip(*(python_values(column) for column in batch.columns), strict=True)


def _is_numeric(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
