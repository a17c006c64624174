"""The start: the window first, everything heavy after it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QLabel

from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.program import Program
from longwatch_desktop.theme import Theme
from longwatch_desktop.window import MainWindow
from support.programs import Window, window
from support.waiting import eventually, wait_until
from support.windows import tab_titles


def a_frame(folder: Path, theme: Theme) -> Program:
    """The program as it is when its window has just been painted."""
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    frame = MainWindow(None, theme, settings, folder)
    frame.show()
    server = EmbeddedServer(folder / "data", threads=1, warm_spare=False)
    return Program(frame, server)


async def test_the_frame_says_what_it_waits_for_and_can_be_closed(
    tmp_path: Path, theme: Theme
) -> None:
    program = a_frame(tmp_path, theme)
    assert [label.text() for label in program.window.findChildren(QLabel)] == ["Starting…"]
    assert not program.window.close(), "in order, once there is somebody to do it"
    assert await program.run()
    shiboken6.delete(program.window)


async def test_files_that_come_before_the_editor(tmp_path: Path, theme: Theme) -> None:
    file = tmp_path / "delays.sql"
    file.write_text("select 1", "utf-8")
    program = a_frame(tmp_path, theme)
    program.called([file])
    running = asyncio.create_task(program.run())
    await eventually(lambda: program.is_filled and "delays" in tab_titles(program.window.editor))
    program.end()
    assert await running
    shiboken6.delete(program.window)
    assert not [one.name for one in threading.enumerate() if one.name.startswith("longwatch")]


def test_the_window_is_painted_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    with Window(tmp_path / "data") as given:
        assert given.ask("first_paint") == []
        given.connected()
        given.ends_within(3.0, lambda: given.tell("close"))


@pytest.mark.slow
@pytest.mark.parametrize("ratio", ["2", "1.25"])
def test_scaled_screens(tmp_path: Path, ratio: str) -> None:
    with window(tmp_path / "data", QT_SCALE_FACTOR=ratio) as given:
        job = given.ask("run", "select 1")
        wait_until(lambda: given.jobs().get(job) == "succeeded")
        picture, *icons = given.ask("ratio")
        assert picture == float(ratio)
        assert icons == [float(ratio)]
        given.ends_within(3.0, lambda: given.tell("close"))
