"""`JobListing`: the cases worth a name. test_against_reference.py has all the others."""

from __future__ import annotations

import pytest

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.mirror.jobs import NO_CHANGES, JobMirror
from longwatch_desktop.mirror.listing import JobListing, ListingChange, SortKey
from longwatch_desktop.mirror.query import JobFilter
from unit.desktop.mirror.builders import at, delta, job, reported, running, snapshot, told

NOW = at(1_000)


class Table:
    """A mirror and a listing that follows it."""

    def __init__(self, *jobs: JobSummary) -> None:
        self.mirror = JobMirror()
        self.listing = JobListing(self.mirror)
        self.seq = 100
        self.listing.update(self.mirror.apply(snapshot(jobs)), now=NOW)

    def put(self, *jobs: JobSummary, removed: tuple[str, ...] = ()) -> ListingChange:
        self.seq += 1
        frame = delta(self.seq, jobs, removed, from_=self.seq - 1)
        return self.listing.update(self.mirror.apply(frame), now=NOW)

    def tell(self, *reports: object) -> ListingChange:
        changes = self.mirror.apply(told(*reports))  # type: ignore[arg-type]
        return self.listing.update(changes, now=NOW)

    def wants_resort(self) -> bool:
        return self.listing.wants_resort

    def rows(self) -> list[str]:
        return [self.mirror.job(slot).id for slot in self.listing.order.tolist()]


def test_a_new_job_is_at_the_top_at_once() -> None:
    table = Table(job("b", submitted_at=at(2)), job("a"))
    change = table.put(job("c", submitted_at=at(3), seq=101))
    assert table.rows() == ["c", "b", "a"]
    assert (change.moved, change.inserted, change.removed) == (True, (0, 0), None)
    assert change.dirty == ()


def test_a_finished_job_stays_where_it_is_and_is_dirty() -> None:
    table = Table(job("c", submitted_at=at(3)), running("b", submitted_at=at(2)), job("a"))
    change = table.put(job("b", JobState.SUCCEEDED, submitted_at=at(2), seq=101))
    assert (change.moved, change.dirty) == (False, (1,))


def test_the_jobs_behind_one_that_left_the_line_are_dirty() -> None:
    table = Table(job("c", submitted_at=at(3)), job("b", submitted_at=at(2)), job("a"))
    change = table.put(running("a", seq=101))
    assert (change.moved, change.dirty) == (False, (0, 1, 2))


def test_removed_rows_in_one_block_are_named() -> None:
    table = Table(*(job(name, JobState.FAILED) for name in "abcd"))
    change = table.put(removed=("b", "c"))
    assert (table.rows(), change.removed, change.inserted) == (["a", "d"], (1, 2), None)
    change = table.put(job("e", seq=102), removed=("a",))
    assert (change.moved, change.removed, change.inserted) == (True, None, None)


def test_rows_sorted_by_progress_keep_their_place_until_told() -> None:
    table = Table(running("a"), running("b"), job("queued"))
    table.listing.sort_by("progress", True, NOW)
    assert table.rows() == ["a", "b", "queued"]
    change = table.tell(reported("b", fraction=0.5))
    assert (table.rows(), change.moved, change.dirty) == (["a", "b", "queued"], False, (1,))
    change = table.listing.update(NO_CHANGES, resort=True, now=NOW)
    assert (table.rows(), change.moved, change.dirty) == (["b", "a", "queued"], True, ())
    table.put(running("c", seq=101))
    assert table.rows()[0] == "b"


def test_a_resort_is_wanted_when_it_could_change_something() -> None:
    table = Table(running("a"), running("b"))
    table.tell(reported("a", fraction=0.25))
    assert not table.wants_resort(), "newest first needs none"
    table.listing.sort_by("progress", True, NOW)
    assert not table.wants_resort()
    table.tell(reported("b", fraction=0.5))
    assert table.wants_resort()
    table.listing.update(NO_CHANGES, resort=True, now=NOW)
    assert not table.wants_resort()
    table.put(job("a", JobState.SUCCEEDED, seq=101), job("b", JobState.FAILED, seq=101))
    assert table.wants_resort(), "also when nothing runs any more"
    table.listing.sort_by("elapsed", True, NOW)
    assert not table.wants_resort()
    table.put(running("c", seq=102))
    table.listing.update(NO_CHANGES, resort=True, now=NOW)
    assert table.wants_resort(), "time passes for what runs"
    table.listing.sort_by("submitted", True, NOW)
    table.listing.filter_by(JobFilter(newer_s=60), NOW)
    assert table.wants_resort()


def test_what_has_no_key_is_last_both_ways() -> None:
    table = Table(job("queued"), running("a"), job("done", JobState.SUCCEEDED))
    table.listing.sort_by("elapsed", False, NOW)
    assert table.rows() == ["done", "a", "queued"]
    table.listing.sort_by("elapsed", True, NOW)
    assert table.rows() == ["a", "done", "queued"]


def test_time_alone_moves_rows_when_told_to_resort() -> None:
    table = Table(running("young"), job("old", JobState.SUCCEEDED, finished_at=at(500)))
    table.listing.sort_by("elapsed", True, at(100))
    assert table.rows() == ["old", "young"]
    assert table.listing.update(NO_CHANGES, resort=True, now=at(600)).moved
    assert table.rows() == ["young", "old"]
    table.listing.filter_by(JobFilter(longer_s=700), at(600))
    assert table.rows() == []
    change = table.listing.update(NO_CHANGES, resort=True, now=at(702))
    assert (table.rows(), change.inserted) == (["young"], (0, 0))


ANY = JobFilter(words=("job",))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ANY, JobFilter(words=("job a",)), ["a"]),
        (ANY, JobFilter(words=("job", "job b")), ["b"]),
        (JobFilter(words=("job a",)), ANY, ["a", "b"]),
        (JobFilter(words=("JOB",), states=frozenset({JobState.RUNNING})), ANY, ["a", "b"]),
        (JobFilter(words=("job",), source=("x",)), ANY, ["a", "b"]),
        (JobFilter(words=("job",), owner=("x",)), ANY, ["a", "b"]),
        (JobFilter(words=("job",), not_source=("flights",)), ANY, ["a", "b"]),
        (JobFilter(words=("job",), not_owner=("ann",)), ANY, ["a", "b"]),
        (JobFilter(words=("job",), without=("a",)), ANY, ["a", "b"]),
        (JobFilter(words=("job",), newer_s=1), ANY, ["a", "b"]),
        (JobFilter(without=("job",)), JobFilter(without=("job a",)), ["b"]),
    ],
)
def test_one_filter_after_another(before: JobFilter, after: JobFilter, expected: list[str]) -> None:
    table = Table(running("a"), job("b"))
    table.listing.filter_by(before, NOW)
    table.listing.filter_by(after, NOW)
    assert table.rows() == expected


def test_a_job_leaves_a_filtered_table_when_it_no_longer_matches() -> None:
    table = Table(running("a"), running("b"), job("c"))
    table.listing.filter_by(JobFilter(states=frozenset({JobState.RUNNING})), NOW)
    assert table.rows() == ["a", "b"]
    change = table.put(job("a", JobState.FAILED, seq=101))
    assert (table.rows(), change.removed) == (["b"], (0, 0))
    slot = table.mirror.slot("a")
    assert slot is not None
    assert table.listing.row_of(slot) == -1


def test_a_reconnect_moves_nothing() -> None:
    jobs = [job(name, JobState.SUCCEEDED) for name in "abc"]
    table = Table(*jobs)
    before = table.listing.order
    change = table.listing.update(table.mirror.apply(snapshot(jobs, 150)), now=NOW)
    assert change == ListingChange(moved=False, dirty=())
    assert table.listing.order is before


def test_an_unknown_key_is_refused() -> None:
    listing = JobListing(JobMirror())
    with pytest.raises(ValueError, match="colour"):
        listing.sort_by("colour", True)
    assert listing.key is SortKey.SUBMITTED


def test_column_ids_never_change() -> None:
    assert {key.value for key in SortKey} >= {
        *("submitted", "name", "state", "progress", "eta", "elapsed", "rows", "size"),
        *("memory", "spill", "source", "owner", "priority", "attempt", "started", "finished"),
    }


def test_states_ascend_from_what_wants_attention() -> None:
    table = Table(*(job(state.value, state) for state in JobState))
    table.listing.sort_by("state", False)
    assert table.rows() == ["running", "queued", "failed", "lost", "cancelled", "succeeded"]
