"""A server's parts with jobs that have ended, and a retention whose clocks a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from longwatch.protocol.jobs import Column, Job, Phase, ResultInfo, Submission
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from longwatch.service.expiry import Keep
from longwatch.service.retention import RemoveJobs, Retention
from longwatch.store.tables import jobs
from support.servers import Backend, backend
from support.waiting import eventually

FOREVER = Keep(None, None, None, None)


@dataclass
class Clock:
    """A wall clock and a monotonic one that a test moves together, or apart."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    ticks: float = 1_000.0

    def go(self, passed: timedelta) -> None:
        """Time passes."""
        self.now += passed
        self.ticks += passed.total_seconds()


@dataclass
class Kept:
    """A backend, and a retention over its folder."""

    given: Backend
    clock: Clock = field(default_factory=Clock)
    removed: list[str] = field(default_factory=list)

    def retention(
        self,
        keep: Keep,
        *,
        remove_jobs: RemoveJobs | None = None,
        leads: Callable[[], bool] = lambda: True,
    ) -> Retention:
        """One that keeps what `keep` says."""
        return Retention(
            self.given.store,
            self.folder,
            keep,
            self.given.parts.log,
            opened_s=self.given.service.opened_s,
            remove_jobs=remove_jobs,
            leads=leads,
            now=lambda: self.clock.now,
            clock=lambda: self.clock.ticks,
        )

    @property
    def folder(self) -> Path:
        return self.given.settings.data_dir / "jobs"

    async def running(self) -> Job:
        """A job that runs, with its mailbox."""
        one = await self.given.service.submit(Submission(sql="select 42"), "ada")
        await eventually(lambda: (one.id, 1) in self.given.executor.open)
        self.mailbox(one.id)
        return await self.given.job(one.id)

    async def ended(self, size: int = 1_000) -> Job:
        """A job that has just succeeded, whose result is one segment of `size` bytes."""
        one = await self.running()
        self.fill(one.id, size)
        info = ResultInfo(
            rows=1, bytes=size, columns=[Column(name="n", type="int64")], complete=True
        )
        last = Report(phase=Phase.WRITING, elapsed_s=1.0, result=info)
        await self.given.executor.end(
            one.id, how=Outcome(ending=Ending.SUCCEEDED, last=last), last=last
        )
        return await self.given.job(one.id)

    def mailbox(self, job_id: str, attempt: int = 1) -> Mailbox:
        """The mailbox of an attempt, made if need be."""
        mailbox = Mailbox(self.folder / job_id / str(attempt))
        if not mailbox.folder.exists():
            spec = AttemptSpec(
                job_id=job_id,
                attempt=attempt,
                sql="select 42",
                engine="duckdb",
                options={},
                memory_bytes=1,
                spill_bytes=1,
                threads=1,
            )
            mailbox.create(spec)
            mailbox.log.write_text("a line")
        return mailbox

    def fill(self, job_id: str, size: int, attempt: int = 1) -> Mailbox:
        """Put a result of `size` bytes into an attempt, its index included."""
        mailbox = self.mailbox(job_id, attempt)
        index = (
            b'{"columns":[{"name":"n","type":"int64"}],'
            b'"segments":[{"file":"000000.arrow","rows":1,"bytes":1}],"complete":true}'
        )
        (mailbox.result / "index.json").write_bytes(index)
        (mailbox.result / "000000.arrow").write_bytes(bytes(size - len(index)))
        return mailbox

    def has_result(self, job: Job, attempt: int = 1) -> bool:
        """Whether anything is left of a result."""
        return self.mailbox(job.id, attempt).result.exists()

    async def delete(self, ids: Any) -> int:
        """Stands for the service's own deletion of jobs."""

        def remove(tx: Any) -> int:
            return int(
                tx.connection.execute(jobs.delete().where(jobs.c.id.in_(list(ids)))).rowcount
            )

        self.removed += ids
        return await self.given.store.run(remove)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with backend(tmp_path, max_running=50, max_attempts=3) as given:
        yield Kept(given)
