"""`Result`: the rows of a finished job, fetched page by page.

pyarrow (100 ms) is imported when the first row is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from longwatch.client.results import form_of, save, sort_keys
from longwatch.protocol.jobs import Column, ResultInfo
from longwatch.protocol.results import (
    ColumnStatistics,
    Condition,
    ExportFormat,
    Formulas,
    Op,
    SortKey,
)
from longwatch.protocol.values import python_values

if TYPE_CHECKING:
    import pyarrow as pa

    from longwatch.client.api import AsyncClient

_PAGE_ROWS: Final = 50_000
"""Rows a request: enough that the 4 ms a request costs do not count."""

Row = tuple[Any, ...]


class RemoteResult:
    """A result on a server, in the order and with the filter that were asked for."""

    def __init__(
        self,
        call: Callable[[Any], Any],
        api: AsyncClient,
        job_id: str,
        sort: tuple[SortKey, ...] = (),
        where: tuple[Condition, ...] = (),
    ) -> None:
        """`call` waits for a coroutine of `api`."""
        self._call = call
        self._api = api
        self._job_id = job_id
        self.sort = sort
        self.where = where

    def other(self, sort: tuple[SortKey, ...], where: tuple[Condition, ...]) -> RemoteResult:
        """The same rows in another order, or others of them."""
        return RemoteResult(self._call, self._api, self._job_id, sort, where)

    def info(self) -> ResultInfo:
        """Rows, size and columns."""
        info: ResultInfo = self._call(
            self._api.result_info(self._job_id, sort=self.sort, where=self.where)
        )
        return info

    def page(self, offset: int, limit: int) -> bytes:
        """Those rows as an Arrow IPC stream."""
        work = self._api.result_page(
            self._job_id, offset=offset, limit=limit, sort=self.sort, where=self.where
        )
        data: bytes = self._call(work).data
        return data

    def statistics(self, column: str) -> ColumnStatistics:
        """One column in figures."""
        work = self._api.result_statistics(self._job_id, column, where=self.where)
        found: ColumnStatistics = self._call(work)
        return found

    def search(self, column: str, text: str, first: int) -> int | None:
        """The next row with the text."""
        work = self._api.result_search(
            self._job_id, column, text, first=first, sort=self.sort, where=self.where
        )
        row: int | None = self._call(work)
        return row

    def export(
        self, path: Path, form: ExportFormat, columns: Sequence[str], formulas: Formulas
    ) -> None:
        """Write it into a file."""
        pieces = self._api.export_result(
            self._job_id,
            form,
            sort=self.sort,
            where=self.where,
            columns=columns,
            formulas=formulas,
        )
        self._call(save(pieces, path))


def _import(name: str) -> Any:
    """A package of the caller's own. Raises `ImportError` that says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{name} is not installed here: pip install {name}. `arrow()` needs nothing more."
        ) from error


class Result:
    """What a query returned. It stays on the server; rows come as they are asked for, so a
    result larger than memory can be walked through.

    As with a database cursor, `fetchone` and `fetchmany` go on where the last of them ended;
    everything else begins at the first row.
    """

    def __init__(self, info: ResultInfo, remote: RemoteResult) -> None:
        self._info = info
        self._remote = remote
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

    def sort(self, *columns: str | SortKey) -> Result:
        """The same rows in another order: `result.sort("-dep_delay", "carrier")`, a minus for the
        largest first. NULLs come last. Raises `BadRequest` for a column that there is not."""
        remote = self._remote.other(tuple(sort_keys(columns)), self._remote.where)
        return Result(remote.info(), remote)

    def filter(self, column: str, op: Op | str, value: Any = None) -> Result:
        """Some of the rows: `result.filter("carrier", "in", ["UA", "AA"])`. Filters add up. `op`
        is one of `longwatch.protocol.results.Op`. Raises `BadRequest` for one that does not
        fit."""
        condition = Condition(column=column, op=Op(op), value=value)
        remote = self._remote.other(self._remote.sort, (*self._remote.where, condition))
        return Result(remote.info(), remote)

    def statistics(self, column: str) -> ColumnStatistics:
        """A column in figures: nulls, distinct values, quantiles, the most frequent ones …"""
        return self._remote.statistics(column)

    def find(self, column: str, text: str, *, start: int = 0) -> int | None:
        """The number of the next row from `start` on that has `text` in `column`, upper or lower
        case; `None` when there is none."""
        return self._remote.search(column, text, start)

    def export(
        self,
        path: str | Path,
        form: ExportFormat | str | None = None,
        *,
        columns: Sequence[str] = (),
        formulas: Formulas | str = Formulas.ESCAPE,
    ) -> Path:
        """Write the rows to a file, of the kind that its extension says: .csv, .jsonl, .json,
        .parquet, .xlsx or .arrow. The server makes it, and no more than a piece of it is in memory
        here. With `formulas="keep"` a text in CSV that a spreadsheet would run stays as it is.
        Raises `ValueError` for another extension, `OSError` where it cannot be written."""
        path = Path(path)
        kind = form_of(path) if form is None else ExportFormat(form)
        self._remote.export(path, kind, columns, Formulas(formulas))
        return path

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
        _import("pandas")
        return self.arrow().to_pandas()

    def polars(self) -> Any:
        """Every row as a polars DataFrame. Raises `ImportError` without polars."""
        return _import("polars").from_arrow(self.arrow())

    def schema(self) -> pa.Schema:
        """The exact Arrow schema."""
        return self._schema()

    def _schema(self) -> pa.Schema:
        import pyarrow as pa  # noqa: PLC0415 - as in `arrow`

        with pa.ipc.open_stream(self._remote.page(0, 1)) as reader:
            return reader.schema

    def _batches(self, offset: int, count: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa  # noqa: PLC0415 - as in `arrow`

        end = min(offset + count, self.rows)
        while offset < end:
            page = self._remote.page(offset, min(_PAGE_ROWS, end - offset))
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
