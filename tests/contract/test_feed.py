"""The feed over a real WebSocket."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.feed.beat import Place
from longwatch.feed.session import FeedSession
from longwatch.feed.socket import FeedHttp, FeedSocket
from longwatch.protocol.frames import SUBPROTOCOL
from longwatch.protocol.jobs import JobState, Submission
from support.feeds import feed
from support.servers import ENDLESS, serving
from support.waiting import eventually


async def frame(socket: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 10))
    return found


async def say(socket: ClientConnection, **fields: Any) -> None:
    await socket.send(json.dumps(fields))


async def subscribed(
    socket: ClientConnection, **fields: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The hello, and the first frame after subscribing."""
    hello = await frame(socket)
    await say(socket, type="subscribe", **fields)
    return hello, await frame(socket)


async def to_the_end(socket: ClientConnection) -> None:
    while True:
        await frame(socket)


class View:
    """What a client makes of the frames."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.seq = 0
        self.history: list[tuple[str, str]] = []

    def take(self, told: dict[str, Any]) -> None:
        if told["type"] == "snapshot":
            self.jobs |= {one["id"]: one for one in told["jobs"]}
            self.seq = told["seq"]
        elif told["type"] == "delta":
            assert told["from"] == self.seq
            self.jobs |= {one["id"]: one for one in told["changed"]}
            self.history += [(one["id"], one["state"]) for one in told["changed"]]
            self.seq = told["to"]

    async def until(self, socket: ClientConnection, job_id: str, state: str) -> None:
        while self.jobs.get(job_id, {}).get("state") != state:
            self.take(await frame(socket))


async def test_hello_a_snapshot_then_changes(live: Address) -> None:
    async with AsyncClient(live) as api, feed(live, subprotocols=[Subprotocol(SUBPROTOCOL)]) as ws:
        assert ws.subprotocol == SUBPROTOCOL
        hello, snapshot = await subscribed(ws)
        assert (hello["type"], hello["protocol"]) == ("hello", 1)
        assert (snapshot["type"], snapshot["offset"]) == ("snapshot", 0)
        view = View()
        view.take(snapshot)
        while snapshot["more"]:
            snapshot = await frame(ws)
            view.take(snapshot)
        one = await api.submit(Submission(sql="select 42"))
        await view.until(ws, one.id, "succeeded")
        assert view.jobs[one.id]["result"]["rows"] == 1
        assert view.jobs[one.id]["progress"]["fraction"] == 1.0
        assert "sql" not in view.jobs[one.id]


async def test_a_fast_query_never_misses_its_own_event(live: Address) -> None:
    async with AsyncClient(live) as api:
        for _ in range(5):
            one = await api.submit(Submission(sql="select 1"))
            async with feed(live) as ws:
                view = View()
                _, first = await subscribed(ws)
                view.take(first)
                await view.until(ws, one.id, "succeeded")


async def test_resuming_brings_what_changed_and_nothing_else(live: Address) -> None:
    async with AsyncClient(live) as api:
        before = await api.submit(Submission(sql="select 1"))
        await api.wait(before.id, timeout_s=20)
        async with feed(live) as ws:
            hello, _ = await subscribed(ws)
        one = await api.submit(Submission(sql="select 2"))
        await api.wait(one.id, timeout_s=20)
        known = {"since": hello["seq"], "epoch": hello["epoch"]}
        async with feed(live) as ws:
            _, delta = await subscribed(ws, **known)
            assert (delta["type"], delta["from"]) == ("delta", hello["seq"])
            assert [entry["id"] for entry in delta["changed"]] == [one.id]
        async with feed(live) as ws:
            _, other = await subscribed(ws, since=hello["seq"], epoch="other")
            assert (other["type"], other["offset"]) == ("snapshot", 0)
        async with feed(live) as ws:
            _, future = await subscribed(ws, since=10**9, epoch=hello["epoch"])
            assert future["type"] == "snapshot"


async def test_every_subscription_brings_the_progress_of_what_runs(live: Address) -> None:
    async with AsyncClient(live) as api:
        one = await api.submit(Submission(sql=ENDLESS))
        await eventually(lambda: executing(api, one.id))
        for known in ({}, {"since": one.seq, "epoch": ""}):
            async with feed(live) as ws:
                hello = await frame(ws)
                if known:
                    known["epoch"] = hello["epoch"]
                await say(ws, type="subscribe", **known)
                first = await frame(ws)
                told = {entry["id"]: entry for entry in first.get("jobs") or first["changed"]}
                assert told[one.id]["phase"] == "executing"
                progress = await frame(ws)
                while one.id not in progress.get("ids", ()):
                    progress = await frame(ws)
                at = progress["ids"].index(one.id)
                assert progress["phases"][at] == "executing"
                assert progress["attempts"][at] == 1
                assert progress["memory_bytes"][at] > 10 * 2**20
                lengths = {len(value) for value in progress.values() if isinstance(value, list)}
                assert lengths == {len(progress["ids"])}
        await api.cancel(one.id)
        ended = await api.wait(one.id, timeout_s=20)
        assert (ended.state, ended.cancel_confirmed) == (JobState.CANCELLED, True)


async def executing(api: AsyncClient, job_id: str) -> bool:
    phase = (await api.job(job_id)).phase
    return phase is not None and phase.value == "executing"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", 1007),
        ('{"type":"nonsense"}', 1007),
        ('{"type":"subscribe","surprise":1}', 1007),
        (b'{"type":"nonsense"}', 1007),
        (b"\xff\xfe\x00", 1007),
        ('{"type":"ping","n":1' + " " * 70_000 + "}", 1009),
        ('{"type":"subscribe"}', 1008),
    ],
)
async def test_a_malformed_frame_ends_this_feed_and_no_other(
    live: Address, sent: str | bytes, code: int
) -> None:
    async with feed(live) as bystander, feed(live) as ws:
        await subscribed(bystander)
        await subscribed(ws)
        await ws.send(sent)
        told = await frame(ws)
        while told["type"] != "bye":
            told = await frame(ws)
        assert told["code"] == "malformed_frame"
        with pytest.raises(ConnectionClosed) as caught:
            await frame(ws)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == code
        assert caught.value.rcvd.reason == told["reason"][:120]
        await say(bystander, type="ping", n=7)
        pong = await frame(bystander)
        while pong["type"] != "pong":
            pong = await frame(bystander)
        assert pong["n"] == 7


async def test_a_frame_of_two_megabytes_is_cut_off(live: Address) -> None:
    async with feed(live) as ws:
        await subscribed(ws)

        async def send_and_hear() -> None:
            await ws.send("x" * 2**21)  # the server may hang up before it has read all
            await to_the_end(ws)

        with pytest.raises(ConnectionClosed):
            await send_and_hear()
    async with feed(live) as ws:
        assert (await frame(ws))["type"] == "hello"


async def test_text_that_is_not_utf_8_is_cut_off(live: Address) -> None:
    async with feed(live) as ws:
        await subscribed(ws)
        await ws.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed) as caught:
            await to_the_end(ws)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1007


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
async def test_without_the_token_there_is_no_handshake(
    live: Address, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(live.feed_url, additional_headers=headers, proxy=None):
            pass
    answer = caught.value.response
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body or b"")["code"] == "unauthorized"


def test_a_get_of_the_feed_is_a_problem_too(live_http: httpx.Client) -> None:
    answer = live_http.get("/v1/feed")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_stopping_server_says_what_became_of_the_jobs_and_goodbye(tmp_path: Path) -> None:
    with serving(tmp_path, on_stop="cancel") as (thread, address):
        async with AsyncClient(address) as api, feed(address) as ws:
            view = View()
            _, first = await subscribed(ws)
            view.take(first)
            one = await api.submit(Submission(sql=ENDLESS))
            await eventually(lambda: executing(api, one.id))
            stopping = asyncio.create_task(asyncio.to_thread(thread.stop, 10.0))
            told = await frame(ws)
            while told["type"] != "bye":
                view.take(told)
                told = await frame(ws)
            assert told == {
                "type": "bye",
                "code": "stopping",
                "reason": "The server is stopping.",
            }
            assert view.jobs[one.id]["state"] == "cancelled"
            assert view.jobs[one.id]["error"]["code"] == "server_stopped"
            assert await stopping


async def test_stopping_is_quick_when_feeds_are_open(tmp_path: Path) -> None:
    with serving(tmp_path, warm_spare=False) as (thread, address):
        async with feed(address) as one, feed(address) as two:
            await subscribed(one)
            assert (await frame(two))["type"] == "hello"  # and never subscribes
            loop = asyncio.get_running_loop()
            start_s = loop.time()
            assert await asyncio.to_thread(thread.stop, 10.0)
            assert loop.time() - start_s < 4.0
            assert (await frame(one))["code"] == "stopping"
            assert (await frame(two))["code"] == "stopping"


async def test_the_columns_of_a_result_are_left_to_who_asks(live: Address) -> None:
    """A thousand columns of each job would be most of a snapshot."""
    wide = ", ".join(f"{n} as a_long_name_of_column_{n}" for n in range(1_000))
    async with AsyncClient(live) as api:
        done = await api.wait((await api.submit(Submission(sql=f"select {wide}"))).id)
        assert done.result is not None
        assert len(done.result.columns) == 1_000
        listed = (await api.jobs(limit=1)).jobs[0]
    async with feed(live) as socket:
        _, snapshot = await subscribed(socket)
    (told,) = [one for one in snapshot["jobs"] if one["id"] == done.id]
    assert told["result"] == {
        "rows": 1,
        "bytes": done.result.bytes,
        "complete": True,
        "stopped_at": None,
    }
    assert listed.id == done.id
    assert listed.result == done.result.summary()


async def test_a_feed_that_ends_leaves_nothing_to_the_collector(live: Address) -> None:
    """Garbage in cycles is collected at once, and that of a thousand feeds holds the loop."""

    def left() -> list[str]:
        kinds = (FeedSocket, FeedHttp, FeedSession, Place, ServerProtocol)
        return [type(one).__name__ for one in gc.get_objects() if type(one) in kinds]

    gc.collect()
    gc.disable()
    try:
        before = len(left())
        async with feed(live) as closed, feed(live) as cut:
            for socket in (closed, cut):
                await subscribed(socket)
            assert len(left()) > before
            cut.transport.abort()
        await eventually(lambda: len(left()) == before)
    finally:
        gc.enable()
