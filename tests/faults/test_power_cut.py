"""What was promised outlives a power cut."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import support.synced
from longwatch.client.address import Address
from longwatch.client.sync import Client
from support.load import Promised, check_store, cut_the_power, load
from support.processes import environment, serve
from support.waiting import wait_until

SYNCED = Path(support.synced.__file__)


@pytest.fixture(scope="module", autouse=True)
def needs_sqlite() -> None:
    probe = "from support.synced import *; SyncedFiles(Path()).install()"
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env=environment(PYTHONPATH=str(SYNCED.parents[1])),
        capture_output=True,
        text=True,
        check=False,
    )
    if "Unsupported" in done.stderr:
        pytest.skip(f"SQLite is out of reach: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def served_until_cut(folder: Path, seed: int) -> Promised:
    """Serve under load, cut the power after some promises; what the disk has is in `disk`."""
    data_dir, disk, ready = folder / "data", folder / "disk", folder / "ready"
    disk.mkdir()
    arguments = ["serve", "--data-dir", str(data_dir), "--ready-file", str(ready)]
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(SYNCED), str(disk), *arguments],
            env=environment(),
            stdout=out,
            stderr=out,
        )
    promised = Promised()
    try:
        wait_until(ready.exists, patience_s=30)
        said = json.loads(ready.read_text())
        enough = random.Random(seed).randint(5, 40)
        address = Address.parse(said["url"], said["token"])
        with load(address, promised, seed, most=enough + 8):
            wait_until(lambda: len(promised.ids) >= enough, patience_s=30)
            process.kill()
    finally:
        process.kill()
        process.wait()
        cut_the_power(None, data_dir)
    return promised


def nothing_is_lost(tmp_path: Path, seed: int) -> None:
    promised = served_until_cut(tmp_path, seed)
    shutil.copytree(tmp_path / "disk", tmp_path / "seen")
    check_store(tmp_path / "seen" / "jobs.sqlite", promised.ids, over=False)
    # The disk has no file of a runner: each job that ran when the power went is seen to.
    with serve(tmp_path / "disk") as served, Client(served.address) as client:
        for one in list(client.jobs()):
            job = client.job(one.id)
            job.cancel()
            job.wait(60)
        assert client.submit("SELECT 7").result(30).fetchall() == [(7,)]
        assert served.stop() == 0
    check_store(tmp_path / "disk" / "jobs.sqlite", promised.ids, over=True)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Invariant: every job answered with 202 is on the disk, whatever was not synced is dropped;
    and the server that starts over it brings each to exactly one end."""
    nothing_is_lost(tmp_path, 20_261_125)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_nothing_acknowledged_is_lost_wherever_it_is_cut(tmp_path: Path, seed: int) -> None:
    """The same invariant, at ten other points."""
    nothing_is_lost(tmp_path, seed)


def test_the_mirror_misses_what_was_not_synced(tmp_path: Path) -> None:
    """That the test above can fail: with `synchronous=NORMAL` a commit is not synced, and the
    mirror lacks it."""
    script = """
import sqlite3, sys
from pathlib import Path
from support.synced import SyncedFiles
data, mirror = Path(sys.argv[1]), Path(sys.argv[2])
SyncedFiles(mirror).install()
store = sqlite3.connect(data / "a", isolation_level=None)
store.execute("PRAGMA journal_mode=WAL")
store.execute("CREATE TABLE t (n)")
for level in ("FULL", "NORMAL", "FULL"):
    store.execute(f"PRAGMA synchronous={level}")
    store.execute("INSERT INTO t VALUES (1)")
    seen = [path.read_bytes() for path in (mirror / "a", mirror / "a-wal")]
    copy = mirror / "copy"
    for suffix, data in zip(("", "-wal"), seen):
        copy.with_name("copy" + suffix).write_bytes(data)
    other = sqlite3.connect(copy)
    print(*other.execute("SELECT count(*) FROM t").fetchone())
    other.close()
"""
    folders = [tmp_path / "data", tmp_path / "mirror"]
    for folder in folders:
        folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, folders)],
        env=environment(PYTHONPATH=str(SYNCED.parents[1])),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.split() == ["1", "1", "3"], done.stderr
