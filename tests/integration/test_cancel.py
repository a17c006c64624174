"""Cancel means gone: asked, then confirmed by the process table."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from longwatch.client.errors import Conflict, JobCancelled
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import Job, JobState, Phase
from support.engines import ENGINES
from support.processes import is_alive, runners_in
from support.runs import MIB, UNHEEDING, Server
from support.servers import ENDLESS, serving
from support.waiting import wait_until

GONE_WITHIN_S = 1.5
BUSY = {
    f"{case.name} {name}": sql
    for case in ENGINES
    if case.name in {"duckdb", "sqlite"}  # whose SQL the sample's engine understands
    for name, sql in case.endless.items()
}


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cancelled(job: JobHandle, processes: list[psutil.Process]) -> Job:
    """Cancel, and see to it that every process is gone in time and the job says so."""
    asked_s = time.monotonic()
    job.cancel()
    wait_until(lambda: not any(is_alive(one) for one in processes))
    took_s = time.monotonic() - asked_s
    status = job.wait(20)
    assert status.state is JobState.CANCELLED
    assert status.cancel_confirmed is True
    assert status.cancel_requested_at is not None
    assert status.error is None
    assert took_s < GONE_WITHIN_S, f"gone after {took_s:.2f} s"
    return status


@pytest.mark.parametrize("sql", BUSY.values(), ids=BUSY)
def test_an_engine_that_listens(server: Server, sql: str) -> None:
    job = server.client.submit(sql)
    server.executing(job)
    cancelled(job, family(server.runner(job)))
    assert server.mailbox(job).outcome() is not None, "the engine had time to end in order"
    with pytest.raises(JobCancelled):
        job.result()


def test_an_engine_that_does_not_listen(server: Server) -> None:
    job = server.client.submit(UNHEEDING)
    server.executing(job)
    cancelled(job, family(server.runner(job)))


@pytest.mark.slow
def test_a_sort_of_long_strings(server: Server) -> None:
    sql = (
        "SELECT s FROM (SELECT repeat(md5(range::VARCHAR), 30) AS s FROM range(3000000)) ORDER BY s"
    )
    job = server.client.submit(sql, memory_bytes=768 * MIB)
    wait_until(lambda: server.executing(job).progress.spill_bytes, patience_s=60)
    cancelled(job, family(server.runner(job)))
    wait_until(lambda: not server.mailbox(job).spill.exists())


def test_while_rows_are_written(server: Server) -> None:
    """What was written stays readable, and says that it is not all."""
    job = server.client.submit("SELECT range AS n FROM range(1000000000000)")
    wait_until(lambda: server.executing(job).result)
    status = cancelled(job, family(server.runner(job)))
    assert status.result is not None
    assert not status.result.complete
    page = server.client._call(server.client._api.result_rows(job.id, offset=5, limit=2))
    assert page.rows == [[5], [6]]
    assert not page.complete


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_runner_that_is_stopped(server: Server) -> None:
    """Nothing in it can hear of the cancel."""
    job = server.client.submit(ENDLESS)
    server.executing(job)
    process = server.runner(job)
    processes = family(process)
    process.send_signal(signal.SIGSTOP)
    cancelled(job, processes)


def test_again_and_after_the_end(server: Server) -> None:
    job = server.client.submit(ENDLESS)
    server.executing(job)
    first = job.cancel()
    again = job.cancel()
    assert first.cancel_requested_at == again.cancel_requested_at
    assert job.wait(20).state is JobState.CANCELLED
    assert job.cancel().state is JobState.CANCELLED
    with pytest.raises(Conflict):
        server.client._call(server.client._api.cancel(job.id))


class TestOneAtATime:
    @pytest.fixture
    def single(self, tmp_path: Path) -> Iterator[Server]:
        settings = {"max_running": 1, "warm_spare": False}
        with (
            serving(tmp_path / "data", **settings) as (_, address),
            Client(address) as client,
        ):
            yield Server(tmp_path / "data", client)

    def test_in_the_queue(self, single: Server) -> None:
        busy, waiting = single.client.submit(ENDLESS), single.client.submit("SELECT 7")
        single.executing(busy)
        status = waiting.cancel()
        assert status.state is JobState.CANCELLED
        assert status.cancel_confirmed is True
        assert status.attempt == 0
        busy.cancel()
        busy.wait(20)

    def test_while_it_starts(self, single: Server) -> None:
        """Before the runner has done its imports, which takes it 0.3 s."""
        job = single.client.submit(ENDLESS)
        wait_until(lambda: job.status().state is JobState.RUNNING)
        processes = wait_until(lambda: runners_in(single.data_dir))
        assert job.status().phase is Phase.STARTING
        cancelled(job, processes)
        assert single.is_well()
