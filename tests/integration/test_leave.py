"""A runner of a worker: what writes begins only when the server knows of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from longwatch.execution.contract import Ended
from longwatch.execution.local import LocalExecutor
from longwatch.protocol.jobs import Phase, StatementKind
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.spec import AttemptSpec, Ending, Outcome, Report
from support.waiting import eventually

JOB = "a" * 16


@dataclass
class Watcher:
    """Hears of one attempt."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    ended_as: Ended | None = None

    def reported(self, job_id: str, attempt: int, report: Report) -> None:
        pass

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        self.ended_as = ended
        self.over.set()

    async def ending(self) -> Ending:
        async with asyncio.timeout(20):
            await self.over.wait()
        assert self.ended_as is not None
        assert isinstance(self.ended_as.how, Outcome)
        return self.ended_as.how.ending


@asynccontextmanager
async def running(folder: Path, sql: str) -> AsyncIterator[tuple[LocalExecutor, Watcher, Mailbox]]:
    executor = LocalExecutor(folder / "jobs", folder / "runners.log", warm_spare=False, bound=True)
    watcher = Watcher()
    await executor.start(watcher)
    try:
        await executor.launch(
            AttemptSpec(
                job_id=JOB,
                attempt=1,
                sql=sql,
                engine="duckdb",
                options={},
                memory_bytes=2**29,
                spill_bytes=0,
                threads=1,
            )
        )
        yield executor, watcher, Mailbox(executor.folder(JOB, 1))
    finally:
        await executor.stop()


async def waits(mailbox: Mailbox) -> None:
    """Wait until it is known to write."""

    def look() -> bool:
        report = mailbox.report()
        return report is not None and report.kind is StatementKind.WRITE

    await eventually(look, patience_s=20)


async def test_what_writes_waits_for_leave(tmp_path: Path) -> None:
    sql = "CREATE TABLE t AS SELECT 42 AS n; FROM t"
    async with running(tmp_path, sql) as (_, watcher, mailbox):
        await waits(mailbox)
        report = mailbox.report()
        assert report is not None
        assert report.phase is Phase.PLANNING
        assert not watcher.over.is_set()
        mailbox.give_leave()
        assert await watcher.ending() is Ending.SUCCEEDED


async def test_what_waits_for_leave_can_be_cancelled(tmp_path: Path) -> None:
    async with running(tmp_path, "CREATE TABLE t AS SELECT 42") as (executor, watcher, mailbox):
        await waits(mailbox)
        executor.cancel(JOB, 1)
        assert await watcher.ending() is Ending.CANCELLED


async def test_what_reads_waits_for_nobody(tmp_path: Path) -> None:
    async with running(tmp_path, "SELECT 42") as (_, watcher, mailbox):
        assert await watcher.ending() is Ending.SUCCEEDED
        assert not mailbox.may_write()
