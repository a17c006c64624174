"""Everything can be reached: by keyboard, by menu, by a screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QTabWidget,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from longwatch_desktop.servers.button import ServerButton
from longwatch_desktop.session import Session
from longwatch_desktop.theme import Theme
from longwatch_desktop.window import MainWindow
from support.windows import child, press

NAMED = (QLineEdit, QComboBox, QAbstractButton, QAbstractItemView, QPlainTextEdit)


@pytest.fixture
def window(theme: Theme, tmp_path: Path) -> Iterator[MainWindow]:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    given = MainWindow(Session(), theme, settings)
    given.show()
    given.activateWindow()
    QApplication.processEvents()
    yield given
    given.let_go()
    given.close()


def in_menus(menu: QMenu | None) -> Iterator[QAction]:
    assert menu is not None
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from in_menus(inner)
        elif not action.isSeparator():
            yield action


def every_menu_action(window: MainWindow) -> list[QAction]:
    found: list[QAction] = []
    for title in window.menuBar().actions():
        inner = title.menu()
        assert isinstance(inner, QMenu)
        found += in_menus(inner)
    return found


def test_every_control_has_a_name(window: MainWindow) -> None:
    tabs = child(window.details, QTabWidget)
    nameless = []
    for number in range(tabs.count()):
        tabs.setCurrentIndex(number)
        QApplication.processEvents()
        for one in window.findChildren(QWidget):
            internal = one.objectName().startswith("qt_") or isinstance(one.parent(), QLineEdit)
            if not isinstance(one, NAMED) or internal or not one.isVisible():
                continue
            text = one.text() if isinstance(one, QAbstractButton) else ""
            if not (one.accessibleName() or text or one.toolTip()):
                nameless.append(f"{type(one).__name__} in {type(one.parent()).__name__}")
    assert nameless == []


def test_every_command_is_in_a_menu_and_explains_itself(window: MainWindow) -> None:
    reachable = every_menu_action(window)
    actions = [one for one in vars(window.actions_).values() if isinstance(one, QAction)]
    assert len(actions) > 10
    assert [one.text() for one in actions if one not in reachable] == []
    assert [one.text() for one in reachable if not one.text()] == []


def test_no_two_commands_have_the_same_keys(window: MainWindow) -> None:
    keys = [
        sequence.toString()
        for action in every_menu_action(window)
        for sequence in action.shortcuts()
    ]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+Return", "Ctrl+F", "F5", "Ctrl+Q"} <= set(keys)


def test_tab_comes_by_every_control(window: MainWindow) -> None:
    wanted = {
        one
        for one in window.findChildren(QWidget)
        if one.isVisible()
        and one.isEnabled()
        and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.focusProxy() is None
        # Of chips that exclude each other Tab finds the one that is on; arrows do the rest.
        and not (isinstance(one, QAbstractButton) and one.group() and not one.isChecked())
    }
    assert len(wanted) > 10
    reached = set()
    window.setFocus()
    for _ in range(5 * len(wanted)):
        assert window.focusNextChild()
        focused = QApplication.focusWidget()
        assert focused is not None
        reached.add(focused)
    missed = [f"{type(one).__name__} {one.accessibleName()}" for one in wanted - reached]
    assert missed == []


def test_a_key_goes_from_part_to_part(window: MainWindow) -> None:
    """Tab indents in the editor: another key leads out of it."""
    window.editor.page.setFocus()
    parts = []
    for _ in range(4):
        press(window, window.actions_.next_part)
        focused = QApplication.focusWidget()
        holder = [
            one
            for one in (window.editor, window.table, window.details, window.panel)
            if focused is not None and (one is focused or one.isAncestorOf(focused))
        ]
        parts.append(holder[0])
    assert parts == [window.table, window.details, window.panel, window.editor]


def test_the_filter_is_found_by_its_keys(window: MainWindow) -> None:
    press(window, window.actions_.find_jobs)
    assert QApplication.focusWidget() is child(window.filter_bar, QLineEdit)
    QTest.keyClicks(window, "")
    assert window.filter_bar.is_narrowing is False


def test_boxes_open_and_close_by_keys(window: MainWindow) -> None:
    for action, expected in (
        (window.actions_.shortcuts, "Ctrl+T"),
        (window.actions_.about, "Longwatch launches"),
    ):
        action.trigger()
        box = child(window, QMessageBox)
        assert expected in box.text()
        QTest.keyClick(box, Qt.Key.Key_Escape)
        assert not box.isVisible()
        QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete


def test_the_server_stays_in_sight_in_a_narrow_window(window: MainWindow, qtbot: QtBot) -> None:
    """Invariant: what there is no room for in the toolbar is words, not the server."""
    cancel = window.tools.widgetForAction(window.actions_.cancel)
    server = child(window.tools, ServerButton)
    assert isinstance(cancel, QToolButton)
    styles = Qt.ToolButtonStyle

    def in_sight() -> bool:
        right = server.mapTo(window, server.rect().bottomRight())
        return server.isVisible() and right.x() < window.width()

    window.resize(1280, 520)
    qtbot.waitUntil(in_sight)
    assert cancel.toolButtonStyle() is styles.ToolButtonTextBesideIcon
    window.actions_.again.setText("Run it again, all of it")  # as long as in another language
    window.resize(720, 520)
    qtbot.waitUntil(in_sight)
    assert cancel.toolButtonStyle() is styles.ToolButtonIconOnly
    assert cancel.accessibleName() or cancel.text(), "a screen reader reads on"
