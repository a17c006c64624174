"""`longwatch doctor` over data folders that are not well."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from longwatch.cli.doctor import examine
from longwatch.cli.exits import Exit
from longwatch.cli.findings import Finding
from longwatch.client.sync import Client
from longwatch.protocol.jobs import Phase
from longwatch.runner.mailbox import Mailbox
from support.processes import is_alive, longwatch, runner_of, serve
from support.servers import ENDLESS, serving
from support.stores import lay_out
from support.waiting import wait_until


def found(data_dir: Path, *, fix: bool = False) -> dict[str, Finding]:
    return {one.what: one for one in examine(data_dir, fix=fix)}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder with an empty store."""
    tmp_path.chmod(0o700)
    lay_out(tmp_path / "jobs.sqlite")
    return tmp_path


def test_all_is_well_while_a_server_runs(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (_, address), Client(address) as client:
        client.submit("SELECT 7").result(30)
        busy = client.submit(ENDLESS)
        wait_until(lambda: busy.status().phase is Phase.EXECUTING)
        seen = found(tmp_path / "data")
        for what in ("server", "jobs", "running jobs", "leftovers"):
            assert seen[what].ok is True, seen[what]
        assert "2 in jobs.sqlite" in seen["jobs"].found
        busy.cancel()
        busy.wait(20)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_server_and_a_runner_that_were_killed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serve(data_dir) as served, Client(served.address) as client:
        busy = client.submit(ENDLESS)
        wait_until(lambda: busy.status().phase is Phase.EXECUTING)
        runner = runner_of(data_dir, busy.status())
        served.kill()
        assert found(data_dir)["running jobs"].ok is True, "it lives on, to be adopted"
        with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as store, store:
            store.execute("UPDATE jobs SET state = 'failed'")
        store.close()
        seen = found(data_dir, fix=True)
        assert seen["processes"].ok is False
        assert f"kill {runner.pid}" in seen["processes"].advice
        with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as store, store:
            store.execute("UPDATE jobs SET state = 'running'")
        store.close()
        runner.send_signal(signal.SIGKILL)
        wait_until(lambda: not is_alive(runner))
        seen = found(data_dir)
        assert seen["running jobs"].ok is None
        assert "1 of them without a process; the next start" in seen["running jobs"].found
        assert "left from one that was killed" in seen["server"].found


def test_leftovers_are_named_and_removed_if_asked(data_dir: Path) -> None:
    for place in ("jobs/" + "a" * 16 + "/1/result", "backups", "jobs/notes"):
        (data_dir / place).mkdir(parents=True)
    (data_dir / "jobs" / ("a" * 16) / "1" / "result" / "x.arrow").write_bytes(bytes(2_000))
    (data_dir / "backups" / "jobs-1.part").touch()
    seen = found(data_dir)
    assert seen["leftovers"].ok is False
    assert seen["leftovers"].found.startswith("2 ")
    assert "--fix" in seen["leftovers"].advice
    assert "2.0 kB" in seen["results"].found
    with FileLock(data_dir / "server.lock"):
        assert found(data_dir, fix=True)["leftovers"].ok is None
    assert (data_dir / "jobs" / ("a" * 16)).exists(), "whoever holds the lock may be at work there"
    assert found(data_dir, fix=True)["leftovers"].ok is True
    assert found(data_dir)["leftovers"].found == "none"
    assert not (data_dir / "jobs" / ("a" * 16)).exists()
    assert (data_dir / "jobs" / "notes").exists()


def test_spill_of_a_job_that_is_over(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir, warm_spare=False) as (_, address), Client(address) as client:
        job = client.submit("SELECT 7")
        job.result(30)
    # Only now: a server clears the spill of a runner that has ended.
    Mailbox(data_dir / "jobs" / job.id / "1").spill.mkdir()
    assert found(data_dir)["leftovers"].ok is False
    found(data_dir, fix=True)
    mailbox = Mailbox(data_dir / "jobs" / job.id / "1")
    assert not mailbox.spill.exists()
    assert list(mailbox.result.iterdir()), "the result stays"


@pytest.mark.parametrize("damage", ["text", "middle"])
def test_a_damaged_store(data_dir: Path, damage: str) -> None:
    content = bytearray((data_dir / "jobs.sqlite").read_bytes())
    if damage == "text":
        content[:100] = b"x" * 100
    else:
        content[4096:] = b"\xee" * (len(content) - 4096)
    (data_dir / "jobs.sqlite").write_bytes(content)
    done = longwatch("doctor", "--json", "--data-dir", data_dir)
    assert done.code == Exit.FAILED
    seen = {one["what"]: one for one in map(json.loads, done.text.splitlines())}
    assert seen["jobs"]["ok"] is False
    assert "longwatch backup" in seen["jobs"]["advice"]


def test_a_store_of_another_version(data_dir: Path) -> None:
    with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    seen = found(data_dir)["jobs"]
    assert seen.ok is False
    assert "newer Longwatch" in seen.advice


def test_a_silent_process_that_holds_the_folder(data_dir: Path) -> None:
    with FileLock(data_dir / "server.lock"):
        seen = found(data_dir)["server"]
    assert seen.ok is False
    assert "does not answer" in seen.found


def test_it_leaves_the_store_as_it_is(data_dir: Path) -> None:
    before = (data_dir / "jobs.sqlite").read_bytes()
    found(data_dir, fix=True)
    assert (data_dir / "jobs.sqlite").read_bytes() == before
