"""SIGKILL of the server, at any moment: what was answered is there, and ends exactly once.

`FAULTS_SEED` repeats a run; its moments depend on the machine all the same.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from longwatch.client.errors import JobEnded, LongwatchClientError
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import Job, JobState
from longwatch.runner.mailbox import Mailbox
from support.processes import Served, is_alive, runner_of, runners_in, serve
from support.servers import ENDLESS
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")

FINAL = ("succeeded", "failed", "cancelled", "lost")
WORK = (
    "SELECT 42",
    "SELECT range, md5(range::VARCHAR) AS t FROM range(200000)",
    "SELECT count(*) FROM range(20000000) AS t (i) WHERE i % 7 = 3",
    "CREATE TABLE t AS SELECT count(*) AS n FROM range(20000000) AS t (i) WHERE i % 7 = 3",
    "SELECT nothing FROM flights",
)
ENV = {"LONGWATCH_THREADS": "1", "LONGWATCH_MEMORY_BYTES": str(2**29)}
SECONDS = "SELECT count(*) FROM range({n}) AS t (i) WHERE i % 7 = 3"


class Load:
    """Threads that submit as fast as they are answered, until the server is gone."""

    def __init__(self, dice: random.Random) -> None:
        self.acknowledged: list[str] = []
        self._dice = dice

    def until_killed(self, served: Served) -> None:
        """Load the server, kill it at some moment."""
        threads = [threading.Thread(target=self._submit, args=(served,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        # A time and no condition: it is the moment that is being varied.
        time.sleep(self._dice.uniform(0.05, 1.5))
        served.kill()
        for thread in threads:
            thread.join()

    def _submit(self, served: Served) -> None:
        with contextlib.suppress(LongwatchClientError), Client(served.address) as client:
            while served.process.poll() is None:
                job = client.submit(self._dice.choice(WORK))
                self.acknowledged.append(job.id)
                if self._dice.random() < 0.1:
                    job.cancel()


def story(data_dir: Path) -> dict[str, list[str]]:
    """What the store says happened to each job, in order."""
    with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        events: dict[str, list[str]] = {}
        rows = connection.execute("SELECT job_id, event FROM events ORDER BY seq")
        for job_id, event in rows:
            events.setdefault(job_id, []).append(event)
        return events


def check(data_dir: Path, acknowledged: list[str], jobs: dict[str, Job]) -> None:
    told = story(data_dir)
    for job_id in acknowledged:
        assert job_id in jobs, f"{job_id} was answered with 202 and is gone"
    for job_id, job in jobs.items():
        events = told[job_id]
        endings = [event for event in events if event in FINAL]
        assert endings == [job.state.value], f"{job_id}: {events}"
        assert events[0] == "submitted"
        assert events[-1] == job.state.value
        assert events.count("started") == job.attempt
        if job.kind == "write":
            assert job.attempt <= 1, f"{job_id} writes and was run {job.attempt} times"


def killed_again_and_again(tmp_path: Path, times: int) -> None:
    seed = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FAULTS_SEED={seed}")  # noqa: T201 - pytest shows it when the test fails
    load = Load(random.Random(seed))
    data_dir = tmp_path / "data"
    for _ in range(times):
        with serve(data_dir, **ENV) as served:
            load.until_killed(served)
    assert load.acknowledged
    with serve(data_dir, **ENV) as served, Client(served.address, timeout_s=30) as client:
        # Those that wait for their turn are many; what was begun is what matters.
        for summary in client.jobs(state=JobState.QUEUED):
            if summary.attempt == 0:
                client.job(summary.id).cancel()
        jobs = {one.id: client.job(one.id) for one in client.jobs()}
        ended = {job_id: job.wait(90) for job_id, job in jobs.items()}
        for job_id, job in ended.items():
            if job.state is JobState.SUCCEEDED:
                assert job.result is not None
                assert jobs[job_id].result().arrow().num_rows == job.result.rows
        assert served.stop() == 0
    check(data_dir, load.acknowledged, ended)
    wait_until(lambda: not runners_in(data_dir))


def test_killed_three_times_under_load(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path, 3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_twenty_times_under_load(tmp_path: Path) -> None:
    killed_again_and_again(tmp_path, 20)


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
