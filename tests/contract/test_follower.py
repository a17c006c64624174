"""`FeedFollower` against servers that go, come back, lie and fall silent."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.feed import Backoff, Connected, Disconnected, FeedEvent, FeedFollower
from longwatch.client.waking import SleepWatch
from longwatch.protocol.frames import Delta, FeedFilter, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, Submission
from support.feeds import feeding
from support.proxies import Proxy
from support.servers import ENDLESS, serving
from support.waiting import eventually

T = TypeVar("T", bound=FeedEvent)
QUICK = Backoff(least_s=0.02, most_s=0.1)
Handler = Callable[[ServerConnection], Awaitable[None]]


def follower(address: Address, **kwargs: Any) -> FeedFollower:
    return FeedFollower(address, **{"backoff": QUICK, **kwargs})


async def until(events: AsyncGenerator[FeedEvent], kind: type[T]) -> T:
    """The next event of a kind; what comes before it is passed over."""
    async with asyncio.timeout(15):
        async for event in events:
            if isinstance(event, kind):
                return event
    raise AssertionError("the follower ended")


def port(address: Address) -> int:
    found = urlsplit(address.url).port
    assert found
    return found


@asynccontextmanager
async def peer(handler: Handler) -> AsyncIterator[Address]:
    """A WebSocket server that says whatever `handler` makes it say."""
    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        bound = next(iter(server.sockets)).getsockname()[1]
        yield Address(f"http://127.0.0.1:{bound}", "token")


def hello(seq: int = 0, **fields: Any) -> str:
    return json.dumps(
        {
            "type": "hello",
            "protocol": 1,
            "server": "peer",
            "epoch": "e",
            "version": "0",
            "seq": seq,
            "time": "2026-01-01T00:00:00Z",
            **fields,
        }
    )


def snapshot(seq: int, **fields: Any) -> str:
    frame = {"type": "snapshot", "jobs": [], "offset": 0, "total": 0, "seq": seq, "more": False}
    return json.dumps({**frame, **fields})


def delta(start: int, end: int) -> str:
    return json.dumps({"type": "delta", "from": start, "to": end, "changed": [], "removed": []})


async def test_a_job_from_submit_to_end(live: Address) -> None:
    one = follower(live)
    assert (one.connected, one.seq, one.latency_s) == (False, None, None)
    async with AsyncClient(live) as api, aclosing(one.events()) as events:
        connected = await until(events, Connected)
        assert connected.hello.seq >= 0
        assert (await until(events, Snapshot)).offset == 0
        assert one.connected
        submitted = await api.submit(Submission(sql="select 42"))
        states: list[JobState] = []
        while JobState.SUCCEEDED not in states:
            told = await until(events, Delta)
            states += [entry.state for entry in told.changed if entry.id == submitted.id]
            assert told.to == one.seq
        assert one.latency_s is not None
        assert 0 < one.latency_s < 5
    assert not one.connected


async def test_progress_reaches_the_follower(live: Address) -> None:
    async with AsyncClient(live) as api, aclosing(follower(live).events()) as events:
        submitted = await api.submit(Submission(sql=ENDLESS))
        while submitted.id not in (await until(events, ProgressFrame)).ids:
            pass
        await api.cancel(submitted.id)
        await api.wait(submitted.id, timeout_s=20)


@pytest.mark.slow
async def test_a_server_that_comes_back_is_resumed(tmp_path: Path) -> None:
    given: dict[str, Any] = {"configured_token": True, "token": "same", "warm_spare": False}
    with serving(tmp_path, **given) as (thread, address):
        one = follower(address)
        async with aclosing(one.events()) as events:
            await until(events, Snapshot)
            async with AsyncClient(address) as api:
                before = await api.submit(Submission(sql="select 1"))
                await api.wait(before.id, timeout_s=20)
            while one.seq is None or one.seq < 3:
                await until(events, Delta)
            assert await asyncio.to_thread(thread.stop, 10.0)
            gone = await until(events, Disconnected)
            assert gone.reason == "The server is stopping."
            assert not gone.unauthorized
            assert not one.connected
            known = one.seq
            with serving(tmp_path, port=port(address), **given) as (_, again):
                assert again.url == address.url
                one.retry_now()
                async with AsyncClient(again) as api:
                    after = await api.submit(Submission(sql="select 2"))
                    await until(events, Connected)
                    seen: set[str] = set()
                    start: int | None = None
                    while after.id not in seen:
                        async with asyncio.timeout(15):
                            event = await anext(events)
                        assert not isinstance(event, Snapshot)
                        if isinstance(event, Delta):
                            start = event.from_ if start is None else start
                            seen |= {entry.id for entry in event.changed}
                    # What we had is not told again.
                    assert start == known
                    assert before.id not in seen


async def test_another_store_behind_the_address_voids_what_we_had(tmp_path: Path) -> None:
    given: dict[str, Any] = {"configured_token": True, "token": "same", "warm_spare": False}
    with serving(tmp_path / "a", **given) as (thread, address):
        one = follower(address)
        async with aclosing(one.events()) as events:
            first = await until(events, Connected)
            await until(events, Snapshot)
            await asyncio.to_thread(thread.stop, 10.0)
            await until(events, Disconnected)
            with serving(tmp_path / "b", port=port(address), **given):
                other = await until(events, Connected)
                assert other.hello.epoch != first.hello.epoch
                assert (await anext(events)) == Snapshot(
                    jobs=[], offset=0, total=0, seq=0, more=False
                )


async def test_a_gap_is_never_yielded_and_is_filled_by_connecting_again() -> None:
    asked: list[dict[str, Any]] = []

    async def skips(ws: ServerConnection) -> None:
        await ws.send(hello(seq=1))
        asked.append(json.loads(await ws.recv()))
        if len(asked) == 1:
            await ws.send(snapshot(1))
            await ws.send(delta(2, 3))  # 1 to 2 is missing
        else:
            await ws.send(delta(1, 3))
        await ws.wait_closed()

    async with peer(skips) as address:
        one = follower(address)
        async with aclosing(one.events()) as events:
            await until(events, Snapshot)
            broken = await anext(events)
            assert isinstance(broken, Disconnected)
            assert "missing" in broken.reason
            filled = await until(events, Delta)
            assert (filled.from_, filled.to, one.seq) == (1, 3, 3)
    assert [(one.get("since"), one.get("epoch")) for one in asked] == [(None, None), (1, "e")]


async def test_a_chunk_that_does_not_follow_is_a_gap_too() -> None:
    async def skips(ws: ServerConnection) -> None:
        await ws.send(hello())
        await ws.recv()
        await ws.send(snapshot(1, more=True))
        await ws.send(snapshot(1, offset=7))
        await ws.wait_closed()

    async with peer(skips) as address, aclosing(follower(address).events()) as events:
        await until(events, Snapshot)
        assert isinstance(await anext(events), Disconnected)


async def test_an_overlap_is_cut_and_what_is_old_is_dropped() -> None:
    async def repeats(ws: ServerConnection) -> None:
        await ws.send(hello(seq=5))
        await ws.recv()
        for frame in (snapshot(5), delta(3, 5), delta(2, 7)):
            await ws.send(frame)
        await ws.wait_closed()

    async with peer(repeats) as address, aclosing(follower(address).events()) as events:
        await until(events, Snapshot)
        told = await anext(events)
        assert isinstance(told, Delta)
        assert (told.from_, told.to) == (5, 7)


async def test_a_server_behind_us_voids_what_we_had() -> None:
    asked: list[dict[str, Any]] = []

    async def restored(ws: ServerConnection) -> None:
        await ws.send(hello(seq=9 if not asked else 4))
        asked.append(json.loads(await ws.recv()))
        await ws.send(snapshot(9 if len(asked) == 1 else 4))
        if len(asked) > 1:
            await ws.wait_closed()

    async with peer(restored) as address, aclosing(follower(address).events()) as events:
        await until(events, Snapshot)
        assert (await until(events, Snapshot)).seq == 4
    assert "since" not in asked[1] or asked[1]["since"] is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (hello(protocol=2), "speaks version 2 of the protocol"),
        (snapshot(0), "did not say hello"),
        ("{", "cannot read"),
        (b"\xff", "cannot read"),
        ('{"type":"bye","code":"too_slow","reason":"Later."}', "Later."),
    ],
)
async def test_what_is_no_feed_is_said(said: str | bytes, reason: str) -> None:
    async def speak(ws: ServerConnection) -> None:
        await ws.send(said)
        await ws.wait_closed()

    async with peer(speak) as address, aclosing(follower(address).events()) as events:
        assert reason in (await until(events, Disconnected)).reason


async def test_a_wrong_token_is_said_and_tried_on(live: Address) -> None:
    wrong = Address(live.url, "wrong")
    async with aclosing(follower(wrong).events()) as events:
        for _ in range(2):
            told = await until(events, Disconnected)
            assert told.unauthorized
            assert told.reason == "The server does not know this token."


async def test_an_address_without_a_feed(live: Address) -> None:
    elsewhere = Address(f"{live.url}/elsewhere", live.token)
    async with aclosing(follower(elsewhere).events()) as events:
        assert (
            "404" in (told := (await until(events, Disconnected)).reason) or "no Longwatch" in told
        )


async def test_retry_now_ends_the_wait() -> None:
    nobody = Address("http://127.0.0.1:1", "token")
    one = follower(nobody, backoff=Backoff(least_s=1000, most_s=2000))
    async with aclosing(one.events()) as events:
        first = await until(events, Disconnected)
        assert "cannot be reached" in first.reason
        assert first.retry_in_s >= 1000
        trying = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not trying.done()
        one.retry_now()
        assert isinstance(await asyncio.wait_for(trying, 10), Disconnected)


async def test_whoever_accepts_and_says_nothing_is_given_up() -> None:
    over = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Also where this is called only after the follower has left: since Python 3.12 the server
        # waits for every connection to be closed.
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        address = Address(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")
        async with aclosing(follower(address, open_within_s=0.2).events()) as events:
            told = await until(events, Disconnected)
            assert told.reason == "The server does not answer in time."
        over.set()


async def test_a_connection_that_is_dead_without_a_word_is_noticed() -> None:
    over = asyncio.Event()

    async def freezes(ws: ServerConnection) -> None:
        await ws.send(hello())
        await ws.recv()
        await ws.send(snapshot(0))
        ws.transport.pause_reading()  # as behind a VPN that dropped: no pong, no goodbye
        await over.wait()
        ws.transport.abort()

    async with peer(freezes) as address:
        one = follower(address, ping_every_s=0.1, pong_within_s=0.2)
        async with aclosing(one.events()) as events:
            await until(events, Snapshot)
            told = await until(events, Disconnected)
            assert told.reason == "The server no longer answers."
            over.set()


async def test_nothing_is_left_behind(live: Address) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        async with aclosing(follower(live).events()) as events:
            await until(events, Snapshot)
    one = follower(live)
    consuming = asyncio.create_task(until(one.events(), Disconnected))
    await eventually(lambda: one.connected)
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)
    await eventually(lambda: asyncio.all_tasks() == before)


@given(st.integers(1, 10_000), st.floats(0.01, 10), st.floats(10, 100), st.integers())
def test_waits_grow_to_a_bound_and_are_never_none(
    failures: int, least_s: float, most_s: float, seed: int
) -> None:
    delay_s = Backoff(least_s, most_s).delay_s(failures, random.Random(seed))
    assert least_s <= delay_s <= most_s
    assert delay_s <= least_s * 2.0 ** min(failures, 1000)


@pytest.mark.slow
async def test_where_no_websocket_gets_through_it_asks(tmp_path: Path) -> None:
    async with feeding(tmp_path) as (behind, address):
        proxy = Proxy(port(address), random.Random(1), upgrades=False)
        proxy.calm()
        for n in range(7):
            await behind.service.submit(Submission(sql=f"select {n}"), "ada")
        async with proxy:
            through = Address(f"http://127.0.0.1:{proxy.port}", address.token)
            one = follower(through, poll_every_s=0.01, newest=3)
            async with aclosing(one.events()) as events:
                connected = await until(events, Connected)
                assert connected.polling
                assert one.connected
                assert one.latency_s is None
                chunks = [await until(events, Snapshot), await until(events, Snapshot)]
                # What is not over comes too, however old.
                assert [(len(one.jobs), one.more) for one in chunks] == [(3, True), (4, False)]
                assert chunks[1].older is not None
                started = min(behind.executor.open)[0]
                behind.executor.report(started, rows=5)
                while 5 not in (await until(events, ProgressFrame)).rows:
                    pass
                await behind.executor.end(started)
                told: list[JobState] = []
                while JobState.SUCCEEDED not in told:
                    delta = await until(events, Delta)
                    told += [job.state for job in delta.changed if job.id == started]
                proxy.upgrades = True
                one._socket_again_s = 0.0
                proxy.cut_all()
                while (await until(events, Connected)).polling:
                    pass
                assert (await until(events, Delta)).from_ == one.seq


async def test_the_answer_to_who_knows_everything_is_empty(tmp_path: Path) -> None:
    async with feeding(tmp_path) as (behind, address), AsyncClient(address) as client:
        await behind.service.submit(Submission(sql="select 1"), "ada")
        http = client._opened()
        first = await http.get("/v1/changes")
        told = first.json()
        assert (told["delta"], first.status_code) == (None, 200)
        known = {"since": str(told["hello"]["seq"]), "epoch": told["hello"]["epoch"]}
        tag = {"If-None-Match": first.headers["ETag"]}
        again = await http.get("/v1/changes", params=known, headers=tag)
        assert (again.status_code, again.content) == (304, b"")
        await behind.service.submit(Submission(sql="select 2"), "ada")
        more = await http.get("/v1/changes", params=known, headers=tag)
        assert len(more.json()["delta"]["changed"]) == 1
        other = await http.get("/v1/changes", params={**known, "epoch": "other"}, headers=tag)
        assert other.json()["delta"] is None
        mine = await http.get("/v1/changes", params={**known, "owner": "bob"})
        assert mine.json()["delta"]["changed"] == []
        assert (await http.get("/v1/changes", headers={"Authorization": ""})).status_code == 401


async def test_a_filter_is_followed(tmp_path: Path) -> None:
    async with feeding(tmp_path) as (behind, address):
        one = follower(address, which=FeedFilter(state=(JobState.RUNNING,)))
        async with aclosing(one.events()) as events:
            assert (await until(events, Snapshot)).jobs == []
            job = (await behind.service.submit(Submission(sql="select 1"), "ada")).id
            running: list[str] = []
            while job not in running:
                running += [entry.id for entry in (await until(events, Delta)).changed]
            await behind.executor.end(job)
            while job not in (await until(events, Delta)).removed:
                pass


async def test_what_is_in_sight_is_said_again_to_every_connection() -> None:
    heard: list[dict[str, Any]] = []

    async def listens(ws: ServerConnection) -> None:
        await ws.send(hello())
        await ws.recv()
        await ws.send(snapshot(0))
        while len(heard) < 3:
            heard.append(json.loads(await ws.recv()))
            if len(heard) == 2:
                return

    async with peer(listens) as address:
        one = follower(address)
        one.show(["a", "b"])
        async with aclosing(one.events()) as events:
            await until(events, Snapshot)
            await eventually(lambda: len(heard) == 1)
            one.show(["a", "b"])  # nothing new
            one.show(["c"])
            await until(events, Disconnected)
            await until(events, Snapshot)
            await eventually(lambda: len(heard) == 3)
    assert [one["ids"] for one in heard] == [["a", "b"], ["c"], ["c"]]


class Clocks:
    """A computer that can be put to sleep."""

    def __init__(self) -> None:
        self.awake_s = self.always_s = 100.0

    def watch(self) -> SleepWatch:
        return SleepWatch(lambda: self.awake_s, lambda: self.always_s)


def test_sleep_is_where_two_clocks_part() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    for awake_s, asleep_s, expected_s in ((3, 0, 0), (3, 2, 0), (1, 60, 60), (9, 0, 0)):
        clocks.awake_s += awake_s
        clocks.always_s += awake_s + asleep_s
        assert watch.slept_s() == expected_s
    assert SleepWatch().slept_s() == 0


async def test_after_a_sleep_a_dead_connection_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("longwatch.client.feed._LOOK_S", 0.05)
    over = asyncio.Event()
    clocks = Clocks()

    async def freezes(ws: ServerConnection) -> None:
        await ws.send(hello())
        await ws.recv()
        await ws.send(snapshot(0))
        ws.transport.pause_reading()
        await over.wait()
        ws.transport.abort()

    async with peer(freezes) as address:
        one = follower(address, ping_every_s=1000.0, sleep=clocks.watch())
        async with aclosing(one.events()) as events:
            await until(events, Snapshot)
            clocks.always_s += 3600
            assert (await until(events, Disconnected)).reason
            over.set()


async def test_after_a_sleep_the_next_try_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("longwatch.client.feed._LOOK_S", 0.05)
    clocks = Clocks()
    nobody = Address("http://127.0.0.1:1", "token")
    patient = Backoff(least_s=1000, most_s=2000)
    one = follower(nobody, backoff=patient, sleep=clocks.watch())
    async with aclosing(one.events()) as events:
        await until(events, Disconnected)
        trying = asyncio.ensure_future(until(events, Disconnected))
        await asyncio.sleep(0)
        clocks.always_s += 3600
        await trying
