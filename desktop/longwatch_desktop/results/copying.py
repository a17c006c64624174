"""Copies cells of a result as tab-separated text, as spreadsheets take it.

What is selected is asked for by its ranges: all cells of 336,776 rows by name took 1.7 GB. What is
not loaded is fetched, so that no cell is copied as the dots that stand for it. Columns stand as the
grid shows them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QItemSelection

from longwatch.protocol.jobs import ResultPage
from longwatch_desktop.results.model import as_text

MOST_CELLS: Final = 200_000
"""More belongs into a file."""
_PAGE_CELLS: Final = 50_000
_BREAKS: Final = str.maketrans("\t\r\n", "   ")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is selected: each row's columns, in order, and whether that was cut short."""

    rows: dict[int, list[int]]
    cut: bool


def chosen(selection: QItemSelection, shown: Sequence[int], most: int = MOST_CELLS) -> Chosen:
    """The selected cells of the columns `shown`, which stand in that order: from the top, whole
    rows of them, `most` at most."""
    places = {column: place for place, column in enumerate(shown)}
    ranges = [
        (one.top(), one.bottom(), [c for c in range(one.left(), one.right() + 1) if c in places])
        for one in selection.toList()
        if one.isValid()
    ]
    rows: dict[int, list[int]] = {}
    left = most
    for top, bottom, columns in sorted(ranges, key=lambda one: one[0]):
        for row in range(top, bottom + 1):
            if left < len(columns):
                return Chosen(_in_order(rows, places), cut=True)
            left -= len(columns)
            if columns:
                rows.setdefault(row, []).extend(columns)
    return Chosen(_in_order(rows, places), cut=False)


async def as_table(
    read: Callable[[int, int], Awaitable[ResultPage]],
    what: Chosen,
    columns: int,
    titles: Sequence[str] = (),
) -> str:
    """The cells as text, a line a row; a row of the result has so many `columns`. `read` gives rows
    by offset and limit. With `titles`, one for each column, those of the first row come first."""
    lines: list[str] = []
    if titles and what.rows:
        first_row = next(iter(what.rows.values()))
        lines.append("\t".join(titles[column].translate(_BREAKS) for column in first_row))
    step = max(1, _PAGE_CELLS // max(1, columns))
    wanted = list(what.rows)
    at = 0
    while at < len(wanted):
        first = wanted[at]
        here = [row for row in wanted[at : at + step] if row < first + step]
        page = await read(first, here[-1] - first + 1)
        for row in here:
            if row - first < len(page.rows):
                values: list[Any] = page.rows[row - first]
                cells = [as_text(values[column]) for column in what.rows[row]]
                lines.append("\t".join(cell.translate(_BREAKS) for cell in cells))
        at += len(here)
    return "\n".join(lines)


def _in_order(rows: dict[int, list[int]], places: dict[int, int]) -> dict[int, list[int]]:
    return {row: sorted(set(rows[row]), key=places.__getitem__) for row in sorted(rows)}
