"""What is asked of the store, as operations for `writer.StoreThread`.

Every function takes a `Transaction` and does one thing in it. A state changes only through
`change`, which guards state and attempt inside the write itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from longwatch.jobs.errors import AttemptOver, InvalidTransition, UnknownJob
from longwatch.jobs.model import evolve, summary
from longwatch.jobs.transitions import JobEvent, next_state
from longwatch.jobs.turns import Waiting
from longwatch.protocol.jobs import Job, JobError, JobState, JobSummary, StatementKind
from longwatch.store import encoded
from longwatch.store.dialects import is_shared
from longwatch.store.listing import SUMMARIES
from longwatch.store.reading import reading
from longwatch.store.rows import (
    initial_phase,
    read_limits,
    to_job,
    to_row,
    to_summary,
    to_us,
    write_error,
)
from longwatch.store.tables import events, job_counts, jobs, meta
from longwatch.store.writer import Changes, Transaction

MOST_CAUGHT_UP: Final = 5_000
# Statements that every job needs are built once: building one and finding its text in the cache
# takes SQLAlchemy longer (0.5-1 ms) than SQLite takes to carry it out.
_NEWEST_SEQ: Final = select(func.coalesce(func.max(events.c.seq), 0))
_GET: Final = select(jobs).where(jobs.c.id == bindparam("job_id"))
_OWNER: Final = select(jobs.c.owner).where(jobs.c.id == bindparam("job_id"))
_BY_NUMBER: Final = select(jobs).where(jobs.c.n == bindparam("number"))
_ADD: Final = insert(jobs)
_RECORD: Final = insert(events)
_UNCHANGING: Final = ("id", "sql", "parameters", "retry_of")
_NOTE_WRITE: Final = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.state == JobState.RUNNING.value,
        jobs.c.attempt == bindparam("of_attempt"),
    )
    .values(kind=StatementKind.WRITE.value)
)
_CHANGE: Final = (
    update(jobs)
    .where(
        jobs.c.id == bindparam("of_job"),
        jobs.c.state == bindparam("from_state"),
        jobs.c.attempt == bindparam("of_attempt"),
    )
    .values(
        {
            column.name: bindparam(column.name)
            for column in jobs.c
            if column.name not in {"n", *_UNCHANGING}
        }
    )
)
_WAITING: Final = (
    select(func.min(jobs.c.n), jobs.c.priority, jobs.c.owner, jobs.c.source)
    .where(
        jobs.c.state == JobState.QUEUED.value, jobs.c.id.not_in(bindparam("held", expanding=True))
    )
    .group_by(jobs.c.priority, jobs.c.owner, jobs.c.source)
)
_COUNTED: Final = select(func.coalesce(func.sum(job_counts.c.jobs), 0)).where(
    job_counts.c.state == JobState.QUEUED.value
)
_COUNTED_OF: Final = _COUNTED.where(job_counts.c.owner == bindparam("of_owner"))
_QUEUED: Final = select(func.count()).select_from(jobs).where(jobs.c.state == JobState.QUEUED.value)
_QUEUED_OF: Final = _QUEUED.where(jobs.c.owner == bindparam("of_owner"))


@dataclass(frozen=True, slots=True)
class Since:
    """What changed after a `seq`, up to `seq`."""

    changed: list[JobSummary]
    removed: Mapping[str, str | None]
    """Whose each removed job was; `None` where an earlier version removed it."""
    seq: int


@reading
def epoch(tx: Transaction) -> str:
    """The name of this store, new for each file ever made."""
    value: str = tx.connection.execute(
        select(meta.c.value).where(meta.c.key == "epoch")
    ).scalar_one()
    return value


@reading
def newest_seq(tx: Transaction) -> int:
    """The number of the last committed change; 0 in an empty store."""
    return int(tx.connection.execute(_NEWEST_SEQ).scalar_one())


def add(tx: Transaction, job: Job) -> Job:
    """Store a new job. Returns it with its `seq`."""
    stored = evolve(job, seq=_record(tx, job, JobEvent.SUBMITTED, job.submitted_at, None))
    tx.connection.execute(_ADD, to_row(stored))
    _announce(tx, stored)
    return stored


@reading
def get(tx: Transaction, job_id: str) -> Job:
    """One job. Raises `UnknownJob`."""
    known = "\x00" not in job_id  # PostgreSQL takes no such text
    row = tx.connection.execute(_GET, {"job_id": job_id}).one_or_none() if known else None
    if row is None:
        raise UnknownJob(job_id)
    return to_job(row)


@reading
def owner_of(tx: Transaction, job_id: str) -> str:
    """Whose a job is. Raises `UnknownJob`."""
    owner: str | None = tx.connection.execute(_OWNER, {"job_id": job_id}).scalar_one_or_none()
    if owner is None:
        raise UnknownJob(job_id)
    return owner


def change(
    tx: Transaction,
    job_id: str,
    event: JobEvent,
    *,
    attempt: int,
    at: datetime,
    detail: str | None = None,
    **changes: Any,
) -> Job:
    """Let `event` happen to a job: the only way its state changes.

    `attempt` is the attempt the event belongs to: a late word from an earlier attempt finds
    another number and is refused. Raises `UnknownJob`, or `InvalidTransition` with the story.
    """
    before = get(tx, job_id)
    story = f"job {job_id}, attempt {before.attempt}, event for attempt {attempt}"
    state = next_state(before.state, event, story=story)
    if event is JobEvent.STARTED:
        changes["attempt"] = attempt
    expected = before.attempt if event is JobEvent.STARTED else attempt
    after = evolve(before, state=state, phase=initial_phase(state), **changes)
    # What an attempt began with is the error of the one before it.
    error = None if event is JobEvent.STARTED else changes.get("error")
    after = evolve(after, seq=_record(tx, after, event, at, detail, error))
    row = to_row(after)
    for name in _UNCHANGING:
        del row[name]
    guard = {"of_job": job_id, "from_state": before.state.value, "of_attempt": expected}
    done = tx.connection.execute(_CHANGE, row | guard)
    if done.rowcount != 1:
        raise InvalidTransition(f"{event.value} while {before.state.value} ({story})")
    if state.is_final:
        encoded.keep(tx.connection, after)
    _announce(tx, after)
    return after


def note_write(tx: Transaction, job_id: str, attempt: int) -> None:
    """Keep that a running attempt writes, before it may begin to. Raises `AttemptOver` when it is
    not the one that runs: whoever gave it up may have had it run again."""
    done = tx.connection.execute(_NOTE_WRITE, {"of_job": job_id, "of_attempt": attempt})
    if done.rowcount != 1:
        raise AttemptOver(job_id, attempt)


def note(tx: Transaction, job_id: str, event: JobEvent, *, at: datetime, detail: str) -> None:
    """Append to a job's story what leaves the job as it is. Raises `UnknownJob`."""
    seq = _record(tx, get(tx, job_id), event, at, detail)
    tx.changes.seq = max(tx.changes.seq, seq)


def remove(tx: Transaction, job_id: str, *, at: datetime) -> None:
    """Delete a job and its story. What stays is one line that says so, and whose it was: the feed
    tells it to those who were away. Raises `UnknownJob`; whether the job may be deleted is the
    caller's to know."""
    job = get(tx, job_id)
    tx.connection.execute(delete(events).where(events.c.job_id == job_id))
    tx.connection.execute(delete(jobs).where(jobs.c.id == job_id))
    seq = _record(tx, job, JobEvent.DELETED, at, job.owner)
    tx.changes.changed.pop(job_id, None)
    tx.changes.removed[job_id] = job.owner
    tx.changes.seq = max(tx.changes.seq, seq)


@reading
def waiting(tx: Transaction, held: Collection[str]) -> list[Waiting]:
    """The oldest queued job of each owner, source and priority, but for those `held` back."""
    return [Waiting(*row) for row in tx.connection.execute(_WAITING, {"held": list(held)})]


@reading
def by_number(tx: Transaction, n: int) -> Job:
    """The job with number `n`, which exists."""
    return to_job(tx.connection.execute(_BY_NUMBER, {"number": n}).one())


@reading
def count_queued(tx: Transaction, owner: str | None = None) -> int:
    """How many jobs wait: everybody's, or one owner's."""
    shared = is_shared(tx.connection)
    if owner is None:
        return int(tx.connection.execute(_COUNTED if shared else _QUEUED).scalar_one())
    query = _COUNTED_OF if shared else _QUEUED_OF
    return int(tx.connection.execute(query, {"of_owner": owner}).scalar_one())


@reading
def queue_limits(tx: Transaction, ids: Collection[str]) -> dict[str, float]:
    """Of these jobs the seconds that each may wait for its turn, where it has such a limit."""
    query = select(jobs.c.id, jobs.c.limits).where(jobs.c.id.in_(ids))
    limits = {row.id: read_limits(row.limits) for row in tx.connection.execute(query)}
    return {job_id: one.queue_s for job_id, one in limits.items() if one.queue_s is not None}


@reading
def in_state(tx: Transaction, state: JobState) -> list[Job]:
    """Every job in `state`, oldest first."""
    query = select(jobs).where(jobs.c.state == state.value).order_by(jobs.c.n)
    return [to_job(row) for row in tx.connection.execute(query)]


@reading
def since(tx: Transaction, seq: int, *, most: int) -> Since | None:
    """What changed after `seq`; `None` when that is more than `most` jobs, or `seq` is not from
    this store: a snapshot is due then."""
    newest = newest_seq(tx)
    if seq > newest:
        return None
    query = SUMMARIES.where(jobs.c.seq > seq).order_by(jobs.c.seq).limit(most + 1)
    rows = tx.connection.execute(query).all()
    gone = (
        select(events.c.job_id, events.c.detail)
        .where(events.c.event == JobEvent.DELETED.value, events.c.seq > seq)
        .limit(most + 1)
    )
    removed = {row.job_id: row.detail for row in tx.connection.execute(gone)}
    if len(rows) + len(removed) > most:
        return None
    return Since([to_summary(row) for row in rows], removed, newest)


def changes_after(tx: Transaction, seq: int, newest: int) -> Changes:
    """What was changed after `seq` up to `newest`, or as far as the first few thousand jobs go. The
    changes that another server has committed, for the feed of this one."""
    query = SUMMARIES.where(jobs.c.seq > seq, jobs.c.seq <= newest)
    rows = tx.connection.execute(query.order_by(jobs.c.seq).limit(MOST_CAUGHT_UP)).all()
    to = newest if len(rows) < MOST_CAUGHT_UP else int(rows[-1].seq)
    gone = select(events.c.job_id, events.c.detail).where(
        events.c.event == JobEvent.DELETED.value, events.c.seq > seq, events.c.seq <= to
    )
    found = [to_summary(row) for row in rows]
    deleted = tx.connection.execute(gone.order_by(events.c.seq))
    removed = {row.job_id: row.detail or "" for row in deleted}
    return Changes({job.id: job for job in found}, removed, to, elsewhere=True)


def _record(
    tx: Transaction,
    job: Job,
    event: JobEvent,
    at: datetime,
    detail: str | None,
    error: JobError | None = None,
) -> int:
    """Append to the job's story; the number of the line is the feed's cursor."""
    line: dict[str, Any] = {
        "job_id": job.id,
        "event": event.value,
        "attempt": job.attempt,
        "at_us": to_us(at),
        "detail": detail and detail.replace("\x00", "\ufffd"),
        "error": write_error(error),
    }
    if tx.numbers is not None:
        line["seq"] = seq = tx.numbers.take()
        tx.connection.execute(_RECORD, line)
        return seq
    key = tx.connection.execute(_RECORD, line).inserted_primary_key
    assert key is not None
    return int(key[0])


def _announce(tx: Transaction, job: Job) -> None:
    tx.changes.changed[job.id] = summary(job)
    tx.changes.seq = max(tx.changes.seq, job.seq)
