"""The SQLite file: its settings, its schema, and what may be wrong with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from longwatch.store import repository, upgrade
from longwatch.store.database import open_engine
from longwatch.store.errors import StoreTooNew, StoreUnusable
from longwatch.store.tables import HEAD, metadata
from longwatch.store.writer import StoreThread
from support.servers import job


def opened(path: Path) -> StoreThread:
    thread = StoreThread(path, lambda _changes: None)
    thread.open()
    return thread


def test_what_was_answered_outlives_a_power_cut(tmp_path: Path) -> None:
    thread = opened(tmp_path / "jobs.sqlite")

    def pragma(name: str) -> object:
        return thread.submit(
            lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        ).result(10)

    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 2  # FULL
    assert pragma("busy_timeout") == 5000
    thread.close()
    assert not (tmp_path / "jobs.sqlite-wal").exists()


def test_epoch_names_the_file_for_ever(tmp_path: Path) -> None:
    epochs = []
    for name in ("a", "a", "b"):
        thread = opened(tmp_path / name)
        epochs.append(thread.submit(repository.epoch).result(10))
        thread.close()
    assert epochs[0] == epochs[1] != epochs[2]
    assert len(epochs[0]) == 16


def test_numbers_go_on_where_they_ended(tmp_path: Path) -> None:
    for expected in (1, 2):
        thread = opened(tmp_path / "jobs.sqlite")
        assert thread.submit(lambda tx: repository.add(tx, job())).result(10).seq == expected
        thread.close()


def _is_no_index(name: str | None, kind: str, _parents: Any) -> bool:
    """What FTS5 keeps its own index in is nobody else's."""
    return kind != "table" or not (name or "").startswith("jobs_text")


def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    open_engine(path).dispose()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": _is_no_index}
        )
        assert context.get_current_revision() == HEAD == upgrade.head()
        assert compare_metadata(context, metadata) == []
        # What Alembic does not compare: a number is never given twice.
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'jobs'")
        assert "AUTOINCREMENT" in made.scalar_one()
    engine.dispose()


def test_a_store_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    opened(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(StoreTooNew, match=r"newer Longwatch \(its schema is '9999'\)"):
        opened(path)
    assert hashlib.sha256(path.read_bytes()).digest() == before


@pytest.mark.parametrize("damage", ["text", "header", "middle"])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "jobs.sqlite"
    if damage == "text":
        path.write_text("this is no database " * 200)
    else:
        thread = opened(path)
        for _ in range(50):
            thread.submit(lambda tx: repository.add(tx, job("select " + "1" * 2000))).result(10)
        thread.close()
        content = bytearray(path.read_bytes())
        start = 0 if damage == "header" else 4096
        content[start : start + 8192] = b"\xee" * 8192
        path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"The job store .*jobs\.sqlite cannot be used: "):
        opened(path)


def test_a_file_that_another_program_holds_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longwatch.store.database.BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "jobs.sqlite"
    opened(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnusable, match="database is locked"):
        opened(path)
    other.close()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o500)
    try:
        if os.access(folder, os.W_OK):  # root writes anywhere
            pytest.skip("this user may write everywhere")
        with pytest.raises(StoreUnusable, match="unable to open database file"):
            opened(folder / "jobs.sqlite")
    finally:
        folder.chmod(0o700)


def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="unable to open database file"):
        opened(tmp_path / "nowhere" / "jobs.sqlite")


FILL = """
import sys
from pathlib import Path
from longwatch.store import listing, repository
from longwatch.store.errors import StoreFull
from longwatch.store.listing import Filter
from longwatch.store.writer import StoreThread
from support.servers import job

thread = StoreThread(Path(sys.argv[1]) / "jobs.sqlite", lambda _changes: None)
thread.open()
kept = []
try:
    while True:
        one = job("select '" + "x" * 50_000 + "'")
        kept.append(thread.submit(lambda tx: repository.add(tx, one)).result(10).id)
except StoreFull as error:
    print(error)
listed = thread.submit(
    lambda tx: listing.page(tx, Filter(), before_n=None, limit=1000)
).result(10)
assert [one.id for one in listed.jobs] == kept[::-1], (len(listed.jobs), len(kept))
thread.close()
print(len(kept), "kept")
"""


def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    """On a real file system of 2 MB, in a mount namespace of its own."""
    mount = ["unshare", "--user", "--map-root-user", "--mount"]
    probe = f"mount -t tmpfs -o size=2m none {tmp_path}"
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    if subprocess.run([*mount, "sh", "-c", probe], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a tmpfs")
    command = f'{probe} && exec "$0" -c "$1" {tmp_path}'
    done = subprocess.run(
        [*mount, "sh", "-c", command, sys.executable, FILL],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode == 0, done.stderr
    assert "There is no room left for the job store" in done.stdout
    assert int(done.stdout.splitlines()[-1].split()[0]) > 3
