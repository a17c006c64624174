"""A bad query hurts only itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from longwatch.client.sync import Client
from longwatch.protocol.jobs import Activity, JobState
from support.runs import MIB, Server
from support.servers import ENDLESS, serving
from support.waiting import wait_until

pytestmark = pytest.mark.slow

MEMORY = "SELECT repeat('x', 4000000000)"
SPILL = (
    "SELECT range AS n, repeat(md5(range::VARCHAR), 6) AS t FROM range(2000000) "
    "ORDER BY hash(range) LIMIT 1900000"
)
NEIGHBOUR = "SELECT count(*) FROM range(60000000) AS t (i) WHERE i % 7 = 3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("bad") / "data"
    settings = {"max_running": 3, "spill_bytes": 32 * MIB}
    with serving(data_dir, **settings) as (_, address), Client(address) as client:
        yield Server(data_dir, client)


@pytest.mark.parametrize(
    ("sql", "code", "memory_bytes"),
    [(MEMORY, "memory_limit", 512 * MIB), (SPILL, "spill_limit", 128 * MIB)],
    ids=["memory explosion", "runaway spill"],
)
def test_a_query_that_wants_everything(
    server: Server, sql: str, code: str, memory_bytes: int
) -> None:
    """Invariant: the query that breaks its limit fails and says which; a neighbour that ran all
    the while returns what it should at its first try; the server goes on; nothing stays on the
    disk."""
    neighbour = server.client.submit(NEIGHBOUR)
    server.executing(neighbour)
    job = server.client.submit(sql, memory_bytes=memory_bytes)
    status = job.wait(60)
    assert status.state is JobState.FAILED
    assert status.error is not None
    assert status.error.code == code, status.error
    assert status.attempt == 1
    assert neighbour.result(60).fetchall() == [(8571429,)]
    assert neighbour.status().attempt == 1
    assert server.is_well()
    wait_until(lambda: not server.mailbox(job).spill.exists())


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_runner_that_stands_still(server: Server) -> None:
    """Invariant: a stopped process keeps its own job running, which is said to be silent, and
    nobody else's; it can be cancelled all the same."""
    job = server.client.submit(ENDLESS)
    server.executing(job)
    process = server.runner(job)
    process.send_signal(signal.SIGSTOP)
    assert server.client.submit(NEIGHBOUR).result(60).fetchall() == [(8571429,)]
    assert server.is_well()
    wait_until(lambda: job.status().progress.activity is Activity.SILENT, patience_s=20)
    assert job.status().state is JobState.RUNNING
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: job.status().progress.activity is Activity.MOVING)
    process.send_signal(signal.SIGSTOP)
    job.cancel()
    status = job.wait(20)
    assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)
    assert not process.is_running()
