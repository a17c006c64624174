"""Who is still to be told of a job's end. What was sent stands in the job's story."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job
from longwatch.store import repository
from longwatch.store.rows import to_us
from longwatch.store.tables import events
from longwatch.store.writer import Transaction

_ENDINGS: Final = [
    one.value for one in (JobEvent.SUCCEEDED, JobEvent.FAILED, JobEvent.CANCELLED, JobEvent.LOST)
]
_SETTLED: Final = [JobEvent.NOTIFIED.value, JobEvent.NOTIFY_FAILED.value]


def unsent(tx: Transaction, job_id: str) -> tuple[Job, list[str]]:
    """A job, and whom to tell that it is over; nobody while it is not. Raises `UnknownJob`."""
    job = repository.get(tx, job_id)
    if not job.notify or not job.state.is_final:
        return job, []
    query = select(events.c.detail).where(events.c.job_id == job_id, events.c.event.in_(_SETTLED))
    settled = {str(detail).partition(":")[0] for detail in tx.connection.scalars(query)}
    return job, [name for name in job.notify if name not in settled]


def ended_since(tx: Transaction, moment: datetime, most: int) -> list[str]:
    """The jobs that ended after `moment`, the newest first, `most` of them."""
    query = (
        select(events.c.job_id)
        .where(events.c.event.in_(_ENDINGS), events.c.at_us >= to_us(moment))
        .order_by(events.c.seq.desc())
        .limit(most)
    )
    return list(tx.connection.scalars(query))
