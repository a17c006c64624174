"""What the hub tells those who stand behind: the newest of each job, encoded once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.feed import hub as hubs
from longwatch.feed.hub import FeedHub
from longwatch.jobs.model import evolve, summary
from longwatch.protocol.frames import Delta, ProgressFrame, ServerFrame
from longwatch.protocol.jobs import Job, JobState, JobSummary, Phase, Progress
from support.servers import job

_read = msgspec.json.Decoder(ServerFrame).decode
RUNNING: dict[str, Any] = {"state": JobState.RUNNING, "attempt": 1, "phase": Phase.STARTING}


def delta(hub: FeedHub, since: int) -> Delta:
    raw = hub.delta(since)
    assert raw is not None
    frame = _read(raw)
    assert isinstance(frame, Delta)
    return frame


def progress(hub: FeedHub, tick: int) -> ProgressFrame:
    raw = hub.progress_since(tick)
    assert raw is not None
    frame = _read(raw)
    assert isinstance(frame, ProgressFrame)
    return frame


def at(seq: int, one: Job | None = None, **changes: Any) -> JobSummary:
    return summary(evolve(one or job(), seq=seq, **changes))


def ids(jobs: Sequence[JobSummary]) -> list[str]:
    return [one.id for one in jobs]


def test_a_delta_holds_what_is_newer_oldest_change_first() -> None:
    hub = FeedHub()
    first, second, third = at(1), at(2), at(3)
    hub.publish([first], [], 1)
    hub.publish([second, third], [], 3)
    frame = delta(hub, 1)
    assert (frame.from_, frame.to, frame.removed) == (1, 3, [])
    assert ids(frame.changed) == [second.id, third.id]
    assert ids(delta(hub, 0).changed) == [first.id, second.id, third.id]
    assert (delta(hub, 3).changed, delta(hub, 3).to) == ([], 3)


def test_only_the_newest_form_of_a_job_is_told() -> None:
    hub = FeedHub()
    one = job()
    hub.publish([at(1, one)], [], 1)
    hub.publish([at(2)], [], 2)
    hub.publish([at(3, one, **RUNNING)], [], 3)
    assert [entry.seq for entry in delta(hub, 0).changed] == [2, 3]


def test_the_order_within_a_commit_does_not_matter() -> None:
    hub = FeedHub()
    older, newer = at(1), at(2)
    hub.publish([newer, older], [], 2)
    assert ids(delta(hub, 1).changed) == [newer.id]


def test_a_removed_job_is_told_as_removed() -> None:
    hub = FeedHub()
    one = at(1, **RUNNING)
    hub.publish([one], [], 1)
    hub.progress(one.id, 1, Phase.EXECUTING, Progress(rows=5))
    hub.publish([], [one.id], 2)
    frame = delta(hub, 0)
    assert (frame.changed, frame.removed, frame.to) == ([], [one.id], 2)
    assert hub.progress_since(0) is None


def test_whoever_is_too_far_behind_must_ask_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "KEEP_CHANGES", 3)
    hub = FeedHub()
    hub.begin(10)
    assert hub.delta(9) is None
    for seq in range(11, 16):
        hub.publish([at(seq)], [], seq)
    assert hub.delta(11) is None
    assert [entry.seq for entry in delta(hub, 12).changed] == [13, 14, 15]


def test_a_frame_is_encoded_once_for_all_who_stand_at_a_place() -> None:
    hub = FeedHub()
    hub.publish([at(1, **RUNNING)], [], 1)
    assert hub.delta(0) is hub.delta(0)
    hub.progress("a", 1, Phase.EXECUTING, Progress())
    assert hub.progress_since(0) is hub.progress_since(0)


def test_what_is_cached_is_bounded_in_frames_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "CACHED_BYTES", 5_000)
    hub = FeedHub()
    for seq in range(1, 200):
        hub.publish([at(seq)], [], seq)
        hub.delta(max(0, seq - 5))
        held = sum(len(frame) for frame in hub._frames.values())
        assert held <= 5_000
        assert held == hub._cached_bytes


def test_progress_is_columns_of_what_is_newer() -> None:
    hub = FeedHub()
    hub.progress("a", 1, Phase.PLANNING, Progress())
    hub.progress("b", 2, Phase.EXECUTING, Progress(fraction=0.5, rows=7))
    frame = progress(hub, 0)
    assert (frame.ids, frame.attempts) == (["a", "b"], [1, 2])
    assert (frame.fractions, frame.rows) == ([None, 0.5], [0, 7])
    assert frame.phases == [Phase.PLANNING, Phase.EXECUTING]
    assert progress(hub, 1).ids == ["b"]
    assert hub.progress_since(hub.tick) is None


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.RUNNING])
def test_progress_ends_with_the_attempt(state: JobState) -> None:
    hub = FeedHub()
    one = job()
    hub.publish([at(1, one, **RUNNING)], [], 1)
    hub.progress(one.id, 1, Phase.EXECUTING, Progress(fraction=0.5))
    hub.publish([at(2, one, state=state)], [], 2)
    assert hub.progress_since(0) is None


def test_a_change_of_a_running_job_does_not_set_its_bar_back() -> None:
    hub = FeedHub()
    one = job()
    hub.publish([at(1, one, **RUNNING)], [], 1)
    for fraction in (0.5, 0.75):
        hub.progress(one.id, 1, Phase.EXECUTING, Progress(fraction=fraction))
        changed = delta(hub, 0).changed[0]
        assert (changed.phase, changed.progress.fraction) == (Phase.EXECUTING, fraction)
    other = at(2, one, **{**RUNNING, "attempt": 2})
    assert hub.with_progress(other) is other  # another attempt's is not this one's


async def test_waiters_wake_on_a_change_on_progress_and_on_the_end() -> None:
    hub = FeedHub()
    closing: list[asyncio.Task[None]] = []
    happenings: list[Callable[[], None]] = [
        lambda: hub.publish([at(1)], [], 1),
        lambda: hub.progress("a", 1, Phase.STARTING, Progress()),
        lambda: closing.append(asyncio.create_task(hub.close())),
    ]
    for happen in happenings:
        waiting = [asyncio.create_task(hub.moved(hub.seq, hub.tick)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        happen()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert not hub._waiting
    await asyncio.wait_for(hub.moved(99, 99), 5)  # closing: never waits again


async def test_a_waiter_that_gives_up_leaves_nothing_behind() -> None:
    hub = FeedHub()
    waiting = asyncio.create_task(hub.moved(0, 0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not hub._waiting


@dataclass
class Truth:
    """Stands for the store: every job, and when each removed one went."""

    jobs: dict[str, JobSummary] = field(default_factory=dict)
    removed: list[tuple[int, str]] = field(default_factory=list)
    seq: int = 0


@dataclass
class Reader:
    """A client: two integers, and what it has been told."""

    seq: int = 0
    jobs: dict[str, JobSummary] = field(default_factory=dict)

    def read(self, hub: FeedHub, truth: Truth) -> None:
        raw = hub.delta(self.seq)
        if raw is not None:
            frame = _read(raw)
            assert isinstance(frame, Delta)
            assert frame.from_ == self.seq
            changed, removed, to = frame.changed, frame.removed, frame.to
        else:  # as `repository.since` answers
            changed = [one for one in truth.jobs.values() if one.seq > self.seq]
            removed = [gone for seq, gone in truth.removed if seq > self.seq]
            to = truth.seq
        self.jobs.update({one.id: one for one in changed})
        for gone in removed:
            self.jobs.pop(gone, None)
        self.seq = to


STEP = st.one_of(
    st.tuples(st.just("commit"), st.lists(st.integers(-1, 9), min_size=1, max_size=4)),
    st.tuples(st.just("remove"), st.integers(0, 9)),
    st.tuples(st.just("read"), st.integers(0, 2)),
)


@given(steps=st.lists(STEP, max_size=60), keep=st.integers(1, 6))
def test_any_interleaving_of_commits_and_reads_converges(
    steps: list[tuple[str, object]], keep: int
) -> None:
    original, hubs.KEEP_CHANGES = hubs.KEEP_CHANGES, keep  # type: ignore[misc]
    try:
        hub, truth, readers = FeedHub(), Truth(), [Reader() for _ in range(3)]
        for kind, what in steps:
            known = list(truth.jobs)
            if kind == "commit" and isinstance(what, list):
                changed: dict[str, JobSummary] = {}
                for number in what:
                    truth.seq += 1
                    new = number < 0 or number >= len(known)
                    before = job() if new else truth.jobs[known[number]]
                    after = msgspec.structs.replace(before, seq=truth.seq)
                    truth.jobs[after.id] = changed[after.id] = (
                        summary(after) if isinstance(after, Job) else after
                    )
                hub.publish(changed.values(), [], truth.seq)
            elif kind == "remove" and isinstance(what, int) and what < len(known):
                truth.seq += 1
                del truth.jobs[known[what]]
                truth.removed.append((truth.seq, known[what]))
                hub.publish([], [known[what]], truth.seq)
            elif kind == "read" and isinstance(what, int):
                readers[what].read(hub, truth)
                assert readers[what].jobs == truth.jobs
        for reader in readers:
            reader.read(hub, truth)
            assert reader.jobs == truth.jobs
            assert reader.seq == truth.seq
    finally:
        hubs.KEEP_CHANGES = original  # type: ignore[misc]
