"""What becomes of running queries when their server is killed, and of their runners."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from longwatch.client.errors import JobEnded
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import Job, JobState
from longwatch.runner.mailbox import Mailbox
from support.processes import Served, is_alive, runner_of, serve
from support.servers import ENDLESS
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

ENV = {
    "LONGWATCH_THREADS": "1",
    "LONGWATCH_MEMORY_BYTES": str(2**29),
    "LONGWATCH_WARM_SPARE": "false",
}
SECONDS = "SELECT count(*) FROM range({n}) AS t (i) WHERE i % 7 = 3"


def story(data_dir: Path) -> dict[str, list[str]]:
    """What the store says happened to each job, in order."""
    with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        events: dict[str, list[str]] = {}
        rows = connection.execute("SELECT job_id, event FROM events ORDER BY seq")
        for job_id, event in rows:
            events.setdefault(job_id, []).append(event)
        return events


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextlib.contextmanager
def serving(data_dir: Path) -> Iterator[tuple[Served, Client]]:
    with serve(data_dir, **ENV) as served, Client(served.address) as client:
        yield served, client


def executing(job: JobHandle) -> Job:
    wait_until(lambda: job.status().phase == "executing")
    return job.status()


@pytest.mark.slow
def test_a_query_outlives_its_server(data_dir: Path) -> None:
    """The next server finds it running and goes on with it, rather than run it twice."""
    with serving(data_dir) as (served, client):
        job = client.submit(SECONDS.format(n=100_000_000))
        runner = runner_of(data_dir, executing(job))
        runner.send_signal(signal.SIGSTOP)  # it cannot end before the next server is there
        served.kill()
    assert is_alive(runner)
    with serving(data_dir) as (served, client):
        again = client.job(job.id)
        assert again.status().attempt == 1
        assert runner_of(data_dir, again.status()) == runner
        runner.send_signal(signal.SIGCONT)
        assert again.result(60).fetchall() == [(14285714,)]
        assert again.status().attempt == 1
        assert served.stop() == 0
    assert story(data_dir)[job.id] == ["submitted", "started", "succeeded"]


@pytest.mark.slow
def test_a_query_that_ends_while_no_server_runs_is_collected(data_dir: Path) -> None:
    with serving(data_dir) as (served, client):
        job = client.submit(SECONDS.format(n=100_000_000))
        runner = runner_of(data_dir, executing(job))
        served.kill()
    wait_until(lambda: not is_alive(runner), patience_s=60)
    with serving(data_dir) as (served, client):
        assert client.job(job.id).result(20).fetchall() == [(14285714,)]
        assert served.stop() == 0
    assert story(data_dir)[job.id] == ["submitted", "started", "succeeded"]


@pytest.mark.slow
def test_a_query_that_was_found_again_can_be_cancelled(data_dir: Path) -> None:
    with serving(data_dir) as (served, client):
        job = client.submit(ENDLESS)
        runner = runner_of(data_dir, executing(job))
        served.kill()
    with serving(data_dir) as (served, client):
        again = client.job(job.id)
        again.cancel()
        status = again.wait(20)
        assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)
        assert not is_alive(runner)
        assert served.stop() == 0


@pytest.mark.slow
def test_a_cancel_that_was_asked_for_before_the_crash(data_dir: Path) -> None:
    """The runner hears of it by its mailbox, whoever is there to see it go."""
    with serving(data_dir) as (served, client):
        job = client.submit(ENDLESS)
        status = executing(job)
        runner = runner_of(data_dir, status)
        job.cancel()
        served.kill()
    wait_until(
        lambda: (
            not is_alive(runner) or not Mailbox(data_dir / "jobs" / job.id / "1").cancel_requested()
        )
    )
    with serving(data_dir) as (served, client):
        status = client.job(job.id).wait(20)
        assert status.state is JobState.CANCELLED
        assert not is_alive(runner)
        assert served.stop() == 0


@pytest.mark.parametrize(
    ("sql", "state"),
    [(SECONDS.format(n=100_000_000), "succeeded"), (f"CREATE TABLE t AS {ENDLESS}", "lost")],
    ids=["read", "write"],
)
@pytest.mark.slow
def test_server_and_runner_are_killed(data_dir: Path, sql: str, state: str) -> None:
    """As in a power cut: what only reads runs again, what writes is lost, and says so."""
    with serving(data_dir) as (served, client):
        job = client.submit(sql)
        executing(job)
        wait_until(lambda: job.status().kind is not None)
        runner = runner_of(data_dir, job.status())
        served.kill()
        runner.kill()
    with serving(data_dir) as (served, client):
        with contextlib.suppress(JobEnded):
            client.job(job.id).result(60)
        status = client.job(job.id).status()
        assert status.state.value == state
        assert status.attempt == (2 if state == "succeeded" else 1)
        assert served.stop() == 0


@pytest.mark.slow
def test_what_waits_for_its_turn_is_started_by_the_next_server(data_dir: Path) -> None:
    env = {**ENV, "LONGWATCH_MAX_RUNNING": "1"}
    with serve(data_dir, **env) as served, Client(served.address) as client:
        busy = client.submit(ENDLESS)
        waiting = client.submit("SELECT 7")
        executing(busy)
        served.kill()
    with serving(data_dir) as (served, client):
        assert client.job(waiting.id).result(30).fetchall() == [(7,)]
        client.job(busy.id).cancel()
        assert client.job(busy.id).wait(20).state is JobState.CANCELLED
        assert served.stop() == 0
