"""What is asked of a job that exists, each within one transaction of the store.

`expected` are the `seq` numbers of the forms of the job that the request is meant for, `None` for
any: who has read an older form, and decided by it, is refused with `Changed`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from longwatch.jobs.errors import AlreadyFinal, Changed, HasBegun, NotFinal, UnknownJob
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job, JobError, JobState
from longwatch.store import repository
from longwatch.store.writer import Transaction


@dataclass(frozen=True, slots=True)
class CancelWish:
    """How a cancel is meant: `only_queued` leaves alone what runs, `reason` is for its story."""

    only_queued: bool = False
    reason: str | None = None


ANY_CANCEL: Final = CancelWish()


def expected_form(tx: Transaction, job_id: str, expected: Collection[int] | None) -> Job:
    """The job, in a form that was expected. Raises `UnknownJob` or `Changed`."""
    job = repository.get(tx, job_id)
    if expected is not None and job.seq not in expected:
        raise Changed(job_id, job.state)
    return job


def final(tx: Transaction, job_id: str, expected: Collection[int] | None) -> Job:
    """The job, which is over. Raises `UnknownJob`, `Changed` or `NotFinal`."""
    job = expected_form(tx, job_id, expected)
    if not job.state.is_final:
        raise NotFinal(job_id, job.state)
    return job


def request_cancel(
    tx: Transaction,
    job_id: str,
    at: datetime,
    expected: Collection[int] | None = None,
    wish: CancelWish = ANY_CANCEL,
) -> Job:
    """Cancel a job that waits, note the wish for one that runs; asking again changes nothing.

    Raises `UnknownJob`, `Changed` or `AlreadyFinal`, and `HasBegun` if only one that waits is
    meant.
    """
    job = expected_form(tx, job_id, expected)
    if job.state.is_final:
        raise AlreadyFinal(job_id, job.state)
    if wish.only_queued and job.state is not JobState.QUEUED:
        raise HasBegun(job_id)
    if job.cancel_requested_at is not None:
        return job
    changes: dict[str, Any] = {"cancel_requested_at": at}
    event = JobEvent.CANCEL_REQUESTED
    if job.state is JobState.QUEUED:
        event = JobEvent.CANCELLED
        changes |= {"cancel_confirmed": True, "finished_at": at}
    return repository.change(
        tx, job_id, event, attempt=job.attempt, at=at, detail=wish.reason, **changes
    )


def delete(
    tx: Transaction, job_id: str, at: datetime, expected: Collection[int] | None = None
) -> Job:
    """Delete a job that is over; as it was. Raises `UnknownJob`, `Changed` or `NotFinal`."""
    job = final(tx, job_id, expected)
    repository.remove(tx, job_id, at=at)
    return job


def give_up_waiting(tx: Transaction, job_id: str, at: datetime) -> None:
    """Fail a job that waited longer than it may, unless its turn has come meanwhile."""
    try:
        job = repository.get(tx, job_id)
    except UnknownJob:  # cancelled, then deleted
        return
    if job.state is not JobState.QUEUED or job.attempt:
        return
    error = JobError(
        code="queue_timeout",
        message=f"The job waited longer than its {job.limits.queue_s:g} s for its turn.",
        hint="Run it again when fewer jobs wait, or let it wait longer.",
    )
    repository.change(
        tx,
        job_id,
        JobEvent.FAILED,
        attempt=0,
        at=at,
        detail=error.message,
        error=error,
        finished_at=at,
    )
