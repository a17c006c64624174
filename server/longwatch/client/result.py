"""`Result`: the rows of a finished job, fetched page by page.

pyarrow (100 ms) is imported when the first row is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from longwatch.protocol.jobs import Column, ResultInfo
from longwatch.protocol.values import python_values

if TYPE_CHECKING:
    import pyarrow as pa

_PAGE_ROWS: Final = 50_000
"""Rows a request: enough that the 4 ms a request costs do not count."""

PageReader = Callable[[int, int], bytes]
"""`(offset, limit)` → those rows as an Arrow IPC stream."""

Row = tuple[Any, ...]


class Result:
    """What a query returned. It stays on the server; rows come as they are asked for, so a
    result larger than memory can be walked through.

    As with a database cursor, `fetchone` and `fetchmany` go on where the last of them ended;
    everything else begins at the first row.
    """

    def __init__(self, info: ResultInfo, read_page: PageReader) -> None:
        self._info = info
        self._read_page = read_page
        self._position = 0

    def __repr__(self) -> str:
        return f"<result of {self.rows} rows, {len(self.columns)} columns>"

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Row]:
        for batch in self.batches():
            yield from _rows(batch)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._info.rows

    @property
    def columns(self) -> list[Column]:
        """The columns, each with `name` and Arrow `type` as text."""
        return self._info.columns

    def fetchone(self) -> Row | None:
        """The next row, `None` after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, n: int = 1_000) -> list[Row]:
        """The next `n` rows, fewer at the end, none after it."""
        rows = [row for batch in self._batches(self._position, n) for row in _rows(batch)]
        self._position += len(rows)
        return rows

    def fetchall(self) -> list[Row]:
        """Every row as a tuple of Python values. A million rows take about a gigabyte: `arrow`,
        `polars` and `pandas` take a tenth, `batches` next to nothing."""
        return list(self)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Every row as Arrow batches, one page in memory at a time."""
        return self._batches(0, self.rows)

    def arrow(self) -> pa.Table:
        """Every row as one Arrow table."""
        import pyarrow as pa  # noqa: PLC0415 - 100 ms, and not every script reads rows

        batches = list(self.batches())
        if batches:
            return pa.Table.from_batches(batches)
        return self._schema().empty_table()

    def pandas(self) -> Any:
        """Every row as a pandas DataFrame. Raises `ImportError` without pandas."""
        return self.arrow().to_pandas()

    def polars(self) -> Any:
        """Every row as a polars DataFrame. Raises `ImportError` without polars."""
        polars: Any = importlib.import_module("polars")  # the caller's own, if at all
        return polars.from_arrow(self.arrow())

    def schema(self) -> pa.Schema:
        """The exact Arrow schema."""
        return self._schema()

    def _schema(self) -> pa.Schema:
        import pyarrow as pa  # noqa: PLC0415 - as in `arrow`

        with pa.ipc.open_stream(self._read_page(0, 1)) as reader:
            return reader.schema

    def _batches(self, offset: int, count: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415 - as in `arrow`

        end = min(offset + count, self.rows)
        while offset < end:
            page = self._read_page(offset, min(_PAGE_ROWS, end - offset))
            before = offset
            with pa.ipc.open_stream(page) as reader:
                for batch in reader:
                    offset += batch.num_rows
                    yield batch
            if offset == before:
                return


def _rows(batch: pa.RecordBatch) -> Iterator[Row]:
    """By position: a query may well return two columns of one name."""
    return zip(*(python_values(column) for column in batch.columns), strict=True)
