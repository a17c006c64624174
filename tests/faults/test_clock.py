"""A wall clock that jumps, under the real service and real runners."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from longwatch.execution.local import LocalExecutor
from longwatch.feed.hub import FeedHub
from longwatch.logs import close_log, open_log
from longwatch.protocol.jobs import Job, JobState, Limits, Submission
from longwatch.service.jobs import JobService
from longwatch.settings import Settings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store import repository
from longwatch.store.store import Store
from longwatch.store.writer import Changes
from support.servers import ENDLESS
from support.stores import lay_out
from support.waiting import eventually

DAY = timedelta(days=1)


@dataclass
class Served:
    """A service over real runners, and what its wall clock is off by."""

    service: JobService
    off: timedelta = timedelta()

    async def submit(self, sql: str, limits: Limits | None = None) -> Job:
        submission = Submission(sql=sql, limits=limits or Limits())
        return await self.service.submit(submission, "ada")

    async def over(self, job: Job) -> Job:
        async def look() -> Job | None:
            found = await self.service.get(job.id)
            return found if found.state.is_final else None

        found: Job = await eventually(look, patience_s=30)
        return found

    async def executing(self, job: Job) -> Job:
        async def look() -> Job | None:
            found = await self.service.get(job.id)
            return found if found.phase is not None and found.progress.fraction else None

        found: Job = await eventually(look, patience_s=30)
        return found


@asynccontextmanager
async def serving(data_dir: Path) -> AsyncIterator[Served]:
    settings = Settings(data_dir=data_dir, threads=1, memory_bytes=2**30, max_running=1)
    log = open_log(data_dir / "server.log", "debug")
    hub = FeedHub()

    def publish(changes: Changes) -> None:
        hub.publish(changes.changed.values(), changes.removed, changes.seq)

    store = Store(lay_out(data_dir / "jobs.sqlite"), publish)
    executor = LocalExecutor(data_dir / "jobs", data_dir / "runners.log", warm_spare=True)
    catalogue = SourceCatalogue({}, "sample")
    served: Served

    def now() -> datetime:
        return datetime.now(UTC) + served.off

    service = JobService(store, executor, hub, catalogue, settings, log, now)
    served = Served(service)
    await store.open()
    hub.begin(await store.run(repository.newest_seq))
    await service.start()
    try:
        yield served
    finally:
        await service.stop()
        await hub.close()
        await store.close()
        close_log(log)


@pytest.mark.slow
@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["ahead", "back"])
async def test_a_clock_that_jumps_a_day(tmp_path: Path, jump: timedelta) -> None:
    """Invariant: when the wall clock jumps by a day while a query runs and others wait, nothing is
    cancelled, retried, timed out or given up for it; turns stay in the order of submission; what
    counts seconds goes by the monotonic clock; and every change has its own, later `seq`."""
    async with serving(tmp_path) as served:
        running = await served.submit(ENDLESS, Limits(run_s=3_600))
        await served.executing(running)
        first = await served.submit("SELECT 1", Limits(queue_s=3_600))
        served.off = jump
        second = await served.submit("SELECT 2", Limits(queue_s=3_600))
        seen = await served.executing(running)
        assert (seen.state, seen.attempt) == (JobState.RUNNING, 1)
        assert seen.progress.stalled_s < 60
        assert seen.progress.eta_high_s is None or seen.progress.eta_high_s > 0
        await served.service.cancel(running.id)
        assert (await served.over(running)).cancel_confirmed
        done = [await served.over(one) for one in (first, second)]
        assert [one.state for one in done] == [JobState.SUCCEEDED] * 2
        assert [one.attempt for one in done] == [1, 1]
        starts = [one.started_at for one in done]
        assert starts[0] is not None
        assert starts[1] is not None
        assert starts[0] < starts[1], "in their turn, though the clock said otherwise"
        limited = await served.submit(ENDLESS, Limits(run_s=0.3))
        served.off = timedelta()
        ended = await served.over(limited)
        assert ended.error is not None
        assert ended.error.code == "time_limit"
        assert running.seq < first.seq < second.seq < limited.seq
