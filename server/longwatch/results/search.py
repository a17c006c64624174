"""Finds a text in a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    folder: Path, index: Index, column: int | None, text: str, first: int, view: View | None
) -> tuple[int, int] | None:
    """The number of the first row from `first` on that has `text` in `column` or, for `None`, in
    any, upper or lower case, and the column; `None` when there is none. Rows are counted in
    `view`, or as they were written.

    Without a view it ends at the hit. With one, every row of the result is looked at once (1 s of
    ten million and a column of text), then the view is walked. Raises `ResultExpired` and
    `ResultDamaged`.
    """
    columns = range(len(index.columns)) if column is None else (column,)
    if view is None:
        for row, hits in _hits(folder, index, columns, text, first):
            start = max(0, first - row)
            place = pc.index(hits.slice(start), _HIT).as_py()
            if place >= 0:
                at = int(row + start + place)
                return at, _column(folder, index, columns, text, at)
        return None
    found = pa.chunked_array(
        [hits for _, hits in _hits(folder, index, columns, text, 0)], pa.bool_()
    ).combine_chunks()
    with row_numbers(view) as ids:
        for start in range(first, len(ids), _WINDOW):
            place = pc.index(found.take(ids.slice(start, _WINDOW)), _HIT).as_py()
            if place >= 0:
                at = int(start + place)
                return at, _column(folder, index, columns, text, int(ids[at].as_py()))
    return None


def _hits(
    folder: Path, index: Index, columns: Sequence[int], text: str, first: int
) -> Iterator[tuple[int, pa.Array[Any]]]:
    """For each batch from row `first` on its first row's number, and which rows have the text."""
    for row, batch in each_batch(folder, index, first=first, columns=columns):
        found = _found(batch.column(0), text)
        for column in batch.columns[1:]:
            found = pc.or_(found, _found(column, text))
        yield row, found


def _column(folder: Path, index: Index, columns: Sequence[int], text: str, row: int) -> int:
    """The first of `columns` that has the text in a row in which one has it."""
    for start, batch in each_batch(folder, index, first=row, end=row + 1, columns=columns):
        for number, column in zip(columns, batch.columns, strict=True):
            if _found(column.slice(row - start, 1), text)[0].as_py():
                return number
    raise AssertionError(row)


def _found(column: pa.Array[Any], text: str) -> pa.Array[Any]:
    return pc.match_substring(_texts(column), text, ignore_case=True).fill_null(False)


def _texts(column: pa.Array[Any]) -> pa.Array[Any]:
    """A column as the texts that exports show."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    if pa.types.is_integer(column.type) or pa.types.is_string_view(column.type):
        return column.cast(pa.string())
    values = python_values(column)
    return pa.array([None if value is None else as_text(value) for value in values], pa.string())
