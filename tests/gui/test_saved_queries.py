"""Saved queries in the window, over a real server: kept, changed, moved, copied, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidgetItem,
)

from longwatch.client.address import Address
from longwatch.protocol.jobs import JobState
from longwatch.protocol.parameters import ParameterType
from longwatch.protocol.sources import QueryParameter, SavedQuery, SavedQueryDraft
from longwatch_desktop.sources.query_dialog import QueryDialog
from longwatch_desktop.sources.query_tree import QueryTree
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, click_item, desk, named, open_box, press, tab_titles, tree_item

MATCH = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive


@pytest.fixture
async def ready(desk: Desk) -> AsyncIterator[Desk]:
    """A connected window; nothing is kept after the test."""
    await desk.connected()
    yield desk
    client = desk.session.client()
    for query in (await client.saved_queries()).queries:
        if not query.comes_with_program:
            await client.remove_saved_query(query.name)


def tree(ready: Desk) -> QueryTree:
    return ready.window.panel.queries


def titles(ready: Desk) -> list[str]:
    """What the eye sees, from top to bottom."""
    found: list[str] = []
    item = tree(ready).topLevelItem(0)
    while item is not None:
        found.append(item.text(0))
        below = tree(ready).itemBelow(item)
        item = below if isinstance(below, QTreeWidgetItem) else None
    return found


def has(ready: Desk, title: str) -> bool:
    return bool(tree(ready).findItems(title, MATCH))


def own(ready: Desk) -> list[SavedQuery]:
    return [one for one in ready.session.saved_queries if not one.comes_with_program]


async def keep(ready: Desk, title: str, folder: str = "", sql: str = "select 1") -> SavedQuery:
    """A query of our own, in the tree."""
    draft = SavedQueryDraft(title=title, folder=folder, sql=sql)
    query = await ready.session.client().save_query(draft)
    ready.session.look_again()
    await eventually(lambda: has(ready, title))
    return query


async def front(ready: Desk) -> None:
    """As a window manager does when a dialog has closed."""
    ready.window.activateWindow()
    await eventually(lambda: QApplication.activeWindow() is ready.window)
    ready.window.editor.page.setFocus()


async def ask(ready: Desk) -> QueryDialog:
    """Press the keys that save; the dialog."""
    await front(ready)
    press(ready.window, ready.window.actions_.save_query)
    dialog = ready.window.query_desk.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def click(button: QPushButton | QToolButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def test_a_query_is_kept_with_its_parameters(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    page = ready.window.editor.page
    page.setPlainText("select :month as month where 'UA' in :carriers")
    form = ready.window.editor.foot.form
    await eventually(form.isVisible)
    QTest.keyClicks(named(form, QLineEdit, "month"), "7")
    dialog = await ask(ready)
    named(dialog, QLineEdit, "Title").setText("  ")
    click(dialog.save)
    assert dialog.said == "Give it a title."
    QTest.keyClicks(named(dialog, QLineEdit, "Title"), "Late")
    named(dialog, QComboBox, "Folder").setEditText("Delays / By month")
    kind = named(dialog, QComboBox, "Type of month")
    assert kind.currentData() == "number", "what was typed is one"
    QTest.keyClicks(named(dialog, QLineEdit, "Default of carriers"), "UA, DL")
    named(dialog, QCheckBox, "List of carriers").setChecked(True)
    named(dialog, QLineEdit, "Title of carriers").setText("Airlines")
    click(dialog.save)
    await eventually(lambda: has(ready, "Late"))
    (query,) = own(ready)
    assert (query.folder, query.source) == ("Delays/By month", "sample")
    assert query.parameters == [
        QueryParameter(name="month", type=ParameterType.NUMBER, default=7),
        QueryParameter(
            name="carriers", type=ParameterType.TEXT, title="Airlines", default=["UA", "DL"],
            many=True,
        ),
    ]  # fmt: skip
    assert titles(ready)[:3] == ["Delays", "By month", "Late"], "folders within folders"
    assert page.title == "Late"
    assert "Late" in tab_titles(ready.window.editor), "saved: no dot"
    await eventually(lambda: [box.text() for box in form.findChildren(QLineEdit)][-1] == "UA, DL")
    known = set(ready.session.mirror.ids())
    await front(ready)
    press(ready.window, ready.window.actions_.run)
    await ready.state(await ready.new_job(known), JobState.SUCCEEDED)


async def test_a_default_of_the_wrong_type_is_marked(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    ready.window.editor.page.setPlainText("select :n")
    dialog = await ask(ready)
    named(dialog, QLineEdit, "Title").setText("N")
    kind = named(dialog, QComboBox, "Type of n")
    kind.setCurrentIndex(kind.findData("number"))
    named(dialog, QLineEdit, "Default of n").setText("seven")
    click(dialog.save)
    assert ":n must be a number" in dialog.said
    assert named(dialog, QLineEdit, "Default of n").property("wrong")
    assert own(ready) == []


async def test_the_one_that_a_tab_came_from_is_updated(
    ready: Desk, address: Address, theme: Theme, tmp_path: Path
) -> None:
    query = await keep(ready, "Mine", "Work", "select 'before'")
    click_item(tree(ready), "Mine")
    page = ready.window.editor.page
    assert page.saved_as == query.name
    page.setPlainText("select 'after'")
    dialog = await ask(ready)
    assert named(dialog, QComboBox, "Folder").currentText() == "Work"
    assert not dialog.update_.isHidden()
    click(dialog.update_)
    await eventually(lambda: [one.sql for one in own(ready)] == ["select 'after'"])
    assert own(ready)[0].name == query.name
    await eventually(lambda: ready.window.query_desk.dialog is None)
    assert "Mine" in tab_titles(ready.window.editor)
    page.setPlainText("select 'another'")
    click((await ask(ready)).save)
    await eventually(lambda: len(own(ready)) == 2)
    assert page.saved_as != query.name, "the tab is that of the new one"
    saved = ready.window.editor.saved()
    async with desk(address, theme, tmp_path / "other.ini") as other:
        other.window.editor.restore(saved)
        assert page.saved_as in {one.saved_as for one in other.window.editor.pages()}


async def test_one_of_the_programs_is_kept_as_a_copy(ready: Desk) -> None:
    click_item(tree(ready), "Delays by carrier")
    dialog = await ask(ready)
    assert "comes with the program" in dialog.said
    assert dialog.update_.isHidden()
    named(dialog, QLineEdit, "Title").setText("My delays")
    click(dialog.save)
    await eventually(lambda: has(ready, "My delays"))
    assert own(ready)[0].sql == ready.window.editor.page.toPlainText()


async def test_nothing_is_not_kept(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    press(ready.window, ready.window.actions_.save_query)
    assert ready.window.query_desk.dialog is None
    assert "write a query first" in ready.window.notice.text


async def test_renaming_in_place(ready: Desk) -> None:
    await keep(ready, "Old", "A/B")
    tree(ready).setCurrentItem(tree_item(tree(ready), "Old"))
    type_over(ready, "New")
    await eventually(lambda: has(ready, "New"))
    assert [one.title for one in own(ready)] == ["New"]
    assert ready.window.editor.page.title != "Old", "Enter ended the name, and opened nothing"
    tree(ready).setCurrentItem(tree_item(tree(ready), "A"))
    type_over(ready, "Z")
    await eventually(lambda: [one.folder for one in own(ready)] == ["Z/B"])
    program = tree_item(tree(ready), "Close departures")
    assert not program.flags() & Qt.ItemFlag.ItemIsEditable


def type_over(ready: Desk, text: str) -> None:
    """Press F2 and type."""
    tree(ready).setFocus()
    QTest.keyClick(tree(ready), Qt.Key.Key_F2)
    assert tree(ready).state() is QAbstractItemView.State.EditingState
    (box,) = [one for one in tree(ready).viewport().findChildren(QLineEdit) if one.isVisible()]
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def drop(ready: Desk, title: str, onto: str | None) -> None:
    """Drop a query on a row of the tree, or below all of them."""
    widget = tree(ready)
    widget.setCurrentItem(tree_item(widget, title))
    at = (
        QPointF(5, widget.viewport().height() - 2)
        if onto is None
        else QPointF(widget.visualItemRect(tree_item(widget, onto)).center())
    )
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    data = widget.mimeData([tree_item(widget, title)])
    event = _OwnDrop(widget, at, data, left, none)
    widget.dropEvent(event)
    copied = event.dropAction() == Qt.DropAction.CopyAction
    assert copied, "or Qt would take the row away"


class _OwnDrop(QDropEvent):
    """A drop of what was dragged from `origin`: only a real drag has a source."""

    def __init__(
        self,
        origin: QueryTree,
        at: QPointF,
        data: QMimeData,
        buttons: Qt.MouseButton,
        keys: Qt.KeyboardModifier,
    ) -> None:
        super().__init__(
            at, Qt.DropAction.MoveAction | Qt.DropAction.CopyAction, data, buttons, keys
        )
        self._origin = origin

    def source(self) -> QueryTree:
        return self._origin


async def test_dragging_into_folders(ready: Desk) -> None:
    await keep(ready, "One", "First")
    await keep(ready, "Two", "Second")
    drop(ready, "One", "Second")
    await eventually(lambda: {one.folder for one in own(ready)} == {"Second"})
    await eventually(lambda: not has(ready, "First"))
    drop(ready, "One", None)
    await eventually(lambda: sorted(one.folder for one in own(ready)) == ["", "Second"])
    drop(ready, "One", "Two")
    await eventually(lambda: {one.folder for one in own(ready)} == {"Second"})
    drop(ready, "Close departures", "Second")
    assert "comes with the program and cannot be changed" in ready.window.notice.text
    click(named(ready.window.notice, QToolButton, "Duplicate"))
    await eventually(lambda: has(ready, "Close departures (copy)"))
    assert {one.folder for one in own(ready)} == {"Second", ""}


async def test_details_change_all_but_the_text(ready: Desk) -> None:
    query = await keep(ready, "Mine", sql="select :x")
    tree(ready).details_wanted.emit(query)
    dialog = ready.window.query_desk.dialog
    assert dialog is not None
    named(dialog, QLineEdit, "Description").setText("What it is for.")
    named(dialog, QLineEdit, "Default of x").setText("something")
    click(dialog.save)
    await eventually(lambda: own(ready)[0].description == "What it is for.")
    (after,) = own(ready)
    assert (after.name, after.sql) == (query.name, "select :x")
    assert after.parameters[0].default == "something"
    assert ready.window.query_desk.dialog is None


async def test_deleting_asks_and_can_be_undone(ready: Desk) -> None:
    await keep(ready, "Mine", "Work")
    tree(ready).setCurrentItem(tree_item(tree(ready), "Mine"))
    for answer in ("Keep it", "Delete"):
        QTest.keyClick(tree(ready), Qt.Key.Key_Delete)
        asked = open_box(ready.window)
        assert asked.text() == "Delete Mine?"
        button = next(one for one in asked.buttons() if one.text() == answer)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    await eventually(lambda: not has(ready, "Mine"))
    await eventually(lambda: "Deleted 'Mine'." in ready.window.notice.text)
    click(named(ready.window.notice, QToolButton, "Undo"))
    await eventually(lambda: has(ready, "Mine"))
    assert own(ready)[0].folder == "Work"


async def test_folders_and_the_filter(ready: Desk) -> None:
    await keep(ready, "Deep", "A/B")
    folder = tree_item(tree(ready), "A")
    folder.setExpanded(False)
    remembered = ready.window.panel.remembered()
    assert "Deep" not in titles(ready)
    box = named(ready.window.panel, QLineEdit, "Filter tables, columns and saved queries")
    QTest.keyClicks(box, "deep")
    assert titles(ready) == ["A", "B", "Deep"], "what is found is shown"
    box.clear()
    assert "Deep" not in titles(ready)
    tree_item(tree(ready), "A").setExpanded(True)
    ready.window.panel.restore(remembered)
    tree(ready).show_queries(ready.session.saved_queries)
    assert "Deep" not in titles(ready)


async def test_its_sql_is_copied(ready: Desk) -> None:
    await keep(ready, "Mine", sql="select 'copied'")
    tree(ready).setCurrentItem(tree_item(tree(ready), "Mine"))
    QTest.keySequence(tree(ready), "Ctrl+C")
    assert QGuiApplication.clipboard().text() == "select 'copied'"


async def test_the_example_with_parameters_runs_as_it_is(ready: Desk) -> None:
    click_item(tree(ready), "Delays of a month")
    form = ready.window.editor.foot.form
    await eventually(form.isVisible)
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    job = await ready.state(await ready.new_job(known), JobState.SUCCEEDED)
    assert job.result is not None
    assert job.result.rows > 10
