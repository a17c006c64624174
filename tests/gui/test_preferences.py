"""What is chosen takes effect, and what is written for the server is what it reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox, QTabWidget

from longwatch.settings import load_settings
from longwatch_desktop.language import chosen_language
from longwatch_desktop.limits import FILE, GIB, LIMITS, LimitsUnreadable, read_limits, write_limits
from longwatch_desktop.preferences import Preferences, told_after_s
from longwatch_desktop.theme import Mode
from support.waiting import eventually
from support.windows import Desk, child, named


def asked(desk: Desk) -> Preferences:
    """The dialog, opened by its menu entry."""
    desk.window.actions_.preferences.trigger()
    return child(desk.window, Preferences)


async def test_of_what_one_is_told(desk: Desk) -> None:
    notifications = desk.window.settings_desk.notifications
    dialog = asked(desk)
    named(dialog, QSpinBox, "Seconds").setValue(42)
    assert (told_after_s(desk.settings), notifications.least_s) == (42, 42)
    child(dialog, QCheckBox).setChecked(False)
    assert (told_after_s(desk.settings), notifications.least_s) == (None, None)
    dialog.reject()


async def test_theme_and_language(desk: Desk) -> None:
    dialog = asked(desk)
    combo = named(dialog, QComboBox, "Theme")
    combo.setCurrentIndex(2)
    assert desk.settings.value("window/theme") == Mode.DARK.value
    combo.setCurrentIndex(1)
    checked = [one.text() for one in desk.window.actions_.themes.actions() if one.isChecked()]
    assert checked == ["Light"]
    named(dialog, QComboBox, "Language").setCurrentText("Deutsch")
    assert chosen_language(desk.settings) == "de"
    assert any(
        one.isVisible() and "next start" in one.text() for one in dialog.findChildren(QLabel)
    )
    dialog.reject()


async def test_limits_of_this_computers_server(desk: Desk, tmp_path: Path) -> None:
    folder = desk.window.settings_desk.folder = tmp_path / "data"
    folder.mkdir()
    (folder / FILE).write_text("# mine\nmax_running = 7\nlog_level = 'debug'\n")
    dialog = asked(desk)
    child(dialog, QTabWidget).setCurrentIndex(1)
    at_once = named(dialog, QSpinBox, "Queries at once")
    await eventually(at_once.isEnabled)
    assert at_once.value() == 7
    assert named(dialog, QSpinBox, "Threads of a query").text() == "All cores"
    at_once.setValue(3)
    named(dialog, QSpinBox, "Longest run").setValue(90)
    named(dialog, QSpinBox, "Room for results").setValue(20)
    await eventually(lambda: read_limits(folder).get("keep_results_bytes"))
    settings = load_settings(folder, {})
    assert (settings.max_running, settings.max_run_s) == (3, 90 * 60)
    assert settings.keep_results_bytes == 20 * GIB
    assert settings.log_level == "debug"
    assert (folder / FILE).read_text().startswith("# mine\n")
    at_once.setValue(0)
    await eventually(lambda: "max_running" not in read_limits(folder))
    dialog.reject()


async def test_a_file_that_cannot_be_read(desk: Desk, tmp_path: Path) -> None:
    folder = desk.window.settings_desk.folder = tmp_path / "data"
    folder.mkdir()
    (folder / FILE).write_text("max_running = [")
    dialog = asked(desk)
    child(dialog, QTabWidget).setCurrentIndex(1)

    def said() -> bool:
        return any("Mend the file" in one.text() for one in dialog.findChildren(QLabel))

    await eventually(said)
    assert not named(dialog, QSpinBox, "Queries at once").isEnabled()
    assert (folder / FILE).read_text() == "max_running = ["
    dialog.reject()


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_server_takes_the_least_and_the_most(limit: object, tmp_path: Path) -> None:
    one = next(each for each in LIMITS if each is limit)
    for value in (one.least, one.most):
        write_limits(tmp_path, {one.name: value * one.unit})
        assert getattr(load_settings(tmp_path, {}), one.name) == value * one.unit
    write_limits(tmp_path, {one.name: None})
    assert tomllib.loads((tmp_path / FILE).read_text()) == {}


def test_what_is_no_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("max_running = 'many'\nthreads = true\n[sources.x]\npath = '/x'\n")
    assert read_limits(tmp_path) == {}
    (tmp_path / FILE).write_bytes(b"\xff")
    with pytest.raises(LimitsUnreadable):
        read_limits(tmp_path)
