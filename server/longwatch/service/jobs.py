"""`JobService`: takes jobs in, has them started in turn, and their ends recorded."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from longwatch.execution.contract import Claimant, Ended, Executor
from longwatch.feed.hub import FeedHub
from longwatch.jobs.errors import NoResult
from longwatch.protocol.bulk import BulkAction
from longwatch.protocol.jobs import Job, JobState, JobSummary, Submission
from longwatch.runner.spec import AttemptSpec, Report
from longwatch.service import bulk, requests
from longwatch.service.attempts import Attempts
from longwatch.service.bulk import Handled
from longwatch.service.endwatch import EndWatch
from longwatch.service.offering import Offers
from longwatch.service.recording import Recorder
from longwatch.service.remembering import Memory
from longwatch.service.requests import CancelWish
from longwatch.service.submitting import CheckRoom, Intake, Taken
from longwatch.service.turns import Turns
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import listing, repository
from longwatch.store.listing import Filter, Listed
from longwatch.store.store import Store
from longwatch.store.writer import Transaction


class JobService:
    """Takes jobs in, and has them started in turn and their ends recorded."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        hub: FeedHub,
        sources: SourceCatalogue,
        settings: Settings,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        offers: Offers | None = None,
        on_submit: Callable[[Job], None] = lambda _job: None,
        check_room: CheckRoom = lambda _owner: None,
        memory: Memory | None = None,
    ) -> None:
        """With `offers` a job starts when a worker comes for it, else as soon as its turn has.
        `on_submit` is told of each new job, within the request that brought it; `check_room` is
        `Intake`'s. `memory` knows of earlier runs."""
        self._store = store
        self._executor = executor
        self._log = log
        self._now = now
        self._on_submit = on_submit
        self._intake = Intake(store, sources, settings, now, check_room)
        self._endwatch = EndWatch()
        self.attempts = Attempts(executor, hub, sources, settings, log, memory)
        """Those that run here."""
        self._turns = Turns(
            *(store, executor, self.attempts, sources, settings, log),
            now=now,
            offers=offers,
            endwatch=self._endwatch,
            observer=self,
        )
        self._recorder = Recorder(
            *(store, self.attempts, self._turns, settings, log),
            now=now,
            endwatch=self._endwatch,
        )
        self._is_called = False
        """To lead: what takes a while, and may be called off meanwhile."""
        self.opened_s: dict[str, float] = {}
        """When each result was last opened, by the monotonic clock: those do not expire now."""

    async def start(self) -> None:
        """Take up what an earlier server left behind, then begin to start jobs."""
        await self.attempts.start(self)
        if self.leading:
            await self._take_up()
        self._turns.start()

    async def lead(self, may_start: Callable[[Transaction], bool]) -> None:
        """Start jobs from now on, as the only one of several servers on the store. `may_start`
        says in a transaction whether that is still so. A `follow` meanwhile wins. Raises
        `StoreError`."""
        self._is_called = True
        await self._take_up()
        if self._is_called:
            self._turns.lead(may_start)
        else:  # what was taken up since has been found by another as well
            self.follow()

    def follow(self) -> None:
        """Start no jobs any more. Those that run go on, unless another server takes them up: as it
        does with what workers carry out."""
        self._is_called = False
        self._turns.follow()
        self.attempts.let_go()

    @property
    def leading(self) -> bool:
        """Whether jobs are started here."""
        return self._turns.leading

    def _starts(self, job_id: str) -> bool:
        """Whether a job that runs does so here, or may in a moment."""
        return self.leading or job_id in self.attempts

    async def _take_up(self) -> None:
        for job in await self._store.run(repository.in_state, JobState.RUNNING):
            self.attempts.take_up(job)
        for job in await self._store.run(repository.in_state, JobState.QUEUED):
            self._turns.waits(job)

    async def heard(self, jobs: Collection[JobSummary]) -> None:
        """Other servers on the store have changed jobs. Raises `StoreError`."""
        for job in jobs:
            if job.state.is_final:
                self._turns.left(job.id)
            running = self.attempts.get(job.id)
            runs = job.state is JobState.RUNNING
            if running is not None and not (runs and job.attempt == running.attempt):
                self._log.warning("job taken up by another server", job=job.id)
                self._executor.cancel(job.id, running.attempt)
            elif runs and self._starts(job.id) and job.cancel_requested_at is not None:
                self.attempts.cancel(job.id, job.attempt)
        self._turns.look()
        new = [job.id for job in jobs if job.state is JobState.QUEUED and job.attempt == 0]
        if new and self.leading:
            limits = await self._store.run(repository.queue_limits, new)
            for job_id, seconds in limits.items():
                self._turns.set_deadline(job_id, seconds)
            self._turns.look()

    async def wind_down(self, seconds: float) -> None:
        """Start nothing more, and let what runs come to its end, for so many seconds at most. What
        runs on workers goes on without the server."""
        await self._turns.stop()
        if seconds > 0 and self.attempts and not self._turns.by_workers:
            self._log.info("waiting for queries", running=len(self.attempts), seconds=seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.attempts.none_left()

    async def stop(self, *, keep: bool = False) -> None:
        """Start nothing more, end what runs, record how.

        With `keep` attempts go on without a server: the next one over this folder adopts them.
        """
        self._endwatch.close()
        await self._turns.stop()
        await self.attempts.stop(keep=keep)

    async def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self.attempts and not await self._store.run(repository.count_queued)

    async def submit(self, submission: Submission, owner: str) -> Job:
        """Take a job in; it is on disk when this returns. Raises what `Intake.submit` does."""
        return (await self.take(submission, owner)).job

    async def take(self, submission: Submission, owner: str, key: str | None = None) -> Taken:
        """`submit`, once only for each idempotency `key`."""
        return self._taken(await self._intake.submit(submission, owner, key))

    async def retry(
        self,
        job_id: str,
        owner: str,
        key: str | None = None,
        expected: Collection[int] | None = None,
    ) -> Taken:
        """Submit a job's query again, as a new job of `owner`. Raises what `Intake.retry` does."""
        return self._taken(await self._intake.retry(job_id, owner, key, expected))

    def _taken(self, taken: Taken) -> Taken:
        if taken.replayed:
            return replace(taken, job=self.attempts.seen_in(taken.job))
        job = taken.job
        self._log.info("job submitted", job=job.id, source=job.source, owner=job.owner)
        self._on_submit(job)
        self._turns.waits(job)
        self._turns.look()
        return taken

    async def get(self, job_id: str) -> Job:
        """One job with its newest progress. Raises `UnknownJob`."""
        return self.attempts.seen_in(await self._store.run(repository.get, job_id))

    async def when_final(self, job_id: str, seconds: float) -> Job:
        """The job once it is over, or as it stands after so many seconds, or when the server
        stops. Raises `UnknownJob`."""
        with self._endwatch.waiter(job_id) as over:
            job = await self.get(job_id)
            if job.state.is_final:
                return job
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await over.wait()
        return await self.get(job_id)

    async def page(self, which: Filter, *, before_n: int | None, limit: int) -> Listed:
        """One page of the list, newest first."""
        listed = await self._store.run(listing.page, which, before_n=before_n, limit=limit)
        return replace(listed, jobs=[self.attempts.seen_in(job) for job in listed.jobs])

    async def cancel(
        self,
        job_id: str,
        expected: Collection[int] | None = None,
        wish: CancelWish = requests.ANY_CANCEL,
    ) -> Job:
        """Ask for a job's end; asking again changes nothing.

        A queued job is cancelled at once. A running one is when its process is gone, which the
        feed will tell. Raises what `requests.request_cancel` does.
        """
        job = await self._store.run(requests.request_cancel, job_id, self._now(), expected, wish)
        return self._cancelling(job)

    def _cancelling(self, job: Job) -> Job:
        self._log.info("cancel requested", job=job.id, state=job.state.value)
        if job.state is JobState.RUNNING and self._starts(job.id):
            self.attempts.cancel(job.id, job.attempt)
        elif job.state is not JobState.RUNNING:
            self._turns.left(job.id)
        return self.attempts.seen_in(job)

    async def delete(self, job_id: str, expected: Collection[int] | None = None) -> Job:
        """Delete a job that is over, and return it as it was; `discard` its files then. Raises
        `UnknownJob`, `Changed` or `NotFinal`."""
        job = await self._store.run(requests.delete, job_id, self._now(), expected)
        self._log.info("job deleted", job=job_id)
        return job

    def discard(self, job_ids: Collection[str]) -> None:
        """Remove the files of deleted jobs. Takes as long as the disk does; for a thread."""
        for job_id in job_ids:
            folder = self._executor.folder(job_id, 1).parent
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                self._log.warning("files of a deleted job are left", folder=str(folder))

    async def bulk(
        self,
        action: BulkAction,
        job_ids: Sequence[str],
        owner: str,
        check: Callable[[str, str], None] = bulk.anybody,
    ) -> list[Handled]:
        """Do one thing to many jobs, each for itself: what came of each, in the same order.

        `check` is given the id and the owner of each, and raises a `JobsError` for one that is to
        be left alone. `discard` the files of those that were deleted.
        """
        acts: dict[BulkAction, Callable[[Transaction, str], Job]] = {
            BulkAction.CANCEL: lambda tx, one: requests.request_cancel(tx, one, self._now()),
            BulkAction.RETRY: lambda tx, one: self._intake.retry_in(tx, one, owner),
            BulkAction.DELETE: lambda tx, one: requests.delete(tx, one, self._now()),
        }
        outcomes: list[Handled] = []
        async for batch in bulk.each(self._store, job_ids, acts[action], check):
            outcomes += batch
            for job in [one.job for one in batch if one.job is not None]:
                if action is BulkAction.CANCEL:
                    self._cancelling(job)
                elif action is BulkAction.RETRY:
                    self._taken(Taken(job))
        self._log.info("bulk request", action=action.value, jobs=len(job_ids), owner=owner)
        return outcomes

    async def result_folder(self, job_id: str) -> tuple[Job, Path]:
        """A job and where its rows are. Raises `UnknownJob`, or `NoResult` before it ever ran."""
        job = await self.get(job_id)
        if job.attempt == 0:
            raise NoResult(job_id, job.state)
        self.opened_s[job_id] = time.monotonic()
        return job, self._executor.folder(job_id, job.attempt) / "result"

    async def log_path(self, job_id: str) -> Path | None:
        """Where the newest attempt's log is; `None` before the first. Raises `UnknownJob`."""
        job = await self._store.run(repository.get, job_id)
        if job.attempt == 0:
            return None
        return self._executor.folder(job_id, job.attempt) / "log.txt"

    # What the executor tells (execution.contract.Observer)

    def reported(self, job_id: str, attempt: int, report: Report) -> None:
        """A running attempt has news."""
        self.attempts.reported(job_id, attempt, report)

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """An attempt is over: record it, however long the store takes to have room for it."""
        await self._recorder.ended(job_id, attempt, ended)

    # What workers ask

    async def claim(self, job_id: str, attempt: int, claimant: Claimant) -> AttemptSpec:
        """Start the attempt that a worker came for. Raises `NotOffered` or `StoreError`."""
        return await self._turns.claim(job_id, attempt, claimant)

    def offers_changed(self) -> None:
        """Workers came or went: more or fewer jobs may be offered."""
        self._turns.look()
