"""Whether a run that shows no progress is at work, or waits."""

from __future__ import annotations

from collections import deque
from typing import Final

from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import Activity

WINDOW_S: Final = 5.0
"""How far back is looked."""
LEAST_CORES: Final = 0.05
"""A runner that only waits and reports uses 0.01 of a core."""
LEAST_IO: Final = 256 * 1024
"""Bytes a second: what it writes as reports is 10 KB."""


class Workload:
    """Looks at what a runner uses."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float, int]] = deque()

    def note(self, report: Report) -> None:
        """The newest report."""
        self._marks.append((report.elapsed_s, report.cpu_s, report.io_bytes))
        while len(self._marks) > 2 and report.elapsed_s - self._marks[1][0] >= WINDOW_S:
            self._marks.popleft()

    def activity(self) -> Activity:
        """What it did in the last seconds, as far as was seen."""
        if not self._marks:
            return Activity.WAITING
        (began_s, cpu_s, io), (now_s, cpu_now_s, io_now) = self._marks[0], self._marks[-1]
        passed_s = now_s - began_s
        busy = cpu_now_s - cpu_s > LEAST_CORES * passed_s or io_now - io > LEAST_IO * passed_s
        return Activity.WORKING if passed_s > 0 and busy else Activity.WAITING
