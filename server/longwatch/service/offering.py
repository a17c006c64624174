"""Jobs that workers may come for: whose hints are on their way.

A job stays `queued` until a worker claims it. Whose turn it is has been decided when its hint is
sent, so few hints are out at once: as many as workers that are there can run, and one more for a
worker to come.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from longwatch.execution.celery_broker import new_task_id
from longwatch.execution.celery_executor import CeleryExecutor
from longwatch.execution.contract import BrokerUnreachable
from longwatch.jobs.errors import NotOffered
from longwatch.jobs.turns import Waiting
from longwatch.protocol.jobs import Job
from longwatch.service.scheduling import Slot

OVERDUE_S: Final = 4.0
"""After so long without a claim it is looked whether the hint is still there. A worker that is
free claims within milliseconds."""


@dataclass(slots=True)
class _Offer:
    attempt: int
    slot: Slot
    queue: str
    task_id: str
    sent_s: float
    is_taken: bool = False
    """It takes up room until the job is counted among those that run."""


class Offers:
    """The jobs that are offered now."""

    def __init__(
        self,
        executor: CeleryExecutor,
        queue_of: Callable[[str], str],
        slots: Callable[[str], int],
    ) -> None:
        """`queue_of` is that of a source, `slots` how many jobs the workers of a queue can run."""
        self.executor = executor
        self._queue_of = queue_of
        self._slots = slots
        self._offers: dict[str, _Offer] = {}
        self.trouble: str | None = None
        """What is wrong with the broker."""

    @property
    def jobs(self) -> frozenset[str]:
        """The ids of the jobs that are offered."""
        return frozenset(self._offers)

    def taken(self) -> list[Slot]:
        """What room they take up."""
        return [one.slot for one in tuple(self._offers.values())]

    def room(self) -> Callable[[Waiting], bool]:
        """Whether a job may be offered now, as far as its queue goes."""
        out = Counter(one.queue for one in tuple(self._offers.values()))

        def may(one: Waiting) -> bool:
            queue = self._queue_of(one.source)
            return out[queue] < max(1, self._slots(queue))

        return may

    async def offer(self, job: Job) -> None:
        """Offer a job's next attempt. Raises `BrokerUnreachable`."""
        queue = self._queue_of(job.source)
        slot = Slot(job.owner, job.source)
        # Before it is sent: a worker may be here before the broker has said that it was.
        made = _Offer(job.attempt + 1, slot, queue, new_task_id(), time.monotonic())
        self._offers[job.id] = made
        try:
            await self._send(job.id, made)
        except BaseException:
            self.drop(job.id)
            raise

    def take(self, job_id: str, attempt: int) -> None:
        """A worker has come for it: `drop` it once it runs. Raises `NotOffered`."""
        found = self._offers.get(job_id)
        if found is None or found.attempt != attempt or found.is_taken:
            raise NotOffered(job_id, attempt)
        found.is_taken = True

    def drop(self, job_id: str) -> None:
        """Nobody is to have it any more."""
        self._offers.pop(job_id, None)

    def drop_all(self) -> None:
        """Another server offers jobs from now on."""
        self._offers.clear()

    async def send_again(self) -> int:
        """Send hints anew that the broker has lost, or a worker has taken and not come, and to
        another queue if the source has one now; how many. A hint too many does no harm. Raises
        `BrokerUnreachable`."""
        sent = 0
        for job_id, one in tuple(self._offers.items()):
            queue = self._queue_of(one.slot.source)
            if queue != one.queue and not one.is_taken:
                one.queue, one.sent_s = queue, time.monotonic()
                await self._send(job_id, one)
                sent += 1
        before_s = time.monotonic() - OVERDUE_S
        overdue: dict[str, list[str]] = {}
        for job_id, one in self._offers.items():
            if one.sent_s < before_s and not one.is_taken:
                overdue.setdefault(one.queue, []).append(job_id)
        for queue, job_ids in overdue.items():
            with self._noting():
                unseen = await self.executor.unseen(queue)
            if unseen >= len(job_ids):
                continue  # they wait there for a worker to be free
            for job_id in job_ids:
                found = self._offers.get(job_id)
                if found is not None:
                    found.sent_s = time.monotonic()
                    await self._send(job_id, found)
                    sent += 1
        return sent

    async def _send(self, job_id: str, one: _Offer) -> None:
        with self._noting():
            await self.executor.offer(job_id, one.attempt, one.queue, one.task_id)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BrokerUnreachable as error:
            self.trouble = str(error)
            raise
        self.trouble = None
