"""What an upgrade leaves to be done, and the JSON that is kept of jobs that are over."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, text

from longwatch.jobs.model import evolve
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch.store import chunks, database, finding, listing, markers, repository, upkeep
from longwatch.store.finding import Filter
from longwatch.store.rows import to_row
from longwatch.store.tables import job_json, jobs
from longwatch.store.writer import StoreThread, Transaction
from support.servers import job
from unit.server.store.conftest import OpenStore

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def filled(store: OpenStore, count: int) -> None:
    """So many jobs that are over; each tenth speaks of ships, the others of trains."""

    def add(tx: Transaction) -> None:
        made = []
        for seq in range(1, count + 1):
            one = job(f"select {seq} from {'trains' if seq % 10 else 'ships'}")
            made.append(to_row(evolve(one, state=JobState.SUCCEEDED, seq=seq)))
        tx.connection.execute(insert(jobs), made)

    store.run(add)


def as_upgraded(tx: Transaction) -> None:
    """What migration 0003 and the first start leave: nothing indexed, nothing kept."""
    tx.connection.execute(text("INSERT INTO jobs_text (jobs_text) VALUES ('delete-all')"))
    tx.connection.execute(job_json.delete())
    for marker in (markers.INDEXED_N, markers.UNINDEXED_N, markers.UNWRITTEN_N):
        tx.connection.execute(
            text(f"INSERT OR REPLACE INTO meta SELECT '{marker}', max(n) FROM jobs")
        )


def numbers(store: OpenStore, which: Filter) -> list[int]:
    found: list[int] = store.run(finding.newest, which, before_n=None, limit=1000)[0]
    return found


def kept(store: OpenStore) -> int:
    found: int = store.run(
        lambda tx: tx.connection.execute(text("SELECT count(*) FROM job_json")).scalar_one()
    )
    return found


def told(store: OpenStore) -> list[JobSummary]:
    found = store.run(chunks.chunk, Filter(), before_n=None, limit=10_000, count=True)
    assert found.count + len(found.running) == found.total
    jobs: list[JobSummary] = msgspec.json.decode(b"[%b]" % found.text, type=list[JobSummary])
    return [*jobs, *found.running]


def listed(store: OpenStore) -> list[JobSummary]:
    found: list[JobSummary] = store.run(listing.page, Filter(), before_n=None, limit=10_000).jobs
    return found


def test_everything_is_found_while_the_index_is_built(
    sqlite_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant: at every step of an upgrade searches find what there is, new jobs and removed
    ones included, and snapshots tell every job once."""
    monkeypatch.setattr(upkeep, "INDEXED", 70)
    monkeypatch.setattr(upkeep, "WRITTEN", 90)
    filled(sqlite_store, 350)
    sqlite_store.run(as_upgraded)
    ships = set(range(10, 351, 10))
    steps = 0
    while sqlite_store.run(upkeep.step):
        steps += 1
        gone = min(ships) if steps % 2 else max(ships)
        job_id = sqlite_store.run(repository.by_number, gone).id
        sqlite_store.run(repository.remove, job_id, at=NOW)
        ships.remove(gone)
        assert set(numbers(sqlite_store, Filter(text="from ships"))) == ships
        assert len(told(sqlite_store)) == 350 - steps
    assert steps > 8
    assert kept(sqlite_store) == 350 - steps
    new = [sqlite_store.run(repository.add, job("select 1 from ships")) for _ in range(120)]
    assert len(numbers(sqlite_store, Filter(text="from ships"))) == len(ships) + len(new)
    check = text("INSERT INTO jobs_text (jobs_text) VALUES ('integrity-check')")
    sqlite_store.run(lambda tx: tx.connection.execute(check))  # raises if it is damaged


def test_the_index_holds_what_its_trigger_takes_out(sqlite_store: OpenStore) -> None:
    query = text("SELECT sql FROM sqlite_master WHERE name = 'jobs_indexed'")
    assert upkeep.INDEX in sqlite_store.run(lambda tx: tx.connection.execute(query).scalar_one())


def test_the_json_of_a_job_is_kept_from_its_end_until_it_changes(store: OpenStore) -> None:
    one, two = (store.run(repository.add, job()) for _ in range(2))
    store.run(repository.change, one.id, JobEvent.STARTED, attempt=1, at=NOW)
    assert kept(store) == 0
    store.run(repository.change, one.id, JobEvent.SUCCEEDED, attempt=1, at=NOW, finished_at=NOW)
    assert kept(store) == 1
    by_id = {told_one.id: told_one for told_one in told(store)}
    assert by_id == {listed_one.id: listed_one for listed_one in listed(store)}
    query = text("UPDATE jobs SET priority = 7 WHERE id = :id")
    store.run(lambda tx: tx.connection.execute(query, {"id": one.id}))
    assert kept(store) == 0
    assert {told_one.id: told_one.priority for told_one in told(store)} == {one.id: 7, two.id: 0}


def test_json_of_another_form_is_forgotten_and_written_anew(tmp_path: Path) -> None:
    """Invariant: what another version kept is told to no client."""
    path = tmp_path / "jobs.sqlite"
    thread = StoreThread(path, lambda _changes: None)
    thread.open()
    one = thread.submit(lambda tx: repository.add(tx, job())).result(10)

    def end(tx: Transaction) -> None:
        for event in (JobEvent.STARTED, JobEvent.SUCCEEDED):
            repository.change(tx, one.id, event, attempt=1, at=NOW)

    thread.submit(end).result(10)
    thread.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE job_json SET text = '{}'")
        other.execute("UPDATE meta SET value = 'older' WHERE key = 'json_format'")
        other.commit()
    database.open_engine(path).dispose()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM job_json").fetchone() == (0,)
        marker = other.execute("SELECT value FROM meta WHERE key = 'unwritten_n'").fetchone()
        assert marker == ("1",)


def test_the_stores_thread_does_it_between_what_is_asked(tmp_path: Path) -> None:
    left = 20
    done: list[int] = []

    def step(_tx: Transaction) -> bool:
        done.append(len(done))
        time.sleep(0.005)
        return len(done) < left

    thread = StoreThread(tmp_path / "other.sqlite", lambda _changes: None, step)
    thread.open()
    asked = 0
    while len(done) < left:
        thread.submit(repository.newest_seq).result(10)
        asked += 1
    assert asked >= left / 2, "who asks waits for one step, not for all"
    time.sleep(0.05)
    assert len(done) == left, "it ends when there is no more to do"
    thread.close()


def test_upkeep_that_fails_leaves_the_store_usable(tmp_path: Path) -> None:
    def step(_tx: Transaction) -> bool:
        raise RuntimeError("no more")

    thread = StoreThread(tmp_path / "other.sqlite", lambda _changes: None, step)
    thread.open()
    assert thread.submit(repository.newest_seq).result(10) == 0
    thread.close()
