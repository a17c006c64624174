"""The server's log: JSON lines in one place, nothing anywhere else."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import structlog

from longwatch.logs import close_log, heard, open_log


def test_lines_are_json_with_the_request_they_belong_to(tmp_path: Path) -> None:
    log = open_log(tmp_path / "server.log", "info")
    with structlog.contextvars.bound_contextvars(request="r-1"):
        log.info("job submitted", job="j-1")
        log.debug("not at this level")
    try:
        int("no number")
    except ValueError:
        log.exception("failed")
    close_log(log)
    first, second = (
        json.loads(line) for line in (tmp_path / "server.log").read_text("utf-8").splitlines()
    )
    assert (first["event"], first["job"], first["request"]) == ("job submitted", "j-1", "r-1")
    assert first["timestamp"].endswith("Z")
    assert "request" not in second
    assert "ValueError: invalid literal" in second["exception"]


def test_nobody_elses_logging_is_touched(tmp_path: Path) -> None:
    before = (list(logging.root.handlers), logging.root.level, set(logging.root.manager.loggerDict))
    log = open_log(tmp_path / "server.log", "debug")
    log.warning("here")
    close_log(log)
    after = (list(logging.root.handlers), logging.root.level, set(logging.root.manager.loggerDict))
    assert before == after
    assert not structlog.is_configured()


def test_a_log_that_cannot_be_written_says_nothing_in_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = open_log(tmp_path / "gone" / "server.log", "info")
    log.error("lost")
    assert capfd.readouterr() == ("", "")


def test_what_another_library_warns_of_is_heard(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = open_log(tmp_path / "server.log", "info")
    other = logging.getLogger("longwatch-test-library")
    with heard(other.name, log):
        other.warning("connection %s lost", 7)
        other.info("not this")
    close_log(log)
    (line,) = (tmp_path / "server.log").read_text("utf-8").splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"]) == ("connection 7 lost", "warning")
    assert told["logger"] == other.name
    assert other.handlers == []
    assert capfd.readouterr().err == ""
