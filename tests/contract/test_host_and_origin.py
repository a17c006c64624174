"""Host and Origin on raw sockets: what uvicorn lets pass, and a client library would never send."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import psutil
import pytest

from longwatch.client.address import Address

UPGRADE = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]


def ask(address: Address, path: str, *lines: str, token: str | None = None) -> tuple[int, bytes]:
    """Status and body of the answer to a request of exactly these header lines."""
    parts = urlsplit(address.url)
    token = address.token if token is None else token
    head = [f"GET {path} HTTP/1.1", *lines, f"Authorization: Bearer {token}", "", ""]
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as sock:
        sock.sendall("\r\n".join(head).encode("latin-1"))
        received = b""
        while b"\r\n\r\n" not in received:
            more = sock.recv(65536)
            assert more, f"no answer: {received!r}"
            received += more
        raw, _, body = received.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in raw.split(b"\r\n")[1:])
        while len(body) < int(fields.get(b"content-length", b"0")):
            more = sock.recv(65536)
            assert more
            body += more
    return int(raw.split(b" ", 2)[1]), body


@pytest.fixture
def host(live: Address) -> str:
    return f"Host: {urlsplit(live.url).netloc}"


@pytest.mark.parametrize(
    "hosts",
    [
        ["Host: evil.example"],
        ["Host: evil.example", "Host: 127.0.0.1"],
        ["Host: 127.0.0.1", "Host: 127.0.0.1"],
        ["Host: 127.0.0.1.evil.example"],
        ["Host: localhost@evil.example"],
        ["Host: "],
        [],
    ],
)
@pytest.mark.parametrize("upgrade", [[], UPGRADE], ids=["http", "websocket"])
def test_not_exactly_one_host_of_ours(live: Address, hosts: list[str], upgrade: list[str]) -> None:
    status, body = ask(live, "/v1/feed" if upgrade else "/v1/jobs", *hosts, *upgrade)
    assert (status, json.loads(body)["code"]) == (400, "foreign_host")


@pytest.mark.parametrize(
    "origins",
    [
        ["Origin: https://evil.example"],
        ["Origin: null"],
        ["Origin: http://127.0.0.1:1"],
        ["Origin: "],
    ],
)
@pytest.mark.parametrize("upgrade", [[], UPGRADE], ids=["http", "websocket"])
def test_a_page_of_another_origin(
    live: Address, host: str, origins: list[str], upgrade: list[str]
) -> None:
    status, body = ask(live, "/v1/feed" if upgrade else "/v1/jobs", host, *origins, *upgrade)
    assert (status, json.loads(body)["code"]) == (403, "foreign_origin")


def test_our_own_origin_or_none(live: Address, host: str) -> None:
    own = f"Origin: {live.url}"
    assert ask(live, "/v1/jobs", host)[0] == 200
    assert ask(live, "/v1/jobs", host, own)[0] == 200
    assert ask(live, "/v1/feed", host, *UPGRADE)[0] == 101
    assert ask(live, "/v1/feed", host, own, *UPGRADE)[0] == 101


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:1234"])
def test_the_other_names_of_this_machine(live: Address, name: str) -> None:
    assert ask(live, "/v1/jobs", f"Host: {name}")[0] == 200


def test_a_wrong_token_is_refused_before_the_handshake(live: Address, host: str) -> None:
    status, body = ask(live, "/v1/feed", host, *UPGRADE, token="wrong")
    assert (status, json.loads(body)["code"]) == (401, "unauthorized")
    status, body = ask(live, f"/v1/feed?token={live.token}", host, *UPGRADE, token="wrong")
    assert status == 401


def test_it_listens_on_the_loopback_device_alone(live: Address) -> None:
    mine = psutil.Process().net_connections("inet")
    listening = {one.laddr.ip for one in mine if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
