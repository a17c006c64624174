"""Jobs that wait for a moment. Of the monotonic clock: one that is set by hand, or jumps a day,
changes nothing. What was waited for before a restart is waited for anew."""

from __future__ import annotations

import time
from collections.abc import Callable


class Timers:
    """A moment for each of some jobs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._clock = clock
        self._due: dict[str, float] = {}

    @property
    def waiting(self) -> frozenset[str]:
        """The ids of the jobs that wait."""
        return frozenset(self._due)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._due

    def set(self, job_id: str, seconds: float) -> None:
        """Let a job wait that long from now."""
        self._due[job_id] = self._clock() + seconds

    def drop(self, job_id: str) -> None:
        """The job waits no more."""
        self._due.pop(job_id, None)

    def next_s(self) -> float | None:
        """Seconds until the first is due; `None` when none waits."""
        if not self._due:
            return None
        return max(0.0, min(self._due.values()) - self._clock())

    def take_due(self) -> list[str]:
        """Those whose moment has come; they wait no more."""
        now = self._clock()
        due = [job_id for job_id, moment in self._due.items() if moment <= now]
        for job_id in due:
            del self._due[job_id]
        return due
