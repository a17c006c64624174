"""Tokens, and which hosts and origins are let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.security.hosts import host_name, host_rules
from longwatch.security.tokens import TokenChecker, new_token


def test_tokens_are_of_256_bits_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 43 and token.isascii() for token in tokens)


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("Bearer right", True),
        ("bearer right", True),
        ("BEARER  right ", True),
        ("Bearer wrong", False),
        ("Bearer", False),
        ("Bearer ", False),
        ("Basic right", False),
        ("right", False),
        ("", False),
        (None, False),
        ("Bearer right right", False),
        ("Bearer \udcff", False),
    ],
)
def test_the_authorization_header(header: str | None, known: bool) -> None:
    who = TokenChecker("right", "ada").principal(header)
    assert (who is not None) is known
    assert who is None or who.name == "ada"


@given(st.text())
def test_no_other_header_opens_it(header: str) -> None:
    assert TokenChecker(new_token(), "ada").principal(header) is None


def test_a_checker_keeps_no_token() -> None:
    checker = TokenChecker("canary-token", "ada")
    assert not any("canary" in str(value) for value in vars(checker).values())


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8080", "localhost"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[::1]:8080", "::1"),
        ("::1", "::1"),
        # Not names with ports: they stay as they are, and are on no list.
        ("[::1]evil.example", "[::1]evil.example"),
        ("localhost:evil", "localhost:evil"),
        ("localhost:", "localhost:"),
        ("localhost:80:80", "localhost:80:80"),
    ],
)
def test_host_name(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "[::1]:1", "LOCALHOST:5000"])
def test_a_loopback_server_answers_to_its_own_names(host: str) -> None:
    assert host_rules("127.0.0.1", (), ()).host_error([host]) is None


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["localhost", "localhost"],
        ["evil.example"],
        [""],
        ["localhost.evil.example"],
        ["127.0.0.1.evil.example:80"],
        ["localhost."],
        ["0.0.0.0"],
        ["user@localhost"],
        ["localhost,evil.example"],
    ],
)
def test_a_loopback_server_answers_to_no_other(hosts: list[str]) -> None:
    assert host_rules("127.0.0.1", (), ()).host_error(hosts)


def test_names_from_the_settings_come_beside_the_servers_own() -> None:
    rules = host_rules("0.0.0.0", ("warehouse.example:8443",), ("https://app.example",))
    assert rules.host_error(["warehouse.example"]) is None
    assert rules.host_error(["localhost:9"]) is None
    assert rules.host_error(["evil.example"])
    assert host_rules("0.0.0.0", (), ()).host_error(["any.example"]) is None
    assert host_rules("10.0.0.7", (), ()).host_error(["10.0.0.7:80"]) is None
    assert host_rules("10.0.0.7", (), ()).host_error(["localhost"])


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ([], True),
        (["http://127.0.0.1:5000"], True),
        (["https://127.0.0.1:5000"], True),
        (["https://app.example"], True),
        (["http://127.0.0.1:5001"], False),
        (["http://localhost:5000"], False),
        (["https://evil.example"], False),
        (["null"], False),
        ([""], False),
        (["http://127.0.0.1:5000", "https://evil.example"], False),
        (["https://app.example.evil.example"], False),
    ],
)
def test_origins(origins: list[str], allowed: bool) -> None:
    rules = host_rules("127.0.0.1", (), ("https://app.example",))
    assert (rules.origin_error(origins, "127.0.0.1:5000") is None) is allowed
