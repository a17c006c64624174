"""What has to be done to a PostgreSQL store that was put back from a dump.

The same that is done to a copy of SQLite's store (`backup`): its `seq` went back, so it needs a new
epoch; and what waited or ran then may have run since.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sqlalchemy import delete

from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import JobError, JobState
from longwatch.store import markers, repository
from longwatch.store.errors import StoreUnusable
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.checkup import look
from longwatch.store.postgres.writer import PostgresThread
from longwatch.store.tables import meta
from longwatch.store.thread import Transaction

_ENDS: Final = {JobState.QUEUED: JobEvent.FAILED, JobState.RUNNING: JobEvent.LOST}


def mark_restored(address: StoreAddress) -> int:
    """Give the store a new epoch and end what is not over; how many jobs that were.

    Raises `StoreError`; `StoreUnusable` while a server uses the store.
    """
    if look(address).served:
        raise StoreUnusable(
            f"A server uses the job store {address.shown}. Stop every server on it first."
        )
    thread = PostgresThread(address, lambda _changes: None)
    thread.open()
    try:
        return thread.submit(partial(_begin_anew, now=datetime.now(UTC))).result()
    finally:
        thread.close()


def _begin_anew(tx: Transaction, now: datetime) -> int:
    error = JobError(
        code="from_backup",
        message="The job was not over when the dump was made that the store was put back from. "
        "Whether it ran after that is not known here.",
        hint="Look whether it took effect, then run it again if you still need it.",
    )
    ended = 0
    for state, event in _ENDS.items():
        for job in repository.in_state(tx, state):
            repository.change(
                tx,
                job.id,
                event,
                attempt=job.attempt,
                at=now,
                detail=error.message,
                error=error,
                finished_at=now,
            )
            ended += 1
    tx.connection.execute(delete(meta).where(meta.c.key == markers.LEADER))
    markers.put(tx.connection, "epoch", secrets.token_hex(8))
    return ended
