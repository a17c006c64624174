"""Follows one attempt's reports: a fraction that never falls, an ETA range, standstills."""

from __future__ import annotations

from typing import Final

from longwatch.progress.eta import eta_range
from longwatch.protocol.jobs import Phase, Progress, ProgressBasis

HIGHEST: Final = 0.99
"""The most a running attempt shows: engines say 100 % long before the result can be read."""
STALL_AFTER_S: Final = 3.0


class ProgressTracker:
    """One attempt. Feed it every report in order; times are seconds since the attempt began."""

    def __init__(self) -> None:
        self._fraction: float | None = None
        self._rows = 0
        self._moved_s: float | None = None
        self._statement = 0
        self._began_s = 0.0

    def update(
        self,
        *,
        phase: Phase,
        elapsed_s: float,
        fraction: float | None,
        rows: int,
        bytes: int,  # noqa: A002 - the field's name on the wire
        memory_bytes: int,
        spill_bytes: int,
        statement: int = 0,
        statements: int = 0,
    ) -> Progress:
        """The progress to show after this report.

        `fraction` is the engine's word, 0 to 1 or `None`. A single 0 is no measurement: a plan
        that cannot report stays there for ever. Each statement of a script has its own.
        """
        if statement != self._statement:
            self._statement, self._began_s = statement, elapsed_s
            self._fraction = self._moved_s = None
        before = self._fraction
        if fraction is not None and fraction > 0:
            self._fraction = min(HIGHEST, max(fraction, before or 0.0))
        moved = self._fraction != before or rows != self._rows or phase is not Phase.EXECUTING
        # The first report of an attempt that an earlier server started says nothing of before.
        if moved or self._moved_s is None:
            self._moved_s = elapsed_s
        self._rows = rows
        stalled_s = elapsed_s - self._moved_s
        # What comes after this statement is not known: an estimate is for the last one alone.
        last = phase is Phase.EXECUTING and statement == statements
        left = eta_range(elapsed_s - self._began_s, self._fraction) if last else None
        return Progress(
            fraction=None if self._fraction is None else round(self._fraction, 4),
            basis=ProgressBasis.NONE if self._fraction is None else ProgressBasis.MEASURED,
            rows=rows,
            bytes=bytes,
            memory_bytes=memory_bytes,
            spill_bytes=spill_bytes,
            eta_low_s=None if left is None else round(left[0], 1),
            eta_high_s=None if left is None else round(left[1], 1),
            stalled_s=round(stalled_s, 1) if stalled_s >= STALL_AFTER_S else 0.0,
            statement=statement,
            statements=statements,
        )
