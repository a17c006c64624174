"""Results in the window: of any size, while they grow, with NULLs, and copied."""

from __future__ import annotations

import duckdb
import psutil
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QTableView, QTreeWidget

from longwatch.protocol.jobs import JobState, Submission
from longwatch.resources import resource_path
from longwatch_desktop.results.model import (
    KEPT_PAGES,
    PAGE_ROWS,
    PAGES_AT_ONCE,
    WANTED_PAGES,
    as_text,
)
from longwatch_desktop.theme import LIGHT
from support.waiting import eventually
from support.windows import Desk, child, click_cell, click_item, colors_of, named, picture, press

SLOW = """
select i, length(regexp_replace(repeat('ab', 400) || i, '(a|b)+x?', 'c')) as n
from range(100000000) t(i)
"""
"""Streams for minutes, some ten thousands of rows a second."""


def grid(desk: Desk) -> QTableView:
    return child(desk.window.details.result, QTableView)


def line(desk: Desk) -> str:
    """What stands above the rows, or instead of them."""
    labels = desk.window.details.result.findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.isVisible())


async def test_the_end_of_a_large_result(ready: Desk) -> None:
    before = set(ready.session.mirror.ids())
    click_item(
        named(ready.window.panel, QTreeWidget, "Saved queries"), "Every flight, with its weather"
    )
    sql = ready.window.editor.page.toPlainText()
    press(ready.window, ready.window.actions_.run)
    job_id = await ready.new_job(before)
    job = await ready.state(job_id, JobState.SUCCEEDED, patience_s=40.0)
    await ready.result_in_front()
    view, model = grid(ready), grid(ready).model()
    assert model.rowCount() == 336_776
    assert job.result is not None
    assert "336,776 rows" in line(ready)
    await ready.result_cell(0, 0)
    view.setFocus()
    view.scrollToBottom()
    last = view.verticalScrollBar().maximum()
    assert view.verticalScrollBar().value() == last
    assert view.rowAt(view.viewport().height() - 5) == 336_775
    await ready.result_cell(336_775, 0)
    flights = resource_path("samples/nycflights13")
    with duckdb.connect() as engine:
        for name in ("flights", "weather"):
            engine.execute(f"create view {name} as from '{flights / name}.parquet'")
        row = engine.execute(f"select * from ({sql}) offset 336775").fetchone()
    assert row is not None
    shown = [str(model.index(336_775, column).data()) for column in range(model.columnCount())]
    titles = [str(model.headerData(n, Qt.Orientation.Horizontal)) for n in range(len(shown))]
    for name, value, text in zip(titles, row, shown, strict=True):
        if name != "time_hour":
            assert text == as_text(value), name
    pages = {offset for job, offset, _ in ready.session.pages if job == job_id}
    assert max(pages) == 336_775 // PAGE_ROWS * PAGE_ROWS
    assert len(pages) <= 6, "it looked at pages that were never seen"
    # Dragging through all of it asks for what is in view at the end, not for all that was.
    ready.session.pages.clear()
    for row_number in range(0, 336_776, 5_000):
        view.scrollTo(model.index(row_number, 0))
        view.grab()
    await ready.result_cell(view.rowAt(5), 0)
    rows = ready.window.details.result.model
    await eventually(lambda: not rows._asked and not rows._wanted, patience_s=20.0)
    assert len(ready.session.pages) <= WANTED_PAGES + PAGES_AT_ONCE + 2
    assert len(rows._pages) <= KEPT_PAGES


async def test_null_is_no_text(ready: Desk) -> None:
    job_id = await ready.run("select null as a, 'null' as b, '' as c, 'x' as d")
    await ready.state(job_id, JobState.SUCCEEDED)
    await ready.result_in_front()
    assert await ready.result_cell(0, 0) == "null"
    assert await ready.result_cell(0, 1) == "null"
    view = grid(ready)
    model = ready.window.details.result.model
    assert [model.is_null(model.index(0, column)) for column in range(4)] == [True] + [False] * 3
    cells = [
        view.viewport().grab(view.visualRect(model.index(0, column))).toImage()
        for column in range(4)
    ]
    assert LIGHT.muted in colors_of(cells[0])
    assert LIGHT.muted not in colors_of(cells[1])
    assert len(colors_of(cells[2])) == 1, "an empty text is empty"


async def test_numbers_are_never_cut(ready: Desk) -> None:
    job_id = await ready.run(
        "select i as id, case when i < 5000 then 1.5 else 1.75457420048541e-200 * i end as v, "
        "case when i < 5000 then 'a' else repeat('long ', 20) end as word from range(9999) t(i)"
    )
    await ready.state(job_id, JobState.SUCCEEDED)
    ready.window.details.show_result()
    await ready.result_cell(0, 0)
    view, model = grid(ready), ready.window.details.result.model
    before = [view.columnWidth(column) for column in range(3)]
    view.scrollToBottom()

    def fits() -> bool:
        text = str(model.index(9_998, 1).data())
        return "e-196" in text and view.fontMetrics().horizontalAdvance(text) < view.columnWidth(1)

    await eventually(fits)
    grown = [view.columnWidth(column) for column in range(3)]
    assert grown[2] == before[2], "a text may be cut"
    view.scrollToTop()
    await ready.result_cell(0, 0)
    assert [view.columnWidth(column) for column in range(3)] == grown, "nothing jumps back"
    header = view.horizontalHeader()
    edge = QPoint(header.sectionViewportPosition(1) + grown[1] - 1, header.height() // 2)
    port, left = header.viewport(), Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    QTest.mouseMove(port, edge)
    QTest.mousePress(port, left, none, edge)
    QTest.mouseMove(port, edge - QPoint(60, 0))
    QTest.mouseRelease(port, left, none, edge - QPoint(60, 0))
    narrow = view.columnWidth(1)
    assert narrow < grown[1]
    view.scrollToBottom()
    await ready.result_cell(9_998, 1)
    QApplication.processEvents()
    assert view.columnWidth(1) == narrow, "the user's width stays"


async def test_rows_can_be_read_while_more_are_written(ready: Desk) -> None:
    job_id = await ready.run(SLOW)
    await ready.state(job_id, JobState.RUNNING)
    ready.detail_tabs().setCurrentIndex(1)
    model = ready.window.details.result.model
    first = await eventually(model.rowCount, patience_s=30.0)
    assert await ready.result_cell(0, 0) == "0"
    assert "so far" in line(ready)
    job = ready.job(job_id)
    assert job is not None
    assert job.state is JobState.RUNNING
    await eventually(lambda: model.rowCount() > first, patience_s=30.0)
    rows = model.rowCount()
    assert await ready.result_cell(rows - 1, 0) == str(rows - 1)
    ready.window.table.select_job(job_id)
    ready.window.actions_.cancel.trigger()
    await ready.state(job_id, JobState.CANCELLED)
    await eventually(lambda: "incomplete" in line(ready))
    assert model.rowCount() >= rows, "what was written stays"
    assert await ready.result_cell(0, 0) == "0"


async def test_why_there_are_no_rows(ready: Desk) -> None:
    failed = await ready.run("select nope")
    await ready.state(failed, JobState.FAILED)
    ready.detail_tabs().setCurrentIndex(1)
    assert "failed before it had returned rows" in line(ready)
    none = await ready.run("select 1 as one where false")
    await ready.state(none, JobState.SUCCEEDED)
    await ready.result_in_front()
    await eventually(lambda: "0 rows" in line(ready))
    assert grid(ready).model().columnCount() == 1
    assert grid(ready).accessibleDescription() == "The query returned no rows."
    assert LIGHT.muted in colors_of(picture(grid(ready).viewport())), "not a word in the grid"
    ready.window.table.clearSelection()
    await eventually(lambda: "Select a job" in line(ready))


async def test_a_job_whose_end_is_told_with_its_beginning_shows_its_rows(ready: Desk) -> None:
    job = await ready.session.client().submit(Submission(sql="select 'quick' as pace"))
    await ready.state(job.id, JobState.SUCCEEDED)
    ready.window.control.submitted.emit(job.id)
    await ready.result_in_front()
    assert await ready.result_cell(0, 0) == "quick"


async def test_a_job_that_is_run_again_shows_its_rows(ready: Desk) -> None:
    first = await ready.run("select 'again' as word")
    await ready.state(first, JobState.SUCCEEDED)
    await ready.result_in_front()
    ready.window.actions_.again.trigger()
    second = await ready.new_job({first})
    await ready.state(second, JobState.SUCCEEDED)
    await ready.result_in_front()
    assert await ready.result_cell(0, 0) == "again"


async def test_selected_cells_are_copied_as_a_table(ready: Desk) -> None:
    job_id = await ready.run("select i, i * 1.5 as half from range(5) t(i)")
    await ready.state(job_id, JobState.SUCCEEDED)
    await ready.result_in_front()
    await ready.result_cell(4, 1)
    view = grid(ready)
    click_cell(view, view.model().index(1, 0))
    flags = QItemSelectionModel.SelectionFlag
    for row, column in ((1, 1), (2, 0), (2, 1)):
        view.selectionModel().select(view.model().index(row, column), flags.Select)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: QGuiApplication.clipboard().text() == "1\t1.5\n2\t3.0")


async def test_what_is_copied_was_fetched_first(ready: Desk) -> None:
    job_id = await ready.run("select i, 'row ' || i as t from range(30000) t(i)")
    await ready.state(job_id, JobState.SUCCEEDED)
    await ready.result_in_front()
    await ready.result_cell(4, 1)
    view = grid(ready)
    view.setFocus()
    view.selectAll()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    whole = "\n".join(f"{i}\trow {i}" for i in range(30_000))
    await eventually(lambda: QGuiApplication.clipboard().text() == whole)


@pytest.mark.slow
async def test_a_selection_too_large_to_copy_is_said_to_be_cut(ready: Desk) -> None:
    job_id = await ready.run("select i, 'row ' || i as t from range(300000) t(i)")
    await ready.state(job_id, JobState.SUCCEEDED)
    await ready.result_in_front()
    await ready.result_cell(4, 1)
    view = grid(ready)
    view.setFocus()
    view.selectAll()
    before = psutil.Process().memory_info().rss
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    said = "Only the first 100,000 rows of the selection were copied"
    await eventually(lambda: said in ready.window.notice.text, patience_s=30.0)
    text = QGuiApplication.clipboard().text()
    assert text.endswith("99999\trow 99999")
    assert psutil.Process().memory_info().rss - before < 300 * 2**20


async def test_double_click_on_a_job_shows_its_rows(ready: Desk) -> None:
    job_id = await ready.run("select 'here' as place")
    await ready.state(job_id, JobState.SUCCEEDED)
    ready.detail_tabs().setCurrentIndex(0)
    row = ready.window.model.row_of(job_id)
    assert row is not None
    click_cell(ready.window.table, ready.window.model.index(row, 0), double=True)
    assert ready.detail_tab() == "Result"
    assert await ready.result_cell(0, 0) == "here"


async def test_another_jobs_rows_take_the_place_at_once(ready: Desk) -> None:
    first = await ready.run("select 'first' as a")
    await ready.state(first, JobState.SUCCEEDED)
    second = await ready.run("select 'second' as a, 2 as b")
    await ready.state(second, JobState.SUCCEEDED)
    await ready.result_in_front()
    assert await ready.result_cell(0, 0) == "second"
    ready.window.table.select_job(first)
    assert grid(ready).model().columnCount() == 1
    assert await ready.result_cell(0, 0) == "first"


async def test_another_result_is_shown_from_its_top(ready: Desk) -> None:
    long = await ready.run("select i from range(5000) t(i)")
    await ready.state(long, JobState.SUCCEEDED)
    await ready.result_in_front()
    await ready.result_cell(4, 0)
    grid(ready).scrollToBottom()
    other = await ready.run("select -i as j from range(5000) t(i)")
    await ready.state(other, JobState.SUCCEEDED)
    await ready.result_in_front()
    assert await ready.result_cell(1, 0) == "-1"
    assert grid(ready).verticalScrollBar().value() == 0
