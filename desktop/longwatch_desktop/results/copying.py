"""Copies cells of a result as tab-separated text, as spreadsheets take it.

What is selected is asked for by its ranges: all cells of 336,776 rows by name took 1.7 GB. What is
not loaded is fetched, so that no cell is copied as the dots that stand for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QItemSelection

from longwatch_desktop.results.model import ReadRows, as_text

MOST_CELLS: Final = 200_000
"""More belongs into a file."""
_PAGE_CELLS: Final = 50_000
_BREAKS: Final = str.maketrans("\t\r\n", "   ")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is selected: each row's columns, in order, and whether that was cut short."""

    rows: dict[int, list[int]]
    cut: bool


def chosen(selection: QItemSelection, most: int = MOST_CELLS) -> Chosen:
    """The selected cells from the top, whole rows of them, `most` at most."""
    ranges = [
        (one.top(), one.bottom(), range(one.left(), one.right() + 1))
        for one in selection.toList()
        if one.isValid()
    ]
    rows: dict[int, list[int]] = {}
    left = most
    for top, bottom, columns in sorted(ranges, key=lambda one: one[0]):
        for row in range(top, bottom + 1):
            if left < len(columns):
                return Chosen(_in_order(rows), cut=True)
            left -= len(columns)
            rows.setdefault(row, []).extend(columns)
    return Chosen(_in_order(rows), cut=False)


async def as_table(read: ReadRows, job_id: str, what: Chosen, columns: int) -> str:
    """The cells as text, a line a row; the job's result has so many `columns`."""
    lines: list[str] = []
    step = max(1, _PAGE_CELLS // max(1, columns))
    wanted = list(what.rows)
    at = 0
    while at < len(wanted):
        first = wanted[at]
        here = [row for row in wanted[at : at + step] if row < first + step]
        page = await read(job_id, first, here[-1] - first + 1)
        for row in here:
            if row - first < len(page.rows):
                values: list[Any] = page.rows[row - first]
                cells = [as_text(values[column]) for column in what.rows[row]]
                lines.append("\t".join(cell.translate(_BREAKS) for cell in cells))
        at += len(here)
    return "\n".join(lines)


def _in_order(rows: dict[int, list[int]]) -> dict[int, list[int]]:
    return {row: sorted(set(rows[row])) for row in sorted(rows)}
