"""Find and replace, brackets, completion and layout, by the keys that do them."""

from __future__ import annotations

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QListView, QToolButton

from longwatch_desktop.editor.panel import Page
from longwatch_desktop.theme import LIGHT
from support.waiting import eventually
from support.windows import Desk, child, named, press

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    desk.window.editor.open("Untitled", "")
    return desk


def page_with(ready: Desk, sql: str, at: int = 0) -> Page:
    page = ready.window.editor.page
    page.setPlainText(sql)
    page.select(at, at)
    page.setFocus()
    return page


def box(ready: Desk, name: str) -> QLineEdit:
    return named(ready.window.editor.finder, QLineEdit, name)


def click(ready: Desk, name: str) -> None:
    button = named(ready.window.editor.finder, QToolButton, name)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def grounds(page: Page) -> list[str]:
    """The texts that are marked as found."""
    return [
        mark.cursor.selectedText()
        for mark in page.extraSelections()
        if mark.format.background().color().name() == LIGHT.found
    ]


async def test_finding(ready: Desk) -> None:
    page = page_with(ready, "select One, \U0001f600one\nfrom phone")
    press(ready.window, ready.window.actions_.find)
    assert QApplication.focusWidget() is box(ready, "Find")
    QTest.keyClicks(box(ready, "Find"), "one")
    assert grounds(page) == ["One", "one", "one"]
    assert page.textCursor().selectedText() == "One"
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Return)
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Return)
    assert page.textCursor().blockNumber() == 1
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Return)
    assert page.textCursor().selectedText() == "One", "around the end"
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert page.textCursor().blockNumber() == 1, "around the beginning"
    click(ready, "Match upper and lower case")
    assert grounds(page) == ["one", "one"]
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Escape)
    assert grounds(page) == []
    assert not ready.window.editor.finder.isVisible()
    assert QApplication.focusWidget() is page


async def test_an_expression(ready: Desk) -> None:
    page = page_with(ready, "a1 b22 c")
    press(ready.window, ready.window.actions_.find)
    click(ready, "Regular expression")
    box(ready, "Find").setText(r"[a-z]\d+")
    assert grounds(page) == ["a1", "b22"]
    box(ready, "Find").setText("(")
    assert grounds(page) == []
    assert box(ready, "Find").property("wrong")
    box(ready, "Find").setText(r"([a-z])(\d+)")
    box(ready, "Replace with").setText(r"\2\1")
    click(ready, "Replace all")
    assert page.toPlainText() == "1a 22b c"
    page.undo()
    assert page.toPlainText() == "a1 b22 c", "in one step"


async def test_replacing_one_by_one(ready: Desk) -> None:
    page = page_with(ready, "x + x + x")
    press(ready.window, ready.window.actions_.replace)
    box(ready, "Find").setText("x")
    box(ready, "Replace with").setText("xy")
    click(ready, "Replace this one")
    click(ready, "Replace this one")
    assert page.toPlainText() == "xy + xy + x"
    label = child(ready.window.editor.finder, QLabel)
    assert label.text() == "3 matches"


async def test_ctrl_f_filters_jobs_where_the_jobs_are(ready: Desk) -> None:
    ready.window.table.setFocus()
    press(ready.window, ready.window.actions_.find)
    focus = QApplication.focusWidget()
    assert isinstance(focus, QLineEdit)
    assert focus.accessibleName() == "Filter jobs"


async def test_brackets(ready: Desk) -> None:
    page = page_with(ready, "f((a))", 1)
    assert grounds(page) == ["(", ")"]
    page.select(3, 3)
    assert grounds(page) == ["(", ")"]
    page.select(0, 0)
    assert grounds(page) == []


async def test_completion(ready: Desk) -> None:
    page = page_with(ready, "select  from flights")
    page.select(7, 7)
    completion = page.completion
    await eventually(lambda: completion.vocabulary.fitting("dep_del", 7))
    QTest.keyClicks(page, "dep")
    await eventually(lambda: "dep_delay" in completion.offered)
    while completion.offered and page.toPlainText() != "select dep_delay from flights":
        QTest.keyClicks(page, "_de")
        await eventually(lambda: completion.offered[:1] == ["dep_delay"])
        QTest.keyClick(page, Qt.Key.Key_Return)
    assert page.toPlainText() == "select dep_delay from flights"
    assert completion.offered == []
    QTest.keyClicks(page, ", ca")
    await eventually(lambda: "carrier" in completion.offered)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert completion.offered == []
    QTest.keyClick(page, Qt.Key.Key_Space, CONTROL)
    await eventually(lambda: "carrier" in completion.offered)
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert completion.offered == []


async def test_no_list_in_a_comment(ready: Desk) -> None:
    page = page_with(ready, "-- ")
    page.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(page, "select")
    QTest.keyClick(page, Qt.Key.Key_Space, CONTROL)
    assert page.completion.offered == []


async def test_laying_out(ready: Desk) -> None:
    page = page_with(ready, "select a,b from t")
    press(ready.window, ready.window.actions_.format)
    await eventually(lambda: page.toPlainText() == "select\n    a,\n    b\nfrom t")
    page.undo()
    assert page.toPlainText() == "select a,b from t"
    long = "select 1;\n" * 20_000
    page.setPlainText(long)
    press(ready.window, ready.window.actions_.format)
    await eventually(lambda: "select a part of it" in ready.window.notice.text)
    assert page.toPlainText() == long


async def test_comments(ready: Desk) -> None:
    page = page_with(ready, "select 1", 3)
    press(ready.window, ready.window.actions_.comment)
    assert page.toPlainText() == "-- select 1"
    press(ready.window, ready.window.actions_.comment)
    assert page.toPlainText() == "select 1"


async def test_what_is_replaced_is_what_was_found_where_it_is(ready: Desk) -> None:
    page = page_with(ready, "ab xb ab")
    press(ready.window, ready.window.actions_.replace)
    box(ready, "Find").setText("(?<=a)(b)")
    box(ready, "Replace with").setText(r"[\1]")
    click(ready, "Regular expression")
    click(ready, "Replace this one")
    assert page.toPlainText() == "a[b] xb ab"
    click(ready, "Replace all")
    assert page.toPlainText() == "a[b] xb a[b]"
    click(ready, "Regular expression")


async def test_marks_go_from_every_tab(ready: Desk) -> None:
    first = page_with(ready, "one two one")
    press(ready.window, ready.window.actions_.find)
    QTest.keyClicks(box(ready, "Find"), "one")
    assert grounds(first) == ["one", "one"]
    first.setPlainText("one two one")
    first.document().setModified(True)
    first.mark_found([(0, 3), (8, 11)])
    assert grounds(first) == ["one", "one"], "the same places of another text"
    ready.window.editor.open("Other", "select 'one'")
    QTest.keyClick(box(ready, "Find"), Qt.Key.Key_Escape)
    assert grounds(first) == []


async def test_a_long_text_is_not_looked_through_at_every_letter(ready: Desk) -> None:
    page = page_with(ready, "select 1;\n" * 20_000)
    page.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(page, "sel")
    QApplication.processEvents()
    assert page.completion.offered == []
    QTest.keyClick(page, Qt.Key.Key_Space, CONTROL)
    assert page.completion.offered[:1] == ["select"]


async def test_a_list_goes_with_its_tab(ready: Desk) -> None:
    page = page_with(ready, "")
    before = len(ready.window.findChildren(QListView, "completions"))
    QTest.keyClick(page, Qt.Key.Key_Space, CONTROL)
    assert page.completion.offered
    ready.window.editor.close_page(page)
    await eventually(lambda: len(ready.window.findChildren(QListView, "completions")) == before)


async def test_a_tab_that_is_closed_while_it_is_laid_out(ready: Desk) -> None:
    page = page_with(ready, "select a from b where c = 1")
    ready.window.launcher.format()
    ready.window.editor.close_page(page)
    del page
    await asyncio.sleep(0.3)
    assert "C++" not in ready.window.notice.text
