"""What is remembered of runs, in both kinds of store."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import update

from longwatch.jobs.errors import UnknownRun
from longwatch.jobs.transitions import JobEvent
from longwatch.protocol.attempts import Trace
from longwatch.protocol.jobs import JobState
from longwatch.protocol.runs import Run
from longwatch.service import requests
from longwatch.store import repository, runs
from longwatch.store.errors import StoreUnusable
from longwatch.store.tables import runs as table
from support.remembered import BEGINNING, run, told, trace
from support.servers import job
from unit.server.store.conftest import OpenStore


def keep(store: OpenStore, *some: Run) -> None:
    for one in some:
        store.run(runs.add, one)


def ids(found: list[Run]) -> list[str]:
    return [one.job_id for one in found]


def numbered(*numbers: int) -> list[str]:
    return [f"job-{number:05}" for number in numbers]


def test_a_run_is_read_as_it_was_kept(store: OpenStore) -> None:
    plain = run(2, accuracy=None, tables=[], operators=[], numbers=[], trace=Trace())
    unbounded = run(3, "e", accuracy=told(0.1, None, None), trace=trace(128))
    keep(store, run(1), plain, unbounded)
    assert store.run(runs.get, "job-00001") == run(1)
    assert store.run(runs.get, "job-00002") == msgspec.structs.replace(plain, repeat=True)
    assert store.run(runs.get, "job-00003") == unbounded
    for unknown in ("job-00004", "", "\x00"):
        with pytest.raises(UnknownRun, match="longwatch runs"):
            store.run(runs.get, unknown)


def test_a_later_attempt_takes_the_place_of_an_earlier_one(store: OpenStore) -> None:
    keep(store, run(1), run(1, rows=3, accuracy=None))
    found, _ = store.run(runs.page, limit=5, traces=True)
    assert found == [run(1, rows=3, accuracy=None)], "nor does it repeat itself"
    assert not store.announced, "no change of a job, and nothing to tell feeds of"


def test_what_json_has_no_word_for_is_kept_as_nothing(store: OpenStore) -> None:
    nan = float("nan")
    keep(store, run(1, numbers=[nan, 7.0, float("inf")], accuracy=told(nan)))
    kept = store.run(runs.get, "job-00001")
    assert (kept.numbers, kept.accuracy) == ([0.0, 7.0, 0.0], None)
    assert msgspec.json.decode(msgspec.json.encode(kept), type=Run) == kept


def test_runs_of_a_fingerprint_come_newest_first(store: OpenStore) -> None:
    keep(store, *(run(number) for number in (3, 1, 12, *range(4, 12), 2)), run(20, "other"))
    found = store.run(runs.like, "d", "sales", "duckdb", ["flights"])
    assert ids(found) == numbered(*range(12, 4, -1))
    assert found[0] == run(12, repeat=True), "with its trace"
    assert ids(store.run(runs.like, "d", "sales", "duckdb", [], limit=2)) == numbered(12, 11)


def test_a_query_without_runs_is_compared_with_those_on_the_same_tables(store: OpenStore) -> None:
    keep(
        store,
        run(1, "both", tables=["airports", "flights"]),
        run(2, "both", tables=["airports", "flights"]),
        run(3, "neither", tables=["planes"]),
        run(4, "one", tables=["flights", "weather"]),
        run(5, "one, newer", tables=['fli"ghts', "airports"]),
        run(6, "elsewhere", tables=["airports", "flights"], source="other"),
        run(7, "another engine", tables=["airports", "flights"], engine="sqlite"),
        run(8, "own", tables=["airports", "flights"]),
    )
    found = store.run(runs.like, "own", "sales", "duckdb", ["airports", "flights"])
    assert ids(found) == numbered(8, 2, 5, 4, 3)
    assert found[1] == run(2, "both", tables=["airports", "flights"], repeat=True)
    assert ids(store.run(runs.like, "new", "sales", "duckdb", ['fli"ghts'])) == numbered(
        5, 8, 4, 3, 2
    )
    keep(store, run(9, "own", tables=["airports", "flights"]))
    found = store.run(runs.like, "own", "sales", "duckdb", ["airports", "flights"])
    assert ids(found) == numbered(9, 8), "two of its own are enough"
    keep(store, *(run(number, f"more {number}", tables=["planes"]) for number in range(20, 40)))
    found = store.run(runs.like, "new", "sales", "duckdb", ["flights"])
    assert ids(found) == numbered(9, 4, 2, *range(39, 34, -1))


def test_pages_go_through_every_run_once(store: OpenStore) -> None:
    together = [run(number, ended_at=BEGINNING) for number in range(7)]
    keep(store, *together, run(8, "e", source="other"))
    seen: list[str] = []
    before: runs.Place | None = None
    while True:
        some, before = store.run(runs.page, before=before, limit=3)
        assert all(len(one.trace) == 0 for one in some), "traces are for those who ask for them"
        seen += ids(some)
        if before is None:
            break
    assert seen == numbered(8, *range(6, -1, -1))
    assert ids(store.run(runs.page, source="other", limit=9)[0]) == numbered(8)
    assert ids(store.run(runs.page, digest="d", limit=2)[0]) == numbered(6, 5)
    assert store.run(runs.page, source="\x00", limit=9) == ([], None)


def test_accuracy_is_told_for_each_source(store: OpenStore) -> None:
    keep(
        store,
        run(1, accuracy=told(0.30, None, None)),
        run(2, accuracy=told(0.04, 0.9, 0.2)),
        run(3, accuracy=told(0.02, 0.7, 0.8)),
        run(4, "e", accuracy=told(0.20, 0.5, 0.4)),
        run(5, "f", accuracy=None),
        run(6, "g", source="another", accuracy=None),
    )
    another, sales = store.run(runs.accuracy)
    assert (another.source, another.runs, another.repeats) == ("another", 1, 0)
    assert another.fraction_error is another.range_held is another.range_width is None
    assert (sales.source, sales.runs, sales.repeats) == ("sales", 5, 2)
    assert sales.fraction_error == pytest.approx(0.14)
    assert sales.fraction_error_repeats == pytest.approx(0.03)
    assert sales.fraction_error_first == pytest.approx(0.25)
    assert sales.range_held == pytest.approx(0.7)
    assert sales.range_width == pytest.approx(0.4)


def test_what_is_not_kept_goes_a_little_at_a_time(store: OpenStore) -> None:
    keep(store, *(run(number) for number in range(12)), run(20, "e"), run(30, "f"))

    def left() -> list[str]:
        return ids(store.run(runs.page, limit=50)[0])

    assert store.run(runs.prune, per_fingerprint=10, most=1) == 1
    assert store.run(runs.prune, per_fingerprint=10, most=5) == 1
    assert store.run(runs.prune, per_fingerprint=10) == 0
    assert left() == numbered(30, 20, *range(11, 1, -1))
    assert store.run(runs.prune, older_than=run(3).ended_at) == 2
    assert left() == numbered(30, 20, *range(11, 3, -1)), "one by its age, one more than eight"
    assert store.run(runs.prune, total=4) == 6
    assert left() == numbered(30, 20, 11, 10)
    assert store.run(runs.prune, total=None) == 0


def test_runs_are_forgotten_by_source_and_fingerprint(store: OpenStore) -> None:
    keep(store, run(1), run(2), run(3, "e"), run(4, "f", source="other"))
    assert store.run(runs.remove, source="nowhere") == store.run(runs.remove, digest="\x00") == 0
    assert store.run(runs.remove, source="sales", digest="d", most=1) == 1
    assert store.run(runs.remove, digest="d") == 1
    assert store.run(runs.remove, source="other") == 1
    assert store.run(runs.remove) == 1
    assert store.run(runs.page, limit=1) == ([], None)


def test_a_run_outlives_its_job(store: OpenStore) -> None:
    one = store.run(repository.add, job())
    for event in (JobEvent.STARTED, JobEvent.SUCCEEDED):
        store.run(repository.change, one.id, event, attempt=1, at=BEGINNING)
    assert store.run(repository.get, one.id).state is JobState.SUCCEEDED
    keep(store, run(1, job_id=one.id))
    store.run(requests.delete, one.id, BEGINNING, None)
    assert store.run(runs.get, one.id).job_id == one.id


def test_a_damaged_trace_is_told_and_harms_nothing_else(store: OpenStore) -> None:
    keep(store, run(1))
    change = update(table).values(trace=b"not zlib")
    store.run(lambda tx: tx.connection.execute(change).rowcount)
    with pytest.raises(StoreUnusable, match="job-00001 is damaged"):
        store.run(runs.get, "job-00001")
    assert ids(store.run(runs.page, limit=1)[0]) == numbered(1)
    assert len(store.run(runs.accuracy)) == 1
