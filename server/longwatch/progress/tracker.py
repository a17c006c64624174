"""Follows one attempt's reports: a fraction that never falls, an ETA range, standstills."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from longwatch.progress.activity import Workload
from longwatch.progress.eta import eta_range
from longwatch.progress.judging import Judge
from longwatch.progress.measures import Estimate
from longwatch.progress.scripts import of_script
from longwatch.progress.staged import UNKNOWN, Dearness, StagedEstimator
from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import Activity, Phase, Progress, ProgressBasis
from longwatch.protocol.runs import Accuracy

if TYPE_CHECKING:  # numpy takes its time, and a server is up before anything is estimated
    from longwatch.progress.estimate import Estimator

HIGHEST: Final = 0.99
"""The most a running attempt shows: engines say 100 % long before the result can be read."""
STALL_AFTER_S: Final = 3.0
LEAST_SHOWN_S: Final = 0.5
"""Earlier runs say how long this one takes before it has begun; by then its work has."""
FULL: Final = 0.95
"""Of its memory limit: an attempt that holds more keeps what else it gathers elsewhere."""
LEAST_OTHERS: Final = 3
"""Runs of other queries that must have told what plans are worth, where engines tell nothing."""
LEAST_PLANNED_S: Final = 1.0
"""A plan says it in the engine's own measure, which the first second of a run translates."""
HEARD_S: Final = 5.0
"""By then something was heard of an attempt, unless an earlier server followed it until now."""
MOST_TIMES: Final = 1000.0
"""Times what has passed: a plan that expects more than that is more likely wrong than right."""


class ProgressTracker:
    """One attempt. Feed it every report in order; times are seconds since the attempt began."""

    def __init__(self) -> None:
        self._estimator: Estimator | None = None
        self._staged: StagedEstimator | None = None
        self._dearness = UNKNOWN
        self._memory_bytes = sys.maxsize
        self._judge = Judge()
        self._workload = Workload()
        self._told = 0.0
        self._measured: float | None = None
        self._fraction: float | None = None
        self._rows = 0
        self._moved_s: float | None = None
        self._is_first = True
        self._statement = 0
        self._began_s: float | None = 0.0
        """`None`: before an earlier server ended, and nobody knows when."""
        self._cpu_before_s = 0.0

    def bound(self, memory_bytes: int) -> None:
        """How much memory the attempt may use."""
        self._memory_bytes = memory_bytes

    def learn(self, estimator: Estimator) -> None:
        """What earlier runs of the query say; may come while it runs."""
        self._estimator = estimator

    def expect(self, dearness: Dearness) -> None:
        """What earlier runs of other queries say of plans; may come while it runs."""
        self._dearness = dearness
        if self._staged is not None:
            self._staged.expect(dearness)

    def judged(self, total_s: float) -> Accuracy | None:
        """How right all that was told is, now that the attempt has ended after so many seconds."""
        return self._judge.verdict(total_s)

    def update(self, report: Report) -> Progress:
        """The progress to show after this report.

        Its fraction is the engine's word. A single 0 is no measurement: a plan that cannot report
        stays there for ever. Each statement of a script has its own.
        """
        if report.statement != self._statement:
            self._begin(report)
            self._told, self._measured, self._moved_s = 0.0, None, None
            if self._estimator is None:
                self._fraction = None
        self._is_first = False
        self._workload.note(report)
        stalled_s = self._standstill(report)
        estimate = self._estimated(report)
        basis = self._show(report, estimate)
        left = self._left(report, estimate)
        still = stalled_s >= STALL_AFTER_S
        progress = Progress(
            fraction=None if self._fraction is None else round(self._fraction, 4),
            basis=basis,
            rows=report.rows,
            bytes=report.bytes,
            memory_bytes=report.memory_bytes,
            spill_bytes=report.spill_bytes,
            eta_low_s=None if left is None else round(left[0], 1),
            eta_high_s=None if left is None else round(left[1], 1),
            stalled_s=round(stalled_s, 1) if still else 0.0,
            activity=self._workload.activity() if still else Activity.MOVING,
            statement=report.statement,
            statements=report.statements,
        )
        self._judge.note(report.elapsed_s, progress)
        return progress

    def _begin(self, report: Report) -> None:
        """Another statement runs now, since when: one of an attempt that an earlier server followed
        may run for hours already. The first begins with the attempt, nearly."""
        self._statement, self._staged = report.statement, None
        self._began_s, self._cpu_before_s = report.elapsed_s, report.cpu_s
        if self._is_first and report.statement == 1:
            self._began_s = self._cpu_before_s = 0.0
        elif self._is_first and report.elapsed_s > HEARD_S:
            self._began_s = None

    def _standstill(self, report: Report) -> float:
        """Seconds since anything moved."""
        before, fraction = self._told, report.fraction
        if fraction is not None and fraction > 0:
            self._told = min(1.0, max(fraction, self._told))
            self._measured = min(HIGHEST, self._told)
        moved = self._told != before or report.rows != self._rows
        # The first report of an attempt that an earlier server started says nothing of before.
        if moved or report.phase is not Phase.EXECUTING or self._moved_s is None:
            self._moved_s = report.elapsed_s
        self._rows = report.rows
        return report.elapsed_s - self._moved_s

    def _estimated(self, report: Report) -> Estimate | None:
        if self._estimator is not None:
            return self._estimator.update(
                elapsed_s=report.elapsed_s,
                cpu_s=report.cpu_s,
                fraction=of_script(self._measured, report.statement, report.statements),
            )
        if self._began_s is None:
            return None
        if self._staged is None and report.stages:
            self._staged = StagedEstimator(report.stages, self._dearness)
        if self._staged is None or (self._measured is None and self._dearness.runs < LEAST_OTHERS):
            return None
        return self._staged.update(
            elapsed_s=report.elapsed_s - self._began_s,
            cpu_s=report.cpu_s - self._cpu_before_s,
            fraction=self._told,  # to its end: the last of the stages may be a thousandth of it
            spilled=report.spill_bytes > 0 or report.memory_bytes > FULL * self._memory_bytes,
        )

    def _show(self, report: Report, estimate: Estimate | None) -> ProgressBasis:
        """Let the fraction be what is known by now: what it rests on."""
        has_run = self._estimator is not None
        # With a plan the engine's fraction is never shown as it is: it may be far ahead, and no bar
        # falls.
        shown = None if has_run or self._staged is not None else self._measured
        if estimate is not None and report.elapsed_s > 0:
            shown = estimate.share
        if shown is not None:
            self._fraction = min(HIGHEST, max(shown, self._fraction or 0.0))
        if self._fraction is None:
            return ProgressBasis.NONE
        if self._measured is None:
            return ProgressBasis.HISTORY
        return ProgressBasis.BOTH if has_run else ProgressBasis.MEASURED

    def _left(self, report: Report, estimate: Estimate | None) -> tuple[float, float] | None:
        if self._estimator is not None:
            if estimate is None or report.elapsed_s < LEAST_SHOWN_S:
                return None
            return estimate.low_s, estimate.high_s
        # What comes after this statement is not known: an estimate is for the last one alone.
        last = report.phase is Phase.EXECUTING and report.statement == report.statements
        if not last or self._began_s is None:
            return None
        elapsed_s = report.elapsed_s - self._began_s
        if estimate is None:
            return eta_range(elapsed_s, self._measured)
        is_guess = elapsed_s < LEAST_PLANNED_S or estimate.low_s > MOST_TIMES * elapsed_s
        return None if is_guess else (estimate.low_s, estimate.high_s)
