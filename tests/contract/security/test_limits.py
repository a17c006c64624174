"""What one client may take of a server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from longwatch.api import middleware
from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.feed import limited
from longwatch.protocol import routes
from longwatch.security import attempts
from support.people import Team, team
from support.servers import ENDLESS, serving
from support.waiting import wait_until


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("data")
    with team(folder, max_feeds=4, max_feeds_per_person=2) as given:
        yield given


@contextmanager
def raw(address: Address) -> Iterator[socket.socket]:
    parts = urlsplit(address.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as sock:
        yield sock


def everything(sock: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    found = b""
    while True:
        try:
            more = sock.recv(65_536)
        except ConnectionResetError:  # it hung up before all was read that was sent
            return found
        if not more:
            return found
        found += more


def told(answer: bytes) -> tuple[int, str]:
    """Status and code of a refusal."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer
    return int(head.split(b" ", 2)[1]), json.loads(body)["code"]


def head(address: Address, method: str = "GET", path: str = routes.JOBS) -> bytes:
    host = urlsplit(address.url).netloc
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {address.token}")
    return "\r\n".join([*lines, ""]).encode()


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("what", ["one header", "many headers", "address"])
def test_heads_that_are_too_large(ours: Team, what: str, ended: bool) -> None:
    """Invariant: no head makes the server keep more than it says it takes."""
    long = b"x" * limited.MOST_HEAD_BYTES
    request = {
        "one header": head(ours.start) + b"X-Long: " + long,
        "many headers": head(ours.start) + b"X-A: b\r\n" * 10_000,
        "address": b"GET /v1/jobs?text=" + long,
    }[what]
    with raw(ours.start) as sock:
        sock.sendall(request)
        if ended:
            end = b" HTTP/1.1\r\nHost: x\r\n\r\n" if what == "address" else b"\r\n\r\n"
            with suppress(OSError):  # it has hung up already
                sock.sendall(end)
        answer = everything(sock)
    assert answer == b"" or told(answer) == (431, "head_too_large")
    assert ours.http("vera").get(routes.JOBS).status_code == 200


def test_heads_that_come_too_slowly(ours: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "HEAD_WITHIN_S", 0.3)
    with raw(ours.start) as sock:  # says nothing at all
        assert everything(sock) == b""
    with raw(ours.start) as sock:
        sock.sendall(head(ours.start)[:20])
        assert told(everything(sock)) == (408, "slow_request")
    with raw(ours.start) as sock:  # the second request of a connection
        sock.sendall(head(ours.start, path=routes.HEALTH_LIVE) + b"\r\n")
        sock.recv(65_536)
        sock.sendall(head(ours.start)[:20])
        assert b"408" in everything(sock)


def test_bodies_that_come_too_slowly(ours: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_WITHIN_S", 0.3)
    for path, kind in ((routes.JOBS, "application/json"), (routes.SOURCES, "application/json")):
        with raw(ours.start) as sock:
            more = f"Content-Type: {kind}\r\nContent-Length: 100\r\n\r\n{{"
            sock.sendall(head(ours.start, "POST", path) + more.encode())
            assert told(everything(sock)) == (408, "slow_request")


def test_floods_of_ranges_and_parts(ours: Team) -> None:
    """Invariant: the server reads neither ranges nor forms, so that none of them costs anything."""
    with Client(ours.addresses["ann"]) as ann:
        job = ann.submit("select range as n from range(100000)")
        job.wait(60)
    http = ours.http("ann")
    path = routes.JOB_RESULT_EXPORT.format(job_id=job.id)
    flood = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 8_000, 2))
    whole, ranged = (http.get(path, headers=more) for more in ({}, {"Range": flood}))
    assert (ranged.status_code, ranged.content) == (200, whole.content)
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n\r\n'
                    for n in range(20_000))  # fmt: skip
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for where in (routes.JOBS, routes.FILES + "?name=x", routes.SAVED_QUERIES):
        answer = ours.http("root").post(where, content=parts, headers=kind)
        assert answer.status_code == 415


def test_wrong_tokens_are_counted_and_right_ones_let_in(ours: Team) -> None:
    nobody = ours.http("nobody")
    wrong = {"Authorization": "Bearer lw_00000000_guess"}
    codes = [nobody.get(routes.JOBS, headers=wrong).status_code for _ in range(20)]
    assert codes[: attempts.MOST_WRONG - 1] == [401] * (attempts.MOST_WRONG - 1)
    assert codes[-1] == 429
    answer = nobody.get(routes.JOBS, headers=wrong)
    assert answer.json()["code"] == "too_many_wrong_tokens"
    assert 1 <= int(answer.headers["retry-after"]) <= attempts.WITHIN_S
    assert nobody.get(routes.JOBS).status_code == 401, "no token is no guess"
    assert ours.http("vera").get(routes.JOBS).status_code == 200


def feed(address: Address) -> ClientConnection:
    return connect(address.feed_url, additional_headers=address.headers(), proxy=None)


def refused(address: Address) -> str:
    with pytest.raises(InvalidStatus) as caught, feed(address):
        pass
    answer = caught.value.response
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    found: str = json.loads(answer.body or b"{}")["code"]
    return found


def test_feeds_of_one_person_and_in_all(ours: Team) -> None:
    vera, ann, otto = (ours.addresses[name] for name in ("vera", "ann", "otto"))
    with feed(vera), feed(vera) as second:
        assert refused(vera) == "too_many_feeds"
        with feed(ann), feed(ann):
            assert refused(otto) == "too_many_feeds"
        second.close()
        wait_until(lambda: _opens(vera))


def _opens(address: Address) -> bool:
    try:
        with feed(address):
            return True
    except InvalidStatus:
        return False


def test_jobs_that_wait(tmp_path: Path) -> None:
    with (
        serving(tmp_path, max_running=1, max_queued_per_owner=300) as (_, address),
        httpx.Client(base_url=address.url, headers=address.headers(), trust_env=False) as http,
    ):
        codes = {http.post(routes.JOBS, json={"sql": ENDLESS}).status_code for _ in range(310)}
        assert codes == {202, 429}
        answer = http.post(routes.JOBS, json={"sql": ENDLESS})
        assert (answer.json()["code"], int(answer.headers["retry-after"]) > 0) == ("queue_full", 1)
