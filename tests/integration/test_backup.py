"""`longwatch backup` beside a server, and without one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from longwatch.cli.exits import Exit
from longwatch.client.sync import Client
from support.processes import longwatch, serve

COLD = {"LONGWATCH_WARM_SPARE": "false"}


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
        return [row[0] for row in copy.execute("SELECT id FROM jobs ORDER BY n")]


@pytest.mark.slow
def test_with_a_server_and_put_back(tmp_path: Path) -> None:
    data_dir, target = tmp_path / "data", tmp_path / "backup"
    with serve(data_dir, **COLD) as served, Client(served.address) as client:
        kept = client.submit("SELECT range AS n FROM range(3)")
        kept.result(30)
        done = longwatch("backup", target, "--results", "--data-dir", data_dir)
        assert done.code == 0, done.err
        assert "1 job," in done.text
        assert done.text.endswith("1 result\n")
        assert ids(target / "jobs.sqlite") == [kept.id]
        assert list((data_dir / "backups").iterdir()) == [], "the server's own copy is taken away"
        again = longwatch("backup", target, "--data-dir", data_dir)
        assert again.code == Exit.USAGE
        assert "--force" in again.err
        assert longwatch("backup", target, "--force", "--data-dir", data_dir).code == 0
    # Put back, as the command's help says.
    with serve(target, **COLD) as served, Client(served.address) as client:
        assert client.job(kept.id).result(30).fetchall() == [(0,), (1,), (2,)]


def test_without_a_server(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serve(data_dir, **COLD) as served, Client(served.address) as client:
        client.submit("SELECT 7").result(30)
        last = client.submit("SELECT 8").id
        served.kill()
    done = longwatch("backup", tmp_path / "one.sqlite", "--data-dir", data_dir)
    assert done.code == 0, done.err
    assert ids(tmp_path / "one.sqlite")[-1] == last, "the WAL a killed server left is taken up"


@pytest.mark.parametrize("held", [True, False])
def test_what_cannot_be_copied(tmp_path: Path, held: bool) -> None:
    if not held:
        done = longwatch("backup", tmp_path / "x", "--data-dir", tmp_path / "nowhere")
        assert done.code == Exit.USAGE
        assert "There are no jobs" in done.err
        return
    (tmp_path / "jobs.sqlite").touch()
    with FileLock(tmp_path / "server.lock"):
        done = longwatch("backup", tmp_path / "x", "--data-dir", tmp_path)
    assert done.code == Exit.UNREACHABLE
    assert "does not answer" in done.err
    assert not (tmp_path / "x").exists()
