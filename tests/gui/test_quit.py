"""How the program ends, and what the next start finds: in processes of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from support.programs import Window, window
from support.servers import ENDLESS
from support.waiting import wait_until

LIMIT_S = 3.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
"""Three seconds, and more only where the machine is busy with something else."""
KEEP = "Keep it running"
CANCEL = "Cancel it and quit"


@pytest.mark.slow
def test_closing_an_idle_window(tmp_path: Path) -> None:
    with window(tmp_path / "data") as first:
        done = first.ask("run", "select 42")
        wait_until(lambda: first.jobs().get(done) == "succeeded")
        first.ask("type", " -- unsaved")
        tabs = first.ask("tabs")
        first.ends_within(LIMIT_S, lambda: first.tell("close"))
    with window(tmp_path / "data") as second:
        wait_until(lambda: second.jobs() == {done: "succeeded"})
        assert second.ask("tabs") == tabs
        assert any("-- unsaved" in text for _, text in tabs)
        second.ends_within(LIMIT_S, lambda: second.tell("quit"))


def test_quitting_while_a_query_runs(tmp_path: Path) -> None:
    """Each of the three answers: stay, keep it running, and cancel it."""
    with window(tmp_path / "data") as first:
        job = first.running(ENDLESS)
        assert first.ask("close") is False
        text, *buttons = wait_until(lambda: first.ask("box"))
        assert text == "1 query is running."
        assert set(buttons) == {KEEP, CANCEL, "Stay"}
        first.ask("close")
        assert first.ask("box")[0] == text, "asked once, not twice"
        first.ask("press", "Stay")
        wait_until(lambda: first.ask("box") == [])
        assert first.jobs() == {job: "running"}
        runner = first.runner_of(job)
        first.ask("close")
        wait_until(lambda: first.ask("box"))
        first.ends_within(LIMIT_S, lambda: first.tell("press", KEEP), keeps=runner)
        with window(tmp_path / "data") as second:
            wait_until(lambda: second.jobs() == {job: "running"}, patience_s=10)
            assert second.ask("jobs")[0][3] == 1, "the same attempt goes on"
            assert runner.is_running()
            second.ask("close")
            assert wait_until(lambda: second.ask("box"))[0] == "1 query is running.", "asked again"
            second.ask("press", "Stay")
            wait_until(lambda: second.ask("box") == [])
            second.ask("cancel_all")
            wait_until(lambda: second.jobs() == {job: "cancelled"})
            wait_until(lambda: not runner.is_running() or runner.status() == "zombie")
            second.tell("close")
            assert second.process.wait(5) == 0, second.errors()
            assert second.errors() == ""


@pytest.mark.slow
def test_cancelling_and_quitting(tmp_path: Path) -> None:
    with window(tmp_path / "data") as first:
        job = first.running(ENDLESS)
        first.ask("quit")
        wait_until(lambda: first.ask("box"))
        first.ends_within(LIMIT_S, lambda: first.tell("press", CANCEL))
    with window(tmp_path / "data") as second:
        wait_until(lambda: second.jobs() == {job: "cancelled"})
        second.ends_within(LIMIT_S, lambda: second.tell("close"))


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_signals_end_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with window(tmp_path / "data") as given:
        given.running(ENDLESS)
        given.ends_within(LIMIT_S, lambda: given.send(number))


def test_a_signal_before_the_server_is_there(tmp_path: Path) -> None:
    with Window(tmp_path / "data") as given:
        assert given.ask("link") == "none"
        given.send(signal.SIGTERM)
        assert given.process.wait(10) == 0, given.errors()
        assert given.errors() == ""


@pytest.mark.slow
def test_a_killed_window_loses_nothing(tmp_path: Path) -> None:
    with window(tmp_path / "data") as first:
        done = first.ask("run", "select 42")
        running = first.running(ENDLESS)
        waiting = [first.ask("run", f"{ENDLESS} and {number} = {number}") for number in range(3)]
        first.ask("type", "-- kept")
        kept = first.ask("tabs")
        settings = tmp_path / "data" / "window.ini"
        wait_until(lambda: settings.exists() and "-- kept" in settings.read_text("utf-8"))
        first.note_children()
        first.process.kill()
        first.process.wait(10)
        runner_lives = bool(first.orphans())
        with window(tmp_path / "data") as second:
            wait_until(lambda: set(second.jobs()) == {done, running, *waiting}, patience_s=10)
            assert second.jobs()[done] == "succeeded"
            wait_until(lambda: second.jobs()[running] == "running", patience_s=20)
            attempt = {job[0]: job[3] for job in second.ask("jobs")}[running]
            assert attempt == 1 or not runner_lives, "a runner that lived was not adopted"
            assert second.ask("tabs") == kept
            second.ends_within(LIMIT_S, lambda: second.send(signal.SIGTERM))
            wait_until(lambda: not first.orphans(), patience_s=3)
