"""`longwatch config`: where settings come from; and secrets, from files and never shown."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from longwatch.cli.app import commands
from longwatch.effective import limits_of
from longwatch.protocol.limits import LimitOrigin
from longwatch.settings import SettingsError, load_settings

CANARY = "canary-77aa"


def told(data_dir: Path) -> dict[str, tuple[object, str]]:
    done = CliRunner().invoke(
        commands, ["config", "--json", "--data-dir", str(data_dir)], standalone_mode=False
    )
    assert done.exception is None, done.exception
    found = map(json.loads, done.output.splitlines())
    return {one["name"]: (one["value"], one["origin"]) for one in found}


def test_every_setting_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("max_running = 3\nthreads = 5\n")
    monkeypatch.setenv("LONGWATCH_THREADS", "7")
    found = told(tmp_path)
    assert found["max_running"] == (3, str(tmp_path / "config.toml"))
    assert found["threads"] == (7, "environment: LONGWATCH_THREADS")
    assert found["max_attempts"] == (2, "default")
    assert found["data_dir"] == (str(tmp_path), "argument: --data-dir")


def test_no_secret_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text(
        f"""
        [sources.a]
        engine = "postgres"
        options = {{ host = "db", password = "{CANARY}" }}
        secrets = {{ token = "{CANARY}", password = {{ env = "PGPASSWORD" }} }}
        [sources.b]
        engine = "adbc"
        options = {{ uri = "postgresql://ada:{CANARY}@db/x" }}
        """
    )
    monkeypatch.setenv("LONGWATCH_TOKEN", CANARY)
    found = told(tmp_path)
    assert CANARY not in json.dumps(found)
    assert found["token"] == ("***", "environment: LONGWATCH_TOKEN")
    assert "postgresql://ada:***@db/x" in json.dumps(found["sources"])


def test_what_is_printed_is_toml(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[sources."a b"]\npath = "/x"\ntitle = "\\"quoted\\""\n')
    done = CliRunner().invoke(commands, ["config", "--data-dir", str(tmp_path)])
    again = tmp_path / "again"
    again.mkdir()
    (again / "config.toml").write_text(done.output, encoding="utf-8")
    assert tomllib.loads(done.output)["sources"]["a b"]["title"] == '"quoted"'
    assert load_settings(again, {}).sources == load_settings(tmp_path, {}).sources


def test_a_secret_is_read_from_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "targets"
    file.write_text(json.dumps({"ops": CANARY}))
    monkeypatch.setenv("LONGWATCH_NOTIFY_TARGETS_FILE", str(file))
    settings = load_settings(tmp_path, {})
    assert settings.notify_targets["ops"].get_secret_value() == CANARY
    assert CANARY not in repr(settings)
    assert told(tmp_path)["notify_targets"] == (
        {"ops": "***"},
        "file: LONGWATCH_NOTIFY_TARGETS_FILE",
    )
    file.write_text("not json")
    with pytest.raises(SettingsError, match="LONGWATCH_NOTIFY_TARGETS_FILE: the file does not"):
        load_settings(tmp_path, {})
    file.unlink()
    with pytest.raises(SettingsError, match=r"LONGWATCH_NOTIFY_TARGETS_FILE: .* cannot be read"):
        load_settings(tmp_path, {})


def test_a_server_tells_its_limits_and_whence_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("max_running = 3\nthreads = 5\nmax_queued = 9\nkeep_jobs = 0\n")
    monkeypatch.setenv("LONGWATCH_THREADS", "7")
    told = limits_of(load_settings(tmp_path, {"max_queued": 8}))
    assert told.file == str(file)
    found = {one.name: one for one in told.limits}
    assert [(found[name].value, found[name].origin) for name in (
        "max_queued", "threads", "max_running", "max_attempts", "keep_jobs", "max_run_s",
    )] == [
        (8, LimitOrigin.ARGUMENT),
        (7, LimitOrigin.ENVIRONMENT),
        (3, LimitOrigin.FILE),
        (2, LimitOrigin.DEFAULT),
        (None, LimitOrigin.FILE),
        (None, LimitOrigin.DEFAULT),
    ]  # fmt: skip
    assert found["threads"].variable == "LONGWATCH_THREADS"
    assert all(one.about for one in told.limits)
