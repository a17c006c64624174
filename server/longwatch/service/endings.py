"""What becomes of a job whose attempt is over. Pure: decides, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from longwatch.execution.contract import Died, Ended, HandedBack
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import (
    Job,
    JobError,
    Progress,
    ProgressBasis,
    StatementKind,
)
from longwatch.runner.spec import Ending, Outcome

_EVENTS: Final = {
    Ending.SUCCEEDED: JobEvent.SUCCEEDED,
    Ending.FAILED: JobEvent.FAILED,
    Ending.CANCELLED: JobEvent.CANCELLED,
}


_WRITES: Final = (
    "The statement writes, so it was not run again: it may or may not have taken effect. Check, "
    "then run it again yourself."
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say: how often a query that only reads is tried, and whether the server's
    own stop re-queues it."""

    max_attempts: int
    requeue_at_stop: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The event to record, why, and the fields of the job it changes beside `finished_at`."""

    event: JobEvent
    error: JobError | None
    changes: dict[str, Any]


def verdict(job: Job, ended: Ended, progress: Progress, policy: Policy) -> Verdict:
    """What becomes of `job`, whose running attempt ended so; `progress` is the newest there was."""
    last = ended.last
    kind = last.kind if last else None
    if kind is None and not ended.confirmed:  # another server may know, and have let it write
        kind = job.kind
    changes: dict[str, Any] = {
        "progress": settled(progress, done=False),
        "result": last.result if last else None,
        "kind": kind,
    }
    if isinstance(ended.how, Outcome):
        event, error = _EVENTS[ended.how.ending], ended.how.error
        if event is JobEvent.SUCCEEDED:
            changes["progress"] = settled(progress, done=True)
    elif isinstance(ended.how, HandedBack):
        event, error = _after_return(job, kind, ended.how)
    else:
        event, error = _after_death(job, kind, ended.how, policy)
    if event is JobEvent.CANCELLED or job.cancel_requested_at is not None:
        changes["cancel_confirmed"] = ended.confirmed
    if event is JobEvent.CANCELLED:
        error = None
        if job.cancel_requested_at is None:  # nobody asked: the server is stopping
            event, error = _after_stop(kind, policy)
    if event is JobEvent.REQUEUED:
        changes |= {
            "started_at": None,
            "result": None,
            "progress": Progress(),
            "cancel_confirmed": None,
        }
    return Verdict(event, error, changes)


def settled(progress: Progress, *, done: bool) -> Progress:
    """What is kept of a progress once the attempt is over: nothing is left to come."""
    known = progress.basis is not ProgressBasis.NONE
    return Progress(
        fraction=1.0 if done else progress.fraction,
        basis=ProgressBasis.MEASURED if done and not known else progress.basis,
        rows=progress.rows,
        bytes=progress.bytes,
        memory_bytes=progress.memory_bytes,
        spill_bytes=progress.spill_bytes,
        statement=progress.statement,
        statements=progress.statements,
    )


def _after_death(
    job: Job, kind: StatementKind | None, died: Died, policy: Policy
) -> tuple[JobEvent, JobError]:
    """What becomes of a job whose runner is gone without a word."""
    if job.cancel_requested_at is not None:
        return JobEvent.CANCELLED, _runner_died(died, "")
    # A runner that died before it had parsed the SQL has run none of it.
    if kind is StatementKind.WRITE:
        return JobEvent.LOST, _runner_died(died, _WRITES)
    if job.attempt < policy.max_attempts:
        return JobEvent.REQUEUED, _runner_died(died, "It is tried again.")
    return JobEvent.FAILED, _runner_died(
        died,
        f"It was tried {job.attempt} times. If the machine ran out of memory, lower the "
        "job's memory limit so that it spills to disk instead.",
    )


def _after_return(
    job: Job, kind: StatementKind | None, back: HandedBack
) -> tuple[JobEvent, JobError]:
    """What becomes of a job that its worker gave back: that is no fault of the query's, and does
    not count among its tries."""
    if job.cancel_requested_at is not None:
        return JobEvent.CANCELLED, _runner_died(Died("was ended"), "")
    if kind is StatementKind.WRITE:
        return JobEvent.LOST, _runner_died(Died("was ended by its worker, which stopped"), _WRITES)
    error = JobError(
        code="worker_stopped",
        message=f"The worker {back.worker} stopped while the query ran.",
        hint="It waits for another one.",
    )
    return JobEvent.REQUEUED, error


def _after_stop(kind: StatementKind | None, policy: Policy) -> tuple[JobEvent, JobError]:
    again = policy.requeue_at_stop and kind is not StatementKind.WRITE
    error = JobError(
        code="server_stopped",
        message="The server stopped while the query ran.",
        hint="It is tried again when the server is back." if again else "Run it again.",
    )
    return (JobEvent.REQUEUED if again else JobEvent.CANCELLED), error


def _runner_died(died: Died, hint: str) -> JobError:
    return JobError(
        code="runner_died", message=f"The query's process {died.reason}.", hint=hint or None
    )
