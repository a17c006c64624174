"""`Recorder`: the course of an attempt, in a bounded number of points."""

from __future__ import annotations

from typing import Final

from longwatch.protocol.attempts import Report, Trace
from longwatch.protocol.jobs import Phase

MOST_POINTS: Final = 128
NOT_TOLD: Final = -1.0
_PHASES: Final = {phase: number for number, phase in enumerate(Phase)}


class Recorder:
    """Keeps every report until there are `MOST_POINTS`, then every second, every fourth …: half of
    them at least, evenly spread, however long it takes. The newest is always there."""

    def __init__(self) -> None:
        self._kept: list[Report] = []
        self._newest: Report | None = None
        self._step = 1
        self._seen = 0

    def note(self, report: Report) -> None:
        """The attempt is here now."""
        if self._seen % self._step == 0:
            self._kept.append(report)
            if len(self._kept) == MOST_POINTS:
                self._kept = self._kept[::2]
                self._step *= 2
        self._seen += 1
        self._newest = report

    def trace(self) -> Trace:
        """All of it until now."""
        kept = list(self._kept)
        if self._newest is not None and kept[-1] is not self._newest:
            kept.append(self._newest)
        return Trace(
            elapsed_s=[one.elapsed_s for one in kept],
            fractions=[NOT_TOLD if one.fraction is None else one.fraction for one in kept],
            rows=[one.rows for one in kept],
            bytes=[one.bytes for one in kept],
            cpu_s=[one.cpu_s for one in kept],
            memory_bytes=[one.memory_bytes for one in kept],
            spill_bytes=[one.spill_bytes for one in kept],
            io_bytes=[one.io_bytes for one in kept],
            phases=[_PHASES[one.phase] for one in kept],
            statements=[one.statement for one in kept],
        )
