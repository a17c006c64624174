"""What results and uploads take up, of each person and in all, and whether that is too much.

Counted only where a setting bounds it: `results_bytes_per_person`, `results_bytes`. Who has too
much submits nothing more until something was deleted; nothing is deleted for it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from longwatch.background import Background
from longwatch.execution import folders
from longwatch.execution.folders import JobFolder
from longwatch.jobs.errors import QuotaExceeded
from longwatch.protocol.jobs import JobSummary
from longwatch.store import aging
from longwatch.store.errors import StoreError
from longwatch.store.store import Store

EVERY_S: Final = 3_600.0
"""Files may come and go by other ways than jobs: they are counted anew so often."""
_BATCH: Final = 200
_NAMED: Final = 3
"""Of somebody's largest results, in a refusal."""


class Held(NamedTuple):
    """What a result takes up, and whose it is."""

    owner: str
    bytes: int


class Usage:
    """Counts what is on the disk when it starts, and then what comes and goes. Until the first
    count is done, a second for each 10,000 results, nobody is refused."""

    def __init__(
        self,
        store: Store,
        jobs_folder: Path,
        uploads: Callable[[], Mapping[str, int]],
        log: structlog.stdlib.BoundLogger,
        *,
        per_person: int | None,
        in_all: int | None,
    ) -> None:
        """`uploads` says how many bytes each person uploaded; `None` is without bound."""
        self._store = store
        self._jobs_folder = jobs_folder
        self._uploads = uploads
        self._log = log
        self._per_person = per_person
        self._in_all = in_all
        self._held: dict[str, Held] = {}
        self._of: dict[str, int] = {}
        self._since: list[tuple[str, Held | None]] | None = None
        """What came and went while files are being counted."""
        self._counting = Background("usage")

    @property
    def is_bounded(self) -> bool:
        """Whether there is anything to count for."""
        return self._per_person is not None or self._in_all is not None

    def start(self) -> None:
        """Begin to count."""
        if self.is_bounded:
            self._counting.start(self._run())

    async def stop(self) -> None:
        """Count no more."""
        await self._counting.stop()

    def of(self, person: str) -> int:
        """What somebody's results and uploads take up, in bytes."""
        return self._of.get(person, 0) + self._uploads().get(person, 0)

    def in_all(self) -> int:
        """What all of them take up."""
        return sum(self._of.values()) + sum(self._uploads().values())

    def check(self, person: str) -> None:
        """Raises `QuotaExceeded` where there is too much already. From any thread."""
        if self._per_person is not None and (used := self.of(person)) >= self._per_person:
            raise QuotaExceeded(used, self._per_person, self._largest(person), whole=False)
        if self._in_all is not None and (used := self.in_all()) >= self._in_all:
            raise QuotaExceeded(used, self._in_all, self._largest(person), whole=True)

    def changed(self, jobs: Iterable[JobSummary], removed: Collection[str]) -> None:
        """Jobs have changed or are gone, here or on another server."""
        if not self.is_bounded:
            return
        for job in jobs:
            if job.state.is_final and job.result is not None:
                self._put(job.id, Held(job.owner, job.result.bytes))
        for job_id in removed:
            self.freed(job_id)

    def freed(self, job_id: str) -> None:
        """A result is not there any more."""
        if self.is_bounded:
            self._put(job_id, None)

    async def look(self) -> None:
        """Count what is on the disk. Raises `OSError` and `StoreError`."""
        self._since = []
        try:
            found: dict[str, Held] = {}
            surveyed = folders.survey(self._jobs_folder)
            while batch := await asyncio.to_thread(_take, surveyed):
                known = await self._store.run(aging.standings, [one.job_id for one in batch])
                for folder in batch:
                    job = known.get(folder.job_id)
                    if job is not None and job.finished_at is not None:
                        found[folder.job_id] = Held(job.owner, folder.bytes)
            since = self._since
        finally:
            self._since = None
        self._held = found
        self._of = {}
        for held in found.values():
            self._of[held.owner] = self._of.get(held.owner, 0) + held.bytes
        for job_id, now in since:
            self._put(job_id, now)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except (OSError, StoreError) as error:
                self._log.warning("results were not counted", error=str(error))
            await asyncio.sleep(EVERY_S)

    def _put(self, job_id: str, held: Held | None) -> None:
        if self._since is not None:
            self._since.append((job_id, held))
        before = self._held.pop(job_id, None)
        if before is not None:
            self._of[before.owner] -= before.bytes
        if held is not None:
            self._held[job_id] = held
            self._of[held.owner] = self._of.get(held.owner, 0) + held.bytes

    def _largest(self, person: str) -> list[str]:
        own = [(one.bytes, job_id) for job_id, one in [*self._held.items()] if one.owner == person]
        return [job_id for size, job_id in heapq.nlargest(_NAMED, own) if size]


def _take(surveyed: Iterator[JobFolder]) -> list[JobFolder]:
    return list(islice(surveyed, _BATCH))
