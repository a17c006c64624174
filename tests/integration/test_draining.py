"""SIGTERM with `drain_s`: what runs may end, nothing more starts, and nobody is sent here."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from longwatch.client.sync import Client
from longwatch.protocol import routes
from longwatch.protocol.jobs import Phase
from support.processes import PATIENCE_S, Served, serve
from support.servers import ENDLESS
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")

SOME_SECONDS = "select count(*) from range(3000000000) t(i) where i % 7 = 3"


def ready(served: Served) -> int:
    return httpx.get(served.address.url + routes.HEALTH_READY, trust_env=False).status_code


def states(data_dir: Path) -> dict[str, str]:
    store = sqlite3.connect(data_dir / "jobs.sqlite")
    try:
        return dict(store.execute("SELECT name, state FROM jobs"))
    finally:
        store.close()


def begin(client: Client, sql: str) -> None:
    """One job that runs, and one that waits behind it."""
    busy = client.submit(sql, name="runs")
    wait_until(lambda: busy.status().phase is Phase.EXECUTING)
    client.submit("SELECT 1", name="waits")


@pytest.mark.slow
def test_what_runs_may_end_while_the_server_says_that_it_stops(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serve(
        data_dir, LONGWATCH_DRAIN_S="60", LONGWATCH_MAX_RUNNING="1", LONGWATCH_THREADS="1"
    ) as served:
        with Client(served.address) as client:
            begin(client, SOME_SECONDS)
            assert ready(served) == 200
            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: ready(served) == 503)
            live = httpx.get(served.address.url + routes.HEALTH_LIVE, trust_env=False)
            assert live.status_code == 200
        assert served.process.wait(PATIENCE_S) == 0
    assert states(data_dir) == {"runs": "succeeded", "waits": "queued"}


def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serve(data_dir, LONGWATCH_DRAIN_S="3600", LONGWATCH_MAX_RUNNING="1") as served:
        with Client(served.address) as client:
            begin(client, ENDLESS)
            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: ready(served) == 503)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(PATIENCE_S) == 0
    assert states(data_dir) == {"runs": "queued", "waits": "queued"}
