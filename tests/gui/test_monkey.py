"""Whatever is pressed, typed and clicked, in whatever order, with queries under way: nothing fails,
nothing freezes, nothing is left behind.

Messages of Qt's and errors in slots, callbacks and tasks fail any test of the window (conftest.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLineEdit,
    QMenu,
    QTabWidget,
    QToolButton,
    QTreeWidget,
    QWidget,
)

from longwatch.client.errors import LongwatchClientError
from longwatch_desktop.theme import Mode, Theme
from support.waiting import eventually
from support.windows import Desk

W = TypeVar("W", bound=QWidget)
FROZEN_S = 0.2
"""Of the processor, in one go: a busy machine must not fail a test."""
TEXTS = (
    "select 1",
    "select range as n, n % 7 as k from range(100000)",
    "select :month, :names from flights where month = :month",
    "select nope from flights",
    "select ((1, 2), [3; -- '(",
    "select count(*) from range(1000000000000) t(i) where i % 7 = 3",
    "select 'ä \U0001f600' as text, null as nothing, {'a': [1, 2]} as nested",
    "select 1; select 2;\nselect 3",
    "",
)
FILTERS = ("state:failed", "sel", "older:1d", "nonsense:(", "source:sample -x", "", '"', "newer:1h")
SHY = frozenset({"Quit", "Open…", "Save as…"})
"""Commands that end the program or ask for files."""
SHY_BUTTONS: Final = ("Browse", "PNG", "SVG", "Show in")


@dataclass
class Monkey:
    """Does something at random. `done` are its last steps."""

    desk: Desk
    dice: random.Random
    done: deque[str] = field(default_factory=lambda: deque(maxlen=40))
    counts: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        """One action of a person."""
        actions: list[tuple[int, Callable[[], None]]] = [
            (20, self.type_sql), (12, self.press_key), (10, self.trigger), (10, self.click_job),
            (6, self.click_header), (6, self.filter), (6, self.turn_page), (6, self.click_result),
            (6, self.click_tree), (5, self.fill_field), (4, self.open_text), (4, self.press_button),
            (3, self.close_tab), (3, self.resize), (3, self.choose), (2, self.change_theme),
            (2, self.menu), (2, self.scroll),
        ]  # fmt: skip
        (act,) = self.dice.choices([one for _, one in actions], [weight for weight, _ in actions])
        self.counts[act.__name__] += 1
        self.done.append(act.__name__)
        act()

    def type_sql(self) -> None:
        page = self.desk.window.editor.page
        page.setFocus()
        text = self.dice.choice(TEXTS)
        at = self.dice.randrange(len(text) + 1)
        typed = text[at : at + self.dice.randrange(1, 12)]
        if typed.isascii() and typed.isprintable():
            QTest.keyClicks(page, typed)
        else:  # no key of QTest's: an input method
            page.textCursor().insertText(typed)

    def press_key(self) -> None:
        key = self.dice.choice(
            [
                Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab,
                Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End,
                Qt.Key.Key_Backspace, Qt.Key.Key_Delete, Qt.Key.Key_PageDown, Qt.Key.Key_Space,
            ]
        )  # fmt: skip
        modifier = self.dice.choice(
            [
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.ShiftModifier,
                Qt.KeyboardModifier.ControlModifier,
            ]
        )
        widget = QApplication.focusWidget() or self.desk.window
        if not opens_menu(widget):
            QTest.keyClick(widget, key, modifier)

    def trigger(self) -> None:
        found = [
            action
            for action in vars(self.desk.window.actions_).values()
            if isinstance(action, QAction) and action.isEnabled() and action.text() not in SHY
        ]
        action = self.dice.choice(found)
        self.done.append(action.text())
        action.trigger()

    def click_job(self) -> None:
        table = self.desk.window.table
        modifier = self.dice.choice(
            [
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.ShiftModifier,
                Qt.KeyboardModifier.ControlModifier,
            ]
        )
        self._click(table.viewport(), modifier)

    def click_header(self) -> None:
        headers = [one for one in self._shown(QHeaderView) if one.isEnabled()]
        if headers:
            self._click(self.dice.choice(headers).viewport())

    def filter(self) -> None:
        box = next(
            one
            for one in self.desk.window.findChildren(QLineEdit)
            if one.accessibleName() == "Filter jobs"
        )
        box.setText(self.dice.choice(FILTERS))

    def turn_page(self) -> None:
        tabs = self.dice.choice(self._shown(QTabWidget))
        tabs.setCurrentIndex(self.dice.randrange(tabs.count()))

    def click_result(self) -> None:
        details = self.desk.window.details
        self._click(details)
        inside = [one for one in details.findChildren(QWidget) if one.isVisible()]
        if inside:
            self._click(self.dice.choice(inside))

    def click_tree(self) -> None:
        tree = self.dice.choice(self._shown(QTreeWidget))
        self._click(tree.viewport())

    def fill_field(self) -> None:
        boxes = [one for one in self._shown(QLineEdit) if one.isEnabled()]
        if boxes:
            box = self.dice.choice(boxes)
            QTest.keyClicks(box, self.dice.choice(["7", "UA, AA", "x", "2013-05-01", "'", "%"]))

    def open_text(self) -> None:
        self.desk.window.editor.open("Text", self.dice.choice(TEXTS))

    def press_button(self) -> None:
        shown = [
            one
            for one in self._shown(QAbstractButton)
            if one.isEnabled()
            and not opens_menu(one)
            and not any(word in one.text() for word in SHY_BUTTONS)
        ]
        if shown:
            button = self.dice.choice(shown)
            self.done.append(button.text() or button.accessibleName())
            button.click()

    def close_tab(self) -> None:
        editor = self.desk.window.editor
        editor.close_page(self.dice.choice(editor.pages()))

    def resize(self) -> None:
        self.desk.window.resize(self.dice.randrange(720, 1500), self.dice.randrange(520, 1000))

    def choose(self) -> None:
        boxes = [one for one in self._shown(QComboBox) if one.isEnabled() and one.count()]
        if boxes:
            box = self.dice.choice(boxes)
            box.setCurrentIndex(self.dice.randrange(box.count()))

    def change_theme(self) -> None:
        actions = self.desk.window.actions_.themes.actions()
        self.dice.choice(actions).trigger()

    def menu(self) -> None:
        table = self.desk.window.table
        table.menu_wanted.emit(table.mapToGlobal(QPoint(20, 20)))

    def scroll(self) -> None:
        bars = [self.desk.window.table.verticalScrollBar()]
        bars.append(self.desk.window.details.result.findChild(QHeaderView).verticalScrollBar())  # type: ignore[union-attr]
        bar = self.dice.choice(bars)
        bar.setValue(self.dice.randrange(bar.maximum() + 1))

    def tidy(self) -> None:
        """Close what is open over the window, as a person does sooner or later."""
        for menu in self.desk.window.findChildren(QMenu):
            if menu.isVisible():
                menu.close()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()
        for dialog in self.desk.window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()

    def _shown(self, kind: type[W]) -> list[W]:
        return [one for one in self.desk.window.findChildren(kind) if one.isVisible()]

    def _click(
        self, widget: QWidget, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        if widget.width() < 2 or widget.height() < 2 or opens_menu(widget):
            return
        at = QPoint(self.dice.randrange(widget.width()), self.dice.randrange(widget.height()))
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, modifier, at)


def opens_menu(widget: QWidget) -> bool:
    """Whether a click is over only when the menu is closed, for which the test would wait."""
    return isinstance(widget, QToolButton) and widget.menu() is not None


async def settled(desk: Desk) -> None:
    """One tab, nothing open, nothing selected, no jobs under way, nothing being asked."""
    window = desk.window
    window.filter_bar.clear()
    window.notice.hide()
    for page in window.editor.pages()[1:]:
        window.editor.close_page(page)
    window.editor.page.setPlainText("")
    window.editor.finder.leave()
    for job in desk.jobs():
        if not job.state.is_final and job.cancel_requested_at is None:
            with contextlib.suppress(LongwatchClientError):  # it has ended by itself
                await desk.session.cancel(job.id)
    await eventually(lambda: all(job.state.is_final for job in desk.jobs()), patience_s=60)
    window.table.clearSelection()
    window.details.show_overview()
    await eventually(lambda: len(asyncio.all_tasks()) <= QUIET_TASKS, patience_s=30)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


QUIET_TASKS = 8
"""The test, the session, its socket."""


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("steps", [1_000, 20_000])
async def test_any_order_of_actions(desk: Desk, theme: Theme, steps: int) -> None:
    seed = int(os.environ.get("MONKEY_SEED", random.randrange(10**6)))
    await desk.connected()
    monkey = Monkey(desk, random.Random(seed))
    restyled: list[bool] = []
    theme.changed.connect(lambda: restyled.append(True))
    before = 0
    slowest = (0.0, "")
    for number in range(steps):
        began_s = time.thread_time()
        try:
            monkey.step()
        except Exception as error:
            steps_done = list(monkey.done)
            raise AssertionError(f"MONKEY_SEED={seed}, step {number}: {steps_done}") from error
        await asyncio.sleep(0)
        took_s = time.thread_time() - began_s
        # Another theme styles every widget again: 0.1 s for the window, more for what is over it.
        if restyled:
            restyled.clear()
        else:
            slowest = max(slowest, (took_s, " ".join(list(monkey.done)[-3:])))
        if number % 7 == 0:
            monkey.tidy()
        if number % 50 == 0:
            await asyncio.sleep(0.01)
        if number == steps // 4:
            monkey.tidy()
            await settled(desk)
            before = len(desk.window.findChildren(QWidget))
    monkey.tidy()
    await settled(desk)
    after = len(desk.window.findChildren(QWidget))
    assert slowest[0] < FROZEN_S, (seed, slowest)
    assert after <= before * 1.2, f"MONKEY_SEED={seed}: {before} widgets became {after}"
    assert len(monkey.counts) >= 15
    theme.choose(Mode.LIGHT)
