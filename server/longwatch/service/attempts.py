"""The attempts that run now: what each told last, and who hears of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from longwatch.execution.contract import Ended, Executor, Observer
from longwatch.feed.hub import FeedHub
from longwatch.jobs.errors import JobsError
from longwatch.jobs.model import summary
from longwatch.protocol.jobs import Job, Phase, Progress
from longwatch.runner.spec import AttemptSpec, Report
from longwatch.service.foresight import Foresight
from longwatch.service.pulse import Pulse
from longwatch.service.remembering import Memory
from longwatch.service.running import AnyJob, Running
from longwatch.service.scheduling import Slot
from longwatch.service.starting import attempt_spec
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue


class Attempts:
    """The attempts that run here, from their start to when their end is recorded."""

    def __init__(
        self,
        executor: Executor,
        hub: FeedHub,
        sources: SourceCatalogue,
        settings: Settings,
        log: structlog.stdlib.BoundLogger,
        memory: Memory | None,
    ) -> None:
        """`memory` knows of earlier runs."""
        self._executor = executor
        self._hub = hub
        self._sources = sources
        self._settings = settings
        self._running: dict[str, Running] = {}
        self._none_runs = asyncio.Event()
        self._to_cancel: set[tuple[str, int]] = set()
        self._pulse = Pulse(self._running, self._tell)
        self._foresight = Foresight(memory, lambda: len(self._running), log) if memory else None
        self.on_progress: Callable[[str, int, Phase, Progress], None] = lambda *_: None
        """Told of all progress of attempts that run here."""

    async def start(self, observer: Observer) -> None:
        """Let `observer` hear of what is taken up or begins from now on."""
        await self._executor.start(observer)
        self._pulse.start()

    async def stop(self, *, keep: bool) -> None:
        """End what runs; with `keep` it goes on without a server."""
        await self._pulse.stop()
        await self._executor.stop(keep=keep)
        if self._foresight is not None:
            await self._foresight.stop()

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._running

    def get(self, job_id: str) -> Running | None:
        """The attempt of a job that runs here."""
        return self._running.get(job_id)

    @property
    def jobs(self) -> frozenset[str]:
        """The ids of the jobs that run here."""
        return frozenset(self._running)

    def slots(self) -> list[Slot]:
        """What room they take up."""
        return [one.slot for one in tuple(self._running.values())]

    def seen_in(self, job: AnyJob) -> AnyJob:
        """The job with the newest of its attempt, wherever that runs."""
        running = self._running.get(job.id)
        return self._hub.with_progress(job) if running is None else running.seen_in(job)

    async def none_left(self) -> None:
        """Wait until nothing runs."""
        self._none_runs.clear()
        if self._running:
            await self._none_runs.wait()

    # From start to end

    def take_up(self, job: Job) -> None:
        """Follow a running job, which an earlier server or another may have started."""
        self._hub.runs(summary(job))
        known = self._running.get(job.id)
        if known is None or known.attempt != job.attempt:
            self._running[job.id] = Running(job.attempt, Slot(job.owner, job.source))
            self._executor.adopt(job.id, job.attempt)
            self._foresee(job)
        if job.cancel_requested_at is not None:
            self._executor.cancel(job.id, job.attempt)

    def begin(self, job: Job) -> None:
        """A job was started, and is about to be launched."""
        running = self._running[job.id] = Running(job.attempt, Slot(job.owner, job.source))
        self._tell(job.id, running)

    def launched(self, job: Job, spec: AttemptSpec) -> None:
        """The executor has what `begin` announced."""
        self._foresee(job, spec)
        if (job.id, job.attempt) in self._to_cancel:
            self._executor.cancel(job.id, job.attempt)

    def cancel(self, job_id: str, attempt: int) -> None:
        """End an attempt that runs here, or may in a moment."""
        # It may not be launched yet: `launched` looks here.
        self._to_cancel.add((job_id, attempt))
        self._executor.cancel(job_id, attempt)

    def reported(self, job_id: str, attempt: int, report: Report) -> None:
        """A running attempt has news."""
        running = self._running.get(job_id)
        if running is None or running.attempt != attempt:
            return
        running.heard(report)
        self._tell(job_id, running)

    def remember(self, running: Running, ended: Ended) -> None:
        """Let later runs learn from an attempt whose end is recorded."""
        if self._foresight is not None:
            self._foresight.remember(running, ended)

    def drop(self, job_id: str, attempt: int) -> None:
        """An attempt is over, and takes up no room any more."""
        self._running.pop(job_id, None)
        if not self._running:
            self._none_runs.set()
        self._to_cancel.discard((job_id, attempt))

    def let_go(self) -> None:
        """Another server leads from now on, and takes up what it can."""
        for job_id, attempt in self._executor.let_go():
            running = self._running.get(job_id)
            if running is not None and running.attempt == attempt:
                del self._running[job_id]
                self._to_cancel.discard((job_id, attempt))

    def _tell(self, job_id: str, running: Running) -> None:
        """How an attempt is doing now."""
        self._hub.progress(job_id, running.attempt, running.phase, running.progress)
        self.on_progress(job_id, running.attempt, running.phase, running.progress)

    def _foresee(self, job: Job, spec: AttemptSpec | None = None) -> None:
        """Let a running attempt learn from earlier runs of its query."""
        running = self._running.get(job.id)
        if self._foresight is None or running is None:  # over before its launch returned
            return
        with contextlib.suppress(JobsError):  # its source is gone meanwhile: it ends all the same
            spec = spec or attempt_spec(job, self._sources, self._settings)
            self._foresight.follow(spec, running)
