"""What the service knows of a running attempt and the store does not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.attempts import Stage
from longwatch.protocol.jobs import (
    Activity,
    Job,
    JobState,
    JobSummary,
    Phase,
    Progress,
    ResultInfo,
    ResultSummary,
    StatementKind,
)
from longwatch.protocol.runs import Accuracy
from longwatch.runner.spec import AttemptSpec, Report
from longwatch.service.scheduling import Slot

if TYPE_CHECKING:
    from longwatch.progress.estimate import Estimator
    from longwatch.progress.fingerprint import Fingerprint
    from longwatch.progress.staged import Dearness

SILENT_AFTER_S: Final = 8.0
"""A runner reports once a second; a worker may be cut off for some seconds."""
AnyJob = TypeVar("AnyJob", bound=JobSummary)


class Running:
    """One running attempt: whose room it takes up, and the newest it told."""

    def __init__(self, attempt: int, slot: Slot) -> None:
        self.attempt = attempt
        self.slot = slot
        self.phase = Phase.STARTING
        self._heard_s = time.monotonic()
        self.progress = Progress()
        self.is_over = False
        self.spec: AttemptSpec | None = None
        self.like: Fingerprint | None = None
        """What that is like, once somebody has looked."""
        self.stages: list[Stage] = []
        """Those of its only statement, once it has told them."""
        self.others = 0
        """How many other jobs ran when it began."""
        self._tracker = ProgressTracker()
        self._kind: StatementKind | None = None
        self._result: ResultInfo | None = None

    def given(self, spec: AttemptSpec, others: int) -> None:
        """What it is to run, and how many other jobs run by now."""
        self.spec, self.others = spec, others
        self._tracker.bound(spec.memory_bytes)

    def heard(self, report: Report) -> None:
        """The attempt has news."""
        self._heard_s = time.monotonic()
        self.progress = self._tracker.update(report)
        if report.statements == 1 and report.stages:
            self.stages = report.stages
        self.phase, self._kind = report.phase, report.kind
        if report.result is None or not report.result.complete:
            # A job whose result is complete has ended: the store tells both in one change.
            self._result = report.result

    def fell_silent(self, now_s: float) -> bool:
        """Whether nothing was heard of it for long, by the monotonic clock; then it is shown."""
        silent_s = now_s - self._heard_s
        if silent_s < SILENT_AFTER_S:
            return False
        self.progress = msgspec.structs.replace(
            self.progress, activity=Activity.SILENT, stalled_s=round(silent_s, 1)
        )
        return True

    def learn(self, estimator: Estimator) -> None:
        """What earlier runs of the query say."""
        self._tracker.learn(estimator)

    def expect(self, dearness: Dearness) -> None:
        """What earlier runs of other queries say of its plan."""
        self._tracker.expect(dearness)

    def judged(self, total_s: float) -> Accuracy | None:
        """How right all that was told is, now that the attempt has ended after so many seconds."""
        return self._tracker.judged(total_s)

    def seen_in(self, job: AnyJob) -> AnyJob:
        """The job with the newest of this attempt, if that is the one which runs."""
        if job.state is not JobState.RUNNING or self.attempt != job.attempt:
            return job
        result: ResultSummary | None = self._result
        if self._result is not None and not isinstance(job, Job):
            result = self._result.summary()
        return msgspec.structs.replace(
            job,
            phase=self.phase,
            progress=self.progress,
            kind=self._kind,
            result=result,
        )
