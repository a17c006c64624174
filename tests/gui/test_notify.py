"""Whom the server tells of a job's end: chosen in a tab, remembered, and seen to arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QMenu

from longwatch.client.address import Address
from longwatch.protocol.jobs import JobState
from longwatch_desktop.layout import restore_tabs, save_tabs
from longwatch_desktop.theme import Theme
from support.servers import serving
from support.sinks import Sink, sink
from support.waiting import eventually
from support.windows import Desk, child, desk

# What Apprise still imports on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def place() -> Iterator[Sink]:
    with sink() as given:
        yield given


@pytest.fixture(scope="module")
def address(place: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    targets = {
        "ops": f"json://127.0.0.1:{place.port}/ops",
        "night-day": f"json://127.0.0.1:{place.port}/night",
    }
    folder = tmp_path_factory.mktemp("data")
    with serving(folder, notify_targets=targets, warm_spare=False) as (_, where):
        yield where


def choose(ready: Desk, *names: str) -> None:
    """Open the menu as a click does, and choose."""
    button = ready.window.editor.foot.notify
    menu = child(button, QMenu)
    menu.aboutToShow.emit()
    for action in menu.actions():
        if action.text() in names:
            action.trigger()


def texts(ready: Desk) -> list[str]:
    return [
        one.text() for one in ready.window.details.overview.findChildren(QLabel) if one.isVisible()
    ]


async def test_word_of_its_end_is_chosen_sent_and_seen_to_arrive(ready: Desk, place: Sink) -> None:
    button = ready.window.editor.foot.notify
    await eventually(button.isVisible)
    assert button.text() == "Tell nobody"
    first = ready.window.editor.page
    ready.window.editor.open("Untitled", "")
    choose(ready, "ops")
    assert button.text() == "Tell ops"
    choose(ready, "night-day")
    assert button.text() == "Tell 2"
    place.statuses.append(500)  # what comes first is tried again
    ready.window.editor.page.setPlainText("select 42 as n")
    before = set(ready.session.mirror.ids())
    ready.window.actions_.run.trigger()
    done = await ready.new_job(before)
    await ready.state(done, JobState.SUCCEEDED)
    ready.window.details.show_overview()
    await eventually(lambda: sum("was told at" in one for one in texts(ready)) == 2)
    assert {one.path for one in place.taken} == {"/ops", "/night"}
    assert "Who is told of its end" in texts(ready)
    # Each tab has its own, also after a restart.
    save_tabs(ready.settings, ready.window.editor)
    restore_tabs(ready.settings, ready.window.editor)
    assert button.text() == "Tell 2"
    assert [one.notify for one in ready.window.editor.pages()][-1] == ["ops", "night-day"]
    assert first is not ready.window.editor.page
    ready.window.editor.open("Other", "select 43")
    assert button.text() == "Tell nobody"
    ready.window.control.open_in_editor(done)
    await eventually(lambda: button.text() == "Tell 2")


async def test_where_nobody_can_be_told_nothing_is_offered(theme: Theme, tmp_path: Path) -> None:
    with serving(tmp_path / "data", warm_spare=False) as (_, where):
        async with desk(where, theme, tmp_path / "w.ini") as other:
            await other.connected()
            await eventually(lambda: other.session.me is not None)
            assert not other.window.editor.foot.notify.isVisible()
            other.window.editor.page.notify = ["ops"]  # as a tab may remember of another server
            other.window.editor.show_notify()
            done = await other.run("select 44 as n")
            await other.state(done, JobState.SUCCEEDED)
            assert (await other.session.job(done)).notify == ()
