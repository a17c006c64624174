"""A feed over a store of many jobs: snapshots in chunks, readers that stop."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import insert
from websockets.asyncio.client import connect

from longwatch.client.address import Address
from longwatch.feed.hub import FeedHub
from longwatch.feed.session import SUBSCRIBE_TIMEOUT_S
from longwatch.host import ServerThread
from longwatch.jobs.model import evolve
from longwatch.protocol.jobs import JobState
from longwatch.store.rows import to_row
from longwatch.store.tables import events, jobs
from longwatch.store.writer import StoreThread, Transaction
from support.servers import job, serving
from support.waiting import wait_until

MANY = 6_500


def _fill(tx: Transaction) -> None:
    made = job("select '" + "x" * 200 + "'", name="n" * 200)
    rows = [
        to_row(evolve(made, id=f"{n:016}", state=JobState.SUCCEEDED, attempt=1, seq=n))
        for n in range(1, MANY + 1)
    ]
    tx.connection.execute(insert(jobs), rows)
    last = {"seq": MANY, "job_id": rows[-1]["id"], "event": "succeeded", "attempt": 1, "at_us": 0}
    tx.connection.execute(insert(events), [last])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerThread, Address]]:
    """A server that has seen many jobs."""
    folder: Path = tmp_path_factory.mktemp("full")
    store = StoreThread(folder / "jobs.sqlite", lambda _changes: None)
    store.open()
    store.submit(_fill).result(30)
    store.close()
    with serving(folder, warm_spare=False) as (thread, address):
        yield thread, address


def hub_of(thread: ServerThread) -> FeedHub:
    assert thread._server is not None
    app: Any = thread._server.config.app
    found: FeedHub = app.state.parts.hub
    return found


async def test_a_snapshot_comes_in_chunks_newest_first(full: tuple[ServerThread, Address]) -> None:
    address = full[1]
    async with connect(
        address.feed_url, additional_headers=address.headers(), proxy=None, max_size=None
    ) as ws:
        await ws.recv()
        await ws.send('{"type":"subscribe"}')
        chunks: list[dict[str, Any]] = []
        while not chunks or chunks[-1]["more"]:
            chunks.append(json.loads(await asyncio.wait_for(ws.recv(), 20)))
    assert [(chunk["offset"], len(chunk["jobs"])) for chunk in chunks] == [
        (0, 200),
        (200, 2000),
        (2200, 2000),
        (4200, 2000),
        (6200, 300),
    ]
    assert {(chunk["total"], chunk["seq"]) for chunk in chunks} == {(MANY, MANY)}
    assert [one["seq"] for chunk in chunks for one in chunk["jobs"]] == list(range(MANY, 0, -1))


async def test_too_much_to_resume_is_told_by_the_store(full: tuple[ServerThread, Address]) -> None:
    address = full[1]
    async with connect(
        address.feed_url, additional_headers=address.headers(), proxy=None, max_size=None
    ) as ws:
        epoch = json.loads(await ws.recv())["epoch"]
        await ws.send(json.dumps({"type": "subscribe", "since": 6000, "epoch": epoch}))
        delta = json.loads(await asyncio.wait_for(ws.recv(), 20))
        assert (delta["from"], delta["to"], len(delta["changed"])) == (6000, MANY, 500)


def _masked(text: str) -> bytes:
    """A client's text frame (RFC 6455, 5.2), its mask all zeros."""
    data = text.encode()
    assert len(data) < 126
    return bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data


def test_whoever_stops_reading_is_let_go_and_costs_no_more(
    full: tuple[ServerThread, Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longwatch.feed.beat.SEND_TIMEOUT_S", 0.3)
    thread, address = full
    hub = hub_of(thread)
    wait_until(lambda: hub._subscribers == 0)
    parts = urlsplit(address.url)
    key = base64.b64encode(os.urandom(16)).decode()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(10)
        sock.connect((parts.hostname, parts.port))
        head = [
            "GET /v1/feed HTTP/1.1",
            f"Host: {parts.netloc}",
            f"Authorization: Bearer {address.token}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
        ]
        sock.sendall("\r\n".join([*head, "", ""]).encode())
        assert sock.recv(12).endswith(b"101")
        wait_until(lambda: hub._subscribers == 1)
        start_s = time.monotonic()
        sock.sendall(_masked('{"type":"subscribe"}'))
        # It reads no more: 7 MB of snapshot fit into no buffer between the two.
        wait_until(lambda: hub._subscribers == 0)
        assert time.monotonic() - start_s < SUBSCRIBE_TIMEOUT_S
