"""Tokens and the audit log from the command line, with a server and without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longwatch.cli.exits import Exit
from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.protocol.people import Role
from support.processes import longwatch
from support.servers import serving


@pytest.mark.slow
def test_tokens_of_a_folder_are_those_of_its_next_server(tmp_path: Path) -> None:
    """Invariant: what is made and revoked while no server runs holds when one does, and the other
    way round."""
    data_dir = tmp_path / "data"
    made = longwatch("token", "create", "ann", "--role", "analyst", "--data-dir", data_dir)
    assert made.code == Exit.SUCCEEDED
    secret = made.text.strip()
    assert "will not be shown again" in made.err
    with serving(data_dir, warm_spare=False) as (_, address):
        with Client(Address(address.url, secret)) as ann:
            assert (ann.me().name, ann.me().role) == ("ann", Role.ANALYST)
        more = longwatch(
            *("token", "create", "zoe", "--role", "viewer", "--expires-days", "1", "--json"),
            *("--data-dir", data_dir),
        )
        told = json.loads(more.out)
        with Client(Address(address.url, told["secret"])) as zoe:
            me = zoe.me()
        assert (me.name, me.expires_at is not None) == ("zoe", True)
    listed = longwatch("token", "list", "--data-dir", data_dir)
    assert "zoe" in listed.text
    assert secret.rpartition("_")[2] not in listed.text
    revoked = longwatch("token", "revoke", told["token"]["id"], "--data-dir", data_dir)
    assert revoked.code == Exit.SUCCEEDED
    audit = longwatch("audit", "--json", "--data-dir", data_dir)
    lines = [json.loads(line) for line in audit.text.splitlines()]
    assert [one["action"] for one in lines] == ["token.revoke", "token.create", "token.create"]
    assert secret.rpartition("_")[2] not in audit.text


@pytest.mark.slow
def test_what_cannot_be_done(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    none = longwatch("token", "revoke", "nobody", "--data-dir", data_dir)
    assert (none.code, "token list" in none.err) == (Exit.USAGE, True)
    name = longwatch("token", "create", " ", "--role", "viewer", "--data-dir", data_dir)
    assert name.code == Exit.USAGE
    with serving(data_dir, warm_spare=False) as (_, address):
        with Client(address) as admin:
            made = admin.create_token("vera", Role.VIEWER)
        token = tmp_path / "token"
        token.write_text(made.secret)
        where = ("--server", address.url, "--token-file", token)
        refused = longwatch("token", "list", *where)
        assert (refused.code, "role admin" in refused.err) == (Exit.USAGE, True)


def test_a_pinned_server_from_the_command_line(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tls_self_signed=True, warm_spare=False) as (_, address):
        pin, token = tmp_path / "pin.pem", tmp_path / "token"
        pin.write_text(address.certificate)
        token.write_text(address.token)
        where = ("--server", address.url, "--token-file", token)
        assert longwatch("jobs", *where, "--certificate", pin).code == Exit.SUCCEEDED
        unknown = longwatch("jobs", *where)
        assert (unknown.code, "CERTIFICATE_VERIFY_FAILED" in unknown.err) == (4, True)


def test_settings_that_were_changed_are_in_the_audit_log(tmp_path: Path) -> None:
    canary = "canary-token-of-the-settings-that-nobody-sees"
    for settings in ({}, {"max_running": 3, "token": canary}, {"token": canary}):
        server = serving(tmp_path, warm_spare=False, **settings)
        with server as (_, address), Client(address) as admin:
            lines = list(admin.audit())
    told = [(one.action, one.target, one.detail) for one in reversed(lines)]
    assert told == [
        ("settings.change", "max_running", "default → 3"),
        ("settings.change", "token", "default → (secret)"),
        ("settings.change", "max_running", "3 → default"),
    ]
    assert all(canary not in repr(one) for one in lines)
