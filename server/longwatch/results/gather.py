"""Collects rows from all over a result, and makes views."""

from __future__ import annotations

import contextlib
import mmap
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from longwatch.results.criteria import Criteria
from longwatch.results.errors import ResultExpired
from longwatch.results.index import Index
from longwatch.results.reader import Page, open_segment, read_batch, read_schema
from longwatch.results.scan import Scan
from longwatch.results.views import BATCH_ROWS, View, tidy
from longwatch.results.where import where

WINDOW_BYTES: Final = 96 * 2**20
"""Of the rows gathered at a time. They are held twice for a moment."""

_PLAIN: Final[dict[pa.DataType, pa.DataType]] = {
    pa.string_view(): pa.large_string(),
    pa.binary_view(): pa.large_binary(),
}


def make_view(view: View, index: Index, criteria: Criteria, spill: Path) -> None:
    """Write the list of a view's rows. Raises `Refused`, `ResultExpired`, `ResultDamaged`, and
    `OSError` when the disk is full."""
    beside = view.ids.with_suffix(".new")
    query = _Query(view.folder, index, criteria)
    try:
        with Scan(spill) as scan, _opened(beside) as file:
            for batch in query.run(scan, "n", query.ending):
                file.write(_raw(batch.column(0), view.width))
        beside.replace(view.ids)
    finally:
        beside.unlink(missing_ok=True)
    tidy(view)


def first_rows(
    view: View, index: Index, criteria: Criteria, *, offset: int, limit: int, spill: Path
) -> Page:
    """A page near the beginning of a view that is not made: to find the first 500 of ten million
    rows takes a quarter of the time that it takes to put all of them in order. Raises as
    `make_view` does."""
    query = _Query(view.folder, index, criteria)
    total = index.rows
    with Scan(spill) as scan:
        if criteria.checks:
            ((batch),) = query.run(scan, "count(*)", "")
            total = int(batch.column(0)[0].as_py())
        ending = f"{query.ending} LIMIT {limit} OFFSET {offset}"
        found = [batch.column(0) for batch in query.run(scan, "n", ending)]
    ids = pa.concat_arrays(found) if found else pa.array([], _kind(view))
    return Page(gather(view.folder, index, ids), index, total)


class _Query:
    """What criteria say in SQL."""

    def __init__(self, folder: Path, index: Index, criteria: Criteria) -> None:
        self._folder = folder
        self._index = index
        keys, checks = criteria.sort, criteria.checks
        self._columns = {key.column for key in keys} | {check.column for check in checks}
        self._condition, self._values = where(checks, read_schema(folder, index))
        order = ", ".join(
            f"c{key.column} {'DESC' if key.descending else 'ASC'} NULLS LAST" for key in keys
        )
        # `n` last: rows alike stay in the order they were written in, whenever this is run.
        self.ending = f"ORDER BY {order}, n" if order else ""

    def run(self, scan: Scan, selected: str, ending: str) -> Iterator[pa.RecordBatch]:
        """Read the result once. Raises as `Scan.run` does."""
        scan.rows(self._folder, self._index, self._columns)
        sql = f"SELECT {selected} FROM r WHERE {self._condition} {ending}"  # noqa: S608 - see scan
        return scan.run(sql, self._values)


def make_blocks(view: View, index: Index, numbers: Sequence[int]) -> None:
    """Gather the rows of some blocks, neighbours together. Raises as `make_view` does."""
    with row_numbers(view) as ids:
        for first, end in _runs(numbers, _most_blocks(view, index)):
            start = first * view.block_rows
            table = gather(view.folder, index, ids[start : end * view.block_rows])
            for number in range(first, end):
                part = table.slice(number * view.block_rows - start, view.block_rows)
                _write(view.block(number), part)
    tidy(view)


@contextlib.contextmanager
def row_numbers(view: View) -> Iterator[pa.Array[Any]]:
    """The list of a view's rows, mapped. Raises `ResultExpired`."""
    kind = _kind(view)
    try:
        with view.ids.open("rb") as file:
            size = view.ids.stat().st_size
            if size == 0:
                yield pa.array([], kind)
                return
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise ResultExpired from None
    # Not closed: slices of it may live on. It goes with the last of them.
    yield pa.Array.from_buffers(kind, size // view.width, [None, pa.py_buffer(mapped)])


def _kind(view: View) -> pa.DataType:
    return pa.uint32() if view.width == 4 else pa.uint64()


def gather(
    folder: Path, index: Index, ids: pa.Array[Any], columns: Sequence[int] | None = None
) -> pa.Table:
    """Rows by their numbers, in the order of `ids`; each batch is opened once. Raises
    `ResultExpired` and `ResultDamaged`."""
    order = pc.sort_indices(ids)
    ascending = ids.take(order)
    numbers = _numbers(ascending)
    parts: list[pa.RecordBatch] = []
    for row, batch in _touched(folder, index, numbers, columns):
        low, high = bisect_left(numbers, row), bisect_left(numbers, row + batch.num_rows)
        if low < high:
            own = pc.subtract(ascending.slice(low, high - low), pa.scalar(row, ids.type))
            parts.append(pa.RecordBatch.from_arrays(_take(batch.columns, own), schema=batch.schema))
    if not parts:
        schema = read_schema(folder, index)
        return (schema if columns is None else _some(schema, columns)).empty_table()
    table = pa.Table.from_batches(parts).combine_chunks()
    parts.clear()
    back = pc.sort_indices(order)
    return pa.Table.from_arrays(_take(table.columns, back), schema=table.schema)


def _take(columns: Sequence[Any], places: pa.Array[Any]) -> list[Any]:
    """Some rows of each column. Arrow has no such thing for its views of texts."""
    taken = []
    for column in columns:
        plain = _PLAIN.get(column.type)
        rows = column.take(places) if plain is None else column.cast(plain).take(places)
        taken.append(rows if plain is None else rows.cast(column.type))
    return taken


def _touched(
    folder: Path, index: Index, numbers: Sequence[int], columns: Sequence[int] | None
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Every batch that has one of the ascending `numbers`, each with its first row's number."""
    ends = list(accumulate(segment.rows for segment in index.segments))
    for segment, end in zip(index.segments, ends, strict=True):
        row = end - segment.rows
        if not _any_between(numbers, row, end):
            continue
        with open_segment(folder, index, segment, columns) as reader:
            for place in range(reader.num_record_batches):
                if segment.batch_rows and not _any_between(numbers, row, row + segment.batch_rows):
                    row += segment.batch_rows
                    continue
                batch = read_batch(reader, place, segment, end - row)
                yield row, batch
                row += batch.num_rows


def _any_between(numbers: Sequence[int], first: int, end: int) -> bool:
    at = bisect_left(numbers, first)
    return at < len(numbers) and numbers[at] < end


def _numbers(ids: pa.Array[Any]) -> Sequence[int]:
    width = ids.type.bit_width // 8
    whole = memoryview(_raw(ids, width)).cast("B").cast("I" if width == 4 else "Q")
    return cast("Sequence[int]", whole)


def _raw(ids: pa.Array[Any], width: int) -> memoryview:
    data = ids.buffers()[1]
    if data is None:
        return memoryview(b"")
    return memoryview(data)[ids.offset * width : (ids.offset + len(ids)) * width]


def _some(schema: pa.Schema, columns: Sequence[int]) -> pa.Schema:
    return pa.schema([schema.field(place) for place in columns])


def window_rows(index: Index) -> int:
    """How many rows may be gathered at a time: as they lie on disk they are a third as large."""
    return max(1_024, WINDOW_BYTES * index.rows // max(1, 3 * index.bytes))


def _most_blocks(view: View, index: Index) -> int:
    return max(1, window_rows(index) // view.block_rows)


def _runs(numbers: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Neighbours, at most so many together, as first and end."""
    first = end = -1
    for number in sorted(numbers):
        if number != end or end - first >= most:
            if end > first:
                yield first, end
            first = number
        end = number + 1
    if end > first:
        yield first, end


def _write(path: Path, table: pa.Table) -> None:
    beside = path.with_suffix(".new")
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with (
            _opened(beside) as file,
            pa.ipc.new_file(file, table.schema, options=options) as writer,
        ):
            writer.write_table(table, max_chunksize=BATCH_ROWS)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A new file. Raises `ResultExpired` when its folder is gone."""
    try:
        file = path.open("wb")
    except FileNotFoundError:
        raise ResultExpired from None
    with file:
        yield file
