"""`JobMirror`: the cases worth a name. test_against_reference.py has all the others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from longwatch.protocol.jobs import JobState, Phase, Progress, ProgressBasis
from longwatch_desktop.mirror.jobs import NO_CHANGES, JobMirror
from unit.desktop.mirror.builders import (
    at,
    chunks,
    delta,
    job,
    reported,
    running,
    snapshot,
    told,
)


def mirror_of(*jobs: object, seq: int = 100) -> JobMirror:
    mirror = JobMirror()
    mirror.apply(snapshot(jobs, seq))  # type: ignore[arg-type]  # the builders' jobs
    return mirror


def slot_of(mirror: JobMirror, job_id: str) -> int:
    slot = mirror.slot(job_id)
    assert slot is not None
    return slot


def test_a_new_mirror_is_empty() -> None:
    mirror = JobMirror()
    assert len(mirror) == 0
    assert not mirror.loading
    assert mirror.total is None
    assert mirror.slot("a") is None
    assert mirror.counts == dict.fromkeys(JobState, 0)
    assert mirror.apply(told(reported("a", fraction=0.5))) == NO_CHANGES


@pytest.mark.parametrize("slot", [-1, 0, 7])
def test_a_slot_without_a_job_is_a_key_error(slot: int) -> None:
    with pytest.raises(KeyError):
        JobMirror().job(slot)


def test_a_first_snapshot_loads_chunk_by_chunk() -> None:
    mirror = JobMirror()
    first, second, third = chunks([job(name) for name in "edcba"], 2)
    changes = mirror.apply(first)
    assert changes.reset
    assert len(changes.added) == 2
    assert (mirror.loading, mirror.loaded, mirror.total) == (True, 2, 5)
    assert not mirror.apply(second).reset
    assert (mirror.loading, mirror.loaded, mirror.total) == (True, 4, 5)
    mirror.apply(third)
    assert (mirror.loading, mirror.loaded, mirror.total) == (False, 0, None)
    assert mirror.seq == 100


def test_a_snapshot_after_a_reconnect_leaves_the_rows_in_place() -> None:
    mirror = mirror_of(job("d"), job("c"), job("b"), job("a"))
    slots = {name: mirror.slot(name) for name in "abc"}
    first, second = chunks([job("e"), job("c"), job("b", seq=150, name="New"), job("a")], 2, 200)
    changes = mirror.apply(first)
    assert not changes.reset
    assert (len(changes.added), changes.updated, changes.removed) == (1, (), ())
    assert set(mirror.ids()) == set("abcde"), "the job that is gone stays until the end"
    gone = slot_of(mirror, "d")
    changes = mirror.apply(second)
    assert changes.updated == (slots["b"],)
    assert changes.removed == (gone,)
    assert {name: mirror.slot(name) for name in "abc"} == slots


def test_a_snapshot_cut_short_is_begun_again() -> None:
    mirror = mirror_of(job("c"), job("b"), job("a"))
    mirror.apply(chunks([job("c"), job("b"), job("a")], 2, 120)[0])
    first, second = chunks([job("d"), job("c")], 1, 130)
    mirror.apply(first)
    assert mirror.loading
    mirror.apply(second)
    assert set(mirror.ids()) == {"d", "c"}


def test_a_delta_that_overtakes_a_snapshot_is_not_undone_by_it() -> None:
    mirror = JobMirror()
    first, second = chunks([job("b", seq=5), job("a", seq=4)], 1, 10)
    mirror.apply(first)
    mirror.apply(delta(12, [job("b", seq=11, name="Newer")], ["a"], from_=10))
    mirror.apply(second)
    assert set(mirror.ids()) == {"b"}
    assert mirror.job(slot_of(mirror, "b")).name == "Newer"
    assert mirror.seq == 12


def test_a_snapshot_begun_again_forgets_what_overtook_the_first() -> None:
    mirror = mirror_of(job("a"), seq=10)
    mirror.apply(chunks([job("b"), job("a")], 1, 11)[0])
    mirror.apply(delta(12, [], ["a"], from_=11))
    mirror.apply(snapshot([job("a")], seq=5))
    assert set(mirror.ids()) == {"a"}
    assert mirror.seq == 5


def test_an_older_record_never_replaces_a_newer_one() -> None:
    mirror = mirror_of(job("a", seq=50, name="Newer"))
    assert mirror.apply(delta(101, [job("a", seq=49, name="Older")])) == NO_CHANGES
    assert mirror.job(slot_of(mirror, "a")).name == "Newer"


def test_a_server_that_went_back_is_believed() -> None:
    mirror = mirror_of(job("a", JobState.SUCCEEDED, seq=90), job("b"), seq=100)
    mirror.apply(snapshot([job("a", seq=40)], seq=50))
    assert set(mirror.ids()) == {"a"}
    assert mirror.job(slot_of(mirror, "a")).state is JobState.QUEUED
    assert mirror.seq == 50


def test_a_server_that_went_back_during_the_first_snapshot_is_believed() -> None:
    mirror = JobMirror()
    mirror.apply(chunks([job("b"), job("a", JobState.SUCCEEDED, seq=12)][::-1], 1, 10)[0])
    mirror.apply(snapshot([job("a", seq=4)], seq=11))
    assert mirror.job(slot_of(mirror, "a")).state is JobState.QUEUED


def test_an_old_delta_brings_nothing_back() -> None:
    mirror = mirror_of(job("a"), seq=100)
    once = delta(101, [job("b", seq=101)])
    mirror.apply(once)
    mirror.apply(delta(102, [], ["b"], from_=101))
    assert mirror.apply(once) == NO_CHANGES
    assert set(mirror.ids()) == {"a"}


def test_a_removed_job_can_be_read_until_the_next_event() -> None:
    mirror = mirror_of(job("a"), job("b"))
    slot = slot_of(mirror, "a")
    assert mirror.apply(delta(101, [job("c", seq=101)], ["a"])).removed == (slot,)
    assert mirror.slot("a") is None
    assert mirror.job(slot).id == "a"
    mirror.apply(delta(102, [job("d", seq=102)], from_=101))
    assert mirror.job(slot).id == "d", "and then its slot serves another"


def test_progress_is_merged_into_the_job() -> None:
    mirror = mirror_of(running("a", phase=Phase.STARTING), job("b"))
    slot = slot_of(mirror, "a")
    progress = Progress(
        fraction=0.25,
        basis=ProgressBasis.MEASURED,
        rows=2**53,
        bytes=7,
        memory_bytes=8,
        spill_bytes=9,
        eta_low_s=10.5,
        eta_high_s=None,
        stalled_s=4.5,
    )
    changes = mirror.apply(told(("a", 1, Phase.WRITING, progress)))
    assert changes.progressed == (slot,)
    assert mirror.job(slot).phase is Phase.WRITING
    assert mirror.job(slot).progress == progress
    assert mirror.job(slot) is mirror.job(slot), "made once, not for each cell"
    assert mirror.record(slot).phase is Phase.STARTING
    assert mirror.apply(told(("a", 1, Phase.WRITING, progress))) == NO_CHANGES


def test_progress_never_falls_within_an_attempt() -> None:
    mirror = mirror_of(running("a"))
    slot = slot_of(mirror, "a")
    mirror.apply(told(reported("a", fraction=0.5, basis=ProgressBasis.HISTORY, rows=10)))
    mirror.apply(told(reported("a", fraction=0.4, basis=ProgressBasis.MEASURED, rows=5)))
    mirror.apply(told(reported("a", memory_bytes=3)))
    newest = mirror.job(slot).progress
    assert newest == Progress(fraction=0.5, basis=ProgressBasis.HISTORY, rows=10, memory_bytes=3)
    mirror.apply(delta(101, [running("a", seq=101, cancel_requested_at=at(9))]))
    assert mirror.job(slot).progress == newest
    assert mirror.job(slot).cancel_requested_at == at(9)
    mirror.apply(delta(102, [running("a", seq=102, attempt=2)], from_=101))
    assert mirror.job(slot).progress == Progress()


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(reported("a", attempt=0, fraction=0.5), id="an earlier attempt"),
        pytest.param(reported("a", attempt=2, fraction=0.5), id="an attempt yet to be told of"),
        pytest.param(reported("done", fraction=0.5), id="a final job"),
        pytest.param(reported("queued", attempt=0, fraction=0.5), id="a queued job"),
        pytest.param(reported("nobody", fraction=0.5), id="an unknown job"),
    ],
)
def test_progress_that_fits_no_running_attempt_is_ignored(report: object) -> None:
    jobs = (running("a"), job("done", JobState.SUCCEEDED), job("queued"))
    mirror = mirror_of(*jobs)
    assert mirror.apply(told(report)) == NO_CHANGES  # type: ignore[arg-type]
    assert [mirror.job(slot_of(mirror, one.id)) for one in jobs] == list(jobs)


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.QUEUED, JobState.LOST])
def test_a_job_that_stops_running_shows_its_record_alone(state: JobState) -> None:
    mirror = mirror_of(running("a"))
    slot = slot_of(mirror, "a")
    mirror.apply(told(reported("a", fraction=0.5)))
    after = job("a", state, seq=101, attempt=1)
    assert mirror.apply(delta(101, [after])).updated == (slot,)
    assert mirror.job(slot) == after


def test_progress_survives_a_reconnect() -> None:
    mirror = mirror_of(running("a", seq=7))
    mirror.apply(told(reported("a", fraction=0.5)))
    assert mirror.apply(snapshot([running("a", seq=7)], seq=130)) == NO_CHANGES
    assert mirror.job(slot_of(mirror, "a")).progress.fraction == 0.5


def test_a_progress_frame_of_uneven_columns_is_refused_whole() -> None:
    mirror = mirror_of(running("a"))
    frame = told(reported("a", fraction=0.5))
    frame.rows.append(1)
    with pytest.raises(ValueError, match="differ in length"):
        mirror.apply(frame)
    assert mirror.job(slot_of(mirror, "a")) == running("a")


def test_the_last_report_in_a_frame_counts() -> None:
    mirror = mirror_of(running("a"))
    mirror.apply(told(reported("a", memory_bytes=5), reported("a", memory_bytes=3)))
    assert mirror.job(slot_of(mirror, "a")).progress.memory_bytes == 3


def test_the_line_goes_by_priority_then_age() -> None:
    mirror = mirror_of(
        job("late", submitted_at=at(9)),
        job("early"),
        job("urgent", priority=5, submitted_at=at(20)),
        running("a"),
    )
    order = ["urgent", "early", "late"]
    assert [mirror.place_in_line(slot_of(mirror, name)) for name in order] == [1, 2, 3]
    assert mirror.place_in_line(slot_of(mirror, "a")) is None
    changes = mirror.apply(delta(101, [running("urgent", seq=101)]))
    assert set(changes.shifted) == {slot_of(mirror, "early"), slot_of(mirror, "late")}
    assert mirror.place_in_line(slot_of(mirror, "early")) == 1


def test_searches_can_be_prepared_bit_by_bit() -> None:
    mirror = mirror_of(*(job(f"{number}") for number in range(5)))
    assert mirror.texts.prepare(3)
    assert not mirror.texts.prepare(3)
    assert mirror.texts.all()[slot_of(mirror, "4")] == "job 4\nselect 42\nflights\nann\n4"
    mirror.apply(delta(101, [job("4", seq=101, name="Other")]))
    assert mirror.texts.all()[slot_of(mirror, "4")].startswith("other\n")


def test_it_needs_no_qt() -> None:
    script = """
import sys
import longwatch_desktop.mirror.filters, longwatch_desktop.mirror.listing
import longwatch_desktop.mirror.text
heavy = {"PySide6", "qasync", "httpx", "websockets", "fastapi", "sqlalchemy", "duckdb"}
sys.exit(", ".join(heavy & set(sys.modules)) or None)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
