"""`JobService`: takes jobs in, starts them in turn, records what becomes of them."""

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
from longwatch.jobs.errors import JobsError, NoResult, NotOffered
from longwatch.jobs.model import summary
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.bulk import BulkAction
from longwatch.protocol.jobs import (
    Job,
    JobError,
    JobState,
    JobSummary,
    Phase,
    Progress,
    Submission,
)
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from longwatch.service import bulk, requests
from longwatch.service.bulk import Handled
from longwatch.service.endings import Policy, verdict
from longwatch.service.endwatch import EndWatch
from longwatch.service.foresight import Foresight
from longwatch.service.offering import Offers
from longwatch.service.pulse import Pulse
from longwatch.service.remembering import Memory
from longwatch.service.requests import CancelWish
from longwatch.service.running import AnyJob, Running
from longwatch.service.scheduling import RETRY_S, Fairness, Scheduler, Slot, turn_limits
from longwatch.service.starting import attempt_spec
from longwatch.service.submitting import CheckRoom, Intake, Taken
from longwatch.service.timers import Timers
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import listing, repository
from longwatch.store.errors import StoreError
from longwatch.store.listing import Filter, Listed
from longwatch.store.store import Store
from longwatch.store.writer import Transaction


class JobService:
    """Takes jobs in, starts them in turn, records what becomes of them."""

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
        self._offers = offers
        self._store = store
        self._executor = executor
        self._hub = hub
        self._sources = sources
        self._settings = settings
        self._log = log
        self._now = now
        self._on_submit = on_submit
        self._intake = Intake(store, sources, settings, now, check_room)
        self._endwatch = EndWatch()
        self._policy = Policy(settings.max_attempts, settings.on_stop == "requeue")
        self._running: dict[str, Running] = {}
        self._none_runs = asyncio.Event()
        self._to_cancel: set[tuple[str, int]] = set()
        self._fairness = Fairness(turn_limits(settings, sources.most_running))
        self._held = Timers()
        self._deadlines = Timers()
        self.opened_s: dict[str, float] = {}
        """When each result was last opened, by the monotonic clock: those do not expire now."""
        self._scheduler = Scheduler(self._start_next, self._next_look_s, log)
        self._pulse = Pulse(self._running, self._tell)
        self._foresight = Foresight(memory, lambda: len(self._running), log) if memory else None
        self._leading = not store.shared
        self._may_start: Callable[[Transaction], bool] = lambda _tx: True
        self.on_progress: Callable[[str, int, Phase, Progress], None] = lambda *_: None
        """Told of all progress of attempts that run here."""

    async def start(self) -> None:
        """Take up what an earlier server left behind, then begin to start jobs."""
        await self._executor.start(self)
        if self._leading:
            await self._take_up()
        self._scheduler.start()
        self._pulse.start()

    async def lead(self, may_start: Callable[[Transaction], bool]) -> None:
        """Start jobs from now on, as the only one of several servers on the store. `may_start`
        says in a transaction whether that is still so. Raises `StoreError`."""
        self._may_start = may_start
        await self._take_up()
        self._leading = True
        self._scheduler.call()

    def follow(self) -> None:
        """Start no jobs any more. Those that run go on, unless another server takes them up: as it
        does with what workers carry out."""
        self._leading = False
        if self._offers is not None:
            self._offers.drop_all()
        for job_id, attempt in self._executor.let_go():
            running = self._running.get(job_id)
            if running is not None and running.attempt == attempt:
                del self._running[job_id]
                self._to_cancel.discard((job_id, attempt))

    @property
    def leading(self) -> bool:
        """Whether jobs are started here."""
        return self._leading

    def _starts(self, job_id: str) -> bool:
        """Whether a job that runs does so here, or may in a moment."""
        return self._leading or job_id in self._running

    async def _take_up(self) -> None:
        for job in await self._store.run(repository.in_state, JobState.RUNNING):
            self._hub.runs(summary(job))
            known = self._running.get(job.id)
            if known is None or known.attempt != job.attempt:
                self._running[job.id] = Running(job.attempt, Slot(job.owner, job.source))
                self._hub.runs(summary(job))
                self._executor.adopt(job.id, job.attempt)
                self._foresee(job)
            if job.cancel_requested_at is not None:
                self._executor.cancel(job.id, job.attempt)
        for job in await self._store.run(repository.in_state, JobState.QUEUED):
            if job.id not in self._deadlines:
                self._set_deadline(job)

    async def heard(self, jobs: Collection[JobSummary]) -> None:
        """Other servers on the store have changed jobs. Raises `StoreError`."""
        for job in jobs:
            if job.state.is_final:
                self._left_queue(job.id)
            running = self._running.get(job.id)
            runs = job.state is JobState.RUNNING
            if running is not None and not (runs and job.attempt == running.attempt):
                self._log.warning("job taken up by another server", job=job.id)
                self._executor.cancel(job.id, running.attempt)
            elif runs and self._starts(job.id) and job.cancel_requested_at is not None:
                self._to_cancel.add((job.id, job.attempt))
                self._executor.cancel(job.id, job.attempt)
        self._scheduler.call()
        new = [job.id for job in jobs if job.state is JobState.QUEUED and job.attempt == 0]
        if new and self._leading:
            limits = await self._store.run(repository.queue_limits, new)
            for job_id, seconds in limits.items():
                self._deadlines.set(job_id, seconds)
            self._scheduler.call()

    async def wind_down(self, seconds: float) -> None:
        """Start nothing more, and let what runs come to its end, for so many seconds at most. What
        runs on workers goes on without the server."""
        await self._scheduler.stop()
        if seconds > 0 and self._running and self._offers is None:
            self._log.info("waiting for queries", running=len(self._running), seconds=seconds)
            self._none_runs.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._none_runs.wait()

    async def stop(self, *, keep: bool = False) -> None:
        """Start nothing more, end what runs, record how.

        With `keep` attempts go on without a server: the next one over this folder adopts them.
        """
        self._endwatch.close()
        await self._scheduler.stop()
        await self._pulse.stop()
        await self._executor.stop(keep=keep)
        if self._foresight is not None:
            await self._foresight.stop()

    async def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._running and not await self._store.run(repository.count_queued)

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
            return replace(taken, job=self._live(taken.job))
        job = taken.job
        self._log.info("job submitted", job=job.id, source=job.source, owner=job.owner)
        self._on_submit(job)
        self._set_deadline(job)
        self._scheduler.call()
        return taken

    def _set_deadline(self, job: Job) -> None:
        if job.limits.queue_s is not None and job.attempt == 0:
            self._deadlines.set(job.id, job.limits.queue_s)

    async def get(self, job_id: str) -> Job:
        """One job with its newest progress. Raises `UnknownJob`."""
        return self._live(await self._store.run(repository.get, job_id))

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
        return replace(listed, jobs=[self._live(job) for job in listed.jobs])

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
            # It may not be launched yet: whoever launches it looks here.
            self._to_cancel.add((job.id, job.attempt))
            self._executor.cancel(job.id, job.attempt)
        elif job.state is not JobState.RUNNING:
            self._left_queue(job.id)
        return self._live(job)

    def _left_queue(self, job_id: str) -> None:
        self._endwatch.ended(job_id)
        if self._offers is not None:
            self._offers.drop(job_id)
            self._scheduler.call()

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
        running = self._running.get(job_id)
        if running is None or running.attempt != attempt:
            return
        running.heard(report)
        self._tell(job_id, running)

    def _tell(self, job_id: str, running: Running) -> None:
        """How an attempt is doing now."""
        self._hub.progress(job_id, running.attempt, running.phase, running.progress)
        self.on_progress(job_id, running.attempt, running.phase, running.progress)

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """An attempt is over: record it, however long the store takes to have room for it."""
        if ended.last is not None:
            self.reported(job_id, attempt, ended.last)
        running = self._running.get(job_id)
        if running is not None:
            running.is_over = True
        try:
            while not await self._recorded(job_id, attempt, ended):
                if self._scheduler.stopping:  # the mailbox holds it: the next start collects it
                    break
                await self._scheduler.pause(RETRY_S)
        except JobsError as error:
            # A bug, and no reason to keep the slot of a job that has ended; or the job has gone
            # on without this server, which led no more.
            bug = not self._store.shared
            story = {"job": job_id, "attempt": attempt, "error": str(error)}
            self._log.warning("end of an attempt refused", **story, exc_info=bug)
        else:
            if self._foresight is not None and running is not None:
                self._foresight.remember(running, ended)
        finally:
            self._running.pop(job_id, None)
            if not self._running:
                self._none_runs.set()
            self._to_cancel.discard((job_id, attempt))
            self._scheduler.call()

    async def _recorded(self, job_id: str, attempt: int, ended: Ended) -> bool:
        try:
            job = await self._store.run(self._record_end, job_id, attempt, ended)
        except StoreError as error:
            self._log.warning("end of a job not recorded yet", job=job_id, error=str(error))
            return False
        self._log.info("attempt ended", job=job_id, attempt=attempt, state=job.state.value)
        if job.state.is_final:
            self._endwatch.ended(job_id)
        if job.state is JobState.QUEUED and not self._scheduler.stopping:
            # Whatever killed it may still be about: the machine out of memory, above all.
            self._held.set(job_id, self._settings.retry_delay_s * 2 ** (attempt - 1))
        return True

    def _record_end(self, tx: Transaction, job_id: str, attempt: int, ended: Ended) -> Job:
        job = repository.get(tx, job_id)
        running = self._running.get(job_id)
        progress = running.progress if running else Progress()
        found = verdict(job, ended, progress, self._policy)
        at = self._now()
        requeued = found.event is JobEvent.REQUEUED
        return repository.change(
            tx,
            job_id,
            found.event,
            attempt=attempt,
            at=at,
            detail=found.error.message if found.error else None,
            error=found.error,
            finished_at=None if requeued else at,
            **found.changes,
        )

    # Starting jobs in turn

    def _next_look_s(self) -> float | None:
        times = [timers.next_s() for timers in (self._held, self._deadlines)]
        return min((one for one in times if one is not None), default=None)

    async def _start_next(self) -> bool:
        """Start the job whose turn it is; false when nobody's is."""
        if not self._leading:
            return False
        for job_id in self._deadlines.take_due():
            await self._store.run(requests.give_up_waiting, job_id, self._now())
            self._left_queue(job_id)
        self._held.take_due()
        if not self._fairness.has_room(len(self._slots())):  # no transaction for every submit then
            return False
        if self._offers is not None:
            waiting = await self._store.run(self._next)
            if waiting is not None:
                await self._offers.offer(waiting)
            return waiting is not None
        job = await self._store.run(self._start_turn)
        if job is not None:
            await self._launch(job)
        return job is not None

    async def claim(self, job_id: str, attempt: int, claimant: Claimant) -> AttemptSpec:
        """Start the attempt that a worker came for. Raises `NotOffered` or `StoreError`."""
        if self._offers is None or self._scheduler.stopping:
            raise NotOffered(job_id, attempt)
        self._offers.take(job_id, attempt)
        try:
            job = await self._store.run(self._start, job_id, attempt, claimant)
            spec = await self._launch(job)
        finally:
            self._offers.drop(job_id)
            self._scheduler.call()
        if spec is None:  # the job has failed, and says why
            raise NotOffered(job_id, attempt)
        return spec

    def offers_changed(self) -> None:
        """Workers came or went: more or fewer jobs may be offered."""
        self._scheduler.call()

    async def _launch(self, job: Job) -> AttemptSpec | None:
        """Hand a job that was started to the executor; where that is impossible it fails, and
        there is nothing to run."""
        self._deadlines.drop(job.id)
        self._running[job.id] = Running(job.attempt, Slot(job.owner, job.source))
        self._fairness.served(job.owner)
        self._hub.progress(job.id, job.attempt, Phase.STARTING, Progress())
        self.on_progress(job.id, job.attempt, Phase.STARTING, Progress())
        try:
            spec = attempt_spec(job, self._sources, self._settings)
            await self._executor.launch(spec)
        except Exception as error:
            known = isinstance(error, OSError | JobsError)
            self._log.error("runner not started", job=job.id, error=str(error), exc_info=not known)
            await self._fail_start(job, error)
            return None
        self._foresee(job, spec)
        self._log.info("attempt started", job=job.id, attempt=job.attempt, source=job.source)
        if (job.id, job.attempt) in self._to_cancel:
            self._executor.cancel(job.id, job.attempt)
        return spec

    def _foresee(self, job: Job, spec: AttemptSpec | None = None) -> None:
        """Let a running attempt learn from earlier runs of its query."""
        running = self._running.get(job.id)
        if self._foresight is None or running is None:  # over before its launch returned
            return
        with contextlib.suppress(JobsError):  # its source is gone meanwhile: it ends all the same
            spec = spec or attempt_spec(job, self._sources, self._settings)
            self._foresight.follow(spec, running)

    def _slots(self) -> list[Slot]:
        """The room that is taken up: by what runs, and by what workers may come for."""
        running = [one.slot for one in tuple(self._running.values())]
        return running if self._offers is None else [*running, *self._offers.taken()]

    def _next(self, tx: Transaction) -> Job | None:
        """The queued job whose turn it is."""
        if not self._may_start(tx):  # another leads, and this server has not heard of it yet
            return None
        held = self._held.waiting | frozenset(self._running)
        if self._offers is None:
            chosen = self._fairness.choose(repository.waiting(tx, held), self._slots())
        else:
            waiting = repository.waiting(tx, held | self._offers.jobs)
            chosen = self._fairness.choose(waiting, self._slots(), self._offers.room())
        return None if chosen is None else repository.by_number(tx, chosen.n)

    def _start_turn(self, tx: Transaction) -> Job | None:
        job = self._next(tx)
        return None if job is None else self._start(tx, job.id, job.attempt + 1, None)

    def _start(self, tx: Transaction, job_id: str, attempt: int, who: Claimant | None) -> Job:
        """The only way a job begins to run. Raises `NotOffered` when it is not in the queue, or
        another attempt is due."""
        job = repository.get(tx, job_id)
        due = job.state is JobState.QUEUED and job.attempt == attempt - 1
        if not due or not self._may_start(tx):
            raise NotOffered(job_id, attempt)
        at = self._now()
        # `error` stays: why the attempt before did not end well, until this one does.
        return repository.change(
            tx,
            job_id,
            JobEvent.STARTED,
            attempt=attempt,
            at=at,
            started_at=at,
            worker=who.worker if who else None,
            task_id=who.task_id if who else None,
        )

    async def _fail_start(self, job: Job, error: Exception) -> None:
        problem = JobError(
            code="not_started",
            message=f"The query could not be started: {error}.",
            hint="`longwatch doctor` checks the data folder and the disk.",
        )
        last = Report(phase=Phase.STARTING, elapsed_s=0.0)
        outcome = Outcome(ending=Ending.FAILED, last=last, error=problem)
        await self.ended(job.id, job.attempt, Ended(outcome, last, confirmed=True))

    def _live(self, job: AnyJob) -> AnyJob:
        running = self._running.get(job.id)
        return self._hub.with_progress(job) if running is None else running.seen_in(job)
