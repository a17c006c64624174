"""One subscriber's conversation, over a wire that the test holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest

from longwatch.feed import beat as beats
from longwatch.feed import hub as hubs
from longwatch.feed import session as sessions
from longwatch.feed.beat import Beat
from longwatch.feed.encoded import Encoded
from longwatch.feed.hub import FeedHub
from longwatch.feed.session import ChunkOfJobs, FeedSession, History, HistoryUnavailable, Missed
from longwatch.feed.views import View
from longwatch.feed.wire import Gone
from longwatch.jobs.model import evolve, summary
from longwatch.protocol.frames import (
    Bye,
    Delta,
    Hello,
    Pong,
    ProgressFrame,
    ServerFrame,
    Snapshot,
)
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress
from support.servers import job
from support.waiting import eventually

_read = msgspec.json.Decoder(ServerFrame).decode
HANG_UP = b"hang up"


class Pipe:
    """A wire in memory: what the session sent, what it gets, how it closed. While it is not `open`
    what is written waits."""

    def __init__(self) -> None:
        self.frames: list[ServerFrame] = []
        self.closed: tuple[int, str] | None = None
        self.aborted = False
        self.on_clear: Callable[[], None] = lambda: None
        self._open = asyncio.Event()
        self._open.set()
        self._held: list[ServerFrame] = []
        self._incoming: asyncio.Queue[str | bytes] = asyncio.Queue()

    def say(self, frame: str | bytes) -> None:
        self._incoming.put_nowait(frame)

    def shut(self) -> None:
        """The other side stops reading."""
        self._open.clear()

    def open(self) -> None:
        """It reads again."""
        self._open.set()
        self.frames += self._held
        self._held = []
        self.on_clear()

    @property
    def clear(self) -> bool:
        return not self._held

    def write(self, frames: Sequence[Encoded]) -> None:
        assert self.closed is None, "sent after the close"
        read = [_read(frame.text) for frame in frames]
        if self._open.is_set():
            self.frames += read
        else:
            self._held += read

    async def through(self) -> None:
        if self._held:
            await self._open.wait()

    async def receive(self) -> str | bytes:
        frame = await self._incoming.get()
        if frame == HANG_UP:
            raise Gone
        return frame

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    def abort(self) -> None:
        self.aborted = True

    @property
    def bye(self) -> Bye | None:
        last = self.frames[-1] if self.frames else None
        return last if isinstance(last, Bye) else None


@dataclass
class Past:
    """Stands for the store behind the feed."""

    jobs: list[JobSummary] = field(default_factory=list)
    broken: bool = False
    asked: list[int | None] = field(default_factory=list)
    views: list[View] = field(default_factory=list)

    def history(self) -> History:
        async def chunk(
            view: View, before_n: int | None, limit: int, open_only: bool
        ) -> ChunkOfJobs:
            if self.broken:
                raise HistoryUnavailable("The disk is on fire.")
            self.asked.append(before_n)
            start = before_n or 0
            total = len(self.jobs) if before_n is None else None
            self.views.append(view)
            if open_only:
                going = [one for one in self.jobs[start:] if not one.state.is_final]
                return told(going, None, None)
            end = start + min(limit, 2)
            more = end if end < len(self.jobs) else None
            return told(self.jobs[start:end], total, more, f"below-{end}")

        async def since(seq: int) -> Missed | None:
            if self.broken:
                raise HistoryUnavailable("The disk is on fire.")
            newest = max((one.seq for one in self.jobs), default=0)
            if newest - seq > 100:
                return None
            return Missed([one for one in self.jobs if one.seq > seq], {"gone": "ada"}, newest)

        return History("epoch-1", chunk, since)


def told(
    jobs: list[JobSummary], total: int | None, next_n: int | None, cursor: str | None = None
) -> ChunkOfJobs:
    running = [one for one in jobs if one.state is JobState.RUNNING]
    still = [msgspec.json.encode(one) for one in jobs if one.state is not JobState.RUNNING]
    return ChunkOfJobs(b",".join(still), len(still), running, total, next_n, cursor)


@asynccontextmanager
async def conversation(hub: FeedHub, past: Past | None = None) -> AsyncIterator[Pipe]:
    pipe = Pipe()
    history = (past or Past()).history()
    session = FeedSession(pipe, hub, Beat(hub), history, server="here", version="1.2.3")
    task = asyncio.create_task(session.run())
    try:
        yield pipe
        pipe.say(HANG_UP)
        await hub.close()
        await asyncio.wait_for(task, 5)
    finally:
        task.cancel()
    names = {other.get_name() for other in asyncio.all_tasks()}
    assert not {"feed-listen", "feed-tell", "feed-beat"} & names


def last_seq(pipe: Pipe) -> int:
    told = [frame for frame in pipe.frames if isinstance(frame, Delta)]
    return told[-1].to if told else 0


def has_frames(pipe: Pipe, count: int) -> bool:
    return len(pipe.frames) == count


def stands_at(pipe: Pipe, seq: int) -> bool:
    return last_seq(pipe) == seq


def last_rows(pipe: Pipe) -> int:
    told = [frame for frame in pipe.frames if isinstance(frame, ProgressFrame)]
    return told[-1].rows[0] if told else 0


def stored(seq: int, **changes: object) -> JobSummary:
    return summary(evolve(job(), seq=seq, **changes))


def running(seq: int) -> JobSummary:
    return stored(seq, state=JobState.RUNNING, attempt=1, phase=Phase.STARTING)


async def test_hello_then_a_snapshot_in_chunks_newest_first() -> None:
    hub, past = FeedHub(), Past([stored(seq) for seq in (5, 4, 3, 2, 1)])
    hub.begin(5)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 4)
        hello, *chunks = pipe.frames
        assert isinstance(hello, Hello)
        assert (hello.server, hello.epoch, hello.version, hello.seq) == (
            "here",
            "epoch-1",
            "1.2.3",
            5,
        )
        told = [chunk for chunk in chunks if isinstance(chunk, Snapshot)]
        assert [one.seq for chunk in told for one in chunk.jobs] == [5, 4, 3, 2, 1]
        assert [(chunk.offset, chunk.more) for chunk in told] == [(0, True), (2, True), (4, False)]
        assert {(chunk.total, chunk.seq) for chunk in told} == {(5, 5)}
        hub.publish([stored(6)], {}, 6)
        await eventually(lambda: len(pipe.frames) == 5)
        last = pipe.frames[-1]
        assert isinstance(last, Delta)
        assert (last.from_, last.to) == (5, 6)


async def test_the_newest_alone_come_with_what_is_not_over() -> None:
    done = [stored(seq, state=JobState.SUCCEEDED, attempt=1) for seq in (9, 8, 7, 6, 4, 3, 1)]
    jobs = sorted([*done, stored(5), running(2)], key=lambda one: -one.seq)
    hub, past = FeedHub(), Past(jobs)
    hub.begin(9)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe","newest":3}')
        await eventually(lambda: len(pipe.frames) == 4)
        told = [frame for frame in pipe.frames if isinstance(frame, Snapshot)]
        assert [{one.seq for one in chunk.jobs} for chunk in told] == [{9, 8}, {7}, {5, 2}]
        assert [chunk.offset for chunk in told] == [0, 2, 3]
        assert [chunk.older for chunk in told] == [None, None, "below-3"]
        assert {chunk.total for chunk in told} == {9}
        assert not told[-1].more


async def test_who_asks_for_more_than_there_is_gets_all_of_it() -> None:
    hub, past = FeedHub(), Past([stored(seq) for seq in (3, 2, 1)])
    hub.begin(3)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe","newest":3}')
        await eventually(lambda: len(pipe.frames) == 3)
        told = [frame for frame in pipe.frames if isinstance(frame, Snapshot)]
        assert [(len(one.jobs), one.more, one.older) for one in told] == [
            (2, True, None),
            (1, False, None),
        ]


async def test_an_empty_server_still_sends_a_snapshot() -> None:
    async with conversation(FeedHub()) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 2)
        assert pipe.frames[1] == Snapshot(jobs=[], offset=0, total=0, seq=0, more=False)


async def test_what_is_told_of_a_running_job_carries_its_progress() -> None:
    one = running(1)
    for subscribe in ('{"type":"subscribe"}', '{"type":"subscribe","since":0,"epoch":"epoch-1"}'):
        hub, past = FeedHub(), Past([one])
        hub.begin(1)
        hub.progress(one.id, 1, Phase.EXECUTING, Progress(fraction=0.4))
        async with conversation(hub, past) as pipe:
            pipe.say(subscribe)
            await eventually(lambda: len(pipe.frames) >= 3)
            first, second = pipe.frames[1:3]
            assert isinstance(first, Snapshot | Delta)
            told = (first.jobs if isinstance(first, Snapshot) else first.changed)[0]
            assert (told.phase, told.progress.fraction) == (Phase.EXECUTING, 0.4)
            assert isinstance(second, ProgressFrame)
            assert second.fractions == [0.4]


@pytest.mark.parametrize(
    ("since", "epoch", "kind"),
    [
        (3, "epoch-1", Delta),
        (0, "epoch-1", Delta),
        (5, "epoch-1", Delta),
        (6, "epoch-1", Snapshot),  # from the future: not this store's
        (3, "epoch-0", Snapshot),
    ],
)
async def test_resuming(since: int, epoch: str, kind: type) -> None:
    hub, past = FeedHub(), Past([stored(seq) for seq in (5, 4)])
    hub.begin(5)
    async with conversation(hub, past) as pipe:
        pipe.say(f'{{"type":"subscribe","since":{since},"epoch":"{epoch}"}}')
        await eventually(lambda: len(pipe.frames) == 2)
        told = pipe.frames[1]
        assert type(told) is kind
        if isinstance(told, Delta):
            assert (told.from_, told.to) == (since, 5)
            assert [one.seq for one in told.changed] == [seq for seq in (4, 5) if seq > since]
            assert told.removed == ([] if since == 5 else ["gone"])


async def test_too_far_behind_for_the_store_is_a_snapshot() -> None:
    hub, past = FeedHub(), Past([stored(500)])
    hub.begin(500)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe","since":1,"epoch":"epoch-1"}')
        await eventually(lambda: len(pipe.frames) == 2)
        assert isinstance(pipe.frames[1], Snapshot)


@pytest.mark.parametrize(
    ("frame", "status", "word"),
    [
        ("{", 1007, "not understood"),
        ('{"type":"nonsense"}', 1007, "Invalid value 'nonsense'"),
        ('{"type":"hello"}', 1007, "Invalid value 'hello'"),
        ("[]", 1007, "Expected `object`"),
        ('{"type":"subscribe","more":1}', 1007, "unknown field `more`"),
        ('{"type":"subscribe","since":-1}', 1007, ">= 0"),
        ('{"type":"subscribe","max_hz":0}', 1007, "> 0"),
        ('{"type":"subscribe","max_hz":31}', 1007, "<= 30"),
        ('{"type":"subscribe","epoch":"\\ud800"}', 1007, "not understood"),
        (b"\xff\xfe", 1007, "not understood"),
        ("[" * 10_000, 1007, "not understood"),
        ('{"type":"ping","n":' + "1" * 70_000 + "}", 1009, "64 KiB at most"),
    ],
)
@pytest.mark.parametrize("subscribed", [False, True])
async def test_a_malformed_frame_ends_the_feed_with_a_reason(
    frame: str | bytes, status: int, word: str, subscribed: bool
) -> None:
    async with conversation(FeedHub()) as pipe:
        if subscribed:
            pipe.say('{"type":"subscribe"}')
        pipe.say(frame)
        await eventually(lambda: pipe.closed)
        assert pipe.bye is not None
        assert pipe.bye.code == "malformed_frame"
        assert word in pipe.bye.reason
        assert pipe.closed == (status, pipe.bye.reason)


async def test_a_second_subscribe_is_refused() -> None:
    async with conversation(FeedHub()) as pipe:
        pipe.say('{"type":"subscribe"}')
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: pipe.closed)
        assert pipe.bye == Bye(code="malformed_frame", reason="This feed is subscribed already.")
        assert pipe.closed == (1008, "This feed is subscribed already.")


async def test_whoever_never_subscribes_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SUBSCRIBE_TIMEOUT_S", 0.05)
    async with conversation(FeedHub()) as pipe:
        await eventually(lambda: pipe.closed)
        assert pipe.bye is not None
        assert "Send a subscribe frame" in pipe.bye.reason


async def test_whoever_has_not_subscribed_is_told_of_the_stop_too() -> None:
    hub = FeedHub()
    async with conversation(hub) as pipe:
        await eventually(lambda: pipe.frames)
        await hub.close()
        assert pipe.bye == Bye(code="stopping", reason="The server is stopping.")


async def test_closing_does_not_wait_for_whoever_never_reads() -> None:
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.shut()
        start_s = asyncio.get_running_loop().time()
        await hub.close(0.05)
        assert asyncio.get_running_loop().time() - start_s < 5
        pipe.open()


async def test_ping_is_answered_before_and_after_the_subscribe() -> None:
    async with conversation(FeedHub()) as pipe:
        pipe.say('{"type":"ping","n":1}')
        await eventually(lambda: Pong(n=1) in pipe.frames)
        pipe.say('{"type":"subscribe"}')
        pipe.say('{"type":"pong","n":9}')
        pipe.say('{"type":"ping","n":2}')
        await eventually(lambda: Pong(n=2) in pipe.frames)


async def test_whoever_stops_reading_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "SEND_TIMEOUT_S", 0.05)
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 2)
        pipe.shut()
        hub.publish([stored(1)], {}, 1)
        await eventually(lambda: hub.subscribers == 0)
        # The goodbye waits for the wire for a second, then the connection is dropped.
        assert pipe.aborted


async def test_whoever_reads_again_in_time_for_the_goodbye_hears_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(beats, "SEND_TIMEOUT_S", 0.05)
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 2)
        pipe.shut()
        hub.publish([stored(1)], {}, 1)
        await eventually(lambda: "feed-tell" not in {t.get_name() for t in asyncio.all_tasks()})
        pipe.open()
        await eventually(lambda: pipe.closed)
        assert pipe.bye is not None
        assert pipe.bye.code == "too_slow"
        assert pipe.closed is not None
        assert pipe.closed[0] == 1013


async def test_the_slowness_of_one_is_not_the_others() -> None:
    hub = FeedHub()
    beat = Beat(hub)
    slow, quick = Pipe(), Pipe()
    tasks = [
        asyncio.create_task(
            FeedSession(pipe, hub, beat, Past().history(), server="s", version="1").run()
        )
        for pipe in (slow, quick)
    ]
    for pipe in (slow, quick):
        pipe.say('{"type":"subscribe"}')
        await eventually(partial(has_frames, pipe, 2))
    slow.shut()
    for seq in range(1, 6):
        hub.publish([stored(seq)], {}, seq)
        await eventually(partial(stands_at, quick, seq))
    assert len(slow._held) == 1, "one frame is on its way, and nothing waits behind it"
    slow.open()
    await eventually(lambda: last_seq(slow) == 5)
    assert [frame.to for frame in slow.frames if isinstance(frame, Delta)] == [1, 5]
    await hub.close()
    await asyncio.gather(*tasks)


async def test_what_is_in_sight_comes_more_often() -> None:
    hub = FeedHub()
    async with conversation(hub, Past([running(1), running(2)])) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 2)
        first = pipe.frames[1]
        assert isinstance(first, Snapshot)
        near, far = (one.id for one in first.jobs)
        pipe.say(f'{{"type":"show","ids":["{near}"]}}')

        def told(job_id: str) -> list[int]:
            frames = [frame for frame in pipe.frames if isinstance(frame, ProgressFrame)]
            return [
                frame.whole().rows[frame.ids.index(job_id)]
                for frame in frames
                if job_id in frame.ids
            ]

        rows = 0
        while len(told(near)) < 12:
            rows += 1
            for job_id in (near, far):
                hub.progress(job_id, 1, Phase.EXECUTING, Progress(rows=rows))
            await asyncio.sleep(0.005)
        assert 1 <= len(told(far)) <= len(told(near)) / 2
        # All of it in the end, and without a limit once nothing is said to be in sight.
        await eventually(lambda: told(near)[-1] == told(far)[-1] == rows)
        pipe.say('{"type":"show","ids":null}')
        pipe.say('{"type":"ping","n":1}')
        await eventually(lambda: Pong(n=1) in pipe.frames)
        before = len(told(far))
        while len(told(far)) < before + 6:
            rows += 1
            hub.progress(far, 1, Phase.EXECUTING, Progress(rows=rows))
            await asyncio.sleep(0.005)


async def test_what_is_shown_comes_after_the_subscription() -> None:
    async with conversation(FeedHub()) as pipe:
        pipe.say('{"type":"show","ids":[]}')
        await eventually(lambda: pipe.closed)
        assert pipe.bye is not None
        assert "Subscribe before" in pipe.bye.reason


async def test_a_filter_reaches_the_store_and_what_follows() -> None:
    mine = evolve(job(), state=JobState.RUNNING, attempt=1, seq=1)
    hub, past = FeedHub(), Past([summary(mine)])
    hub.begin(1)
    subscribe = '{"type":"subscribe","filter":{"state":["running"],"owner":"ada"}}'
    async with conversation(hub, past) as pipe:
        pipe.say(subscribe)
        await eventually(lambda: len(pipe.frames) == 2)
        assert past.views == [View(states=frozenset({JobState.RUNNING}), owner="ada")]
        ended = evolve(mine, state=JobState.SUCCEEDED, seq=2)
        other = evolve(job(), owner="bob", state=JobState.RUNNING, attempt=1, seq=3)
        hub.publish([summary(ended), summary(other)], {}, 3)
        await eventually(lambda: len(pipe.frames) == 3)
        told = pipe.frames[2]
        assert isinstance(told, Delta)
        assert (told.changed, told.removed, told.to) == ([], [mine.id], 3)


async def test_many_who_come_back_are_answered_by_one_look_into_the_store() -> None:
    hub, past = FeedHub(), Past([stored(seq) for seq in (5, 4, 3)])
    hub.begin(5)
    looks = 0
    history = past.history()

    async def since(seq: int) -> Missed | None:
        nonlocal looks
        looks += 1
        return await history.since(seq)

    counted = History(history.epoch, history.chunk, since)
    for _ in range(3):
        pipe = Pipe()
        session = FeedSession(pipe, hub, Beat(hub), counted, server="here", version="1")
        task = asyncio.create_task(session.run())
        pipe.say('{"type":"subscribe","since":2,"epoch":"epoch-1"}')
        await eventually(partial(has_frames, pipe, 2))
        told = pipe.frames[1]
        assert isinstance(told, Delta)
        assert [one.seq for one in told.changed] == [3, 4, 5]
        pipe.say(HANG_UP)
        await task
    assert looks == 1


async def test_what_is_too_much_for_the_hub_comes_from_the_store_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hubs, "KEEP_CHANGES", 2)
    monkeypatch.setattr(sessions, "MOST_TOLD", 2)
    hub, past = FeedHub(), Past([stored(seq) for seq in (3, 4, 5)])
    hub.begin(6)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe","since":2,"epoch":"epoch-1"}')
        await eventually(lambda: len(pipe.frames) >= 3)
        parts = [frame for frame in pipe.frames if isinstance(frame, Delta)]
        assert [(one.from_, one.to) for one in parts[:2]] == [(2, 4), (4, 5)]
        assert [one.removed for one in parts[:2]] == [["gone"], []]


async def test_a_slow_reader_gets_fewer_and_fuller_frames() -> None:
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: len(pipe.frames) == 2)
        pipe.shut()
        one = job()
        for seq in range(1, 501):
            hub.publish([summary(evolve(one, seq=seq))], {}, seq)
            hub.progress(one.id, 1, Phase.EXECUTING, Progress(rows=seq))
            if seq % 100 == 0:
                await asyncio.sleep(0.01)
        pipe.open()
        await eventually(lambda: last_rows(pipe) == last_seq(pipe) == 500)
        deltas = [frame for frame in pipe.frames if isinstance(frame, Delta)]
        assert len(deltas) <= 3
        assert sum(len(frame.changed) for frame in deltas) <= 3


async def test_a_store_that_cannot_be_read_is_said() -> None:
    hub, past = FeedHub(), Past(broken=True)
    async with conversation(hub, past) as pipe:
        pipe.say('{"type":"subscribe"}')
        await eventually(lambda: pipe.closed)
        assert pipe.bye == Bye(code="store_unusable", reason="The disk is on fire.")
        assert pipe.closed == (1011, "The disk is on fire.")


async def test_the_last_changes_come_before_the_goodbye() -> None:
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.say('{"type":"subscribe","max_hz":0.001}')
        await eventually(lambda: len(pipe.frames) == 2)
        hub.publish([stored(1)], {}, 1)
        await hub.close()  # returns once everybody has been told
        assert pipe.closed
        delta, bye = pipe.frames[-2:]
        assert isinstance(delta, Delta)
        assert delta.to == 1
        assert bye == Bye(code="stopping", reason="The server is stopping.")
        assert pipe.closed == (1001, "The server is stopping.")


async def test_frames_a_second_are_bounded_by_the_subscriber() -> None:
    hub = FeedHub()
    async with conversation(hub) as pipe:
        pipe.say('{"type":"subscribe","max_hz":10}')
        await eventually(lambda: len(pipe.frames) == 2)
        start_s = asyncio.get_running_loop().time()
        seq = 0
        while len(pipe.frames) < 6:
            seq += 1
            hub.publish([stored(seq)], {}, seq)
            await asyncio.sleep(0.005)
        # Four frames more: at most one at once, then one each 0.1 s.
        assert asyncio.get_running_loop().time() - start_s >= 0.28
