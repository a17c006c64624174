"""Finds a text in a column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from longwatch.protocol.texts import as_text
from longwatch.protocol.values import python_values
from longwatch.results.gather import row_numbers
from longwatch.results.index import Index
from longwatch.results.reader import each_batch
from longwatch.results.views import View

_WINDOW: Final = 1_000_000
_HIT: Final = pa.scalar(True)


def next_hit(
    folder: Path, index: Index, column: int, text: str, first: int, view: View | None
) -> int | None:
    """The number of the first row from `first` on that has `text` in `column`, upper or lower
    case; `None` when there is none. Rows are counted in `view`, or as they were written.

    Without a view it ends at the hit. With one, every row of the result is looked at once (1 s of
    ten million), then the view is walked. Raises `ResultExpired` and `ResultDamaged`.
    """
    if view is None:
        for row, hits in _hits(folder, index, column, text, first):
            start = max(0, first - row)
            place = pc.index(hits.slice(start), _HIT).as_py()
            if place >= 0:
                return int(row + start + place)
        return None
    found = pa.chunked_array(
        [hits for _, hits in _hits(folder, index, column, text, 0)], pa.bool_()
    ).combine_chunks()
    with row_numbers(view) as ids:
        for start in range(first, len(ids), _WINDOW):
            place = pc.index(found.take(ids.slice(start, _WINDOW)), _HIT).as_py()
            if place >= 0:
                return int(start + place)
    return None


def _hits(
    folder: Path, index: Index, column: int, text: str, first: int
) -> Iterator[tuple[int, pa.Array[Any]]]:
    """For each batch from row `first` on its first row's number, and which rows have the text."""
    for row, batch in each_batch(folder, index, first=first, columns=[column]):
        found = pc.match_substring(_texts(batch.column(0)), text, ignore_case=True)
        yield row, found.fill_null(False)


def _texts(column: pa.Array[Any]) -> pa.Array[Any]:
    """A column as the texts that exports show."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    if pa.types.is_integer(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    values = python_values(column)
    return pa.array([None if value is None else as_text(value) for value in values], pa.string())
