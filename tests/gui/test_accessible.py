"""What a screen reader is told: asked of Qt as one asks, with jobs under way."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTableView, QTreeWidget, QWidget

from longwatch.protocol.jobs import JobState
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS
from support.servers import ENDLESS
from support.waiting import eventually
from support.windows import Desk

Role = QAccessible.Role
Said = QAccessible.Text


def interface(widget: QWidget) -> QAccessibleInterface:
    """What a screen reader sees of a widget."""
    found = QAccessible.queryAccessibleInterface(widget)
    assert found is not None
    return found


def table_rows(table: QTableView) -> list[list[str]]:
    """Every row of a table as it is read, cell by cell, without its headers."""
    seen = interface(table)
    cells = [seen.child(number) for number in range(seen.childCount())]
    texts = [cell.text(Said.Name) for cell in cells if cell.role() is Role.Cell]
    width = table.model().columnCount()
    return [texts[at : at + width] for at in range(0, len(texts), width)]


async def test_rows_of_jobs(ready: Desk) -> None:
    running = await ready.run(ENDLESS)
    await ready.state(running, JobState.RUNNING)
    wrong = await ready.run("select nope from flights")
    await ready.state(wrong, JobState.FAILED)
    table = ready.window.table
    seen = interface(table)
    assert (seen.role(), seen.text(Said.Name)) == (Role.Table, "Jobs")
    headers = [seen.child(number) for number in range(seen.childCount())]
    titles = [one.text(Said.Name) for one in headers if one.role() is Role.ColumnHeader]
    assert titles == [column.title for column in COLUMNS]

    def read(job_id: str) -> list[str]:
        row = ready.window.model.row_of(job_id)
        assert row is not None
        return table_rows(table)[row]

    failed = read(wrong)[BY_ID["progress"]]
    assert failed.startswith("failed: ")
    assert "nope" in failed
    await eventually(lambda: read(running)[BY_ID["progress"]].endswith("% executing"))


async def test_a_row_is_read_as_one_sentence(ready: Desk) -> None:
    done = await ready.run("select 1 as one")
    await ready.state(done, JobState.SUCCEEDED)
    seen = interface(ready.window.table)
    children = [seen.child(number) for number in range(seen.childCount())]
    rows = [one.text(Said.Name) for one in children if one.role() is Role.RowHeader]
    number = ready.window.model.row_of(done)
    assert number is not None
    assert rows[number].startswith("select 1 as one, done, Elapsed ")
    assert "Rows 1, " in rows[number]


async def test_rows_of_a_result(ready: Desk) -> None:
    done = await ready.run("select range as n, n * 2 as twice from range(3)")
    await ready.state(done, JobState.SUCCEEDED)
    assert await ready.result_cell(2, 1) == "4"
    grid = ready.window.details.result.findChild(QTableView)
    assert grid is not None
    assert table_rows(grid) == [["0", "0"], ["1", "2"], ["2", "4"]]


async def test_parts_of_the_window(ready: Desk) -> None:
    editor = interface(ready.window.editor.page)
    ready.window.editor.page.setPlainText("select 42")
    assert editor.role() is Role.EditableText
    assert (editor.text(Said.Name), editor.text(Said.Value)) == ("SQL editor", "select 42")
    for tree in ready.window.findChildren(QTreeWidget):
        assert interface(tree).text(Said.Name)
    for button in ready.window.findChildren(QAbstractButton):
        inside = isinstance(button.parent(), QLineEdit)  # Qt's own, beside the text
        if button.isVisible() and not inside:
            seen = interface(button)
            assert seen.text(Said.Name) or seen.text(Said.Description), button
            assert button.isCheckable() == bool(seen.state().checkable)


async def test_a_chip_tells_whether_it_is_on(ready: Desk) -> None:
    chips = [
        one for one in ready.window.filter_bar.findChildren(QAbstractButton) if one.isCheckable()
    ]
    assert len(chips) >= 4
    on = [one for one in chips if interface(one).state().checked]
    assert len(on) == 1
    assert "All" in interface(on[0]).text(Said.Name)
