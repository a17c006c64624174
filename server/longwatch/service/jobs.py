"""`JobService`: takes jobs in, starts them in turn, records what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import structlog

from longwatch.execution.contract import Ended, Executor
from longwatch.feed.hub import FeedHub
from longwatch.jobs.errors import AlreadyFinal, JobsError, NoResult
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
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from longwatch.service.endings import Policy, verdict
from longwatch.settings import Settings
from longwatch.sources import SourceCatalogue
from longwatch.store import repository
from longwatch.store.errors import StoreError
from longwatch.store.repository import Filter, Listed
from longwatch.store.store import Store
from longwatch.store.writer import Transaction

RETRY_S: Final = 2.0
"""How long to leave a store alone that could not write, before the next try."""
AnyJob = TypeVar("AnyJob", bound=JobSummary)


class _Running:
    """What the service knows of a running attempt and the store does not."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
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
        self._turn = asyncio.Event()
        self._scheduler: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Take up what an earlier server left behind, then begin to start jobs."""
        await self._executor.start(self)
        for job in await self._store.run(repository.in_state, JobState.RUNNING):
            self._running[job.id] = _Running(job.attempt)
            self._executor.adopt(job.id, job.attempt)
            if job.cancel_requested_at is not None:
                self._executor.cancel(job.id, job.attempt)
        self._turn.set()
        self._scheduler = asyncio.create_task(self._schedule(), name="scheduler")

    async def stop(self) -> None:
        """Start nothing more, end what runs, record how."""
        self._stopping.set()
        self._turn.set()
        if self._scheduler is not None:
            # Not cancelled: between its claim and its launch a job would be left half started.
            await self._scheduler
        await self._executor.stop()

    async def submit(self, submission: Submission, owner: str) -> Job:
        """Take a job in; it is on disk when this returns.

        Raises `UnknownSource`, `InvalidSubmission` or `StoreError`.
        """
        source = submission.source or self._sources.default
        self._sources.get(source)
        job = new_job(submission, source=source, owner=owner, now=self._now())
        job = await self._store.run(repository.add, job)
        self._log.info("job submitted", job=job.id, source=source, owner=owner)
        self._turn.set()
        return job

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
                if self._stopping.is_set():  # the mailbox holds it: the next start collects it
                    break
                await self._pause(RETRY_S)
        except JobsError:
            # A bug, and no reason to keep the slot of a job that has ended.
            self._log.exception("end of an attempt refused", job=job_id, attempt=attempt)
        finally:
            self._running.pop(job_id, None)
            self._to_cancel.discard((job_id, attempt))
            self._turn.set()

    async def _recorded(self, job_id: str, attempt: int, ended: Ended) -> bool:
        try:
            job = await self._store.run(self._record_end, job_id, attempt, ended)
        except StoreError as error:
            self._log.warning("end of a job not recorded yet", job=job_id, error=str(error))
            return False
        self._log.info("attempt ended", job=job_id, attempt=attempt, state=job.state.value)
        return True

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not through the server's stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _record_end(self, tx: Transaction, job_id: str, attempt: int, ended: Ended) -> Job:
        job = repository.get(tx, job_id)
        running = self._running.get(job_id) or _Running(attempt)
        found = verdict(job, ended, running.progress, self._policy)
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

    async def _schedule(self) -> None:
        while not self._stopping.is_set():
            await self._turn.wait()
            self._turn.clear()
            try:
                while self._has_room() and await self._start_next():
                    pass
            except Exception as error:
                # Whatever it was, the next job deserves its turn.
                known = isinstance(error, StoreError)
                self._log.warning("no job could be started", error=str(error), exc_info=not known)
                await self._pause(RETRY_S)
                self._turn.set()

    def _has_room(self) -> bool:
        return not self._stopping.is_set() and len(self._running) < self._settings.max_running

    async def _start_next(self) -> bool:
        job = await self._store.run(self._claim_next)
        if job is None:
            return False
        self._running[job.id] = _Running(job.attempt)
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
        job = repository.next_in_line(tx, frozenset(self._running))
        if job is None:
            return None
        at = self._now()
        # `error` stays: why the attempt before did not end well, until this one does.
        return repository.change(
            tx, job.id, JobEvent.STARTED, attempt=job.attempt + 1, at=at, started_at=at
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
            run_s=job.limits.run_s,
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
