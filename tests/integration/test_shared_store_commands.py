"""The command line where jobs are in PostgreSQL: `serve`, `doctor`, `backup`, `restored`."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from longwatch.cli.exits import Exit
from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState
from longwatch.store.postgres.address import StoreAddress
from support.postgres import PASSWORD, PLAIN, cluster
from support.postgres_stores import databases, url_of
from support.processes import longwatch, runner_of, serve
from support.servers import ENDLESS
from support.waiting import wait_until


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    """A store of its own."""
    made = databases.new()
    yield made
    databases.drop(made)


def settings(address: StoreAddress, folder: Path) -> dict[str, str]:
    """The environment that names the store in a file."""
    file = folder / "store"
    file.write_text(url_of(address) + "\n", encoding="ascii")
    return {"LONGWATCH_STORE_FILE": str(file), "LONGWATCH_WARM_SPARE": "false"}


@pytest.mark.slow
def test_serve_dump_restore_and_go_on(address: StoreAddress, tmp_path: Path) -> None:
    """Invariant: what `backup` says makes a copy, and `restored` makes that ready: what was over
    is there, what was not over is and says so, nothing runs again, and clients begin anew."""
    env = settings(address, tmp_path)
    data_dir = tmp_path / "data"
    programs = cluster().programs
    with serve(data_dir, **env) as served, Client(served.address) as client:
        done = client.submit("select 42")
        assert done.result(60).fetchall() == [(42,)]
        runs = client.submit(ENDLESS)
        wait_until(lambda: runs.status().state is JobState.RUNNING, patience_s=60)
        assert not (data_dir / "jobs.sqlite").exists()
        variables = runner_of(data_dir, runs.status()).environ()
        assert not {name for name in variables if name.startswith("LONGWATCH_STORE")}
        said = longwatch("backup", tmp_path / "copy", "--data-dir", data_dir, env=env)
        assert said.code == Exit.USAGE
        command = shlex.split(said.err.partition("Use: ")[2])
        assert command[0] == "pg_dump"
        subprocess.run(
            [programs / "pg_dump", *command[1:]],
            cwd=tmp_path,
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
        )
        healthy = longwatch("doctor", "--data-dir", data_dir, env=env)
        assert "2 jobs in PostgreSQL" in healthy.text
        busy = longwatch("restored", "--data-dir", data_dir, env=env)
        assert (busy.code, "Stop every server" in busy.err) == (Exit.FAILED, True)
        assert served.stop() == 0
        log = (data_dir / "server.log").read_text()
    for text in (said.err, healthy.text, healthy.err, log):
        assert PASSWORD not in text

    again = StoreAddress(dict(cluster().options(cluster().create_database())))
    into = [f"--dbname={again.parameters['dbname']}", "--host=127.0.0.1", "--no-owner"]
    into += [f"--port={again.parameters['port']}", f"--username={PLAIN}"]
    subprocess.run(
        [programs / "pg_restore", *into, tmp_path / "longwatch.dump"],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        check=True,
    )
    env = settings(again, tmp_path)
    ready = longwatch("restored", "--data-dir", data_dir, env=env)
    assert (ready.code, ready.err) == (0, "")
    assert "not over: 1" in ready.text
    with serve(data_dir, **env) as served, Client(served.address) as client:
        assert client.job(done.id).status().state is JobState.SUCCEEDED
        assert client.job(done.id).result(60).fetchall() == [(42,)]
        ended = client.job(runs.id).status()
        assert (ended.state, ended.error and ended.error.code) == (JobState.LOST, "from_backup")
        assert client.submit("select 1").result(60).fetchall() == [(1,)]
        assert served.stop() == 0
    databases.drop(again)


@pytest.mark.slow
def test_what_is_wrong_is_a_sentence_without_the_password(
    address: StoreAddress, tmp_path: Path
) -> None:
    away = StoreAddress({**address.parameters, "port": "1"})
    for url, told in (
        (url_of(away), "cannot be reached"),
        (f"mysql://me:{PASSWORD}@host/x", "no PostgreSQL URL"),
    ):
        done = longwatch("serve", "--data-dir", tmp_path / "data", "--store", url)
        assert done.code == Exit.UNREACHABLE
        assert told in done.err
        assert PASSWORD not in done.err + done.text
    sick = longwatch("doctor", "--data-dir", tmp_path / "data", env=settings(away, tmp_path))
    assert "cannot be reached" in sick.text
    assert PASSWORD not in sick.text
