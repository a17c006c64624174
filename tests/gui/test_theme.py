"""Light and dark in the whole window, and icons for what needs one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QSize
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

import longwatch_desktop
from longwatch_desktop.session import Session
from longwatch_desktop.theme import DARK, LIGHT, Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow
from support.windows import colors_of, picture

SOURCES = Path(longwatch_desktop.__file__).parent


@pytest.fixture
def window(theme: Theme, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    given = MainWindow(Session(), theme, settings)
    given.show()
    QApplication.processEvents()
    yield given
    given.let_go()
    given.close()
    theme.choose(Mode.LIGHT)


def share_of(window: MainWindow, color: str) -> float:
    """How much of the window has a colour."""
    image = picture(window).scaled(QSize(300, 200))
    places = [(x, y) for x in range(image.width()) for y in range(image.height())]
    return sum(image.pixelColor(x, y).name() == color for x, y in places) / len(places)


def test_the_menu_changes_the_theme_of_everything(window: MainWindow, theme: Theme) -> None:
    light, dark = (
        next(one for one in window.actions_.themes.actions() if one.data() == mode)
        for mode in (Mode.LIGHT, Mode.DARK)
    )
    assert share_of(window, LIGHT.base) > 0.4
    for action, colors, others in ((dark, DARK, LIGHT), (light, LIGHT, DARK)):
        action.trigger()
        QApplication.processEvents()
        assert theme.is_dark is (colors is DARK)
        assert share_of(window, colors.base) > 0.4
        found = colors_of(picture(window))
        left = {others.base, others.window, others.border} & found
        assert not left, f"{left} stayed"
        assert QApplication.palette().color(QPalette.ColorRole.Base).name() == colors.base
    assert window.settings.value("window/theme") == "light"


@pytest.mark.parametrize("mode", [Mode.DARK, Mode.LIGHT])
def test_the_system_is_followed_only_if_asked_to(theme: Theme, mode: Mode) -> None:
    theme.choose(mode)
    theme._system_changed()
    chosen = theme.is_dark
    theme.choose(Mode.SYSTEM)
    of_the_system = theme.is_dark
    theme.choose(Mode.LIGHT)
    assert chosen is (mode is Mode.DARK)
    assert of_the_system is False, "this platform says nothing"


def test_every_icon_that_is_asked_for_exists_and_shows_something(theme: Theme) -> None:
    named = set()
    for file in SOURCES.rglob("*.py"):
        text = file.read_text("utf-8")
        named |= set(re.findall(r"\.icon\(\s*\"(\w+)\"", text))
        if file.name == "actions.py":
            named |= set(re.findall(r"_make\(\s*tr\(\"[^\"]+\"[^)]*\),\s*\"(\w+)\"", text))
    assert {"run", "cancel", "again", "close", "plus", "search"} <= named
    for name in named:
        image = theme.icon(name).pixmap(16, 16).toImage()
        inked = sum(
            image.pixelColor(x, y).alpha() > 100
            for x in range(image.width())
            for y in range(image.height())
        )
        assert inked > 5, f"{name}.svg is blank"
    assert not app_icon().isNull()


def test_commands_of_the_toolbar_have_icons_in_the_themes_colours(window: MainWindow) -> None:
    actions = window.actions_
    for action in (actions.run, actions.cancel, actions.again):
        image = action.icon().pixmap(16, 16).toImage()
        assert len(colors_of(image)) > 1, action.text()
