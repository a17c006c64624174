"""How many jobs there are, for those who watch a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from longwatch.protocol.jobs import JobState
from longwatch.store.rows import from_us
from longwatch.store.tables import job_counts, jobs
from longwatch.store.writer import Transaction

_BY_STATE: Final = select(job_counts.c.state, func.sum(job_counts.c.jobs)).group_by(
    job_counts.c.state
)
_OLDEST_QUEUED: Final = select(func.min(jobs.c.submitted_us)).where(
    jobs.c.state == JobState.QUEUED.value
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by state, and when the oldest that waits was submitted; `None` when none does."""

    by_state: Mapping[JobState, int]
    oldest_queued: datetime | None


def counts(tx: Transaction) -> Counts:
    """How many jobs there are; 0.2 ms, and as much again for each thousand that wait."""
    found = {JobState(state): int(n) for state, n in tx.connection.execute(_BY_STATE)}
    oldest = tx.connection.execute(_OLDEST_QUEUED).scalar_one()
    return Counts(found, None if oldest is None else from_us(oldest))
