"""What became of a job, from the events that were recorded with each change of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select

from longwatch.jobs.errors import UnknownJob
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.history import Attempt, StoryLine
from longwatch.store.reading import reading
from longwatch.store.rows import from_us, read_error
from longwatch.store.tables import events, jobs
from longwatch.store.writer import Transaction

_ENDINGS: Final = frozenset(
    {
        JobEvent.SUCCEEDED,
        JobEvent.FAILED,
        JobEvent.CANCELLED,
        JobEvent.REQUEUED,
        JobEvent.LOST,
    }
)


@reading
def story(tx: Transaction, job_id: str) -> list[StoryLine]:
    """Everything that happened to a job, oldest first. Raises `UnknownJob`."""
    return [
        StoryLine(
            seq=row.seq, event=row.event, attempt=row.attempt, at=_moment(row), detail=row.detail
        )
        for row in _rows(tx, job_id)
    ]


@reading
def attempts(tx: Transaction, job_id: str) -> list[Attempt]:
    """Every try at a job, oldest first. Raises `UnknownJob`."""
    return list(_attempts(_rows(tx, job_id)))


def _rows(tx: Transaction, job_id: str) -> list[Any]:
    if tx.connection.scalar(select(jobs.c.n).where(jobs.c.id == job_id)) is None:
        raise UnknownJob(job_id)
    query = select(events).where(events.c.job_id == job_id).order_by(events.c.seq)
    return list(tx.connection.execute(query))


def _attempts(rows: Iterable[Any]) -> Iterable[Attempt]:
    running: Attempt | None = None
    for row in rows:
        event = JobEvent(row.event)
        if event is JobEvent.STARTED:
            running = Attempt(
                attempt=row.attempt, started_at=_moment(row), ended_at=None, how=None, error=None
            )
        elif event in _ENDINGS and running is not None:  # a job may end while it waits
            yield msgspec.structs.replace(
                running, ended_at=_moment(row), how=event.value, error=read_error(row.error)
            )
            running = None
    if running is not None:
        yield running


def _moment(row: Any) -> datetime:
    moment = from_us(row.at_us)
    assert moment is not None
    return moment
