"""Pages of older jobs beside the feed: what they may change, and what not."""

from __future__ import annotations

import pytest

from longwatch.protocol import jobs as protocol
from longwatch.protocol.frames import Snapshot
from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.mirror.asking import asked
from longwatch_desktop.mirror.filters import parse
from longwatch_desktop.mirror.jobs import Changes, JobMirror
from longwatch_desktop.mirror.listing import JobListing
from longwatch_desktop.mirror.query import JobFilter
from unit.desktop.mirror.builders import at, delta, job, running, snapshot

DONE = JobState.SUCCEEDED


def newest(*jobs: JobSummary, seq: int = 100) -> Snapshot:
    """A snapshot of the newest jobs alone."""
    return Snapshot(jobs=list(jobs), offset=0, total=50, seq=seq, more=False, older="below")


def mirror_of(*jobs: JobSummary) -> JobMirror:
    mirror = JobMirror()
    mirror.apply(newest(*jobs))
    return mirror


def take(mirror: JobMirror, *jobs: JobSummary, found: bool = False) -> Changes:
    changes = mirror.take(mirror.expect(), jobs, found=found)
    assert changes is not None
    return changes


def test_the_snapshot_tells_where_older_jobs_begin() -> None:
    mirror = mirror_of(job("a"))
    assert mirror.older == "below"
    mirror.apply(snapshot([job("a")], seq=120))
    assert mirror.older is None


def test_a_page_brings_jobs_that_are_no_news() -> None:
    mirror = mirror_of(job("a"))
    changes = take(mirror, job("b", DONE), job("c", DONE))
    assert changes.history
    assert len(changes.added) == 2
    assert set(mirror.ids()) == {"a", "b", "c"}
    assert mirror.counts[DONE] == 2
    assert mirror.seq == 100, "a page says nothing about what changed"


def test_a_page_never_puts_an_older_record_over_a_newer_one() -> None:
    mirror = mirror_of(running("a", seq=90))
    page = mirror.expect()
    mirror.apply(delta(101, [job("a", DONE, seq=101)]))
    changes = mirror.take(page, [running("a", seq=90)])
    assert changes is not None
    assert changes.updated == ()
    slot = mirror.slot("a")
    assert slot is not None
    assert mirror.record(slot).state is DONE


def test_a_page_that_is_ahead_of_the_feed_is_not_undone_by_it() -> None:
    mirror = mirror_of(running("a", seq=90))
    assert take(mirror, job("a", DONE, seq=102)).updated
    changes = mirror.apply(delta(101, [running("a", seq=101)]))
    assert changes.updated == ()
    assert mirror.counts[DONE] == 1


def test_a_job_removed_while_the_page_was_on_its_way_stays_away() -> None:
    mirror = mirror_of(job("a"))
    page, other = mirror.expect(), mirror.expect()
    mirror.apply(delta(101, removed=["b", "unknown"]))
    for one in (page, other):
        assert mirror.take(one, [job("b", DONE), job("c", DONE)]) is not None
    assert set(mirror.ids()) == {"a", "c"}


def test_a_page_from_before_a_snapshot_is_void() -> None:
    mirror = mirror_of(job("a"))
    page = mirror.expect()
    mirror.apply(newest(job("a"), seq=200))
    assert mirror.take(page, [job("b", DONE)]) is None
    assert set(mirror.ids()) == {"a"}


def test_a_snapshot_lets_older_jobs_go() -> None:
    mirror = mirror_of(job("a"))
    take(mirror, job("b", DONE))
    changes = mirror.apply(newest(job("a"), seq=200))
    assert len(changes.removed) == 1
    assert set(mirror.ids()) == {"a"}


def test_a_page_that_comes_between_two_chunks_stays() -> None:
    mirror = mirror_of(job("a"))
    chunk = Snapshot(jobs=[job("a")], offset=0, total=50, seq=200, more=True)
    mirror.apply(chunk)
    take(mirror, job("z", DONE))
    mirror.apply(Snapshot(jobs=[job("b")], offset=1, total=50, seq=200, more=False, older="x"))
    assert set(mirror.ids()) == {"a", "b", "z"}


def test_what_was_let_go_may_come_again() -> None:
    mirror = mirror_of(job("a"))
    listing = JobListing(mirror)
    listing.update(take(mirror, job("b", DONE), job("c", DONE)))
    assert len(listing) == 3
    slot = mirror.slot("b")
    assert slot is not None
    changes = mirror.let_go([slot])
    assert changes.history
    assert mirror.record(slot).id == "b", "until the next event"
    listing.update(changes)
    assert len(listing) == 2
    listing.update(take(mirror, job("b", DONE)))
    assert len(listing) == 3


def test_what_the_server_found_is_shown_though_the_words_are_not_here() -> None:
    mirror = mirror_of(job("a", submitted_at=at(9)), job("b", submitted_at=at(8)))
    listing = JobListing(mirror)
    listing.filter_by(JobFilter(words=("deep",)))
    assert len(listing) == 0
    old = job("c", DONE, submitted_at=at(1))
    known = job("b", submitted_at=at(8))
    listing.update(take(mirror, known, old, found=True))
    shown = [mirror.job(int(slot)).id for slot in listing.order]
    assert shown == ["b", "c"]
    listing.update(mirror.apply(delta(101, [job("c", DONE, submitted_at=at(1), seq=101)])))
    assert len(listing) == 2, "its words are still in it"
    listing.filter_by(JobFilter(words=("deep",), states=frozenset({DONE})))
    assert len(listing) == 1
    listing.filter_by(JobFilter(words=("other",)))
    assert len(listing) == 0


def test_a_slot_that_serves_another_job_was_not_found() -> None:
    mirror = mirror_of(job("a"))
    listing = JobListing(mirror)
    listing.filter_by(JobFilter(words=("deep",)))
    listing.update(take(mirror, job("b", DONE), found=True))
    listing.update(mirror.apply(delta(101, removed=["b"])))
    listing.update(mirror.apply(delta(102, [job("d", seq=102)])))
    assert len(listing) == 0


@pytest.mark.parametrize(
    ("text", "expected", "exact"),
    [
        ("", protocol.JobFilter(), True),
        (
            "state:failed,running",
            protocol.JobFilter(state=(JobState.FAILED, JobState.RUNNING)),
            True,
        ),
        ("source:FLIGHTS", protocol.JobFilter(source="flights"), True),
        ("source:gone", protocol.JobFilter(source="gone"), True),
        ("source:fl*", protocol.JobFilter(), False),
        ("source:a,b", protocol.JobFilter(), False),
        ("-source:a", protocol.JobFilter(), False),
        ("user:Ann", protocol.JobFilter(owner="ann"), True),
        ("user:me", protocol.JobFilter(owner="eve"), True),
        ("mine:", protocol.JobFilter(owner="eve"), True),
        ("two words", protocol.JobFilter(words=("two", "words")), True),
        ("two -words", protocol.JobFilter(words=("two",)), False),
        ("longer:5s", protocol.JobFilter(), False),
        ("older:100s", protocol.JobFilter(submitted_before=at(900)), True),
        ("newer:100s", protocol.JobFilter(submitted_after=at(900)), True),
        ("older:99999999w", protocol.JobFilter(submitted_before=at(-at(0).timestamp())), True),
        ("x" * 300, protocol.JobFilter(), False),
    ],
)
def test_what_a_server_is_asked(text: str, expected: protocol.JobFilter, exact: bool) -> None:
    query = parse(text, me="eve")
    assert isinstance(query, JobFilter)
    found = asked(query, at(1_000), ["flights", "other"], ["ann"])
    assert found is not None
    assert (found.which, found.exact) == (expected, exact)
    assert found.has_words == bool(expected.words)
    assert found.left.words == (() if found.has_words else query.words)


def test_nothing_is_asked_for_no_state() -> None:
    assert asked(JobFilter(states=frozenset()), at(0), [], []) is None


def test_mine_takes_no_value() -> None:
    assert not isinstance(parse("mine:ann"), JobFilter)
    assert parse("-mine:", me="eve") == JobFilter(not_owner=("eve",))
    assert parse("user:me") == JobFilter(owner=("me",)), "while nobody knows who that is"
