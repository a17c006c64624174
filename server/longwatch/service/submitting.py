"""Taking jobs in: what may be submitted, how many may wait, and once only for each key."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from longwatch.jobs.errors import (
    InvalidSubmission,
    JobDeleted,
    KeyInFlight,
    KeyReused,
    LimitTooHigh,
    QueueFull,
    UnknownJob,
)
from longwatch.jobs.model import fingerprint, new_job
from longwatch.protocol.jobs import Job, Limits, Submission
from longwatch.service.requests import final
from longwatch.service.scheduling import MOST_RUNNING
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import keys, repository
from longwatch.store.keys import Kept
from longwatch.store.store import Store
from longwatch.store.writer import Transaction

RETRY_AFTER_S: Final = 5
"""When to come back to a full queue, in seconds."""
FORGET_EVERY_S: Final = 60.0
"""An expired key is as good as forgotten: only its row stays a little longer."""
Make = Callable[[Transaction], Job]
CheckRoom = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that was taken in. `replayed`: now or before, when its key was used first.
    `key_expires_at` is until when the key is remembered, `None` without one."""

    job: Job
    replayed: bool = False
    key_expires_at: datetime | None = None


class Intake:
    """Turns submissions into stored jobs.

    An idempotency key belongs to its owner, and is stored in the transaction that stores the job:
    a crash leaves both or neither. While a request with a key is being carried out, another with
    the same key is refused rather than held.
    """

    def __init__(
        self,
        store: Store,
        sources: SourceCatalogue,
        settings: Settings,
        now: Callable[[], datetime],
        check_room: CheckRoom = lambda _owner: None,
    ) -> None:
        """`check_room` raises `QuotaExceeded` for whoever keeps too much already."""
        self._store = store
        self._check_room = check_room
        self._sources = sources
        self._settings = settings
        self._now = now
        self._remembered = timedelta(hours=settings.idempotency_hours)
        self._room: dict[str | None, int] = {}
        self._forget_at_s = 0.0
        self._in_flight: dict[tuple[str, str], str] = {}

    async def submit(self, submission: Submission, owner: str, key: str | None = None) -> Taken:
        """Take a job in; it is on disk when this returns.

        Raises `UnknownSource`, `InvalidSubmission`, `LimitTooHigh`, `QueueFull`, `QuotaExceeded` or
        `StoreError`; with a `key` also `KeyReused`, `KeyInFlight` and `JobDeleted`.
        """
        if key is None:
            job = self._prepared(submission, owner)
            return Taken(await self._store.run(self._add, job))
        meant = fingerprint(submission)
        return await self._once(owner, key, meant, lambda _tx: self._prepared(submission, owner))

    async def retry(
        self,
        job_id: str,
        owner: str,
        key: str | None = None,
        expected: Collection[int] | None = None,
    ) -> Taken:
        """Take a job's query in again, as a new job of `owner`.

        Raises `UnknownJob`, `NotFinal`, `Changed`, and what `submit` raises.
        """

        def make(tx: Transaction) -> Job:
            return self._anew(final(tx, job_id, expected), owner)

        if key is None:
            return Taken(await self._store.run(lambda tx: self._add(tx, make(tx))))
        meant = hashlib.sha256(b"retry " + job_id.encode()).hexdigest()
        return await self._once(owner, key, meant, make)

    def retry_in(self, tx: Transaction, job_id: str, owner: str) -> Job:
        """`retry` as part of a larger operation."""
        return self._add(tx, self._anew(final(tx, job_id, None), owner))

    async def _once(self, owner: str, key: str, meant: str, make: Make) -> Taken:
        slot = (owner, key)
        busy_with = self._in_flight.get(slot)
        if busy_with is not None:
            raise KeyInFlight if busy_with == meant else KeyReused
        self._in_flight[slot] = meant
        try:
            return await self._store.run(self._take, owner, key, meant, make)
        finally:
            del self._in_flight[slot]

    def _take(self, tx: Transaction, owner: str, key: str, meant: str, make: Make) -> Taken:
        now = self._now()
        kept = keys.find(tx, owner, key, now)
        if kept is None:
            job = self._add(tx, make(tx))
            kept = Kept(meant, job.id, now + self._remembered)
            keys.keep(tx, owner, key, kept)
            if time.monotonic() >= self._forget_at_s:
                keys.forget(tx, now)
                self._forget_at_s = time.monotonic() + FORGET_EVERY_S
            return Taken(job, False, kept.expires_at)
        if kept.fingerprint != meant:
            raise KeyReused
        try:
            return Taken(repository.get(tx, kept.job_id), True, kept.expires_at)
        except UnknownJob:
            raise JobDeleted(kept.job_id) from None

    def _prepared(self, submission: Submission, owner: str, retry_of: str | None = None) -> Job:
        source = submission.source or self._sources.default
        self._sources.get(source)
        self._check_limits(submission.limits)
        self._check_targets(submission.notify)
        return new_job(submission, source=source, owner=owner, now=self._now(), retry_of=retry_of)

    def _anew(self, job: Job, owner: str) -> Job:
        submission = job.submission()
        # Those that are gone since are no reason not to run it again.
        known = tuple(name for name in job.notify if name in self._settings.notify_targets)
        submission = msgspec.structs.replace(submission, notify=known)
        return self._prepared(submission, owner, retry_of=job.id)

    def _add(self, tx: Transaction, job: Job) -> Job:
        self._check_room(job.owner)
        self._make_sure_of_room(tx, job.owner, self._settings.max_queued_per_owner)
        self._make_sure_of_room(tx, None, self._settings.max_queued)
        return repository.add(tx, job)

    def _make_sure_of_room(self, tx: Transaction, owner: str | None, most: int) -> None:
        """Take one place in the queue, everybody's or an owner's. Raises `QueueFull`.

        Counting reads every job that waits: when it is 10,000 a submit would take 2.3 ms for it,
        and 1.6 for all else. So it is done once, and what may safely be added is remembered. Jobs
        that leave the queue only make that too careful. What comes back to it ran when it was
        counted, and places are kept free for that, or left it since.
        """
        # Where other servers take jobs in as well, the store has counts, and one writer at a time.
        left = 0 if self._store.shared else self._room.get(owner, 0)
        if left < 1:
            waiting = repository.count_queued(tx, owner)
            if waiting >= most:
                raise QueueFull(waiting, most, owner, RETRY_AFTER_S)
            left = most - waiting - MOST_RUNNING
        self._room[owner] = left - 1

    def _check_targets(self, names: Collection[str]) -> None:
        known = self._settings.notify_targets
        for number, name in enumerate(names):
            if name not in known:
                there_are = ", ".join(sorted(known)) or "none: notify_targets is not set"
                raise InvalidSubmission(
                    f"This server tells nobody of the name {name[:40]!r}. Those there are: "
                    f"{there_are}.",
                    f"/notify/{number}",
                )

    def _check_limits(self, limits: Limits) -> None:
        settings = self._settings
        asked_bytes, asked_s = limits.memory_bytes, limits.run_s
        if asked_bytes is not None and asked_bytes > settings.memory_bytes:
            mib = [f"{size / 2**20:,.0f} MiB" for size in (asked_bytes, settings.memory_bytes)]
            raise LimitTooHigh("memory", *mib)
        for what, asked, most in (
            ("rows of a result", limits.result_rows, settings.max_result_rows),
            ("bytes of a result", limits.result_bytes, settings.max_result_bytes),
        ):
            if asked is not None and most and asked > most:
                raise LimitTooHigh(what, f"{asked:,}", f"{most:,}")
        if asked_s is not None and settings.max_run_s is not None and asked_s > settings.max_run_s:
            raise LimitTooHigh("running time", f"{asked_s:g} s", f"{settings.max_run_s:g} s")
