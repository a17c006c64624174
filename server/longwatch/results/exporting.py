"""An export, from the result's segments to the pipe that the server reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from longwatch.protocol.results import ExportFormat
from longwatch.results.gather import gather, row_numbers, window_rows
from longwatch.results.index import Index
from longwatch.results.orders import Answer, Export
from longwatch.results.reader import each_batch, read_schema
from longwatch.results.views import View
from longwatch.results.writers import open_writer

_PIECE: Final = 1 << 17
_BATCH_ROWS: Final = 10_240


class _Pipe:
    """Sends bytes in pieces, each with how many rows have been written so far. Waits while the
    server, or whoever reads from it, is behind."""

    def __init__(self, out: BinaryIO) -> None:
        self.rows = 0
        self._out = out
        self._waiting: list[bytes] = []
        self._bytes = 0

    def write(self, data: bytes) -> None:
        """Send what comes once it is a piece."""
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE] if len(data) > _PIECE else data
            self._waiting.append(piece)
            self._bytes += len(piece)
            if self._bytes >= _PIECE:
                self.flush()

    def flush(self) -> None:
        """Send what is there, and the rows that it is so far."""
        data = b"".join(self._waiting)
        self._out.write(Answer(size=len(data), rows=self.rows).line() + data)
        self._out.flush()
        self._waiting = []
        self._bytes = 0


def export(order: Export, view: View, index: Index, out: BinaryIO, spill: Path) -> None:
    """Write the result, or a view of it that is made, as a file. The first answer comes once
    everything is known that could forbid it. Raises `Refused`, `ResultExpired`, `ResultDamaged`,
    `OSError`."""
    total = index.rows if order.criteria.is_plain else view.rows() or 0
    places = list(range(len(index.columns))) if order.columns is None else order.columns
    if order.format is ExportFormat.XLSX:
        from longwatch.results.sheets import check_sheet  # noqa: PLC0415 - 50 ms, rarely needed

        check_sheet(total, len(places))
    whole = read_schema(view.folder, index)
    schema = pa.schema([whole.field(place) for place in places])
    pipe = _Pipe(out)
    writer = open_writer(order.format, schema, pipe, spill, escape=order.escape)
    pipe.flush()
    read = sorted(places)  # batches keep the result's order
    chosen = [read.index(place) for place in places]
    for batch in _batches(order, view, index, read):
        columns = [batch.column(place) for place in chosen]
        writer.write(pa.RecordBatch.from_arrays(columns, schema=schema))
        pipe.rows += batch.num_rows
        if order.format is ExportFormat.XLSX:
            pipe.flush()  # no bytes before the end, but whoever waits sees the rows
    writer.close()
    pipe.flush()


def _batches(
    order: Export, view: View, index: Index, columns: list[int]
) -> Iterator[pa.RecordBatch]:
    if order.criteria.is_plain:
        for _, batch in each_batch(view.folder, index, columns=columns):
            yield batch
        return
    step = window_rows(index)
    with row_numbers(view) as ids:
        for start in range(0, len(ids), step):
            table = gather(view.folder, index, ids.slice(start, step), columns)
            yield from table.to_batches(max_chunksize=_BATCH_ROWS)
