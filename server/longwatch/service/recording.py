"""How attempts end: what becomes of their jobs is recorded, however long that takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from longwatch.execution.contract import Ended
from longwatch.jobs.errors import JobsError
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import Job, JobState, Progress
from longwatch.service.attempts import Attempts
from longwatch.service.endings import Policy, verdict
from longwatch.service.endwatch import EndWatch
from longwatch.service.scheduling import RETRY_S
from longwatch.service.turns import Turns
from longwatch.settings import Settings
from longwatch.store import repository
from longwatch.store.errors import StoreError
from longwatch.store.store import Store
from longwatch.store.writer import Transaction


class Recorder:
    """Records the ends of attempts, and makes room for the next ones."""

    def __init__(
        self,
        store: Store,
        attempts: Attempts,
        turns: Turns,
        settings: Settings,
        log: structlog.stdlib.BoundLogger,
        *,
        now: Callable[[], datetime],
        endwatch: EndWatch,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._turns = turns
        self._policy = Policy(settings.max_attempts, settings.on_stop == "requeue")
        self._retry_delay_s = settings.retry_delay_s
        self._log = log
        self._now = now
        self._endwatch = endwatch

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """An attempt is over: record it, however long the store takes to have room for it."""
        if ended.last is not None:
            self._attempts.reported(job_id, attempt, ended.last)
        running = self._attempts.get(job_id)
        if running is not None:
            running.is_over = True
        try:
            while not await self._recorded(job_id, attempt, ended):
                if self._turns.stopping:  # the mailbox holds it: the next start collects it
                    break
                await self._turns.pause(RETRY_S)
        except JobsError as error:
            # A bug, and no reason to keep the slot of a job that has ended; or the job has gone
            # on without this server, which led no more.
            bug = not self._store.shared
            story = {"job": job_id, "attempt": attempt, "error": str(error)}
            self._log.warning("end of an attempt refused", **story, exc_info=bug)
        else:
            if running is not None:
                self._attempts.remember(running, ended)
        finally:
            self._attempts.drop(job_id, attempt)
            self._turns.look()

    async def _recorded(self, job_id: str, attempt: int, ended: Ended) -> bool:
        try:
            job = await self._store.run(self._record, job_id, attempt, ended)
        except StoreError as error:
            self._log.warning("end of a job not recorded yet", job=job_id, error=str(error))
            return False
        self._log.info("attempt ended", job=job_id, attempt=attempt, state=job.state.value)
        if job.state.is_final:
            self._endwatch.ended(job_id)
        if job.state is JobState.QUEUED and not self._turns.stopping:
            # Whatever killed it may still be about: the machine out of memory, above all.
            self._turns.hold(job_id, self._retry_delay_s * 2 ** (attempt - 1))
        return True

    def _record(self, tx: Transaction, job_id: str, attempt: int, ended: Ended) -> Job:
        job = repository.get(tx, job_id)
        running = self._attempts.get(job_id)
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
