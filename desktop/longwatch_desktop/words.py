"""Numbers and times as the command line writes them, with the signs of the window's language."""

from __future__ import annotations

from longwatch.client import words
from longwatch.client.words import clean, clock, duration, elapsed_s, eta, one_line, percent, rows
from longwatch_desktop.translation import figures

__all__ = [
    "clean", "clock", "count", "duration", "elapsed_s", "eta", "one_line", "percent", "rows",
    "share", "size", "took",
]  # fmt: skip


def count(number: int) -> str:
    """`1,234`."""
    return figures(words.count(number))


def size(number: int) -> str:
    """`1.2 MB`, in powers of 1,000."""
    return figures(words.size(number))


def share(part: float, digits: int = 0) -> str:
    """`22 %` of a part from 0 to 1, with so many digits behind the point."""
    return figures(words.share(part, digits))


def took(seconds: float) -> str:
    """`0.6 s`, `9.9 s`, then as `duration`: what took less than ten seconds is told by tenths."""
    return figures(words.took(seconds))
