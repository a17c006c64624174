"""An admin makes a token in the window, and takes it back; nobody else is offered to."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QMessageBox, QPushButton, QTreeWidget, QWidget

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.people import Role
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.admin.token_dialog import TokenDialog
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, child, desk, named


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
