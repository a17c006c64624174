"""What the service knows of a running attempt and the store does not."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.jobs import (
    Job,
    JobState,
    JobSummary,
    Phase,
    Progress,
    ResultInfo,
    ResultSummary,
    StatementKind,
)
from longwatch.runner.spec import Report
from longwatch.service.scheduling import Slot

AnyJob = TypeVar("AnyJob", bound=JobSummary)


class Running:
    """One running attempt: whose room it takes up, and the newest it told."""

    def __init__(self, attempt: int, slot: Slot) -> None:
        self.attempt = attempt
        self.slot = slot
        self.phase = Phase.STARTING
        self.progress = Progress()
        self._tracker = ProgressTracker()
        self._kind: StatementKind | None = None
        self._result: ResultInfo | None = None

    def heard(self, report: Report) -> None:
        """The attempt has news."""
        self.progress = self._tracker.update(
            phase=report.phase,
            elapsed_s=report.elapsed_s,
            fraction=report.fraction,
            rows=report.rows,
            bytes=report.bytes,
            memory_bytes=report.memory_bytes,
            spill_bytes=report.spill_bytes,
            statement=report.statement,
            statements=report.statements,
        )
        self.phase, self._kind = report.phase, report.kind
        if report.result is None or not report.result.complete:
            # A job whose result is complete has ended: the store tells both in one change.
            self._result = report.result

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
