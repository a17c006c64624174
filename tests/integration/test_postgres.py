"""Jobs on a PostgreSQL source: what they return, and that nothing of them goes on in the server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from longwatch.client.errors import JobFailed
from longwatch.client.sync import Client, JobHandle
from longwatch.engines.postgres_engine import PostgresEngine
from longwatch.protocol.jobs import JobState, Phase
from longwatch.runner.spec import attempt_tag
from support.engines import ENGINES
from support.postgres import PASSWORD, cluster
from support.processes import is_alive, runners_in
from support.runs import Server
from support.servers import serving
from support.waiting import wait_until

POSTGRES = next(case for case in ENGINES if case.name == "postgres")
GONE_S = 2.0


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return POSTGRES.make_source(tmp_path_factory.mktemp("source") / "people")


def source(options: dict[str, str], **more: str) -> dict[str, object]:
    """The settings of a source."""
    given = {**options, **more}
    secrets = {"password": given.pop("password")}
    return {"engine": "postgres", "options": given, "secrets": secrets}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, options: dict[str, str]) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("server") / "data"
    sources = {
        "pg": source(options),
        "socket": source(options, host=str(cluster().folder)),
        "name": source(options, host="localhost"),
        "away": source(options, port="1"),
        "wrong": source(options, password="wrong-canary"),
    }
    settings = {"sources": sources, "default_source": "pg", "max_attempts": 1}
    with serving(data_dir, **settings) as (_, address), Client(address) as client:
        yield Server(data_dir, client)
    assert runners_in(data_dir) == []


def tag(job: JobHandle) -> str:
    return attempt_tag(job.id, job.status().attempt)


def running(job: JobHandle) -> list[str]:
    return cluster().running(tag(job))


@pytest.mark.parametrize("name", ["pg", "socket", "name"])
def test_rows_come_by_tcp_by_a_socket_and_by_a_name(server: Server, name: str) -> None:
    job = server.client.submit("SELECT id, name FROM people ORDER BY id", source=name)
    assert job.result(60).fetchall() == [(1, "Ada"), (2, "Zoë")]
    assert cluster().sessions(tag(job)) == 0


def test_many_rows_arrive(server: Server) -> None:
    job = server.client.submit(POSTGRES.numbers.format(n=300_000))
    table = job.result(60).arrow()
    assert table["n"].to_pylist() == list(range(300_000))


def test_steps_with_temporary_tables_and_parameters(server: Server) -> None:
    job = server.client.submit(
        "CREATE TEMP TABLE t AS SELECT * FROM people WHERE id >= :least; SELECT name FROM t",
        parameters={"least": 2},
    )
    assert job.result(60).fetchall() == [("Zoë",)]


@pytest.mark.parametrize("name", ["away", "wrong"])
def test_a_source_that_cannot_be_reached_says_why_and_not_how(server: Server, name: str) -> None:
    job = server.client.submit("SELECT 1", source=name)
    with pytest.raises(JobFailed):
        job.result(60)
    error = job.status().error
    assert error is not None
    assert error.code == "source_unavailable"
    assert error.hint
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path


def test_a_mistake_has_its_place(server: Server) -> None:
    job = server.client.submit("SELECT 1;\nSELECT nme FROM people")
    with pytest.raises(JobFailed):
        job.result(60)
    error = job.status().error
    assert error is not None
    assert (error.code, error.line, error.column) == ("name_error", 2, 8)


@pytest.mark.parametrize("busy_with", sorted([*POSTGRES.endless, "rows"]))
def test_a_cancelled_query_is_gone_from_the_server(server: Server, busy_with: str) -> None:
    job = server.client.submit(
        (POSTGRES.endless | {"rows": POSTGRES.wide.format(n=10**9)})[busy_with]
    )
    server.executing(job)
    wait_until(lambda: running(job))
    job.cancel()
    wait_until(lambda: not running(job), patience_s=GONE_S)
    status = job.wait(20)
    assert status.state is JobState.CANCELLED
    assert status.cancel_confirmed is True
    assert cluster().sessions(tag(job)) == 0


def kill(server: Server, job: JobHandle) -> None:
    server.runner(job).kill()


def stop_and_cancel(server: Server, job: JobHandle) -> None:
    """Nothing in the runner hears of the cancel, or could tell the server."""
    os.kill(server.runner(job).pid, signal.SIGSTOP)
    job.cancel()


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize(
    ("end", "state"), [(kill, JobState.LOST), (stop_and_cancel, JobState.CANCELLED)]
)
def test_a_runner_that_is_killed_leaves_no_query(
    server: Server, end: Callable[[Server, JobHandle], None], state: JobState
) -> None:
    job = server.client.submit(POSTGRES.endless["scan"])
    server.executing(job)
    wait_until(lambda: running(job))
    runner = server.runner(job)
    end(server, job)
    status = job.wait(20)
    assert status.state in {state, JobState.FAILED}
    assert cluster().sessions(tag(job)) == 0, "once the job is over, so is its query"
    assert not is_alive(runner)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_sweep_ends_what_a_runner_has_running(tmp_path: Path, options: dict[str, str]) -> None:
    with (
        serving(tmp_path / "data", sources={"pg": source(options)}, max_attempts=1) as (
            _,
            address,
        ),
        Client(address) as client,
    ):
        job = client.submit(POSTGRES.endless["scan"], source="pg")
        # Not sooner: while it connects or plans, what is ended is not yet the query.
        wait_until(lambda: job.status().phase is Phase.EXECUTING and running(job))
        name = tag(job)
        assert PostgresEngine().sweep(options, name)
        assert job.wait(20).state is JobState.FAILED
        # The runner may have looked itself whether its query is gone, under the same name.
        wait_until(lambda: cluster().sessions(name) == 0)
    assert PASSWORD not in (tmp_path / "data" / "server.log").read_text(encoding="utf-8")
