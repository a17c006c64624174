"""What retention asks of the store. Every operation is bounded: it shares its commit with submits
that wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from longwatch.protocol.jobs import JobState
from longwatch.store.dialects import is_shared
from longwatch.store.reading import reading
from longwatch.store.rows import from_us, to_us
from longwatch.store.tables import job_counts, jobs
from longwatch.store.writer import Transaction

FINAL: Final = tuple(state.value for state in JobState if state.is_final)


@dataclass(frozen=True, slots=True)
class Standing:
    """As much of a job as decides what may be removed of it. `finished_at` is `None` while it
    waits or runs."""

    id: str
    attempt: int
    finished_at: datetime | None
    owner: str = ""


@reading
def standings(tx: Transaction, ids: Collection[str]) -> dict[str, Standing]:
    """Those of `ids` that there are; 3 ms for 500."""
    columns = (jobs.c.id, jobs.c.attempt, jobs.c.state, jobs.c.finished_us, jobs.c.owner)
    return {
        row.id: Standing(
            row.id,
            row.attempt,
            from_us(row.finished_us) if row.state in FINAL else None,
            row.owner,
        )
        for row in tx.connection.execute(select(*columns).where(jobs.c.id.in_(ids)))
    }


@reading
def oldest_final(tx: Transaction, limit: int) -> list[Standing]:
    """The jobs over that were submitted first."""
    query = (
        select(jobs.c.id, jobs.c.attempt, jobs.c.finished_us)
        .where(jobs.c.state.in_(FINAL))
        .order_by(jobs.c.n)
        .limit(limit)
    )
    return [
        Standing(row.id, row.attempt, from_us(row.finished_us))
        for row in tx.connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some jobs in the order they were submitted in: the ids of those meant, and the number of the
    last that was looked at; `None` if there are no more."""

    ids: list[str]
    last: int | None


@reading
def ended_before(tx: Transaction, moment: datetime, after: int, limit: int) -> Stretch:
    """Of the next `limit` jobs those that ended before `moment`."""
    query = (
        select(jobs.c.n, jobs.c.id, jobs.c.state, jobs.c.finished_us)
        .where(jobs.c.n > after)
        .order_by(jobs.c.n)
        .limit(limit)
    )
    rows = tx.connection.execute(query).all()
    before = to_us(moment)
    ids = [row.id for row in rows if row.state in FINAL and row.finished_us < before]
    return Stretch(ids, rows[-1].n if len(rows) == limit else None)


@reading
def jobs_by_owner(tx: Transaction) -> dict[str, int]:
    """How many jobs everybody has, as triggers have counted."""
    query = select(job_counts.c.owner, func.sum(job_counts.c.jobs)).group_by(job_counts.c.owner)
    return {owner: int(number) for owner, number in tx.connection.execute(query) if number}


@reading
def count(tx: Transaction) -> int:
    """How many jobs there are."""
    if is_shared(tx.connection):  # to count them all takes it 0.1 s a million
        counted = select(func.coalesce(func.sum(job_counts.c.jobs), 0))
        return int(tx.connection.execute(counted).scalar_one())
    return int(tx.connection.execute(select(func.count()).select_from(jobs)).scalar_one())
