"""Runners that die: the job says why, what only reads is tried again, and all else goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from longwatch.client.errors import JobFailed, JobLost
from longwatch.client.sync import Client
from longwatch.protocol.jobs import Job, JobState
from support.processes import runners_in
from support.runs import Server
from support.servers import ENDLESS, serving
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


def test_a_killed_read_is_tried_again_and_then_given_up(server: Server) -> None:
    other = server.client.submit(ENDLESS)
    server.executing(other)
    job = server.client.submit(ENDLESS)
    server.executing(job)
    server.runner(job).kill()

    def second() -> Job | None:
        status = job.status()
        return status if status.attempt == 2 and status.phase is not None else None

    wait_until(second)
    server.executing(job)
    assert server.mailbox(job).folder.name == "2"
    server.runner(job).kill()
    with pytest.raises(JobFailed) as caught:
        job.result(20)
    error = caught.value.job.error
    assert error is not None
    assert error.code == "runner_died"
    assert "SIGKILL" in error.message
    assert "2 times" in (error.hint or "")
    server.executing(other)
    assert other.status().attempt == 1
    other.cancel()
    assert server.is_well()


@pytest.mark.slow
def test_a_second_try_can_succeed(server: Server) -> None:
    sql = "SELECT count(*) FROM range(300000000) AS t (i) WHERE i % 7 = 3"
    job = server.client.submit(sql)
    server.executing(job)
    server.runner(job).send_signal(signal.SIGSEGV)
    assert job.result(60).fetchall() == [(42857143,)]
    status = job.status()
    assert status.attempt == 2
    assert status.error is None


def test_a_killed_write_is_not_run_again(server: Server) -> None:
    job = server.client.submit(f"CREATE TABLE t AS {ENDLESS}")
    server.executing(job)
    wait_until(lambda: job.status().kind == "write")
    server.runner(job).kill()
    with pytest.raises(JobLost) as caught:
        job.result(20)
    lost = caught.value.job
    assert lost.attempt == 1
    assert lost.error is not None
    assert lost.error.code == "runner_died"
    assert "writes" in (lost.error.hint or "")


def test_a_runner_that_dies_in_waiting_is_replaced(server: Server) -> None:
    for _ in range(2):
        spares = wait_until(lambda: runners_in(server.data_dir))
        for spare in spares:
            spare.kill()
        assert server.is_well()


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", warm_spare=True) as (_, address), Client(address) as client:
        yield Server(tmp_path / "data", client)


def test_runners_in_waiting_end_with_the_server(deaf: Server) -> None:
    spares = wait_until(lambda: runners_in(deaf.data_dir))
    assert spares
    # The fixture's server is stopped when it is left; see the module's own check for the rest.


def test_a_data_folder_that_cannot_take_a_job(deaf: Server) -> None:
    """A full or broken disk fails the job with the reason, and not the server."""
    jobs = deaf.data_dir / "jobs"
    wait_until(jobs.is_dir)
    aside = jobs.rename(jobs.with_name("aside"))
    jobs.write_text("a file where a folder should be")
    job = deaf.client.submit("SELECT 7")
    status = job.wait(20)
    assert status.state is JobState.FAILED
    assert status.error is not None
    assert status.error.code == "not_started"
    jobs.unlink()
    aside.rename(jobs)
    assert deaf.is_well()
