"""Frames of the feed as nobody means them, to the server and to its clients.

A server says what is wrong and hangs up, and no other feed notices; a client says so, connects
again, and shows what the next snapshot says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from longwatch.client.address import Address
from longwatch.client.feed import Backoff, Disconnected, FeedFollower
from longwatch.client.feed_events import FeedEvent
from longwatch.protocol.frames import Delta, Hello, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress
from longwatch_desktop.mirror.jobs import JobMirror
from support.mutations import DEEP, harmed_json, quickly, thoroughly
from support.servers import job, serving
from support.waiting import wait_until

FRAMES: Final[list[dict[str, Any]]] = [
    {"type": "subscribe"},
    {"type": "subscribe", "since": 3, "epoch": "e", "max_hz": 10, "newest": 5},
    {"type": "subscribe", "filter": {"state": ["queued"], "source": "sample", "owner": "ada"}},
    {"type": "show", "ids": ["a", "b"]},
    {"type": "ping", "n": 1},
    {"type": "pong", "n": 1},
]
SENT: Final = st.one_of(
    st.sampled_from(FRAMES).flatmap(harmed_json),
    st.binary(max_size=200),
    st.just(msgspec.msgpack.encode(FRAMES[0])),
    st.sampled_from([b"[" * DEEP, b'{"a":' * DEEP, b"x" * 70_000, b""]),
)
REFUSED: Final = {1007, 1008, 1009}
"""Not text, or not understood; out of turn; too large (RFC 6455, 7.4.1)."""
PATIENCE_S: Final = 20


def feed(address: Address) -> AbstractContextManager[ClientConnection]:
    return connect(
        address.feed_url, additional_headers=address.headers(), compression=None, proxy=None
    )


@dataclass(frozen=True, slots=True)
class Served:
    """A server, one feed of it that nobody harms, and its log."""

    address: Address
    bystander: ClientConnection
    log: Path

    def complaints(self) -> list[str]:
        lines = self.log.read_text("utf-8").splitlines()
        return [line for line in lines if json.loads(line)["level"] == "error"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, warm_spare=False) as (_, address), feed(address) as bystander:
        bystander.send('{"type":"subscribe"}')
        yield Served(address, bystander, folder / "server.log")


def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of a kind."""
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(PATIENCE_S))
        if frame["type"] == kind:
            return frame


def send_to_server(served: Served, sent: list[tuple[bytes, bool]], *, subscribed: bool) -> None:
    closed: ConnectionClosed | None = None
    with feed(served.address) as socket:
        until(socket, "hello")
        if subscribed:
            socket.send('{"type":"subscribe"}')
        try:
            for data, as_text in sent:
                socket.send(data, text=as_text)
            socket.send('{"type":"ping","n":77}')
            while until(socket, "pong")["n"] != 77:
                pass
        except ConnectionClosed as error:
            closed = error
    if closed is not None:
        assert closed.rcvd is not None, "cut off without a word"
        assert closed.rcvd.code in REFUSED, closed.rcvd
    served.bystander.send('{"type":"ping","n":7}')
    until(served.bystander, "pong")
    assert served.complaints() == []


sent_frames = st.lists(st.tuples(SENT, st.booleans()), min_size=1, max_size=3)


@quickly
@given(sent=sent_frames, subscribed=st.booleans())
def test_what_a_server_is_sent(
    served: Served, sent: list[tuple[bytes, bool]], subscribed: bool
) -> None:
    send_to_server(served, sent, subscribed=subscribed)


@pytest.mark.slow
@thoroughly
@given(sent=sent_frames, subscribed=st.booleans())
def test_much_more_that_a_server_is_sent(
    served: Served, sent: list[tuple[bytes, bool]], subscribed: bool
) -> None:
    send_to_server(served, sent, subscribed=subscribed)


def test_every_frame_harmed_is_one_of_the_protocol(served: Served) -> None:
    """Or else the examples above would all be refused for the same."""
    for frame in FRAMES[:3]:
        with feed(served.address) as socket:
            until(socket, "hello")
            socket.send(json.dumps(frame))
            for other in FRAMES[3:]:
                socket.send(json.dumps(other))
            assert until(socket, "pong")["n"] == 1


# --- what a client is sent ----------------------------------------------------------------------


def summary(job_id: str, seq: int, **changes: Any) -> JobSummary:
    fields = msgspec.structs.asdict(job(name=job_id))
    known = {one: fields[one] for one in JobSummary.__struct_fields__}
    running = {"state": JobState.RUNNING, "phase": Phase.EXECUTING, "attempt": 1}
    return JobSummary(**{**known, **running, "id": job_id, "seq": seq, "result": None, **changes})


def plain(frame: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(frame))
    return found


def hello(seq: int) -> Hello:
    return Hello(
        protocol=1, server="peer", epoch="e", version="0", seq=seq, time=job().submitted_at
    )


FIRST: Final = Snapshot(
    jobs=[summary("one", 1), summary("two", 2)], offset=0, total=2, seq=2, more=False
)
LAST: Final = Snapshot(
    jobs=[
        summary("two", 4, state=JobState.SUCCEEDED, phase=None, progress=Progress(fraction=1.0)),
        summary("three", 5),
    ],
    offset=0,
    total=2,
    seq=5,
    more=False,
)
TOLD: Final = [
    plain(hello(2)),
    plain(FIRST),
    plain(Delta(from_=2, to=3, changed=[summary("two", 3, name="renamed")], removed=["one"])),
    plain(
        ProgressFrame(
            tick=1,
            ids=["one", "two"],
            attempts=[1, 1],
            phases=[Phase.EXECUTING],
            fractions=[0.25, None],
            bases=[Progress().basis],
            rows=[10, 20],
            bytes=[0],
            memory_bytes=[0],
            spill_bytes=[0],
            eta_low_s=[None],
            eta_high_s=[None],
            stalled_s=[0.0],
            activities=[Progress().activity],
            statement=[1],
            statements=[1],
        )
    ),
    {"type": "ping", "n": 3},
    {"type": "bye", "code": "too_slow", "reason": "Later."},
]
RECEIVED: Final = st.one_of(st.sampled_from(TOLD).flatmap(harmed_json), st.binary(max_size=100))


async def follow(received: list[tuple[bytes, bool]]) -> None:
    """Let a client hear these after a snapshot, and then, of a server that is well, another."""
    mirror, connections = JobMirror(), 0
    reasons: list[str] = []

    async def speak(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            await socket.send(msgspec.json.encode(hello(2)).decode())
            await socket.recv()
            await socket.send(msgspec.json.encode(FIRST).decode())
            for data, as_text in received:
                await socket.send(data, text=as_text)
        else:
            await socket.send(msgspec.json.encode(hello(5)).decode())
            await socket.recv()
            await socket.send(msgspec.json.encode(LAST).decode())
            await socket.wait_closed()

    def heed(event: FeedEvent) -> None:
        if isinstance(event, Disconnected):
            reasons.append(event.reason)
        elif isinstance(event, Snapshot | Delta | ProgressFrame):
            mirror.apply(event)
            for slot in mirror.slots():
                mirror.job(slot)  # as the window does to paint it

    async with serve(speak, "127.0.0.1", 0, compression=None) as server:
        address = Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")
        one = FeedFollower(address, backoff=Backoff(least_s=0.001, most_s=0.002))
        async with asyncio.timeout(PATIENCE_S), aclosing(one.events()) as events:
            async for event in events:
                heed(event)
                shown = {job_id: mirror.slot(job_id) for job_id in mirror.ids()}
                if connections > 1 and shown.keys() == {"two", "three"}:
                    break
    assert reasons
    assert all(reasons)
    found = [mirror.record(slot) for slot in mirror.slots()]
    assert sorted(found, key=lambda one: one.seq) == LAST.jobs


received_frames = st.lists(st.tuples(RECEIVED, st.booleans()), min_size=1, max_size=3)


@quickly
@given(received=received_frames)
def test_what_a_client_is_sent(received: list[tuple[bytes, bool]]) -> None:
    asyncio.run(follow(received))


@pytest.mark.slow
@thoroughly
@given(received=received_frames)
def test_much_more_that_a_client_is_sent(received: list[tuple[bytes, bool]]) -> None:
    asyncio.run(follow(received))


@pytest.mark.parametrize("told", TOLD, ids=lambda told: str(told["type"]))
def test_every_frame_told_is_one_of_the_protocol(told: dict[str, Any]) -> None:
    """As above."""
    asyncio.run(follow([(json.dumps(told).encode(), True)]))


def test_a_feed_harmed_is_given_up(served: Served) -> None:
    with feed(served.address) as socket:
        until(socket, "hello")
        socket.send(b'{"a":' * 10_000, text=True)
        assert until(socket, "bye")["code"] == "malformed_frame"
    wait_until(lambda: served.complaints() == [])
