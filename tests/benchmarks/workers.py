"""`make bench ARGS=workers`: what a server with Celery workers promises about time.

A real Valkey, server and workers, each in a process of its own:

- from the request to cancel a query to the word that its process is gone, for an engine that
  listens and one that does not;
- from the moment a runner writes a report of progress to the moment the server tells it;
- two hundred jobs of a second: how much of the time both workers had one.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.run import append, machine
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState, Phase
from longwatch.runner.mailbox import Mailbox
from support.processes import serve
from support.runs import UNHEEDING
from support.servers import ENDLESS
from support.workers import Valkey, WorkerProcess, working

JOBS: Final = 200
JOB_S: Final = 1.0
CANCELS: Final = 15
PROGRESS_S: Final = 30.0
COUNTS: Final = "SELECT count(*) FROM range({n}) AS t (i) WHERE hash(i) % 7 = 3"


def main() -> int:
    """Measure, print, append."""
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start\n")
    with tempfile.TemporaryDirectory(prefix="longwatch-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(Valkey(folder / "valkey"))
        env = {"LONGWATCH_THREADS": "1", "LONGWATCH_WARM_SPARE": "false"}
        arguments = ("--executor", "celery", "--broker", broker.url)
        served = stack.enter_context(serve(folder / "data", *arguments, **env))
        client = stack.enter_context(Client(served.address))
        workers = [
            stack.enter_context(working(served.address, broker, folder, name=f"worker-{n}"))
            for n in (1, 2)
        ]
        client.submit("SELECT 42").result(60)
        lines = [
            told("cancel, an engine that listens", "max ≤ 2 s", cancels(client, ENDLESS)),
            told("cancel, one that does not", "max ≤ 2 s", cancels(client, UNHEEDING)),
            told(
                "progress, end to end",
                "p99 ≤ 500 ms",
                asyncio.run(progress(served.address, workers)),
            ),
            busy(client, served.address),
        ]
    append(load, lines)
    return 0


def told(name: str, goal: str, took_s: list[float]) -> dict[str, Any]:
    """Print one line."""
    took_s.sort()
    p50, p99 = statistics.median(took_s), took_s[min(len(took_s) - 1, int(len(took_s) * 0.99))]
    print(
        f"{name:<34} n {len(took_s):5}  p50 {p50 * 1000:7.0f} ms  p99 {p99 * 1000:7.0f} ms  "
        f"max {took_s[-1] * 1000:7.0f} ms  {goal}",
        flush=True,
    )
    return {"name": name, "p50_s": p50, "p99_s": p99, "max_s": took_s[-1]}


def cancels(client: Client, sql: str) -> list[float]:
    """Seconds from a request to cancel to its confirmation."""
    took = []
    for _ in range(CANCELS):
        job = client.submit(sql)
        until(lambda one=job: one.status().phase is Phase.EXECUTING)  # type: ignore[misc]
        began = time.perf_counter()
        job.cancel()
        until(lambda one=job: one.status().state.is_final)  # type: ignore[misc]
        took.append(time.perf_counter() - began)
        assert job.status().cancel_confirmed is True
    return took


async def progress(address: Address, workers: list[WorkerProcess]) -> list[float]:
    """Seconds from a report in a runner's mailbox until its rows are in the server's answer.

    The clock of the runner's file is that of this machine: `progress.json` is written at the
    moment of the report, and says how many seconds the attempt has run.
    """
    took: list[float] = []
    sql = "SELECT range AS n, md5(range::VARCHAR) AS t FROM range(1000000000)"
    async with AsyncClient(address) as api:
        from longwatch.protocol.jobs import Submission

        job = await api.submit(Submission(sql=sql))
        written: dict[int, float] = {}
        seen: set[int] = set()
        until_s = time.monotonic() + PROGRESS_S
        files: list[Path] = []
        while time.monotonic() < until_s:
            files = files or [
                found
                for one in workers
                for found in one.work_dir.glob(f"pool/*/jobs/{job.id}/1/progress.json")
            ]
            for file in files:
                note(file, written)
            rows = (await api.job(job.id)).progress.rows
            if rows in written and rows not in seen:
                seen.add(rows)
                took.append(time.time() - written[rows])
            await asyncio.sleep(0.005)
        await api.cancel(job.id)
        await api.wait(job.id, timeout_s=30)
    return took


def note(file: Path, written: dict[int, float]) -> None:
    """Note when a report of so many rows was written."""

    try:
        at = file.stat().st_mtime
    except FileNotFoundError:
        return
    report = Mailbox(file.parent).report()
    if report is not None and report.rows:
        written.setdefault(report.rows, at)


def busy(client: Client, address: Address) -> dict[str, Any]:
    """How much of the time both workers were at work on many jobs of a second or so."""
    sql = calibrated(client)
    began = time.perf_counter()
    jobs = [client.submit(sql, name=f"busy {n}") for n in range(JOBS)]
    asyncio.run(all_over(address))
    took = time.perf_counter() - began
    worked = 0.0
    for job in jobs:
        status = job.status()
        assert status.state is JobState.SUCCEEDED, status.error
        assert status.started_at is not None
        assert status.finished_at is not None
        worked += (status.finished_at - status.started_at).total_seconds()
    share = worked / (2 * took)
    print(
        f"{f'{JOBS} jobs on 2 workers':<34} {took:.1f} s, {worked / JOBS:.2f} s each; both at work "
        f"{share:.1%} of the time  ≥ 90 %",
        flush=True,
    )
    return {"name": "both workers at work", "share": share, "took_s": took}


def calibrated(client: Client) -> str:
    """A query that takes a worker about a second."""
    n = 10_000_000
    began = time.perf_counter()
    client.submit(COUNTS.format(n=n)).result(60)
    return COUNTS.format(n=int(n * JOB_S / (time.perf_counter() - began)))


async def all_over(address: Address) -> None:
    """Wait until no job waits or runs."""
    async with AsyncClient(address) as api:
        while True:
            totals = (await api.jobs(limit=1)).totals
            if not totals.get(JobState.QUEUED) and not totals.get(JobState.RUNNING):
                return
            await asyncio.sleep(0.05)


def until(condition: Callable[[], bool]) -> None:
    """Look often, for 60 s at most."""
    deadline_s = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("not so within 60 s")
        time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
