"""Workers: which there are, what they come for, and the hints that are to reach them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from longwatch.background import Background
from longwatch.execution.contract import BrokerUnreachable, Claimant
from longwatch.protocol.worker import Claim, ClaimRequest, Presence, Worker, WorkerList
from longwatch.service.jobs import JobService
from longwatch.service.offering import Offers

THERE_S: Final = 15.0
"""A worker that says nothing for so long is away: it says that it is there each 5 s."""
FORGOTTEN_S: Final = 900.0
LOOK_S: Final = 2.0


@dataclass(slots=True)
class _Seen:
    presence: Presence
    since: datetime
    heard_at: datetime
    heard_s: float

    @property
    def is_there(self) -> bool:
        return not self.presence.leaving and time.monotonic() - self.heard_s < THERE_S


class Roster:
    """The workers that were heard of lately."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._seen: dict[str, _Seen] = {}

    def heard(self, presence: Presence) -> bool:
        """A worker is there; whether that is news."""
        before, at = self._seen.get(presence.name), self._now()
        known = before if before is not None and before.is_there else None
        since = at if known is None else known.since
        self._seen[presence.name] = _Seen(presence, since, at, time.monotonic())
        return known is None or known.presence != presence

    def slots(self, queue: str) -> int:
        """How many jobs the workers of a queue can run at once."""
        there = [one.presence for one in tuple(self._seen.values()) if one.is_there]
        return sum(one.concurrency for one in there if queue in one.queues and not one.draining)

    def all(self, jobs_of: Callable[[str], list[str]]) -> list[Worker]:
        """Every one, by name; who was not heard of for long is forgotten."""
        oldest_s = time.monotonic() - FORGOTTEN_S
        self._seen = {name: one for name, one in self._seen.items() if one.heard_s > oldest_s}
        return [
            Worker(
                name=name,
                version=one.presence.version,
                host=one.presence.host,
                queues=one.presence.queues,
                concurrency=one.presence.concurrency,
                jobs=jobs_of(name),
                since=one.since,
                heard_at=one.heard_at,
                is_there=one.is_there,
                draining=one.presence.draining,
            )
            for name, one in sorted(self._seen.items())
        ]


class WorkerService:
    """What workers ask for, and the hints that are to reach them."""

    def __init__(
        self,
        jobs: JobService,
        offers: Offers,
        roster: Roster,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self.executor = offers.executor
        self._jobs = jobs
        self._offers = offers
        self._roster = roster
        self._log = log
        self._looking = Background("hints")

    def start(self) -> None:
        """Begin to look after hints that get lost."""
        self._looking.start(self._look())

    async def stop(self) -> None:
        """Look no more."""
        await self._looking.stop()

    def heard(self, presence: Presence) -> None:
        """A worker is there."""
        if self._roster.heard(presence):
            self._log.info(
                "worker",
                worker=presence.name,
                queues=presence.queues,
                concurrency=presence.concurrency,
                draining=presence.draining,
                leaving=presence.leaving,
            )
            self._jobs.offers_changed()

    def workers(self) -> WorkerList:
        """Every worker there is."""
        workers = self._roster.all(self.executor.jobs_of)
        return WorkerList(executor="celery", workers=workers, trouble=self._offers.trouble)

    async def claim(self, asked: ClaimRequest) -> Claim:
        """Give an attempt to a worker; once more to one whose answer was lost. Raises
        `NotOffered`, `OSError`, `StoreError`, and what is wrong with the source's secrets."""
        if self.executor.is_held(asked.job_id, asked.attempt, asked.key):
            spec = await self.executor.spec(asked.job_id, asked.attempt)
        else:
            claimant = Claimant(asked.worker, asked.task_id, asked.key)
            spec = await self._jobs.claim(asked.job_id, asked.attempt, claimant)
            await self.executor.lease(asked.job_id, asked.attempt, claimant)
            self._log.info("attempt claimed", job=spec.job_id, worker=asked.worker)
        secrets = await self.executor.secrets(spec.source)
        return Claim(spec=spec, secrets=secrets, lease_s=self.executor.lease_s)

    async def _look(self) -> None:
        """Send hints again that are gone: a broker that has lost everything is filled anew."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                sent = await self._offers.send_again()
            except BrokerUnreachable as error:
                self._log.warning("hints not sent again", error=str(error))
            except Exception:
                self._log.exception("hints not looked after")
            else:
                if sent:
                    self._log.info("hints sent again", hints=sent)
