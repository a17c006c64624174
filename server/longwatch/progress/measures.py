"""What every estimate is made of: the work of a run, how fast it goes, and what is told of it."""

from __future__ import annotations

from typing import Final

import msgspec

LEAST_TIME: Final = 0.1
"""Seconds of work in a second that passes, at least."""
STEP: Final = 0.03
"""Of the time that has passed: no closer are two moments remembered."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`share` of the time that has passed, 0 to 1; the seconds left, `low_s` to `high_s`."""

    share: float
    low_s: float
    high_s: float


def time_counts(cpu_s: float, elapsed_s: float) -> float:
    """How many seconds of work a second that passes is, in a run like one that took so much.

    The work of a run is processor time: another query beside it makes it take longer, but not work
    more. Where the engine runs elsewhere, or waits for a disk, the time is all there is."""
    return max(LEAST_TIME, 1.0 - cpu_s / elapsed_s) if elapsed_s > 0 else 1.0


class Pace:
    """Seconds that pass for one of something else, in the last part of a run."""

    def __init__(self, window: float, least: float, most: float) -> None:
        """`window`: the last part, as a share of the time that has passed; what is told is between
        `least` and `most`."""
        self._since = 1.0 - window
        self._least = least
        self._most = most
        self._marks: list[tuple[float, float]] = [(0.0, 0.0)]

    def note(self, elapsed_s: float, done: float) -> float | None:
        """So much is done after so many seconds: seconds for each of it; `None` while nothing was
        done."""
        marks = self._marks
        if elapsed_s - marks[-1][0] >= STEP * elapsed_s:
            marks.append((elapsed_s, done))
            while len(marks) > 2 and marks[1][0] < self._since * elapsed_s:
                marks.pop(0)
        began_s, began = marks[0]
        passed_s, went = elapsed_s - began_s, done - began
        if passed_s <= 0 or went <= 0:
            return None
        return min(max(passed_s / went, self._least), self._most)
