"""Tokens, and which hosts and origins are let in."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.protocol.people import Role, Token
from longwatch.security import attempts
from longwatch.security.attempts import WrongTokens
from longwatch.security.hosts import host_name, host_rules
from longwatch.security.tokens import TokenChecker, digest, new_named_token, new_token


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


def kept(name: str, role: Role = Role.VIEWER, **more: Any) -> tuple[str, Token]:
    secret, prefix = new_named_token()
    now = datetime.now(UTC)
    return secret, Token(id=name, name=name, role=role, prefix=prefix, created_at=now, **more)


def test_named_tokens_are_found_by_their_prefix() -> None:
    checker = TokenChecker("start", "ada")
    secrets = {}
    for name in ("ann", "otto"):
        secrets[name], token = kept(name)
        checker.add(token, digest(secrets[name]))
    for name, secret in secrets.items():
        assert len(secret.split("_", 2)[2]) == 43
        who = checker.principal(f"Bearer {secret}")
        assert who is not None
        assert (who.name, who.role, who.token_id) == (name, Role.VIEWER, name)
        assert checker.principal(f"Bearer {secret[:-1]}") is None
        assert checker.principal(f"Bearer {secret}x") is None
    swapped = secrets["ann"][:12] + secrets["otto"][12:]
    assert checker.principal(f"Bearer {swapped}") is None
    checker.revoke("ann")
    assert checker.principal(f"Bearer {secrets['ann']}") is None
    assert checker.principal(f"Bearer {secrets['otto']}") is not None
    assert checker.principal("Bearer start") is not None


def test_those_that_are_over_are_not_let_in() -> None:
    checker = TokenChecker("start", "ada")
    past = datetime.now(UTC) - timedelta(seconds=1)
    ways: list[dict[str, Any]] = [{"expires_at": past}, {"revoked_at": past}]
    for more in ways:
        secret, token = kept("eve", **more)
        checker.add(token, digest(secret))
        assert checker.principal(f"Bearer {secret}") is None
    assert not checker.has_people


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", noted)
    checker = TokenChecker("start", "ada")
    secret, token = kept("ann")
    checker.add(token, digest(secret))
    for tried in (secret, "start", "wrong", secret[:-1]):
        checker.principal(f"Bearer {tried}")
    assert len(compared) == 5, "a wrong one with a known prefix is compared twice"
    assert {len(one) for pair in compared for one in pair} == {32}


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


def test_wrong_tokens_are_counted_by_address() -> None:
    now_s = 1_000.0
    wrong = WrongTokens(lambda: now_s)
    for client in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "testclient"):
        assert [wrong.note(client) for _ in range(10)] == [None] * 10
        assert wrong.note(client) == 60
    assert wrong.note("2001:db8::ffff:1") == 60, "the same /64"
    assert wrong.note("2001:db8:0:1::1") is None
    now_s += 59
    assert wrong.note("192.0.2.1") == 1
    now_s += 1
    assert wrong.note("192.0.2.1") is None


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_ADDRESSES", 3)
    wrong = WrongTokens()
    for n in range(100):
        wrong.note(f"192.0.2.{n}")
    assert len(wrong._wrong) == 3
