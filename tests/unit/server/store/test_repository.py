"""What the store answers: lists, pages, what changed since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from longwatch.jobs.errors import UnknownJob
from longwatch.jobs.model import evolve
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import (
    Column,
    Job,
    JobError,
    JobState,
    Limits,
    Phase,
    Progress,
    ProgressBasis,
    ResultInfo,
    StatementKind,
)
from longwatch.store import listing, repository
from longwatch.store.listing import Filter
from longwatch.store.rows import from_us, to_us
from support.servers import job
from unit.server.store.conftest import OpenStore

NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


def added(store: OpenStore, sql: str = "select 42", **fields: Any) -> Job:
    made: Job = store.run(repository.add, job(sql, **fields))
    return made


def happen(store: OpenStore, one: Job, event: JobEvent, attempt: int = 1, **changes: Any) -> Job:
    changed: Job = store.run(repository.change, one.id, event, attempt=attempt, at=NOW, **changes)
    return changed


def test_every_field_comes_back(store: OpenStore) -> None:
    one = added(store, "select 'ü\U0001f41d'", limits=Limits(memory_bytes=2**30, run_s=1.5))
    happen(store, one, JobEvent.STARTED, started_at=NOW)
    ended = happen(
        store,
        one,
        JobEvent.FAILED,
        finished_at=NOW,
        cancel_requested_at=NOW,
        cancel_confirmed=False,
        kind=StatementKind.WRITE,
        progress=Progress(fraction=0.25, basis=ProgressBasis.MEASURED, rows=7),
        error=JobError(code="x", message="y", line=1, column=2, hint="z"),
        result=ResultInfo(rows=1, bytes=2, columns=[Column(name="a", type="b")], complete=False),
    )
    read = store.run(repository.get, one.id)
    assert read == ended
    assert read.limits == Limits(memory_bytes=2**30, run_s=1.5)
    assert (read.error.column, read.started_at, read.cancel_confirmed) == (2, NOW, False)


def test_times_are_exact_to_the_microsecond() -> None:
    assert from_us(to_us(NOW)) == NOW
    assert to_us(None) is None
    assert from_us(None) is None


def test_an_unknown_job(store: OpenStore) -> None:
    with pytest.raises(UnknownJob, match=r"There is no job 'nobody' on this server\."):
        store.run(repository.get, "nobody")
    with pytest.raises(UnknownJob):
        store.run(repository.change, "nobody", JobEvent.STARTED, attempt=1, at=NOW)


def test_a_running_job_always_has_a_phase(store: OpenStore) -> None:
    one = added(store)
    assert one.phase is None
    assert happen(store, one, JobEvent.STARTED).phase is Phase.STARTING
    listed = store.run(listing.page, Filter(), before_n=None, limit=1).jobs[0]
    assert listed.phase is Phase.STARTING
    assert happen(store, one, JobEvent.SUCCEEDED).phase is None


def test_the_oldest_of_each_owner_source_and_priority_waits_in_front(store: OpenStore) -> None:
    first = added(store)
    added(store)
    high = added(store, priority=5)
    other: Job = store.run(repository.add, evolve(job(), owner="bob"))

    def fronts(*held: str) -> list[str]:
        groups = sorted(store.run(repository.waiting, held), key=lambda one: one.n)
        return [store.run(repository.by_number, one.n).id for one in groups]

    assert fronts() == [first.id, high.id, other.id]
    assert fronts(first.id, high.id)[1:] == [other.id]
    assert store.run(repository.count_queued) == 4
    assert store.run(repository.count_queued, "bob") == 1


def test_pages_are_newest_first_and_meet_without_overlap(store: OpenStore) -> None:
    ids = [added(store, f"select {n}").id for n in range(7)]
    seen, before_n, sizes = [], None, []
    while True:
        listed = store.run(listing.page, Filter(), before_n=before_n, limit=3)
        seen += [one.id for one in listed.jobs]
        sizes.append(len(listed.jobs))
        assert listed.total == 7
        before_n = listed.next_n
        if before_n is None:
            break
    assert seen == ids[::-1]
    assert sizes == [3, 3, 1]
    exact = store.run(listing.page, Filter(), before_n=None, limit=7)
    assert exact.next_n is None
    uncounted = store.run(listing.page, Filter(), before_n=None, limit=1, count=False)
    assert uncounted.total is None


def test_filters(store: OpenStore) -> None:
    one = added(store, "select 100% from a_b", name="Monthly")
    two = added(store, "select 1")
    happen(store, two, JobEvent.STARTED)

    def found(**which: Any) -> set[str]:
        listed = store.run(listing.page, Filter(**which), before_n=None, limit=10)
        assert listed.total == len(listed.jobs)
        return {entry.id for entry in listed.jobs}

    assert found(states=frozenset({JobState.QUEUED})) == {one.id}
    assert found(states=frozenset({JobState.QUEUED, JobState.RUNNING})) == {one.id, two.id}
    assert found(source="sample") == {one.id, two.id}
    assert found(source="other") == set()
    assert found(owner="ada") == {one.id, two.id}
    assert found(owner="bob") == set()
    assert found(text="MONTH") == {one.id}
    assert found(text="100%") == {one.id}
    assert found(text="a_b") == {one.id}
    assert found(text="aXb") == set()


def test_since_tells_what_changed_in_order_and_what_is_gone(store: OpenStore) -> None:
    one, two, three = (added(store) for _ in range(3))
    happen(store, one, JobEvent.STARTED)

    store.run(repository.remove, two.id, at=NOW)
    told = store.run(repository.since, 1, most=10)
    assert [entry.id for entry in told.changed] == [three.id, one.id]
    assert told.removed == {two.id: "ada"}
    assert told.seq == 5 == store.run(repository.newest_seq)
    nothing = store.run(repository.since, 5, most=10)
    assert (nothing.changed, nothing.removed, nothing.seq) == ([], {}, 5)
    assert store.run(repository.since, 6, most=10) is None  # not from this store
    assert store.run(repository.since, 0, most=2) is None  # too much to tell
    assert store.run(repository.since, 0, most=3) is not None


def test_lists_never_read_the_sql(sqlite_store: OpenStore) -> None:
    added(sqlite_store, "select '" + "x" * 100_000 + "'")
    read: list[str] = []
    sqlite_store.run(
        lambda tx: tx.connection.connection.dbapi_connection.set_trace_callback(read.append)
    )
    sqlite_store.run(listing.page, Filter(), before_n=None, limit=10)
    sqlite_store.run(repository.since, 0, most=10)
    sqlite_store.run(lambda tx: tx.connection.connection.dbapi_connection.set_trace_callback(None))
    selects = [text for text in read if text.startswith("SELECT jobs.n")]
    assert len(selects) == 3
    assert not any("jobs.sql" in text or "jobs.limits" in text for text in selects)
