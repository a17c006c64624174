"""A bad query hurts only itself: memory, spill and time have limits, and the server goes on."""

from __future__ import annotations

import time

import pytest

from longwatch.client.errors import BadRequest, JobFailed
from longwatch.protocol.jobs import JobSummary
from support.processes import is_alive
from support.runs import MIB, UNHEEDING, Server
from support.servers import ENDLESS
from support.waiting import wait_until


def failed(server: Server, sql: str, *, memory_bytes: int = 512 * MIB) -> JobSummary:
    job = server.client.submit(sql, memory_bytes=memory_bytes)
    with pytest.raises(JobFailed) as caught:
        job.result(60)
    return caught.value.job


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        # Past the engine's own books: the system refuses the allocation.
        "SELECT repeat('x', 4000000000)",
        # Within them: the engine refuses.
        "SELECT list(range) FROM range(300000000)",
    ],
)
def test_too_much_memory_ends_the_query_alone(server: Server, sql: str) -> None:
    other = server.client.submit(ENDLESS)
    server.executing(other)
    job = failed(server, sql)
    assert job.error is not None
    assert job.error.code == "memory_limit"
    assert job.error.hint
    server.executing(other)
    assert server.is_well()
    other.cancel()
    assert other.wait(20).cancel_confirmed


@pytest.mark.slow
def test_a_sort_larger_than_its_memory_spills(server: Server) -> None:
    """2 M rows of 200 bytes within 128 MiB; what was spilled is not left on the disk."""
    rows = 2_000_000
    sql = (
        f"SELECT range AS n, repeat(md5(range::VARCHAR), 6) AS t FROM range({rows}) "
        "ORDER BY hash(range) LIMIT 1900000"
    )
    job = server.client.submit(sql, memory_bytes=128 * MIB)
    most_spilled = 0

    def done() -> bool:
        nonlocal most_spilled
        status = job.status()
        most_spilled = max(most_spilled, status.progress.spill_bytes)
        return status.state.is_final

    wait_until(done, patience_s=90)
    status = job.wait()
    assert status.error is None
    assert job.result().rows == 1_900_000
    assert most_spilled > 50 * MIB
    wait_until(lambda: not server.mailbox(job).spill.exists())


@pytest.mark.parametrize("sql", [ENDLESS, UNHEEDING], ids=["heeding", "unheeding"])
def test_time_is_limited(server: Server, sql: str) -> None:
    """Also where the engine would not listen for a minute."""
    begun_s = time.monotonic()
    job = server.client.submit(sql, run_s=1.0)
    server.executing(job)
    process = server.runner(job)
    with pytest.raises(JobFailed) as caught:
        job.result(20)
    error = caught.value.job.error
    assert error is not None
    assert error.code == "time_limit"
    assert "1 s" in error.message
    assert not is_alive(process)
    assert time.monotonic() - begun_s < 15


def test_a_limit_above_the_servers_own_is_refused(server: Server) -> None:
    with pytest.raises(BadRequest, match="this server grants 1,024 MiB"):
        server.client.submit("SELECT 7", memory_bytes=2**40)
