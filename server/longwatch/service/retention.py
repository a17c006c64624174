"""How long results and jobs are kept.

A result goes when it is too old, or when all results together take up too much: the oldest first.
The job stays and its page answers `result_expired`. Jobs themselves go by age and by count, which
only the settings ask for. Nothing of a job that waits or runs is touched, nor a result that
somebody opened within the last hour.

Runs that later ones are compared with go by age and by count too, and whatever is more than the
newest few of a query; they do not wait for their job to go, nor go with it.

Whatever dead attempts left goes as well: their spill, the mailboxes of attempts that another one
followed, and folders of jobs that the store does not know.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import structlog

from longwatch.background import Background
from longwatch.execution import folders
from longwatch.execution.folders import JobFolder
from longwatch.protocol.jobs import JobSummary
from longwatch.protocol.limits import SweepKind
from longwatch.service.expiry import Keep, Stored, Survey, expired
from longwatch.store import aging, runs
from longwatch.store.aging import Standing
from longwatch.store.errors import StoreError
from longwatch.store.store import Store

EVERY_S: Final = 3_600.0
LEAST_BETWEEN_S: Final = 60.0
OPENED_S: Final = 3_600.0
BATCH: Final = 200
"""Folders in one go of a thread, and jobs in one commit: 20 ms and 3 ms."""
BURST: Final = 1_000
"""Endings after which the next look does not wait for its hour; or a tenth of the bytes."""
FRESH: Final = timedelta(seconds=5)
"""How old a look may be for whoever asks: one of 100,000 results takes 10 s."""
STRETCH: Final = 2_000
"""Jobs that the store looks through at once for those that ended: 5 ms."""
STRANGE_S: Final = 86_400.0
"""How long the folder of an unknown job is left alone: the store may have been put back to an
older copy by mistake, and the newer one may yet return."""
CLOCK_JUMP_S: Final = 600.0

RemoveJobs = Callable[[Sequence[str]], Awaitable[int]]
"""Deletes jobs that are over, with all they left; how many it deleted."""


@dataclass(slots=True)
class Swept:
    """What one pass removed."""

    results: int = 0
    bytes: int = 0
    leftovers: int = 0
    jobs: int = 0
    runs: int = 0


class Retention:
    """Removes what is not kept: at the start, every hour, and after a burst of endings."""

    def __init__(
        self,
        store: Store,
        jobs_folder: Path,
        keep: Keep,
        log: structlog.stdlib.BoundLogger,
        *,
        opened_s: dict[str, float],
        remove_jobs: RemoveJobs | None = None,
        freed: Callable[[str], None] = lambda _job_id: None,
        leads: Callable[[], bool] = lambda: True,
        shares_folder: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`opened_s` says when by `clock` somebody last opened a job's result; what is no longer
        of interest is removed from it. Without `remove_jobs` jobs are kept for ever. `freed` is
        told whose result went. Of several servers on a store the one that `leads` removes jobs,
        and files if all share a folder."""
        self._store = store
        self._jobs_folder = jobs_folder
        self._keep = keep
        self._log = log
        self._opened_s = opened_s
        self._remove_jobs = remove_jobs
        self._freed = freed
        self._leads = leads
        self._shares_folder = shares_folder
        self._now = now
        self._clock = clock
        self._called = asyncio.Event()
        self._endings = 0
        self._bytes = 0
        self._surveyed_bytes = 0
        self._new_bytes = self._new = 0
        """What has been added since the last look."""
        self._survey: Survey | None = None
        self._looking = asyncio.Lock()
        self._last: tuple[datetime, float] | None = None
        self._sweeping = Background("retention")

    def start(self) -> None:
        """Begin, with a first pass at once."""
        self._sweeping.start(self._run())

    async def stop(self) -> None:
        """Leave the rest for another time; waits for the batch under way, which is short."""
        await self._sweeping.stop()

    def changed(self, jobs: Iterable[JobSummary]) -> None:
        """Jobs have changed; many that ended since the last pass call for the next."""
        for job in jobs:
            if job.state.is_final:
                size = job.result.bytes if job.result else 0
                self._endings += 1
                self._bytes += size
                self._new += 1
                self._new_bytes += size
        most = self._keep.results_bytes
        if self._endings >= BURST or (most is not None and self._bytes > most / 10):
            self._called.set()

    @property
    def results_bytes(self) -> int:
        """What results take up, about: as last looked at, and what has been added since."""
        return self._surveyed_bytes + self._new_bytes

    @property
    def keep(self) -> Keep:
        """What is kept."""
        return self._keep

    async def sweep(self) -> Swept:
        """One pass over everything. Raises `StoreError`."""
        async with self._looking:
            return await self._sweep()

    async def survey(self) -> Survey:
        """What a look finds, or has found if nothing has ended since, or just a moment ago.
        Raises `StoreError`."""
        if not self._is_fresh():
            async with self._looking:
                if not self._is_fresh():  # else somebody else has looked meanwhile
                    await self._look(Swept())
        assert self._survey is not None
        return self._survey

    def _is_fresh(self) -> bool:
        if self._survey is None:
            return False
        return not self._new or self._now() - self._survey.looked_at < FRESH

    async def remove_older(self, kind: SweepKind, age: timedelta, *, dry_run: bool) -> Swept:
        """Remove the results, or the jobs with all they left, that ended longer than `age` ago;
        with `dry_run` they are only counted. Raises `StoreError`."""
        async with self._looking:
            swept = Swept()
            found = await self._look(Swept())
            before = self._now() - age
            for one in found.stored:
                if one.finished_at >= before or self._is_open(one.job_id):
                    continue
                # Of jobs that go their results are counted here, and go with them.
                count_only = dry_run or kind is SweepKind.JOBS
                if count_only or await asyncio.to_thread(folders.remove_result, one.attempt):
                    if not count_only:
                        self._freed(one.job_id)
                    swept.results += 1
                    swept.bytes += one.attempt.result_bytes
                    if not dry_run:
                        found.lose(one)
            if kind is SweepKind.JOBS:
                swept.jobs = await self._remove_jobs_before(before, dry_run=dry_run)
            return swept

    async def _remove_jobs_before(self, before: datetime, *, dry_run: bool) -> int:
        removed, last = 0, 0
        while True:
            some = await self._store.run(aging.ended_before, before, last, STRETCH)
            going = [job_id for job_id in some.ids if not self._is_open(job_id)]
            for start in range(0, len(going), BATCH):
                part = going[start : start + BATCH]
                if dry_run:
                    removed += len(part)
                elif self._remove_jobs is not None:
                    removed += await self._remove_jobs(part)
            if some.last is None:
                return removed
            last = some.last

    async def _sweep(self) -> Swept:
        self._endings = self._bytes = 0
        now = self._believed_now()
        self._forget_old_reads()
        swept = Swept()
        found = await self._look(swept)
        for one in expired(found.stored, found.total_bytes, self._keep, now):
            # Looked up again for each: somebody may have opened it since.
            if self._is_open(one.job_id):
                continue
            if await asyncio.to_thread(folders.remove_result, one.attempt):
                self._freed(one.job_id)
                swept.results += 1
                swept.bytes += one.attempt.result_bytes
                self._surveyed_bytes -= one.attempt.result_bytes
                found.lose(one)
        await self._remove_rows(swept, now)
        await self._forget_runs(swept, now)
        if swept != Swept():
            self._log.info(
                "retention removed",
                results=swept.results,
                bytes=swept.bytes,
                leftovers=swept.leftovers,
                jobs=swept.jobs,
                runs=swept.runs,
            )
        return swept

    async def _run(self) -> None:
        while True:
            try:
                if self._leads() or not self._shares_folder:
                    await self.sweep()
            except (OSError, StoreError) as error:
                self._log.warning("retention stopped early", error=str(error))
            await asyncio.sleep(LEAST_BETWEEN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S - LEAST_BETWEEN_S):
                    await self._called.wait()
            self._called.clear()

    async def _look(self, swept: Swept) -> Survey:
        """Find every result that could go, and remove what dead attempts left."""
        found = Survey(self._now())
        self._new = self._new_bytes = 0
        surveyed = folders.survey(self._jobs_folder)
        while batch := await asyncio.to_thread(_take, surveyed):
            # The folders first: a job is stored before it has one.
            known = await self._store.run(aging.standings, [one.job_id for one in batch])
            left = await asyncio.to_thread(self._tidy, batch, known)
            swept.leftovers += left
            for folder in batch:
                found.total_bytes += folder.bytes
                job = known.get(folder.job_id)
                if job is None:
                    continue
                held = found.held[job.owner]
                held.bytes += folder.bytes
                for attempt in folder.attempts:
                    if attempt.number == job.attempt and attempt.has_result:
                        held.results += 1
                        if job.finished_at is not None:
                            one = Stored(job.id, attempt, job.finished_at, job.owner)
                            found.stored.append(one)
        self._survey, self._surveyed_bytes = found, found.total_bytes
        return found

    def _tidy(self, batch: list[JobFolder], known: Mapping[str, Standing]) -> int:
        """Remove what is left over in some folders; how many things that were."""
        removed = 0
        for folder in batch:
            job = known.get(folder.job_id)
            if job is None:
                strange = self._now().timestamp() - folder.changed_s > STRANGE_S
                if strange and not folder.is_run():
                    removed += folders.remove(folder.path)
            elif job.finished_at is not None:
                left = folders.leftovers(folder, job.attempt)
                removed += sum(map(folders.remove_leftover, left))
        return removed

    async def _remove_rows(self, swept: Swept, now: datetime | None) -> None:
        keep = self._keep
        if self._remove_jobs is None or not self._leads():
            return
        if keep.jobs is None and keep.jobs_for is None:
            return
        over = 0
        if keep.jobs is not None:
            over = await self._store.run(aging.count) - keep.jobs
        oldest = None if keep.jobs_for is None or now is None else now - keep.jobs_for
        while True:
            found = await self._store.run(aging.oldest_final, BATCH)
            going = [
                job.id
                for number, job in enumerate(found)
                if number < over
                or (oldest is not None and job.finished_at is not None and job.finished_at < oldest)
            ]
            going = [job_id for job_id in going if not self._is_open(job_id)]
            removed = await self._remove_jobs(going) if going else 0
            swept.jobs += removed
            over -= removed
            if removed < BATCH:
                return

    async def _forget_runs(self, swept: Swept, now: datetime | None) -> None:
        if not self._leads():
            return
        keep = self._keep
        oldest = None if keep.runs_for is None or now is None else now - keep.runs_for
        gone = runs.BATCH
        while gone == runs.BATCH:
            gone = await self._store.run(runs.prune, total=keep.runs, older_than=oldest)
            swept.runs += gone

    def _believed_now(self) -> datetime | None:
        """The time, unless the clock was set since the last pass: a day that jumps ahead must not
        cost a day's results. By the next pass somebody will have seen it, or it is right."""
        now, ticks = self._now(), self._clock()
        last, self._last = self._last, (now, ticks)
        if last is None:
            return now
        passed_s = (now - last[0]).total_seconds()
        jumped = abs(passed_s - (ticks - last[1])) > CLOCK_JUMP_S
        if jumped:
            self._log.warning("the clock was set; ages count from the next pass on")
        return None if jumped else now

    def _is_open(self, job_id: str) -> bool:
        opened = self._opened_s.get(job_id)
        return opened is not None and self._clock() - opened < OPENED_S

    def _forget_old_reads(self) -> None:
        for job_id in [job_id for job_id in self._opened_s if not self._is_open(job_id)]:
            del self._opened_s[job_id]


def _take(surveyed: Iterator[JobFolder]) -> list[JobFolder]:
    return list(islice(surveyed, BATCH))
