"""Aligned columns of text, without rich: 60 ms saved in commands that print a short list."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()
) -> list[str]:
    """The lines of a table; the columns in `right` (counted from 0) are flushed right."""
    widths = [
        max(len(header[index]), *(len(row[index]) for row in rows), 0)
        for index in range(len(header))
    ]
    return [_line(cells, widths, right) for cells in [header, *rows]]


def _line(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    placed = (
        cell.rjust(width) if index in right else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(placed).rstrip()
