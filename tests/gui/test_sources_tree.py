"""The tree of sources, over a real server: loaded, searched, previewed, dragged from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QTreeWidgetItem

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn
from longwatch.protocol.jobs import JobState
from longwatch.protocol.sources import SavedQueryDraft, SourceDraft
from longwatch_desktop.sources.nodes import Row
from longwatch_desktop.sources.tree import MOST_FOUND, SourceTree
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, click_item, named, tree_item
from support.windows import desk as open_desk

_EXACTLY = Qt.MatchFlag.MatchExactly


@pytest.fixture
async def desk(address: Address, theme: Theme, tmp_path: Path) -> AsyncIterator[Desk]:
    """A window whose every look into a source is one: when it looks is tested here."""
    async with open_desk(address, theme, tmp_path / "window.ini", AsyncClient) as given:
        yield given


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    """A window whose sample is loaded, as it is at a first start."""
    await desk.connected()
    await eventually(lambda: "flights" in shown(tree(desk)))
    return desk


def tree(desk: Desk) -> SourceTree:
    return desk.window.panel.sources


def shown(of: SourceTree) -> list[str]:
    """What the eye sees, from top to bottom."""
    found: list[str] = []
    item = of.topLevelItem(0)
    while item is not None:
        found.append(item.text(0))
        below = of.itemBelow(item)
        item = below if isinstance(below, QTreeWidgetItem) else None
    return found


def row(desk: Desk, title: str) -> Row:
    item = tree_item(tree(desk), title)
    assert isinstance(item, Row)
    return item


def children(of: Row) -> list[QTreeWidgetItem]:
    found = [of.child(number) for number in range(of.childCount())]
    return [child for child in found if child is not None]


def press_key(desk: Desk, key: Qt.Key) -> None:
    QTest.keyClick(tree(desk), key)


async def test_the_default_source_is_open_with_rows_and_types(ready: Desk) -> None:
    assert shown(tree(ready)) == [
        "Flights sample", "airlines", "airports", "flights", "planes", "weather"
    ]  # fmt: skip
    flights = row(ready, "flights")
    assert flights.node.about == "336 k"
    assert "336,776 rows" in flights.node.tip
    assert row(ready, "Flights sample").node.about == "5 tables"
    assert flights.childCount() == 0, "columns are made when they are wanted"
    flights.setExpanded(True)
    assert row(ready, "dep_delay").node.about == "BIGINT"
    ready.window.panel.sources.show_sources(ready.session.sources)
    assert "dep_delay" in shown(tree(ready)), "what is open stays open"


async def test_a_double_click_previews(ready: Desk) -> None:
    known = set(ready.session.mirror.ids())
    click_item(tree(ready), "airlines", double=True)
    assert ready.window.editor.page.toPlainText() == "SELECT * FROM airlines LIMIT 1000"
    assert ready.window.editor.page.title == "airlines"
    job = await ready.state(await ready.new_job(known), JobState.SUCCEEDED)
    assert (job.source, job.result.rows if job.result else 0) == ("sample", 16)


async def test_enter_previews_on_the_source_of_the_table(ready: Desk, tmp_path: Path) -> None:
    (tmp_path / "odd name.csv").write_text("Total Price,n\n1.5,2\n")
    await add(ready, "odd", tmp_path)
    row(ready, "odd").setExpanded(True)
    await eventually(lambda: "odd name" in shown(tree(ready)))
    tree(ready).setCurrentItem(row(ready, "odd name"))
    known = set(ready.session.mirror.ids())
    before = ready.window.editor.page
    before.setPlainText("select 1")
    before.document().setModified(True)
    press_key(ready, Qt.Key.Key_Return)
    assert ready.window.tools.source == "odd"
    assert before.source == "sample", "of the tab that was in front"
    job = await ready.state(await ready.new_job(known), JobState.SUCCEEDED)
    assert (job.source, job.result.rows if job.result else 0) == ("odd", 1)
    row(ready, "odd name").setExpanded(True)
    ready.window.editor.open("Untitled", "")
    click_item(tree(ready), "Total Price", double=True)
    assert ready.window.editor.page.toPlainText() == '"Total Price"'
    await ready.session.client().remove_source("odd")


async def test_what_cannot_be_read_says_so_and_is_tried_again(ready: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    await add(ready, "later", folder)
    row(ready, "later").setExpanded(True)
    await eventually(lambda: "Try again (Enter)" in shown(tree(ready)))
    said = shown(tree(ready))[-2]
    assert str(folder) in said, said
    assert row(ready, said).node.tone == "danger"
    folder.mkdir()
    tree(ready).setCurrentItem(row(ready, "Try again (Enter)"))
    press_key(ready, Qt.Key.Key_Return)
    await eventually(lambda: "No tables here." in shown(tree(ready))[-1])
    (folder / "a.csv").write_text("x\n1\n")
    press_key(ready, Qt.Key.Key_F5)
    assert ready.window.notice.text == "", "F5 is this tree's here"
    tree(ready).setCurrentItem(row(ready, "later"))
    press_key(ready, Qt.Key.Key_F5)
    await eventually(lambda: shown(tree(ready))[-1] == "a")
    (folder / "broken.parquet").write_text("nothing of the kind")
    press_key(ready, Qt.Key.Key_F5)
    await eventually(lambda: "1 thing could not be read" in shown(tree(ready)))
    assert "broken.parquet" in row(ready, "1 thing could not be read").node.tip
    await ready.session.client().remove_source("later")


async def test_the_box_finds_tables_and_columns(ready: Desk) -> None:
    box = named(ready.window.panel, QLineEdit, "Filter tables, columns and saved queries")
    QTest.keyClicks(box, "name")
    assert shown(tree(ready)) == ["Flights sample", "airlines", "name", "airports", "name"]
    QTest.keyClicks(box, " port")
    assert shown(tree(ready)) == ["Flights sample", "airports", "name"]
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert tree(ready).hasFocus()
    box.setText("no such thing")
    assert shown(tree(ready)) == []
    assert tree(ready).empty_text == "Nothing here is called so."
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert shown(tree(ready))[:2] == ["Flights sample", "airlines"]
    assert not row(ready, "airlines").isExpanded(), "as it was before the search"


async def test_a_name_is_dragged_into_the_editor(ready: Desk) -> None:
    flights = row(ready, "flights")
    flights.setExpanded(True)
    data = tree(ready).mimeData([row(ready, "year"), row(ready, "dep_delay")])
    assert isinstance(data, QMimeData)
    assert data.text() == "year, dep_delay"
    assert flights.flags() & Qt.ItemFlag.ItemIsDragEnabled
    assert not row(ready, "Flights sample").flags() & Qt.ItemFlag.ItemIsDragEnabled
    ready.window.editor.open("Untitled", "")
    page = ready.window.editor.page
    page.dropEvent(
        QDropEvent(
            QPointF(60, 10),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert page.toPlainText() == "year, dep_delay"


async def test_the_menu_copies_and_inserts(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    at = tree(ready).visualItemRect(row(ready, "weather")).center()
    QTest.mouseClick(tree(ready).viewport(), Qt.MouseButton.LeftButton, pos=at)
    titles = menu_at(ready, at)
    assert {"Preview", "Insert into the editor", "Copy name", "Refresh"} <= set(titles)
    titles["Copy name"].trigger()
    assert QGuiApplication.clipboard().text() == "weather"
    titles["Insert into the editor"].trigger()
    assert ready.window.editor.page.toPlainText() == "weather"
    at = tree(ready).visualItemRect(row(ready, "Flights sample")).center()
    remove = menu_at(ready, at)["Remove… (it comes with the program)"]
    assert not remove.isEnabled()


async def test_only_what_changed_is_asked_for_anew(ready: Desk, tmp_path: Path) -> None:
    """Each answer costs the server a process: a query that is saved must not cost any."""
    catalogues, client = ready.window.catalogues, ready.session.client()
    await add(ready, "two", tmp_path)
    row(ready, "two").setExpanded(True)
    await eventually(lambda: catalogues.known("two") is not None)
    sample = catalogues.known("sample")
    query = await client.save_query(SavedQueryDraft(title="Kept", sql="select 1"))
    ready.session.look_again()
    await eventually(lambda: ready.window.panel.queries.findItems("Kept", _EXACTLY))
    assert catalogues.known("sample") is sample
    (tmp_path / "a.csv").write_text("x\n1\n")
    draft = SourceDraft(
        name="two", title="Second", engine="duckdb", options={"path": str(tmp_path)}
    )
    await client.change_source("two", draft)
    ready.session.look_again()
    await eventually(lambda: shown(tree(ready))[-2:] == ["Second", "a"])
    assert catalogues.known("sample") is sample
    await client.remove_source("two")
    await client.remove_saved_query(query.name)


async def test_thousands_of_tables_stay_quick(ready: Desk) -> None:
    """What is not seen is not made: neither columns nor, in a search, the last of many."""
    tables = [
        CatalogueTable(
            catalog_schema="main",
            name=f"table_{number:04}",
            name_in_sql=f"table_{number:04}",
            kind="table",
            columns=[TableColumn(name="x", type="INT")],
        )
        for number in range(5_000)
    ]
    ready.window.catalogues._known["sample"] = Catalogue(tables=tables, truncated=True)
    ready.window.catalogues.changed.emit("sample")
    sample = row(ready, "Flights sample")
    assert sample.childCount() == 5_001
    assert sample.node.about == "5,000+ tables"
    assert children(sample)[0].text(0) == "Only the first 5,000 tables are listed"
    assert all(child.childCount() == 0 for child in children(sample))
    ready.window.panel.sources.look_for("table")
    found = row(ready, "Flights sample")
    assert found.childCount() == MOST_FOUND + 1
    assert children(found)[-1].text(0) == f"… and {5_000 - MOST_FOUND:,} tables more"


async def test_what_is_open_is_remembered(ready: Desk) -> None:
    row(ready, "flights").setExpanded(True)
    remembered = ready.window.panel.remembered()
    row(ready, "flights").setExpanded(False)
    ready.window.panel.restore("{nonsense")
    ready.window.panel.restore(remembered)
    tree(ready).show_sources(ready.session.sources)
    assert row(ready, "flights").isExpanded()


async def add(desk: Desk, name: str, path: Path) -> None:
    """Add a source of files, and wait until the tree has it."""
    draft = SourceDraft(name=name, engine="duckdb", options={"path": str(path)})
    await desk.session.client().add_source(draft)
    desk.session.look_again()
    await eventually(lambda: name in shown(tree(desk)))


def menu_at(desk: Desk, at: QPoint) -> dict[str, QAction]:
    """The context menu there, closed again: its actions by their titles."""
    tree(desk).customContextMenuRequested.emit(at)
    menus = [one for one in tree(desk).findChildren(QMenu) if one.isVisible()]
    assert len(menus) == 1
    actions = {action.text(): action for action in menus[0].actions()}
    menus[0].hide()
    return actions
