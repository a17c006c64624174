"""`longwatch jobs`, `show --story`, `retry` and `delete`, in this process against a real server."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from longwatch.cli.app import commands
from longwatch.cli.moments import Moment
from longwatch.client.address import Address
from longwatch.client.errors import Conflict
from longwatch.client.sync import Client
from support.servers import ENDLESS

Shell = Callable[..., list[str]]


@pytest.fixture
def shell(live: Address, tmp_path: Path) -> Shell:
    """Runs a command against `live`; the lines of its standard output."""
    token = tmp_path / "token"
    token.write_text(live.token)

    def run(*arguments: str) -> list[str]:
        where = ["--server", live.url, "--token-file", str(token)]
        done = CliRunner().invoke(commands, [*arguments, *where], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return done.stdout.splitlines()

    return run


def test_from_the_list_to_the_end(live: Address, shell: Shell, tmp_path: Path) -> None:
    with Client(live) as client:
        one = client.submit("select 1 as shell", name="shell one")
        one.wait(20)
        story = shell("show", one.id[:12], "--story")
        assert story[0].split() == ["WHEN", "TRY", "WHAT", "WHY"]
        assert [line.split()[-1] for line in story[1:]] == ["submitted", "started", "succeeded"]
        told = [json.loads(line) for line in shell("show", one.id, "--story", "--json")]
        assert [line["event"] for line in told] == ["submitted", "started", "succeeded"]
        (anew,) = shell("retry", one.id)
        client.job(anew).wait(20)
        assert client.job(anew).status().retry_of == one.id
        filters = ["--text", "SHELL", "--since", "1h", "--state", "succeeded", "--state", "lost"]
        listed = [json.loads(line)["id"] for line in shell("jobs", "--json", *filters)]
        assert listed == [anew, one.id]
        assert shell("jobs", "--text", "shell", "--before", "1h") == []
        assert shell("jobs", "--text", "shell", "--owner", "nobody") == []
        file = tmp_path / "history.csv"
        assert shell("jobs", *filters, "--export", str(file)) == []
        with file.open(newline="") as opened:
            assert [row["id"] for row in csv.DictReader(opened)] == [anew, one.id]
        lines = tmp_path / "history.jsonl"
        shell("jobs", *filters, "--export", str(lines))
        assert [json.loads(line)["sql"] for line in lines.read_text().splitlines()] == [
            "select 1 as shell"
        ] * 2
        assert shell("delete", one.id, anew) == [f"{one.id} deleted", f"{anew} deleted"]
        assert shell("jobs", "--text", "shell") == []
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "history.csv",
            "history.jsonl",
            "token",
        ]


def test_what_is_not_over_is_neither_doubled_nor_deleted(live: Address, shell: Shell) -> None:
    with Client(live) as client:
        one = client.submit(ENDLESS)
        for command in ("retry", "delete"):
            with pytest.raises(Conflict, match="Wait until it is over, or cancel it first"):
                shell(command, one.id)
        one.cancel()
        one.wait(20)


def test_an_export_of_another_kind(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match=r"must be \.csv or \.jsonl"):
        shell("jobs", "--export", str(tmp_path / "history.xlsx"))
    assert not (tmp_path / "history.xlsx").exists()


def test_moments_as_people_type_them() -> None:
    moment = Moment()
    for text, ago in (("30m", {"minutes": 30}), ("2h", {"hours": 2}), ("7D", {"days": 7})):
        found = moment.convert(text, None, None)
        assert abs(datetime.now(UTC) - timedelta(**ago) - found) < timedelta(seconds=5)
    assert moment.convert("2026-03-31", None, None) == datetime(2026, 3, 31).astimezone()
    exact = moment.convert("2026-03-31T10:00+02:00", None, None)
    assert exact == datetime(2026, 3, 31, 8, tzinfo=UTC)
    for wrong in ("yesterday", "", "7", "999999w", "2026-02-30"):
        with pytest.raises(click.BadParameter, match="is neither like"):
            moment.convert(wrong, None, None)
