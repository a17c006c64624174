"""`longwatch doctor --server`: a server looked at from outside, through whatever is between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from longwatch.cli.doctor_server import server
from longwatch.cli.exits import Exit
from longwatch.cli.findings import Finding
from longwatch.client.address import Address
from support.processes import longwatch
from support.proxies import Proxy
from support.servers import serving
from support.tls import make_certificate, tls_before


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with serving(tmp_path_factory.mktemp("live"), warm_spare=False) as (_, address):
        yield address


def seen(address: Address, *, has_token: bool = True) -> dict[str, Finding]:
    return {one.what: one for one in server(address, has_token=has_token)}


def test_all_is_well(live: Address, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(live.token)
    done = longwatch("doctor", "--server", live.url, "--token-file", token)
    assert done.code == Exit.SUCCEEDED, done.text
    for what in ("server", "clock", "store", "version", "token", "free disk there", "WebSocket"):
        assert f" {what} " in done.text
    assert live.token not in done.text


def test_without_a_token_less_is_seen_and_nothing_is_wrong(live: Address) -> None:
    found = seen(Address(live.url, "none"), has_token=False)
    assert found["token"].ok is None
    assert found["WebSocket"].ok is True
    assert "wants a token" in found["WebSocket"].found
    assert "free disk there" not in found


def test_a_wrong_token(live: Address) -> None:
    found = seen(Address(live.url, "wrong"))
    assert found["token"].ok is False
    assert found["store"].ok is True


def test_a_certificate_that_ends_soon_and_one_that_nobody_trusts(
    live: Address, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path, "front", days=2.5)
    with tls_before(live, certificate) as front:
        trusting = Address(front.address.url, live.token, certificate.read_text())
        found = seen(trusting)
        assert found["TLS"].ok is False
        assert "good for 2 days" in found["TLS"].found
        assert found["WebSocket"].ok is True
        found = seen(front.address)
        assert "not trusted here" in found["TLS"].found
        assert found["server"].ok is False


async def test_a_proxy_that_lets_no_websocket_through(live: Address) -> None:
    port = urlsplit(live.url).port
    assert port is not None
    proxy = Proxy(port, random.Random(1), upgrades=False)
    proxy.calm()
    async with proxy:
        address = Address(f"http://127.0.0.1:{proxy.port}", live.token)
        found = await asyncio.to_thread(seen, address)
    assert found["store"].ok is True
    assert found["WebSocket"].ok is False
    assert "answered 403" in found["WebSocket"].found


def test_nobody_there() -> None:
    done = longwatch("doctor", "--server", "http://127.0.0.1:9", "--json")
    assert done.code == Exit.FAILED
    assert "out of reach" in done.text


def test_from_outside_nothing_is_fixed(live: Address) -> None:
    assert longwatch("doctor", "--server", live.url, "--fix").code == Exit.USAGE
