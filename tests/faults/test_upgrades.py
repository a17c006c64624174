"""Stores of other versions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from longwatch.cli.exits import Exit
from longwatch.client.sync import Client
from longwatch.protocol.jobs import JobState
from longwatch.store.database import open_engine
from longwatch.store.tables import HEAD
from support.processes import longwatch, serve

STORES = sorted(Path(__file__).with_name("stores").glob("*.sql"))
"""One of each released schema, as `sqlite3 jobs.sqlite .dump` writes it: never changed again. In
each are three jobs: one is over, one ran when its server died, one waited."""


def laid_out(dump: Path, data_dir: Path) -> Path:
    data_dir.mkdir(mode=0o700)
    path = data_dir / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.executescript(dump.read_text(encoding="utf-8"))
    return path


def schema(path: Path) -> dict[str, str]:
    """What makes each table and index, however it is spaced."""
    with closing(sqlite3.connect(path)) as store:
        made = store.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in made if not name.startswith("sqlite_")}


# A server and a query each: those before the last one take their time in `make test-all`.
OLDER = [pytest.param(dump, id=dump.stem, marks=pytest.mark.slow) for dump in STORES[:-1]]


@pytest.mark.parametrize("dump", [*OLDER, pytest.param(STORES[-1], id=STORES[-1].stem)])
def test_a_store_of_an_earlier_version_goes_on(dump: Path, tmp_path: Path) -> None:
    """Invariant: a store of any schema ever released is brought up to date at the start and
    works; no job in it is lost, and each that was not over comes to its end."""
    laid_out(dump, tmp_path / "data")
    env = {"LONGWATCH_WARM_SPARE": "false"}
    with serve(tmp_path / "data", **env) as served, Client(served.address) as client:
        ids = [one.id for one in client.jobs()]
        assert ids == ["third00000000000", "second0000000000", "first00000000000"]
        first = client.job("first00000000000").status()
        assert (first.name, first.owner, first.state) == ("The first", "ada", JobState.SUCCEEDED)
        assert client.job("second0000000000").result(60).fetchall() == [(2,)]
        assert client.job("third00000000000").result(60).fetchall() == [(3,)]
        assert client.submit("SELECT 4").result(60).fetchall() == [(4,)]
        assert served.stop() == 0
    with closing(sqlite3.connect(tmp_path / "data" / "jobs.sqlite")) as store:
        assert store.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert store.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchall() == [
            ("6651aeb5445952fc",)
        ], "the same store: clients go on from their seq"


@pytest.mark.parametrize("dump", STORES, ids=lambda dump: dump.stem)
def test_an_upgraded_store_has_the_schema_of_a_new_one(dump: Path, tmp_path: Path) -> None:
    """Invariant: it makes no difference with which version a store began; so a migration that was
    released is never changed, but followed by another."""
    old, new = laid_out(dump, tmp_path / "old"), tmp_path / "new.sqlite"
    for path in (old, new):
        open_engine(path).dispose()
    assert schema(old) == schema(new)


def test_there_is_a_store_of_each_version() -> None:
    assert STORES[-1].stem == HEAD, f"put a dump of schema {HEAD} into tests/faults/stores"


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Invariant: a program older than its store does not start, says why, and changes nothing."""
    path = laid_out(STORES[-1], tmp_path / "data")
    with closing(sqlite3.connect(path)) as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.commit()
    before = path.read_bytes()
    done = longwatch("serve", "--data-dir", tmp_path / "data")
    assert done.code == Exit.UNREACHABLE
    assert "was written by a newer Longwatch" in done.err
    assert "Nothing was changed" in done.err
    assert path.read_bytes() == before
