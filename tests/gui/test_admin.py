"""An admin makes a token in the window, and takes it back; nobody else is offered to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QWidget,
)

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.jobs import JobState, Submission
from longwatch.protocol.people import Role
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.admin.token_dialog import TokenDialog
from longwatch_desktop.sources.option_fields import PathField
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, child, desk, named, tree_item


def click(where: QPushButton) -> None:
    QTest.mouseClick(where, Qt.MouseButton.LeftButton)


def button(where: QWidget, text: str) -> QPushButton:
    found = [one for one in where.findChildren(QPushButton) if one.text() == text]
    assert len(found) == 1, text
    return found[0]


def cells(tree: QTreeWidget) -> list[list[str]]:
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [[item.text(at) for at in range(tree.columnCount())] for item in items if item]


async def managed(ready: Desk) -> AdminDialog:
    """The dialog, with what the server has."""
    command = ready.window.actions_.manage
    await eventually(command.isEnabled)
    command.trigger()
    dialog = child(ready.window, AdminDialog)
    await eventually(lambda: dialog.log.table.rows or "Nothing was done" in said(dialog))
    return dialog


def said(dialog: AdminDialog) -> str:
    return dialog.log.table._said.text()


async def test_a_token_is_made_shown_once_used_and_revoked(ready: Desk, address: Address) -> None:
    dialog = await managed(ready)
    click(button(dialog, "New token…"))
    asking = child(dialog, TokenDialog)
    make = button(asking, "Make token")
    assert not make.isEnabled(), "whose it is has to be said"
    QTest.keyClicks(named(asking, QLineEdit, "Name of the person"), "grace")
    named(asking, QComboBox, "Role").setCurrentIndex(1)
    click(make)
    secret = await eventually(lambda: named(asking, QLineEdit, "Token").text())
    click(button(asking, "Copy"))
    assert QGuiApplication.clipboard().text() == secret
    asking.accept()
    await eventually(lambda: dialog.tokens.table.rows)
    tree = named(dialog, QTreeWidget, "Tokens")
    await eventually(lambda: [row[:2] for row in cells(tree)] == [["grace", "Viewer"]])
    async with AsyncClient(Address(address.url, secret)) as grace:
        assert (await grace.me()).role is Role.VIEWER
        tree.setCurrentIndex(tree.model().index(0, 0))
        click(button(dialog, "Revoke…"))
        box = child(dialog, QMessageBox)
        assert "Revoke the token of grace?" in box.text()
        click(button(box, "Revoke"))
        await eventually(lambda: cells(tree)[0][5] == "revoked")
        assert not button(dialog, "Revoke…").isEnabled()
        with pytest.raises(LongwatchClientError):
            await grace.me()
    assert "carries its queries out itself" in dialog.workers.table._said.text()
    log = named(dialog, QTreeWidget, "What was done")
    await eventually(lambda: len(cells(log)) >= 2)
    done = [row[2] for row in cells(log)]
    assert {"token.create", "token.revoke"} <= {*done}
    assert all(secret not in cell for row in cells(log) for cell in row)


async def test_a_screen_reader_is_told_what_each_control_is(ready: Desk) -> None:
    dialog = await managed(ready)
    for number in range(dialog.pages.count()):
        dialog.pages.setCurrentIndex(number)
        page = dialog.pages.widget(number)
        assert page is not None
        for one in page.findChildren(QWidget):
            if isinstance(one, QTreeWidget | QComboBox | QSpinBox | QPushButton):
                seen = QAccessible.queryAccessibleInterface(one)
                assert seen is not None
                assert seen.text(QAccessible.Text.Name), one
    dialog.reject()


async def test_what_is_wrong_is_said_where_it_was_typed(ready: Desk) -> None:
    dialog = await managed(ready)
    click(button(dialog, "New token…"))
    asking = child(dialog, TokenDialog)
    named(asking, QLineEdit, "Name of the person").setText("gr\u200bace")
    click(button(asking, "Make token"))
    await eventually(lambda: "without line breaks" in asking._said.text())
    assert button(asking, "Make token").isEnabled(), "to be tried again"
    asking.reject()


async def test_others_are_not_offered_it(address: Address, theme: Theme, tmp_path: Path) -> None:
    async with AsyncClient(address) as admin:
        made = await admin.create_token("ada", Role.ANALYST)
    async with desk(Address(address.url, made.secret), theme, tmp_path / "w.ini") as other:
        await other.connected()
        await eventually(lambda: other.session.me is not None)
        assert other.session.me is not None
        assert other.session.me.name == "ada"
        assert not other.window.actions_.manage.isEnabled()


async def test_limits_say_whence_they_are_and_how_they_are_changed(ready: Desk) -> None:
    dialog = await managed(ready)
    tree = child(dialog.limits, QTreeWidget)
    await eventually(lambda: cells(tree))
    told = {row[0]: row[1:] for row in cells(tree)}
    assert told["Memory of a query"] == ["1.1 GB", "an argument"]
    assert told["Longest run"] == ["no limit", "as it comes"]
    assert told["Keep results"] == ["30 days", "as it comes"]
    tree.setCurrentItem(tree_item(tree, "Memory of a query"))
    assert "An argument set it" in dialog.limits.said
    tree.setCurrentItem(tree_item(tree, "Longest run"))
    assert "the preferences" in dialog.limits.said
    tree.setCurrentItem(tree_item(tree, "Jobs that may wait"))
    assert "set max_queued in " in dialog.limits.said
    dialog.reject()


async def test_sources_are_tried_added_and_removed(ready: Desk, tmp_path: Path) -> None:
    dialog = await managed(ready)
    page, tree = dialog.sources, child(dialog.sources, QTreeWidget)
    await eventually(lambda: [row[3] != "–" for row in cells(tree)] == [True])
    assert cells(tree)[0][1:3] == ["sample", "duckdb"]
    assert tree.isColumnHidden(5), "there are no workers"
    tree.setCurrentIndex(tree.model().index(0, 0))
    assert not button(page, "Remove…").isEnabled(), "it comes with the program"
    click(button(page, "Test"))
    await eventually(lambda: "it opens: " in page.said.lower(), patience_s=20)
    with closing(sqlite3.connect(tmp_path / "small.db")) as made:
        made.execute("create table t (n)")
    click(button(page, "Add source…"))
    asking = await eventually(lambda: ready.window.desk.dialog)
    assert asking.parent() is dialog
    engines = named(asking, QComboBox, "Kind")
    engines.setCurrentIndex(engines.findData("sqlite"))
    path = next(one for one in asking.form.findChildren(PathField))
    asking.form.take_path(path, str(tmp_path / "small.db"))
    click(asking.save)
    await eventually(lambda: [row[1] for row in cells(tree)] == ["sample", "small"])
    tree.setCurrentIndex(tree.model().index(1, 0))
    click(button(page, "Remove…"))
    click(button(child(dialog, QMessageBox), "Remove"))
    await eventually(lambda: len(cells(tree)) == 1)
    assert "Removed the source Small." in page.said
    dialog.reject()


async def test_what_is_older_is_counted_asked_about_and_deleted(ready: Desk) -> None:
    done = await ready.run("select 42 as n")
    await ready.state(done, JobState.SUCCEEDED)
    dialog = await managed(ready)
    page, tree = dialog.retention, child(dialog.retention, QTreeWidget)
    await eventually(lambda: cells(tree))
    assert "Keep results: 30 days" in page._rules.text()
    click(button(page, "Count them"))
    await eventually(lambda: page.found == "Nothing is that old.")
    named(page, QSpinBox, "Older than").setValue(0)
    named(page, QComboBox, "What to delete").setCurrentIndex(1)
    click(button(page, "Count them"))
    await eventually(lambda: "would be deleted." in page.found or "Nothing" in page.found)
    # What was opened within the hour stays: the window shows the result of the job.
    assert "Nothing" in page.found
    assert ready.session.address is not None
    async with AsyncClient(ready.session.address) as other:
        job = await other.submit(Submission(sql="select 43 as n"), wait_s=20)
        await eventually(lambda: ready.job(job.id))
        click(button(page, "Delete…"))
        box = await eventually(lambda: dialog.findChild(QMessageBox))
        assert box.text().startswith("1 job with 1 result, ")
        click(button(box, "Delete"))
        await eventually(lambda: "were deleted" in page.found)
        await eventually(lambda: ready.job(job.id) is None)
    dialog.reject()
