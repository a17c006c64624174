"""Addresses as people type them."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longwatch.client.address import Address
from longwatch.client.errors import InvalidAddress


@pytest.mark.parametrize(
    ("typed", "url", "feed_url"),
    [
        ("http://127.0.0.1:80/", "http://127.0.0.1:80", "ws://127.0.0.1:80/v1/feed"),
        ("  https://a.example  ", "https://a.example", "wss://a.example/v1/feed"),
        ("https://a.example/base/", "https://a.example/base", "wss://a.example/base/v1/feed"),
        ("http://[::1]:8080", "http://[::1]:8080", "ws://[::1]:8080/v1/feed"),
    ],
)
def test_what_is_an_address(typed: str, url: str, feed_url: str) -> None:
    address = Address.parse(typed, " token\n")
    assert (address.url, address.feed_url, address.token) == (url, feed_url, "token")
    assert address.headers() == {"Authorization": "Bearer token"}


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "looks like https://"),
        ("localhost:8080", "looks like"),
        ("ftp://a.example", "looks like"),
        ("http://", "looks like"),
        ("http://a.example:99999", "not an address"),
        ("http://a.example:x", "not an address"),
        ("http://[::1", "not an address"),
        ("http://a.example:0", "port 0"),
        ("http://me:secret@a.example", "given apart"),
        ("http://a.example?token=secret", "given apart"),
        ("http://a.example#x", "given apart"),
        ("http://a b.example", "not an address"),
        ("http://a\x00b", "not an address"),
        ("http://-.example/\x7f", "not an address"),
    ],
)
def test_what_is_none(typed: str, word: str) -> None:
    with pytest.raises(InvalidAddress, match=word):
        Address.parse(typed, "token")


@pytest.mark.parametrize("token", ["", "  ", "a b", "a\nb", "tökén", "a\x00"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(InvalidAddress, match="token is empty or has characters"):
        Address.parse("http://a.example", token)


@given(st.from_regex(r"https?://\S{1,30}", fullmatch=True) | st.text())
@example("http://a\u2100b")
@example("http://\u3002")
@example("http://0:\u0661")
def test_whatever_is_accepted_can_be_called(typed: str) -> None:
    try:
        address = Address.parse(typed, "token")
    except InvalidAddress:
        return
    assert httpx.URL(address.url).host
    assert address.label
    assert address.feed_url.startswith("ws")


def test_the_token_is_not_shown() -> None:
    assert "canary" not in repr(Address("http://a.example", "canary"))


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:5", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("http://localhost.evil.example", False),
    ],
)
def test_loopback(url: str, loopback: bool) -> None:
    assert Address(url, "t").is_loopback is loopback
