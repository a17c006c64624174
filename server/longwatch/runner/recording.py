"""`Recorder`: the course of an attempt, in a bounded number of points."""

from __future__ import annotations

from typing import Final

from longwatch.protocol.attempts import Report, Trace
from longwatch.protocol.jobs import Phase
from longwatch.thinned import Thinned

MOST_POINTS: Final = 128
NOT_TOLD: Final = -1.0
_PHASES: Final = {phase: number for number, phase in enumerate(Phase)}


class Recorder:
    """Keeps some of the reports of an attempt, evenly spread, and the newest."""

    def __init__(self) -> None:
        self._reports = Thinned[Report](MOST_POINTS)

    def note(self, report: Report) -> None:
        """The attempt is here now."""
        self._reports.note(report)

    def trace(self) -> Trace:
        """All of it until now."""
        kept = self._reports.points()
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
            stages=kept[-1].stages if kept else [],
        )
