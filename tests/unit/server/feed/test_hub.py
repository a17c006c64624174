"""What the hub tells those who stand behind: the newest of each job, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from longwatch.feed import encoded
from longwatch.feed import hub as hubs
from longwatch.feed.encoded import Cache, Encoded
from longwatch.feed.hub import FeedHub
from longwatch.feed.views import View
from longwatch.jobs.model import evolve, summary
from longwatch.protocol.frames import Delta, ProgressFrame, ServerFrame
from longwatch.protocol.jobs import Job, JobState, JobSummary, Phase, Progress
from support.servers import job

_read = msgspec.json.Decoder(ServerFrame).decode
RUNNING: dict[str, Any] = {"state": JobState.RUNNING, "attempt": 1, "phase": Phase.STARTING}


def delta(hub: FeedHub, since: int) -> Delta:
    raw = hub.delta(since)
    assert raw is not None
    frame = _read(raw.frame.text)
    assert isinstance(frame, Delta)
    assert frame.to == raw.seq
    return frame


def progress(hub: FeedHub, tick: int) -> ProgressFrame:
    raw = hub.progress_since(tick)
    assert raw is not None
    frame = _read(raw.text)
    assert isinstance(frame, ProgressFrame)
    return frame.whole()


def at(seq: int, one: Job | None = None, **changes: Any) -> JobSummary:
    return summary(evolve(one or job(), seq=seq, **changes))


def ids(jobs: Sequence[JobSummary]) -> list[str]:
    return [one.id for one in jobs]


def test_a_delta_holds_what_is_newer_oldest_change_first() -> None:
    hub = FeedHub()
    first, second, third = at(1), at(2), at(3)
    hub.publish([first], {}, 1)
    hub.publish([second, third], {}, 3)
    frame = delta(hub, 1)
    assert (frame.from_, frame.to, frame.removed) == (1, 3, [])
    assert ids(frame.changed) == [second.id, third.id]
    assert ids(delta(hub, 0).changed) == [first.id, second.id, third.id]
    assert (delta(hub, 3).changed, delta(hub, 3).to) == ([], 3)


def test_what_does_not_run_is_encoded_once_however_much_progress_there_is() -> None:
    hub = FeedHub()
    runs = at(1, **RUNNING)
    hub.publish([runs], {}, 1)
    hub.publish([at(2), at(3)], {}, 3)

    def told(since: int) -> Encoded:
        raw = hub.delta(since)
        assert raw is not None
        return raw.frame

    over, running = told(1), told(0)
    hub.progress(runs.id, 1, Phase.EXECUTING, Progress(rows=7))
    assert told(1) is over
    assert told(0) is not running
    assert delta(hub, 0).changed[0].progress.rows == 7
    hub.publish([at(4)], {}, 4)
    assert delta(hub, 1).to == 4


def test_what_was_looked_up_is_bounded() -> None:
    hub = FeedHub()
    count = 3 * hubs.KEEP_LOOKED_UP
    hub.publish([at(seq) for seq in range(1, count + 1)], {}, count)
    for since in range(count):
        assert len(delta(hub, since).changed) == count - since
        assert len(hub._newer) <= hubs.KEEP_LOOKED_UP


def test_only_the_newest_form_of_a_job_is_told() -> None:
    hub = FeedHub()
    one = job()
    hub.publish([at(1, one)], {}, 1)
    hub.publish([at(2)], {}, 2)
    hub.publish([at(3, one, **RUNNING)], {}, 3)
    assert [entry.seq for entry in delta(hub, 0).changed] == [2, 3]


def test_the_order_within_a_commit_does_not_matter() -> None:
    hub = FeedHub()
    older, newer = at(1), at(2)
    hub.publish([newer, older], {}, 2)
    assert ids(delta(hub, 1).changed) == [newer.id]


def test_a_removed_job_is_told_as_removed() -> None:
    hub = FeedHub()
    one = at(1, **RUNNING)
    hub.publish([one], {}, 1)
    hub.progress(one.id, 1, Phase.EXECUTING, Progress(rows=5))
    hub.publish([], {one.id: "ada"}, 2)
    frame = delta(hub, 0)
    assert (frame.changed, frame.removed, frame.to) == ([], [one.id], 2)
    assert hub.progress_since(0) is None


def test_whoever_is_too_far_behind_must_ask_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "KEEP_CHANGES", 3)
    hub = FeedHub()
    hub.begin(10)
    assert hub.delta(9) is None
    for seq in range(11, 16):
        hub.publish([at(seq)], {}, seq)
    assert hub.delta(11) is None
    assert [entry.seq for entry in delta(hub, 12).changed] == [13, 14, 15]


def test_a_frame_is_encoded_once_for_all_who_stand_at_a_place() -> None:
    hub = FeedHub()
    hub.publish([at(1, **RUNNING)], {}, 1)
    one, two = hub.delta(0), hub.delta(0)
    assert one is not None
    assert two is not None
    assert one.frame is two.frame
    assert one.frame.framed is two.frame.framed
    hub.progress("a", 1, Phase.EXECUTING, Progress())
    assert hub.progress_since(0) is hub.progress_since(0)


def test_what_is_cached_is_bounded_in_frames_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoded, "CACHED_BYTES", 5_000)
    monkeypatch.setattr(encoded, "CACHED_FRAMES", 10)
    cache = Cache()
    for length in (1, 100, 4_000, *range(200), 6_000, 3):
        assert len(cache.get(length, partial(bytes, length))) == length
        held = sum(len(frame) for frame in cache._frames.values())
        assert held == cache.size_bytes <= 5_000
        assert len(cache) <= 10


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_has_the_header_of_a_websocket(length: int) -> None:
    protocol = ClientProtocol(parse_uri("ws://localhost"), state=State.OPEN)
    protocol.receive_data(Encoded(b"x" * length).framed)
    (frame,) = protocol.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * length)


def test_a_long_delta_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "MOST_TOLD", 3)
    hub = FeedHub()
    for seq in range(1, 8):
        hub.publish([at(seq)], {}, seq)
    hub.publish([], dict.fromkeys("abcd", "ada"), 8)
    told: list[int] = []
    seq = 0
    while seq < hub.seq:
        frame = delta(hub, seq)
        assert frame.from_ == seq
        told += [one.seq for one in frame.changed]
        seq = frame.to
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert frame.removed == ["a", "b", "c", "d"]  # of one commit: never in two parts


def test_a_delta_up_to_a_mark_leaves_what_is_newer_for_the_next() -> None:
    hub = FeedHub()
    one, two = job(), job()
    hub.publish([at(1, one), at(2, two)], {}, 2)
    mark = hub.mark
    hub.publish([at(3, one)], {}, 3)
    told = hub.delta(0, mark=mark)
    assert told is not None
    frame = _read(told.frame.text)
    assert isinstance(frame, Delta)
    assert (frame.to, [entry.seq for entry in frame.changed]) == (2, [2])
    assert [entry.seq for entry in delta(hub, told.seq).changed] == [3]


def test_a_view_is_told_of_its_own_and_of_what_leaves_it() -> None:
    hub = FeedHub()
    mine, other = job(), evolve(job(), owner="bob")
    view = View(states=frozenset({JobState.QUEUED}), owner="ada")

    def told(since: int) -> tuple[list[str], list[str]]:
        found = hub.delta(since, view)
        assert found is not None
        frame = _read(found.frame.text)
        assert isinstance(frame, Delta)
        return ids(frame.changed), list(frame.removed)

    hub.publish([at(1, mine), at(2, other)], {}, 2)
    assert told(0) == ([mine.id], [])
    hub.publish([at(3, mine, **RUNNING), at(4, other, **RUNNING)], {}, 4)
    assert told(2) == ([], [mine.id])
    hub.progress(mine.id, 1, Phase.EXECUTING, Progress())
    assert hub.progress_since(0, view) is None
    running = View(owner="ada")
    hub.progress(other.id, 1, Phase.EXECUTING, Progress())
    found = hub.progress_since(0, running)
    assert found is not None
    frame = _read(found.text)
    assert isinstance(frame, ProgressFrame)
    assert frame.ids == [mine.id]


def test_a_column_of_equal_values_is_one_of_them() -> None:
    hub = FeedHub()
    for name, rows in (("a", 1), ("b", 2)):
        hub.progress(name, 1, Phase.EXECUTING, Progress(rows=rows))
    raw = hub.progress_since(0)
    assert raw is not None
    frame = _read(raw.text)
    assert isinstance(frame, ProgressFrame)
    assert (frame.ids, frame.rows, frame.attempts) == (["a", "b"], [1, 2], [1])
    assert frame.phases == [Phase.EXECUTING]
    whole = frame.whole()
    assert (whole.attempts, whole.fractions) == ([1, 1], [None, None])
    assert whole.rows == [1, 2]
    assert whole.whole() is whole


def test_the_progress_of_some_jobs() -> None:
    hub = FeedHub()
    for name in ("a", "b", "c"):
        hub.progress(name, 1, Phase.EXECUTING, Progress())
    found = hub.progress_of(["c", "a", "nobody"], 0)
    assert found is not None
    frame = _read(found.text)
    assert isinstance(frame, ProgressFrame)
    assert frame.ids == ["c", "a"]
    assert hub.progress_of(["a"], 1) is None


def test_the_hub_remembers_what_the_store_has_told() -> None:
    hub = FeedHub()
    old, changed = job(), job()
    hub.begin(5)
    hub.publish([at(6, changed)], {}, 6)
    assert not hub.reaches(2)
    hub.recall(2, [at(3, old), at(6, changed)], {"gone": "ada"})
    assert hub.reaches(2)
    frame = delta(hub, 2)
    assert (ids(frame.changed), frame.removed) == ([old.id, changed.id], ["gone"])
    assert delta(hub, 4).removed == ["gone"]  # nobody knows when it went
    assert ids(delta(hub, 5).changed) == [changed.id]
    hub.recall(4, [at(4)], {})
    assert ids(delta(hub, 2).changed) == [old.id, changed.id]
    assert not hub.reaches(7)


def test_too_much_to_remember_is_left_to_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "KEEP_CHANGES", 3)
    hub = FeedHub()
    hub.begin(9)
    hub.recall(1, [at(seq) for seq in (2, 3, 4, 5)], {})
    assert not hub.reaches(1)
    assert hub.reaches(9)


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
    hub.publish([at(1, one, **RUNNING)], {}, 1)
    hub.progress(one.id, 1, Phase.EXECUTING, Progress(fraction=0.5))
    hub.publish([at(2, one, state=state)], {}, 2)
    assert hub.progress_since(0) is None


def test_a_change_of_a_running_job_does_not_set_its_bar_back() -> None:
    hub = FeedHub()
    one = job()
    hub.publish([at(1, one, **RUNNING)], {}, 1)
    for fraction in (0.5, 0.75):
        hub.progress(one.id, 1, Phase.EXECUTING, Progress(fraction=fraction))
        changed = delta(hub, 0).changed[0]
        assert (changed.phase, changed.progress.fraction) == (Phase.EXECUTING, fraction)
    other = at(2, one, **{**RUNNING, "attempt": 2})
    assert hub.with_progress(other) is other  # another attempt's is not this one's


async def test_it_says_when_something_moves_and_when_it_ends() -> None:
    hub = FeedHub()
    heard: list[tuple[int, int, bool]] = []
    hub.on_move = lambda: heard.append((*hub.mark, hub.closing))
    hub.publish([at(1)], {}, 1)
    hub.progress("a", 1, Phase.STARTING, Progress())
    await hub.close()
    assert heard == [(1, 0, False), (1, 1, False), (1, 1, True)]


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
            frame = _read(raw.frame.text)
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
                hub.publish(changed.values(), {}, truth.seq)
            elif kind == "remove" and isinstance(what, int) and what < len(known):
                truth.seq += 1
                del truth.jobs[known[what]]
                truth.removed.append((truth.seq, known[what]))
                hub.publish([], {known[what]: "ada"}, truth.seq)
            elif kind == "read" and isinstance(what, int):
                readers[what].read(hub, truth)
                assert readers[what].jobs == truth.jobs
        for reader in readers:
            reader.read(hub, truth)
            assert reader.jobs == truth.jobs
            assert reader.seq == truth.seq
    finally:
        hubs.KEEP_CHANGES = original  # type: ignore[misc]


def test_who_is_limited_hears_of_nobody_elses_jobs() -> None:
    """Invariant: neither that they are, nor that they ran, nor that they are gone."""
    hub = FeedHub()
    mine, others, gone = job(), evolve(job(), owner="bob"), evolve(job(), owner="bob")
    hub.runs(at(0, others, **RUNNING))  # it ran before this server began
    hub.publish([at(1, mine, **RUNNING), at(2, others, **RUNNING), at(3, gone)], {}, 3)
    for one in (mine, others):
        hub.progress(one.id, 1, Phase.EXECUTING, Progress(rows=1))
    hub.publish([], {gone.id: "bob", "unknown": None, "own": "ada"}, 4)

    def heard(view: View) -> str:
        told = hub.delta(0, view)
        running, shown = hub.progress_since(0, view), hub.progress_of([mine.id, others.id], 0, view)
        parts = [told.frame if told else None, running, shown]
        return "".join(part.text.decode() for part in parts if part is not None)

    asked = [View(), View(owner="bob"), View(states=frozenset({JobState.RUNNING}))]
    for view in asked:
        limited = heard(view.within("ada"))
        assert not [one.id for one in (others, gone) if one.id in limited]
        assert "unknown" not in limited
        assert view.owner == "bob" or mine.id in limited
        assert heard(view.within(None)) == heard(view)
    assert all(one.id in heard(View()) for one in (mine, others, gone))
    assert '"own"' in heard(View().within("ada"))
