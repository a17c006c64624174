"""Adding, changing, testing and removing sources, over a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton, QTableWidgetItem

from longwatch.client.errors import NotFound
from longwatch.protocol.sources import SecretReference, Source, SourceDraft
from longwatch_desktop.sources.free_options import FreeOptions
from longwatch_desktop.sources.option_fields import PathField
from longwatch_desktop.sources.source_dialog import SourceDialog
from longwatch_desktop.sources.tree import SourceTree
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, child, named, open_box


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    return desk


async def adding(desk: Desk) -> SourceDialog:
    """Press +, and wait for the dialog."""
    desk.window.panel.sources.add_wanted.emit()
    return await opened(desk)


async def opened(desk: Desk) -> SourceDialog:
    await eventually(lambda: desk.window.desk.dialog is not None)
    dialog = desk.window.desk.dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def box(dialog: SourceDialog, name: str) -> QLineEdit:
    return named(dialog, QLineEdit, name)


def choose_engine(dialog: SourceDialog, title: str) -> None:
    kinds = named(dialog, QComboBox, "Kind")
    kinds.setCurrentIndex(kinds.findText(title))


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def source(desk: Desk, name: str) -> Source | None:
    return next((one for one in desk.session.sources if one.name == name), None)


def titles(tree: SourceTree) -> list[str]:
    items = [tree.topLevelItem(number) for number in range(tree.topLevelItemCount())]
    return [item.text(0) for item in items if item is not None]


async def test_a_folder_is_tested_and_added(ready: Desk, tmp_path: Path) -> None:
    (tmp_path / "trips 2024").mkdir()
    (tmp_path / "trips 2024" / "a.csv").write_text("x\n1\n")
    dialog = await adding(ready)
    QTest.keyClicks(box(dialog, "Folder or file"), str(tmp_path / "trips 2024"))
    assert box(dialog, "Title").text() == "Trips 2024"
    assert box(dialog, "Name").text() == "trips-2024"
    press(dialog.test)
    await eventually(lambda: dialog.said.startswith("It opens: 1 table, "))
    press(dialog.save)
    await eventually(lambda: ready.window.desk.dialog is None)
    await eventually(lambda: "Trips 2024" in titles(ready.window.panel.sources))
    tree = ready.window.panel.sources
    flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    await eventually(lambda: tree.findItems("a", flags))  # it is open, and its table is there
    await ready.session.client().remove_source("trips-2024")


async def test_what_is_wrong_is_told_and_its_place_shown(ready: Desk, tmp_path: Path) -> None:
    dialog = await adding(ready)
    choose_engine(dialog, "SQLite")
    box(dialog, "Title").setText("Ledger")
    box(dialog, "Name").setText("no good name")
    press(dialog.save)
    assert "letters, digits" in dialog.said
    assert box(dialog, "Name").property("wrong")
    box(dialog, "Name").setText("ledger")
    assert dialog.said == "", "what is typed anew is not wrong yet"
    press(dialog.save)
    await eventually(lambda: "File is missing" in dialog.said)
    assert box(dialog, "File").property("wrong")
    box(dialog, "File").setText(str(tmp_path / "none.sqlite"))
    press(dialog.test)
    await eventually(lambda: "It does not open." in dialog.said)
    assert "none.sqlite" in dialog.said
    assert dialog.save.isEnabled(), "it may be there later"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    await eventually(lambda: ready.window.desk.dialog is None)
    assert source(ready, "ledger") is None


async def test_every_kind_of_option(ready: Desk) -> None:
    dialog = await adding(ready)
    choose_engine(dialog, "PostgreSQL")
    for name, text in (("Title", "Warehouse"), ("Host", "db"), ("Port", "54x3"), ("User", "ada")):
        QTest.keyClicks(box(dialog, name), text)
    assert box(dialog, "Port").text() == "543", "a port is a number"
    assert box(dialog, "Password").echoMode() is QLineEdit.EchoMode.Password
    QTest.keyClicks(box(dialog, "Password"), "hush")
    tls = named(dialog, QComboBox, "TLS")
    tls.setCurrentIndex(tls.findText("require"))
    named(dialog, QCheckBox, "Allow statements that write").setChecked(True)
    press(dialog.save)
    await eventually(lambda: source(ready, "warehouse") is not None)
    found = source(ready, "warehouse")
    assert found is not None
    assert found.options == {
        "host": "db", "port": "543", "user": "ada", "sslmode": "require", "writable": "true"
    }  # fmt: skip
    assert found.secrets == ["password"]
    await ready.session.client().remove_source("warehouse")


async def test_a_source_is_changed_and_its_secret_kept(ready: Desk) -> None:
    draft = SourceDraft(
        name="pg", title="PG", engine="postgres", options={"host": "h"}, secrets={"password": "x"}
    )
    before = await ready.session.client().add_source(draft)
    ready.window.desk.edit(before)
    dialog = await opened(ready)
    assert box(dialog, "Password").placeholderText() == "Set; leave empty to keep it"
    assert not named(dialog, QComboBox, "Kind").isEnabled()
    box(dialog, "Title").setText("Ledger")
    press(dialog.save)
    await eventually(lambda: (one := source(ready, "pg")) and one.title == "Ledger")
    after = source(ready, "pg")
    assert after is not None
    assert after.secrets == ["password"]
    ready.window.desk.edit(after)
    await eventually(lambda: ready.window.desk.dialog not in {None, dialog})
    dialog = await opened(ready)
    where = named(dialog, QComboBox, "Where Password is kept")
    where.setCurrentIndex(where.findText("server's variable"))
    assert box(dialog, "Password").echoMode() is QLineEdit.EchoMode.Normal
    box(dialog, "Password").setText("PGPASSWORD")
    assert dialog.form.entered().secrets == {"password": SecretReference(env="PGPASSWORD")}
    where.setCurrentIndex(where.findText("take it away"))
    press(dialog.save)
    await eventually(lambda: (one := source(ready, "pg")) and one.secrets == [])
    await ready.session.client().remove_source("pg")


async def test_free_options_and_secrets_among_them(ready: Desk) -> None:
    dialog = await adding(ready)
    choose_engine(dialog, "ADBC driver")
    table = child(dialog, FreeOptions)
    assert table.rowCount() == 1
    for row, (name, value) in enumerate((("db.schema", "main"), ("access_token", "hush"))):
        table.setItem(row, 0, QTableWidgetItem(name))
        table.setItem(row, 1, QTableWidgetItem(value))
    assert table.rowCount() == 3, "there is always one more"
    assert table.options() == {"db.schema": "main"}
    assert table.secrets() == {"access_token": "hush"}
    assert table.is_masked(1)
    assert not table.is_masked(0)
    table.show_options({}, ["access_token"])
    assert table.secrets() == {}, "what is not typed stays"
    table.removeRow(0)
    assert table.secrets() == {"access_token": None}


async def test_what_comes_with_the_program_says_why_it_stays(ready: Desk) -> None:
    sample = source(ready, "sample")
    assert sample is not None
    ready.window.desk.edit(sample)
    dialog = await opened(ready)
    assert "it comes with the program" in dialog.said
    assert dialog.save.isHidden()
    assert not box(dialog, "Title").isEnabled()
    press(dialog.test)
    await eventually(lambda: dialog.said.startswith("It opens: 5 tables"))


async def test_a_file_is_sent_to_a_server_elsewhere(
    ready: Desk, theme: Theme, tmp_path: Path
) -> None:
    file = tmp_path / "late_flights.csv"
    file.write_text("x\n" + "1\n" * 2_000_000)
    engines = (await ready.session.client().engines()).engines
    dialog = SourceDialog(
        ready.session, theme, engines, None, {"late-flights"}, remote=True, parent=ready.window
    )
    dialog.open()
    field = child(dialog, PathField)
    assert field.button.text() == "Send a file…"
    dialog.upload(field, file)
    await eventually(lambda: dialog.said.startswith("Sending late_flights.csv"))
    assert not dialog.save.isEnabled()
    await eventually(lambda: field.value().startswith("file:"))
    assert "late_flights.csv, 4.0 MB" in field.box.text()
    assert box(dialog, "Name").text() == "late-flights-2", "the other one is taken"
    press(dialog.save)
    await eventually(lambda: not dialog.isVisible())
    found = await ready.session.client().catalogue("late-flights-2")
    assert [table.name for table in found.tables] == ["late_flights"]
    dialog.upload(field, tmp_path / "missing.csv")
    await eventually(lambda: "cannot be read" in dialog.said)
    await ready.session.client().remove_source("late-flights-2")
    await dialog.stop()


async def test_removing_asks_first(ready: Desk, tmp_path: Path) -> None:
    draft = SourceDraft(name="gone", title="Gone", engine="duckdb", options={"path": str(tmp_path)})
    added = await ready.session.client().add_source(draft)
    ready.session.look_again()
    tree = ready.window.panel.sources
    await eventually(lambda: "Gone" in titles(tree))
    for answer in ("Keep it", "Remove"):
        tree.remove_wanted.emit(added)
        asked = open_box(ready.window)
        assert asked.text() == "Remove Gone?"
        button = next(one for one in asked.buttons() if one.text() == answer)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        if answer == "Keep it":
            assert await ready.session.client().test_source("gone")
    await eventually(lambda: "Gone" not in titles(tree))
    with pytest.raises(NotFound):
        await ready.session.client().test_source("gone")


async def test_a_test_from_the_menu_is_told(ready: Desk) -> None:
    sample = source(ready, "sample")
    ready.window.panel.sources.test_wanted.emit(sample)
    assert ready.window.notice.text == "Opening Flights sample…"
    await eventually(lambda: "it opens: 5 tables" in ready.window.notice.text)
