"""Whatever way jobs are found, they are those that one would find by looking at each."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from longwatch.jobs.model import evolve, summary
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.jobs import (
    Column,
    Job,
    JobError,
    JobState,
    JobSummary,
    Progress,
    ProgressBasis,
    ResultInfo,
    StatementKind,
)
from longwatch.store import chunks, finding, listing, markers, repository
from longwatch.store.finding import Filter
from longwatch.store.rows import to_row
from longwatch.store.tables import jobs
from longwatch.store.writer import Transaction
from support.servers import job
from unit.server.store.conftest import OpenStore

NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
SQLS = (
    "select carrier from flights",
    "SELECT carrier,\n   origin FROM flights WHERE note = 'Überlingen 100%'",
    "select 'a_b' -- run",
    "select " + "x" * 10_050 + " from the_end",
    "s",
)


def filled(store: OpenStore, count: int, seed: int = 1) -> list[Job]:
    """So many jobs of all kinds, newest last."""
    dice = random.Random(seed)
    made = []
    for seq in range(1, count + 1):
        one = job(dice.choice(SQLS))
        made.append(
            evolve(
                one,
                name=dice.choice([one.name, "Monthly report", "q"]),
                source=dice.choice(["sample", "warehouse", "crm"]),
                owner=dice.choice(["ada", "bob"]),
                state=dice.choices(list(JobState), [1, 1, 30, 3, 2, 1])[0],
                # A clock that is put back now and then.
                submitted_at=NOW + timedelta(seconds=seq - 50 * (dice.random() < 0.1)),
                seq=seq,
            )
        )

    def add(tx: Transaction) -> None:
        tx.connection.execute(insert(jobs), [to_row(one) for one in made])

    store.run(add)
    return made


def holds(one: Job, which: Filter) -> bool:
    places = [one.name, one.preview, one.source, one.owner, one.id, one.sql]
    return all(
        (
            which.states is None or one.state in which.states,
            which.source in {None, one.source},
            which.owner in {None, one.owner},
            not which.text or any(which.text.lower() in it.lower() for it in (one.name, one.sql)),
            all(any(word.lower() in it.lower() for it in places) for word in which.words),
            which.submitted_after is None or one.submitted_at >= which.submitted_after,
            which.submitted_before is None or one.submitted_at < which.submitted_before,
        )
    )


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"states": frozenset({JobState.LOST})},
    {"states": frozenset({JobState.SUCCEEDED, JobState.QUEUED})},
    {"states": frozenset()},
    {"source": "crm"},
    {"owner": "bob", "states": frozenset({JobState.FAILED})},
    {"source": "nowhere"},
    {"text": "carrier"},
    {"text": "CARRIER,"},
    {"text": "fr"},
    {"text": "from  flights"},
    {"text": "the_end"},
    {"text": "100%"},
    {"text": "a_b"},
    {"text": "a\x00b"},
    {"text": '"quoted'},
    {"text": "select", "owner": "ada", "states": frozenset({JobState.SUCCEEDED})},
    {"words": ("origin FROM", "crm")},
    {"words": ("month", "bob", "flights")},
    {"submitted_after": NOW + timedelta(seconds=60)},
    {"submitted_before": NOW + timedelta(seconds=30), "source": "sample"},
    {
        "submitted_after": NOW + timedelta(seconds=40),
        "submitted_before": NOW + timedelta(seconds=90),
        "text": "flights",
    },
)


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("given_", FILTERS, ids=lambda one: ",".join(one) or "all")
def test_every_way_finds_the_same(
    sqlite_store: OpenStore, given_: dict[str, Any], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    monkeypatch.setattr(finding, "DENSE", 1 if few else 1000)
    made = filled(sqlite_store, 250)
    gone = made.pop(20)
    sqlite_store.run(repository.remove, gone.id, at=NOW)
    find_the_same(sqlite_store, made, Filter(**given_))


@pytest.mark.parametrize("few", [0, 1000])
def test_postgresql_finds_the_same(
    postgresql_store: OpenStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    monkeypatch.setattr(finding, "DENSE", 1 if few else 1000)
    made = filled(postgresql_store, 250)
    gone = made.pop(20)
    postgresql_store.run(repository.remove, gone.id, at=NOW)
    for given_ in FILTERS:
        find_the_same(postgresql_store, made, Filter(**given_))
    # With an index as without: its parts are those that a text must have.
    postgresql_store.run(lambda tx: markers.put(tx.connection, markers.TEXT_INDEX, "pg_trgm"))
    for given_ in FILTERS:
        find_the_same(postgresql_store, made, Filter(**given_))


def find_the_same(store: OpenStore, made: list[Job], which: Filter) -> None:
    """What is listed and counted is what one finds by looking at each."""
    expected = [one for one in made if holds(one, which)]
    seen: list[str] = []
    before_n = None
    while True:
        listed = store.run(listing.page, which, before_n=before_n, limit=40)
        seen += [one.id for one in listed.jobs]
        assert listed.total == len(expected)
        kinds = Counter(one.state for one in made if holds(one, _any_state(which)))
        assert listed.totals == dict.fromkeys(JobState, 0) | kinds
        before_n = listed.next_n
        if before_n is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == {one.id for one in expected}
    if not which.is_timed:
        assert seen == [one.id for one in reversed(expected)]


def _any_state(which: Filter) -> Filter:
    return Filter(
        source=which.source,
        owner=which.owner,
        text=which.text,
        words=which.words,
        submitted_after=which.submitted_after,
        submitted_before=which.submitted_before,
    )


def test_counting_ends_where_each_would_have_to_be_looked_at(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 0)
    monkeypatch.setattr(finding, "COUNTED_BY_TEXT", 10)
    filled(store, 30)
    which = Filter(text="s")
    listed = store.run(listing.page, which, before_n=None, limit=5)
    assert (listed.total, listed.at_least) == (10, True)
    assert store.run(listing.find, which, before_n=None, limit=5).total == 30


def test_the_table_of_counts_follows_every_change(store: OpenStore) -> None:
    def counted() -> dict[str, int]:
        query = text(
            "SELECT state, sum(jobs) AS jobs FROM job_counts WHERE jobs > 0 GROUP BY state"
        )
        found: dict[str, int] = store.run(
            lambda tx: {row.state: row.jobs for row in tx.connection.execute(query)}
        )
        return found

    one, two = (store.run(repository.add, job()) for _ in range(2))
    assert counted() == {"queued": 2}
    store.run(repository.change, one.id, JobEvent.STARTED, attempt=1, at=NOW)
    assert counted() == {"queued": 1, "running": 1}
    store.run(repository.change, one.id, JobEvent.SUCCEEDED, attempt=1, at=NOW)
    store.run(repository.remove, two.id, at=NOW)
    assert counted() == {"succeeded": 1}


def test_without_an_index_of_texts_they_are_read(sqlite_store: OpenStore) -> None:
    made = filled(sqlite_store, 120)
    sqlite_store.run(
        lambda tx: tx.connection.execute(text("DELETE FROM meta WHERE key = 'indexed_n'"))
    )
    listed = sqlite_store.run(listing.page, Filter(text="carrier"), before_n=None, limit=200)
    assert {one.id for one in listed.jobs} == {one.id for one in made if "carrier" in one.sql}


MOMENT = st.datetimes(datetime(2001, 9, 10), datetime(2100, 1, 1), timezones=st.just(UTC))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
JOBS = st.builds(
    evolve,
    st.builds(job),
    name=TEXT,
    source=TEXT,
    owner=TEXT,
    preview=TEXT,
    state=st.sampled_from(JobState),
    kind=st.one_of(st.none(), st.sampled_from(StatementKind)),
    priority=st.integers(-100, 100),
    attempt=st.integers(0, 9),
    submitted_at=MOMENT,
    started_at=st.one_of(st.none(), MOMENT),
    finished_at=st.one_of(st.none(), MOMENT),
    cancel_requested_at=st.one_of(st.none(), MOMENT),
    cancel_confirmed=st.one_of(st.none(), st.booleans()),
    progress=st.builds(
        Progress,
        fraction=st.one_of(st.none(), st.floats(0, 1)),
        basis=st.sampled_from(ProgressBasis),
    ),
    error=st.one_of(st.none(), st.builds(JobError, code=TEXT, message=TEXT, hint=TEXT)),
    result=st.one_of(
        st.none(),
        st.builds(
            ResultInfo,
            rows=st.integers(0, 2**53),
            bytes=st.integers(0, 2**53),
            columns=st.lists(st.builds(Column, name=TEXT, type=TEXT), max_size=2),
            complete=st.booleans(),
        ),
    ),
    seq=st.just(1),
)


@given(made=st.lists(JOBS, min_size=1, max_size=5))
def test_snapshots_have_the_jobs_as_they_are(made: list[Job], one_store: OpenStore) -> None:
    def look(tx: Transaction) -> chunks.Chunk:
        tx.connection.execute(jobs.delete())
        rows = [to_row(evolve(one, seq=seq)) for seq, one in enumerate(made)]
        tx.connection.execute(insert(jobs), rows)
        return chunks.chunk(tx, Filter(), before_n=None, limit=10, count=True)

    found: chunks.Chunk = one_store.run(look)
    told = msgspec.json.decode(b"[" + found.text + b"]", type=list[JobSummary])
    assert (found.count, found.total) == (len(told), len(made))
    expected = [
        msgspec.structs.replace(
            summary(one), seq=seq, phase=None if one.state is not JobState.RUNNING else one.phase
        )
        for seq, one in reversed(list(enumerate(made)))
    ]
    assert told == [one for one in expected if one.state is not JobState.RUNNING]
    assert [one.id for one in found.running] == [
        one.id for one in expected if one.state is JobState.RUNNING
    ]


def test_a_chunk_of_some_jobs_only(store: OpenStore) -> None:
    made = filled(store, 100)
    which = Filter(owner="bob")
    ids: list[str] = []
    before_n = None
    while True:
        found = store.run(chunks.chunk, which, before_n=before_n, limit=7, count=before_n is None)
        told = msgspec.json.decode(b"[" + found.text + b"]", type=list[JobSummary])
        assert found.total == (None if before_n else sum(one.owner == "bob" for one in made))
        ids += [one.id for one in (*told, *found.running)]
        before_n = found.next_n
        if before_n is None:
            break
    assert sorted(ids) == sorted(one.id for one in made if one.owner == "bob")
