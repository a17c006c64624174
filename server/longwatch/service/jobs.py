"""`JobService`: takes jobs in, starts them in turn, records what becomes of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import structlog

from longwatch.execution.contract import Ended, Executor
from longwatch.feed.hub import FeedHub
from longwatch.jobs.errors import AlreadyFinal, JobsError, LimitTooHigh, NoResult, QueueFull
from longwatch.jobs.model import new_job
from longwatch.jobs.transitions import JobEvent
from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.jobs import (
    Job,
    JobError,
    JobState,
    JobSummary,
    Phase,
    Progress,
    ResultInfo,
    StatementKind,
    Submission,
)
from longwatch.protocol.jobs import Limits as JobLimits
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from longwatch.service.endings import Policy, verdict
from longwatch.service.scheduling import RETRY_S, Fairness, Limits, Scheduler, Slot
from longwatch.service.timers import Timers
from longwatch.settings import Settings
from longwatch.sources import SourceCatalogue
from longwatch.store import repository
from longwatch.store.errors import StoreError
from longwatch.store.repository import Filter, Listed
from longwatch.store.store import Store
from longwatch.store.writer import Transaction

RETRY_AFTER_S: Final = 5
"""When to come back to a full queue, in seconds."""
AnyJob = TypeVar("AnyJob", bound=JobSummary)


class _Running:
    """What the service knows of a running attempt and the store does not."""

    def __init__(self, attempt: int, slot: Slot) -> None:
        self.attempt = attempt
        self.slot = slot
        self.tracker = ProgressTracker()
        self.phase = Phase.STARTING
        self.progress = Progress()
        self.kind: StatementKind | None = None
        self.result: ResultInfo | None = None


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
    ) -> None:
        self._store = store
        self._executor = executor
        self._hub = hub
        self._sources = sources
        self._settings = settings
        self._log = log
        self._now = now
        self._policy = Policy(settings.max_attempts, settings.on_stop == "requeue")
        self._running: dict[str, _Running] = {}
        self._to_cancel: set[tuple[str, int]] = set()
        self._fairness = Fairness(_turn_limits(settings))
        self._held = Timers()
        self._deadlines = Timers()
        self.opened_s: dict[str, float] = {}
        """When each result was last opened, by the monotonic clock: those do not expire now."""
        self._scheduler = Scheduler(self._start_next, self._next_look_s, log)

    async def start(self) -> None:
        """Take up what an earlier server left behind, then begin to start jobs."""
        await self._executor.start(self)
        for job in await self._store.run(repository.in_state, JobState.RUNNING):
            self._running[job.id] = _Running(job.attempt, Slot(job.owner, job.source))
            self._executor.adopt(job.id, job.attempt)
            if job.cancel_requested_at is not None:
                self._executor.cancel(job.id, job.attempt)
        for job in await self._store.run(repository.in_state, JobState.QUEUED):
            self._set_deadline(job)
        self._scheduler.start()

    async def stop(self, *, keep: bool = False) -> None:
        """Start nothing more, end what runs, record how.

        With `keep` attempts go on without a server: the next one over this folder adopts them.
        """
        await self._scheduler.stop()
        await self._executor.stop(keep=keep)

    async def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._running and not await self._store.run(repository.count_queued)

    async def submit(self, submission: Submission, owner: str) -> Job:
        """Take a job in; it is on disk when this returns.

        Raises `UnknownSource`, `InvalidSubmission`, `LimitTooHigh`, `QueueFull` or `StoreError`.
        """
        source = submission.source or self._sources.default
        self._sources.get(source)
        self._check_limits(submission.limits)
        job = new_job(submission, source=source, owner=owner, now=self._now())
        job = await self._store.run(self._add, job)
        self._log.info("job submitted", job=job.id, source=source, owner=owner)
        self._set_deadline(job)
        self._scheduler.call()
        return job

    def _add(self, tx: Transaction, job: Job) -> Job:
        settings = self._settings
        for owner, most in (
            (job.owner, settings.max_queued_per_owner),
            (None, settings.max_queued),
        ):
            waiting = repository.count_queued(tx, owner)
            if waiting >= most:
                raise QueueFull(waiting, most, owner, RETRY_AFTER_S)
        return repository.add(tx, job)

    def _check_limits(self, limits: JobLimits) -> None:
        settings = self._settings
        asked_bytes, asked_s = limits.memory_bytes, limits.run_s
        if asked_bytes is not None and asked_bytes > settings.memory_bytes:
            mib = [f"{size / 2**20:,.0f} MiB" for size in (asked_bytes, settings.memory_bytes)]
            raise LimitTooHigh("memory", *mib)
        if asked_s is not None and settings.max_run_s is not None and asked_s > settings.max_run_s:
            raise LimitTooHigh("running time", f"{asked_s:g} s", f"{settings.max_run_s:g} s")

    def _set_deadline(self, job: Job) -> None:
        if job.limits.queue_s is not None and job.attempt == 0:
            self._deadlines.set(job.id, job.limits.queue_s)

    async def get(self, job_id: str) -> Job:
        """One job with its newest progress. Raises `UnknownJob`."""
        return self._live(await self._store.run(repository.get, job_id))

    async def page(self, which: Filter, *, before_n: int | None, limit: int) -> Listed:
        """One page of the list, newest first."""
        listed = await self._store.run(repository.page, which, before_n=before_n, limit=limit)
        return Listed([self._live(job) for job in listed.jobs], listed.next_n, listed.total)

    async def cancel(self, job_id: str) -> Job:
        """Ask for a job's end; asking again changes nothing.

        A queued job is cancelled at once. A running one is when its process is gone, which the
        feed will tell. Raises `UnknownJob` or `AlreadyFinal`.
        """
        job = await self._store.run(self._request_cancel, job_id)
        self._log.info("cancel requested", job=job_id, state=job.state.value)
        if job.state is JobState.RUNNING:
            # It may not be launched yet: whoever launches it looks here.
            self._to_cancel.add((job_id, job.attempt))
            self._executor.cancel(job_id, job.attempt)
        return self._live(job)

    def _request_cancel(self, tx: Transaction, job_id: str) -> Job:
        job = repository.get(tx, job_id)
        if job.state.is_final:
            raise AlreadyFinal(job_id, job.state)
        if job.cancel_requested_at is not None:
            return job
        at = self._now()
        changes: dict[str, Any] = {"cancel_requested_at": at}
        event = JobEvent.CANCEL_REQUESTED
        if job.state is JobState.QUEUED:
            event = JobEvent.CANCELLED
            changes |= {"cancel_confirmed": True, "finished_at": at}
        return repository.change(tx, job_id, event, attempt=job.attempt, at=at, **changes)

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
        running.progress = _progress(running.tracker, report)
        running.phase, running.kind, running.result = report.phase, report.kind, report.result
        self._hub.progress(job_id, attempt, report.phase, running.progress)

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """An attempt is over: record it, however long the store takes to have room for it."""
        if ended.last is not None:
            self.reported(job_id, attempt, ended.last)
        try:
            while not await self._recorded(job_id, attempt, ended):
                if self._scheduler.stopping:  # the mailbox holds it: the next start collects it
                    break
                await self._scheduler.pause(RETRY_S)
        except JobsError:
            # A bug, and no reason to keep the slot of a job that has ended.
            self._log.exception("end of an attempt refused", job=job_id, attempt=attempt)
        finally:
            self._running.pop(job_id, None)
            self._to_cancel.discard((job_id, attempt))
            self._scheduler.call()

    async def _recorded(self, job_id: str, attempt: int, ended: Ended) -> bool:
        try:
            job = await self._store.run(self._record_end, job_id, attempt, ended)
        except StoreError as error:
            self._log.warning("end of a job not recorded yet", job=job_id, error=str(error))
            return False
        self._log.info("attempt ended", job=job_id, attempt=attempt, state=job.state.value)
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
        for job_id in self._deadlines.take_due():
            await self._store.run(self._give_up_waiting, job_id)
        self._held.take_due()
        job = await self._store.run(self._claim_next)
        if job is None:
            return False
        self._deadlines.drop(job.id)
        self._running[job.id] = _Running(job.attempt, Slot(job.owner, job.source))
        self._fairness.served(job.owner)
        self._hub.progress(job.id, job.attempt, Phase.STARTING, Progress())
        try:
            await self._executor.launch(self._spec(job))
        except Exception as error:
            known = isinstance(error, OSError | JobsError)
            self._log.error("runner not started", job=job.id, error=str(error), exc_info=not known)
            await self._fail_start(job, error)
        else:
            if (job.id, job.attempt) in self._to_cancel:
                self._executor.cancel(job.id, job.attempt)
        return True

    def _claim_next(self, tx: Transaction) -> Job | None:
        taken = [running.slot for running in self._running.values()]
        if len(taken) >= self._settings.max_running:
            return None
        waiting = repository.waiting(tx, self._held.waiting | frozenset(self._running))
        chosen = self._fairness.choose(waiting, taken)
        if chosen is None:
            return None
        job = repository.by_number(tx, chosen.n)
        at = self._now()
        # `error` stays: why the attempt before did not end well, until this one does.
        return repository.change(
            tx, job.id, JobEvent.STARTED, attempt=job.attempt + 1, at=at, started_at=at
        )

    def _give_up_waiting(self, tx: Transaction, job_id: str) -> None:
        job = repository.get(tx, job_id)
        if job.state is not JobState.QUEUED or job.attempt:
            return
        error = JobError(
            code="queue_timeout",
            message=f"The job waited longer than its {job.limits.queue_s:g} s for its turn.",
            hint="Run it again when fewer jobs wait, or let it wait longer.",
        )
        at = self._now()
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

    async def _fail_start(self, job: Job, error: Exception) -> None:
        problem = JobError(
            code="not_started",
            message=f"The query could not be started: {error}.",
            hint="`longwatch doctor` checks the data folder and the disk.",
        )
        last = Report(phase=Phase.STARTING, elapsed_s=0.0)
        outcome = Outcome(ending=Ending.FAILED, last=last, error=problem)
        await self.ended(job.id, job.attempt, Ended(outcome, last, confirmed=True))

    def _spec(self, job: Job) -> AttemptSpec:
        definition = self._sources.get(job.source)
        settings = self._settings
        return AttemptSpec(
            job_id=job.id,
            attempt=job.attempt,
            sql=job.sql,
            engine=definition.source.engine,
            options=definition.options,
            memory_bytes=min(
                job.limits.memory_bytes or settings.memory_bytes, settings.memory_bytes
            ),
            spill_bytes=settings.spill_bytes,
            threads=settings.threads,
            run_s=job.limits.run_s or settings.max_run_s,
        )

    def _live(self, job: AnyJob) -> AnyJob:
        running = self._running.get(job.id)
        if running is None or job.state is not JobState.RUNNING or running.attempt != job.attempt:
            return job
        return msgspec.structs.replace(
            job,
            phase=running.phase,
            progress=running.progress,
            kind=running.kind,
            result=running.result,
        )


def _turn_limits(settings: Settings) -> Limits:
    per_source = {
        name: source.max_running
        for name, source in settings.sources.items()
        if source.max_running is not None
    }
    return Limits(settings.max_running, settings.max_running_per_owner, per_source)


def _progress(tracker: ProgressTracker, report: Report) -> Progress:
    return tracker.update(
        phase=report.phase,
        elapsed_s=report.elapsed_s,
        fraction=report.fraction,
        rows=report.rows,
        bytes=report.bytes,
        memory_bytes=report.memory_bytes,
        spill_bytes=report.spill_bytes,
    )
