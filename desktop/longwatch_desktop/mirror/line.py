"""`WaitingLine`: whose turn is next among the queued jobs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from longwatch_desktop.mirror.columns import QUEUED, Columns, Slots
from longwatch_desktop.mirror.ordering import Keys, arrange, merge


class WaitingLine:
    """The queued jobs by priority, then age; the server may let another owner go first."""

    def __init__(self) -> None:
        self._line: Slots = np.empty(0, np.intp)
        self._place: Slots = np.zeros(0, np.intp)

    def place(self, slot: int) -> int | None:
        """1 for the queued job whose turn is next, 2 for the one after it …; `None` for a job
        that is not queued."""
        return int(self._place[slot]) or None

    def update(self, columns: Columns, ids: Sequence[str], touched: list[int]) -> tuple[int, ...]:
        """Bring the line up to date after something became of the slots `touched`; those that
        were and are in it, at another place."""
        if len(self._place) < columns.capacity:
            self._place = np.concatenate(
                (self._place, np.zeros(columns.capacity - len(self._place), np.intp))
            )
        slots = np.array(touched, np.intp)
        entering = slots[columns.state[slots] == QUEUED]
        leaving = slots[self._place[slots] > 0]
        if not len(entering) and not len(leaving):
            return ()
        before = self._line
        self._place[leaving] *= -1
        rest = before[self._place[before] > 0]
        self._place[leaving] *= -1
        keys = Keys((-columns.priority, columns.submitted), ids)
        if len(entering) > len(rest):
            line = arrange(np.concatenate((rest, entering)), keys)
        else:
            line, _ = merge(rest, entering, keys)
        old = self._place[line]
        self._place[before] = 0
        new = np.arange(1, len(line) + 1)
        self._place[line] = new
        self._line = line
        shifted: list[int] = line[(old != new) & (old > 0)].tolist()
        return tuple(shifted)
