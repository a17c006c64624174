"""How jobs begin to run: each when its turn has come, here or where a worker comes for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from longwatch.execution.contract import Claimant, Ended, Executor, Observer
from longwatch.jobs.errors import JobsError, NotOffered
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job, JobError, JobState, Phase
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from longwatch.service import requests
from longwatch.service.attempts import Attempts
from longwatch.service.endwatch import EndWatch
from longwatch.service.offering import Offers
from longwatch.service.scheduling import Fairness, Scheduler, Slot, turn_limits
from longwatch.service.starting import attempt_spec
from longwatch.service.timers import Timers
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import repository
from longwatch.store.store import Store
from longwatch.store.writer import Transaction


class Turns:
    """Starts jobs that wait, one after the other, as long as this server leads."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        attempts: Attempts,
        sources: SourceCatalogue,
        settings: Settings,
        log: structlog.stdlib.BoundLogger,
        *,
        now: Callable[[], datetime],
        offers: Offers | None,
        endwatch: EndWatch,
        observer: Observer,
    ) -> None:
        """With `offers` a job starts when a worker comes for it, else as soon as its turn has.
        `observer` hears of attempts that could not be launched, as of others that fail."""
        self._store = store
        self._executor = executor
        self._attempts = attempts
        self._sources = sources
        self._settings = settings
        self._log = log
        self._now = now
        self._offers = offers
        self._endwatch = endwatch
        self._observer = observer
        self._fairness = Fairness(turn_limits(settings, sources.most_running))
        self._held = Timers()
        self._deadlines = Timers()
        self._leading = not store.shared
        self._may_start: Callable[[Transaction], bool] = lambda _tx: True
        self._scheduler = Scheduler(self._start_next, self._next_look_s, log)

    @property
    def leading(self) -> bool:
        """Whether jobs are started here."""
        return self._leading

    @property
    def by_workers(self) -> bool:
        """Whether workers come for jobs."""
        return self._offers is not None

    @property
    def stopping(self) -> bool:
        """Whether nothing more is started."""
        return self._scheduler.stopping

    def start(self) -> None:
        """Begin to start jobs."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Start nothing more."""
        await self._scheduler.stop()

    async def pause(self, seconds: float) -> None:
        """Sleep, but not through the server's stop."""
        await self._scheduler.pause(seconds)

    def lead(self, may_start: Callable[[Transaction], bool]) -> None:
        """Start jobs from now on, where `may_start` says in a transaction that this server may."""
        self._may_start = may_start
        self._leading = True
        self.look()

    def follow(self) -> None:
        """Start none any more: another server does."""
        self._leading = False
        if self._offers is not None:
            self._offers.drop_all()

    def look(self) -> None:
        """Something changed: look for jobs to start."""
        self._scheduler.call()

    # Jobs that wait

    def waits(self, job: Job) -> None:
        """A job is in the queue: it is given up when it has waited for as long as it may."""
        if job.limits.queue_s is not None and job.attempt == 0 and job.id not in self._deadlines:
            self._deadlines.set(job.id, job.limits.queue_s)

    def set_deadline(self, job_id: str, seconds: float) -> None:
        """Give a job up that still waits after so many seconds from now."""
        self._deadlines.set(job_id, seconds)

    def hold(self, job_id: str, seconds: float) -> None:
        """Do not start a job before so many seconds have passed."""
        self._held.set(job_id, seconds)

    def left(self, job_id: str) -> None:
        """A job waits no more: it was cancelled, given up or deleted."""
        self._endwatch.ended(job_id)
        if self._offers is not None:
            self._offers.drop(job_id)
            self.look()

    def _next_look_s(self) -> float | None:
        times = [timers.next_s() for timers in (self._held, self._deadlines)]
        return min((one for one in times if one is not None), default=None)

    # Whose turn it is

    async def _start_next(self) -> bool:
        """Start the job whose turn it is; false when nobody's is."""
        if not self._leading:
            return False
        for job_id in self._deadlines.take_due():
            await self._store.run(requests.give_up_waiting, job_id, self._now())
            self.left(job_id)
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
            self.look()
        if spec is None:  # the job has failed, and says why
            raise NotOffered(job_id, attempt)
        return spec

    def _slots(self) -> list[Slot]:
        """The room that is taken up: by what runs, and by what workers may come for."""
        running = self._attempts.slots()
        return running if self._offers is None else [*running, *self._offers.taken()]

    def _next(self, tx: Transaction) -> Job | None:
        """The queued job whose turn it is."""
        if not self._may_start(tx):  # another leads, and this server has not heard of it yet
            return None
        held = self._held.waiting | self._attempts.jobs
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

    async def _launch(self, job: Job) -> AttemptSpec | None:
        """Hand a job that was started to the executor; where that is impossible it fails, and
        there is nothing to run."""
        self._deadlines.drop(job.id)
        self._attempts.begin(job)
        self._fairness.served(job.owner)
        try:
            spec = attempt_spec(job, self._sources, self._settings)
            await self._executor.launch(spec)
        except Exception as error:
            known = isinstance(error, OSError | JobsError)
            self._log.error("runner not started", job=job.id, error=str(error), exc_info=not known)
            await self._fail_start(job, error)
            return None
        self._log.info("attempt started", job=job.id, attempt=job.attempt, source=job.source)
        self._attempts.launched(job, spec)
        return spec

    async def _fail_start(self, job: Job, error: Exception) -> None:
        problem = JobError(
            code="not_started",
            message=f"The query could not be started: {error}.",
            hint="`longwatch doctor` checks the data folder and the disk.",
        )
        last = Report(phase=Phase.STARTING, elapsed_s=0.0)
        outcome = Outcome(ending=Ending.FAILED, last=last, error=problem)
        await self._observer.ended(job.id, job.attempt, Ended(outcome, last, confirmed=True))
