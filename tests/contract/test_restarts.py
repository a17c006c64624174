"""The service with real runners: who is killed, and what becomes of the jobs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from longwatch.client.address import Address
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import Job, JobState, Phase
from support.servers import ENDLESS, serving
from support.waiting import wait_until

WRITES = f"create table t as {ENDLESS}"
SERVE = """
import sys, threading
from pathlib import Path
from longwatch.host import ServerThread
ServerThread(
    Path(sys.argv[1]),
    port=0,
    host="127.0.0.1",
    threads=1,
    memory_bytes=2**30,
    warm_spare=False,
    max_running=1,
).start()
print("up", flush=True)
threading.Event().wait()
"""


@contextmanager
def served_elsewhere(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    """A server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data_dir)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            found = json.loads((data_dir / "server.json").read_text("utf-8"))
            yield process, Address(found["url"], found["token"])
        finally:
            process.kill()


def executing(handle: JobHandle) -> Job:
    def reached() -> Job | None:
        now = handle.status()
        return now if now.phase is Phase.EXECUTING and now.kind is not None else None

    found = wait_until(reached)
    assert found is not None
    return found


def runner(data_dir: Path, one: Job) -> psutil.Process:
    identity = data_dir / "jobs" / one.id / str(one.attempt) / "runner.json"
    found: dict[str, Any] = json.loads(identity.read_text("utf-8"))
    return psutil.Process(found["pid"])


@pytest.mark.slow
def test_a_killed_runner_of_a_read_is_replaced_and_the_second_time_it_fails(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, max_running=2) as (_, address), Client(address) as client:
        endless = client.submit(ENDLESS)
        first = executing(endless)
        runner(tmp_path, first).kill()
        wait_until(lambda: endless.status().attempt == 2)
        again = executing(endless)
        assert again.error is not None
        assert "was killed by signal 9" in again.error.message
        runner(tmp_path, again).kill()
        ended = endless.wait(20)
        assert (ended.state, ended.attempt) == (JobState.FAILED, 2)
        assert ended.error is not None
        assert ended.error.code == "runner_died"
        assert client.submit("select 'on'").result(20).fetchall() == [("on",)]


def test_a_killed_runner_of_a_write_is_lost_and_not_tried_again(tmp_path: Path) -> None:
    with serving(tmp_path, warm_spare=False) as (_, address), Client(address) as client:
        writing = client.submit(WRITES)
        runner(tmp_path, executing(writing)).kill()
        ended = writing.wait(20)
        assert (ended.state, ended.attempt) == (JobState.LOST, 1)


@pytest.mark.slow
def test_no_more_run_at_once_than_allowed(tmp_path: Path) -> None:
    with (
        serving(tmp_path, max_running=1, warm_spare=False) as (_, address),
        Client(address) as client,
    ):
        first = client.submit(ENDLESS)
        executing(first)
        low = client.submit("select 'low'", priority=-1)
        high = client.submit("select 'high'", priority=1)
        assert low.status().state is high.status().state is JobState.QUEUED
        first.cancel()
        assert first.wait(20).cancel_confirmed is True
        ends = [low.wait(20), high.wait(20)]
        assert ends[1].started_at is not None
        assert ends[0].started_at is not None
        assert ends[1].started_at < ends[0].started_at


@pytest.mark.slow
def test_a_killed_server_is_succeeded_by_one_that_knows_everything(tmp_path: Path) -> None:
    with served_elsewhere(tmp_path) as (process, address), Client(address) as client:
        endless = client.submit(ENDLESS)
        running = executing(endless)
        watched = runner(tmp_path, running)
        waiting = client.submit("select 'waited'")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert watched.is_running()  # queries outlive the server
    with (
        serving(tmp_path, max_running=1, warm_spare=False) as (_, address),
        Client(address) as client,
    ):
        ids = {one.id for one in client.jobs()}
        assert ids == {running.id, waiting.id}
        adopted = executing(client.job(running.id))
        assert adopted.attempt == 1
        assert runner(tmp_path, adopted).pid == watched.pid
        assert client.job(waiting.id).status().state is JobState.QUEUED
        client.job(running.id).cancel()
        ended = client.job(running.id).wait(20)
        assert (ended.state, ended.cancel_confirmed) == (JobState.CANCELLED, True)
        assert not watched.is_running() or watched.status() == psutil.STATUS_ZOMBIE
        assert client.job(waiting.id).result(20).fetchall() == [("waited",)]


@pytest.mark.slow
def test_what_a_stopped_server_ended_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with serving(tmp_path, warm_spare=False) as (_, address), Client(address) as client:
        endless = client.submit(ENDLESS)
        watched = runner(tmp_path, executing(endless))
    assert not watched.is_running()
    with serving(tmp_path, warm_spare=False) as (_, address), Client(address) as client:
        again = client.job(endless.id)
        assert executing(again).attempt == 2
        again.cancel()
        assert again.wait(20).state is JobState.CANCELLED
