"""Frames that are taken in a part at a time: the mirror is the same as after the whole."""

from __future__ import annotations

from msgspec import structs

from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch_desktop.mirror.jobs import JobMirror
from longwatch_desktop.session import AT_ONCE, CHANGED_AT_ONCE, in_parts
from unit.desktop.mirror.builders import delta, job, snapshot


def mirrored(*events: Snapshot | Delta | ProgressFrame) -> JobMirror:
    mirror = JobMirror()
    for event in events:
        mirror.apply(event)
    return mirror


def same(one: JobMirror, other: JobMirror) -> bool:
    jobs = [
        {job_id: mirror.record(slot) for job_id in mirror.ids()
         if (slot := mirror.slot(job_id)) is not None}
        for mirror in (one, other)
    ]  # fmt: skip
    return jobs[0] == jobs[1] and (one.seq, one.loading) == (other.seq, other.loading)


def test_a_small_frame_stays_whole() -> None:
    frame = snapshot([job("a")])
    assert [*in_parts(frame)] == [frame]


def test_a_snapshot_in_parts() -> None:
    frame = snapshot([job(f"{n}") for n in range(2 * AT_ONCE + 1)])
    parts = [*in_parts(frame)]
    assert len(parts) == 3
    assert mirrored(*parts[:2]).loading
    assert same(mirrored(*parts), mirrored(frame))


def test_a_delta_in_parts() -> None:
    before = snapshot([job("gone"), job("0")])
    changed = [job(f"{n}", seq=101 + n) for n in range(2 * CHANGED_AT_ONCE + 1)]
    frame = delta(900, changed, ["gone"])
    parts = [*in_parts(frame)]
    assert len(parts) == 3
    assert same(mirrored(before, *parts), mirrored(before, frame))


def test_a_delta_out_of_order_stays_whole() -> None:
    changed = [job(f"{n}", seq=101 + n) for n in range(2 * CHANGED_AT_ONCE)]
    changed[0] = structs.replace(changed[0], seq=800)
    frame = delta(900, changed)
    assert [*in_parts(frame)] == [frame]
