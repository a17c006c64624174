"""A query from the click to its end, through the real server."""

from __future__ import annotations

import duckdb
import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QTableView, QToolButton, QTreeWidget

from longwatch.protocol.jobs import JobState, JobSummary, Phase
from longwatch.resources import resource_path
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.results.model import as_text
from longwatch_desktop.results.overview import Overview
from support.servers import ENDLESS
from support.waiting import eventually
from support.windows import Desk, click_cell, click_item, named, press

TYPO = """
SELECT
    carier,
    avg(dep_delay) AS delay
FROM flights
GROUP BY carier
ORDER BY delay DESC
"""


async def endless(desk: Desk) -> str:
    """A query that runs, and reports: its id."""
    job_id = await desk.run(ENDLESS)
    await desk.state(job_id, JobState.RUNNING)
    return job_id


def says(desk: Desk, text: str) -> bool:
    """Whether the overview in view says `text`."""
    labels = desk.window.details.findChildren(QLabel)
    return any(text in label.text() for label in labels if label.isVisible())


def _standing(desk: Desk, job_id: str) -> str:
    row = desk.window.model.row_of(job_id)
    return "" if row is None else str(desk.window.model.index(row, BY_ID["progress"]).data())


def runners() -> list[psutil.Process]:
    """Every process this one has started and that lives, the waiting runner included."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
    ]


async def test_a_saved_query_by_double_click(ready: Desk) -> None:
    before = set(ready.session.mirror.ids())
    tree = named(ready.window.panel, QTreeWidget, "Saved queries")
    click_item(tree, "Delays by carrier", double=True)
    assert ready.window.editor.page.title == "Delays by carrier"
    press(ready.window, ready.window.actions_.run)
    job_id = await ready.new_job(before)
    job = await ready.state(job_id, JobState.SUCCEEDED)
    assert job.name == "Delays by carrier"
    assert ready.window.table.current_job() == job
    await ready.result_in_front()
    grid = ready.window.details.findChild(QTableView)
    assert grid is not None
    assert grid.isVisible()
    model = grid.model()
    flights = resource_path("samples/nycflights13")
    with duckdb.connect() as engine:
        for name in ("flights", "airlines"):
            engine.execute(f"create view {name} as from '{flights / name}.parquet'")
        sql = ready.window.editor.page.toPlainText()
        expected = [[as_text(cell) for cell in row] for row in engine.execute(sql).fetchall()]
    assert await ready.result_cell(0, 0) == expected[0][0]
    shown = [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]
    assert shown == expected
    titles = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(5)]
    assert titles[:2] == ["airline", "flights"]


async def test_a_running_query_shows_phase_and_progress(ready: Desk) -> None:
    job_id = await endless(ready)

    def fraction() -> bool:
        job = ready.job(job_id)
        return job is not None and bool(job.progress.fraction) and job.phase is Phase.EXECUTING

    await eventually(fraction)
    model = ready.window.model
    row = model.row_of(job_id)
    assert row is not None
    assert model.index(row, BY_ID["progress"]).data() == "executing"
    await eventually(lambda: says(ready, "Executing. By what the engine measures"))
    assert ready.window.actions_.cancel.isEnabled()
    chips = [one.text() for one in ready.window.filter_bar.findChildren(QToolButton)]
    assert "Running 1" in chips
    assert ready.window.counts.text() == "1 running, 0 queued"


async def test_cancel_ends_the_process(ready: Desk) -> None:
    job_id = await endless(ready)
    await eventually(lambda: "executing" in _standing(ready, job_id))
    busy = [one for one in runners() if job_id in one.cwd()]
    assert len(busy) == 1
    press(ready.window, ready.window.actions_.cancel)
    job = await ready.state(job_id, JobState.CANCELLED, patience_s=5.0)
    assert job.cancel_confirmed is True
    assert all(not one.is_running() or one.status() == psutil.STATUS_ZOMBIE for one in busy)
    await eventually(lambda: says(ready, "its process is gone"))
    assert not ready.window.actions_.cancel.isEnabled()


async def test_run_again_submits_the_same_as_a_new_job(ready: Desk) -> None:
    first = await ready.run("select 7 as seven")
    await ready.state(first, JobState.SUCCEEDED)
    ready.window.table.setFocus()
    before = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.again)
    second = await ready.new_job(before)
    job = await ready.state(second, JobState.SUCCEEDED)
    assert job.preview == "select 7 as seven"
    assert job.result is not None
    assert job.result.rows == 1


async def test_an_error_is_told_and_its_place_marked(ready: Desk) -> None:
    ready.window.editor.open("Typo", TYPO[1:])
    before = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    job_id = await ready.new_job(before)
    job = await ready.state(job_id, JobState.FAILED)
    assert job.error is not None
    assert (job.error.line, job.error.column) == (5, 10)
    page = ready.window.editor.page
    await eventually(lambda: page.error_line == 5)
    assert page.textCursor().blockNumber() == 4
    assert page.textCursor().positionInBlock() == 9
    assert ready.detail_tab() == "Overview"
    await eventually(lambda: says(ready, job.error.message if job.error else "?"))
    QTest.keyClicks(page, " ")
    assert page.error_line is None
    button = named(ready.window.details, QToolButton, "Line 5, column 10: show in the editor")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    # That text was changed: the job's own is shown.
    await eventually(lambda: ready.window.editor.page is not page)
    await eventually(lambda: ready.window.editor.page.error_line == 5)
    QTest.mouseClick(
        named(ready.window.details, QToolButton, "Copy details"), Qt.MouseButton.LeftButton
    )
    copied = QGuiApplication.clipboard().text()
    assert job_id in copied
    assert job.error.message in copied
    assert "line 5, column 10" in copied


@pytest.mark.parametrize(
    ("before", "run", "line", "column"),
    [
        ("select 1;\n\n  ", "select\n  nope\nfrom flights", 4, 3),
        ("select 1;\n\n  ", "select nope from flights", 3, 10),
        ("select '\U0001f600'; ", "select nope from flights", 1, 20),
    ],
)
async def test_an_error_in_a_selection_is_marked_where_it_is(
    ready: Desk, before: str, run: str, line: int, column: int
) -> None:
    ready.window.editor.open("Untitled", "")
    page = ready.window.editor.page
    page.setPlainText(f"{before}{run}\n;")
    cursor = page.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Start)
    start = len(before.encode("utf-16-le")) // 2
    cursor.setPosition(start)
    cursor.setPosition(start + len(run), QTextCursor.MoveMode.KeepAnchor)
    page.setTextCursor(cursor)
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    job = await ready.state(await ready.new_job(known), JobState.FAILED)
    assert job.preview.startswith("select")
    await eventually(lambda: page.error_line == line)
    marks = page.extraSelections()
    assert marks[-1].cursor.selectedText() == "nope"
    assert page.textCursor().block().text()[: column - 1].count("nope") == 0


async def test_an_error_of_a_tab_that_was_closed(ready: Desk) -> None:
    page = ready.window.editor.open("Typo", "select nope from flights")
    ended: list[JobSummary] = []
    ready.window.control.ended.connect(ended.append)
    before = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    ready.window.editor.close_page(page)
    job_id = await ready.new_job(before)
    await ready.state(job_id, JobState.FAILED)
    await eventually(lambda: [job.id for job in ended] == [job_id])


async def test_nothing_to_run(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    before = len(ready.session.mirror)
    for text in ("", "  \n\t"):
        ready.window.editor.page.setPlainText(text)
        press(ready.window, ready.window.actions_.run)
        assert "nothing to run" in ready.window.notice.text
        QTest.mouseClick(
            named(ready.window.notice, QToolButton, "Dismiss"), Qt.MouseButton.LeftButton
        )
        assert ready.window.notice.text == ""
    assert len(ready.session.mirror) == before


async def test_a_server_that_refuses_is_heard(ready: Desk) -> None:
    ready.window.editor.open("Untitled", "")
    ready.window.editor.page.setPlainText("-- only a remark")
    press(ready.window, ready.window.actions_.run)
    await eventually(lambda: ready.window.notice.text or ready.jobs())
    page = ready.window.editor.page
    ready.window.control.run(page, page.excerpt(), "no such source", {})
    await eventually(lambda: "no such source" in ready.window.notice.text)


async def test_copying(ready: Desk) -> None:
    first = await ready.run("select 1 as one;\n")
    second = await ready.run("select 2\n  as two")
    for job_id in (first, second):
        await ready.state(job_id, JobState.SUCCEEDED)
    clipboard = QGuiApplication.clipboard()
    ready.window.table.select_job(first)
    ready.window.actions_.copy_id.trigger()
    assert clipboard.text() == first
    ready.window.actions_.copy_sql.trigger()
    await eventually(lambda: clipboard.text() == "select 1 as one\n")
    row = ready.window.model.row_of(second)
    assert row is not None
    click_cell(ready.window.table, ready.window.model.index(row, 0))
    row = ready.window.model.row_of(first)
    assert row is not None
    place = ready.window.table.visualRect(ready.window.model.index(row, 0)).center()
    QTest.mouseClick(
        ready.window.table.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        place,
    )
    ready.window.actions_.copy_id.trigger()
    assert clipboard.text().split() == [second, first]
    ready.window.actions_.copy_sql.trigger()
    await eventually(lambda: clipboard.text() == "select 2\n  as two\n;\nselect 1 as one\n")


async def test_a_jobs_sql_can_be_opened(ready: Desk) -> None:
    sql = "select 3 as three -- " + "long " * 100
    job_id = await ready.run(sql)
    await ready.state(job_id, JobState.SUCCEEDED)
    ready.window.editor.page.setPlainText("something else")
    ready.window.table.select_job(job_id)
    ready.window.actions_.open_sql.trigger()
    await eventually(lambda: ready.window.editor.page.toPlainText() == sql)


async def test_the_context_menu_has_what_can_be_done(ready: Desk) -> None:
    await ready.state(await ready.run("select 1"), JobState.SUCCEEDED)
    ready.window.table.menu_wanted.emit(ready.window.table.mapToGlobal(ready.window.pos()))
    menus = [menu for menu in ready.window.findChildren(QMenu) if menu.isVisible()]
    assert len(menus) == 1
    enabled = {one.text(): one.isEnabled() for one in menus[0].actions() if one.text()}
    menus[0].close()
    assert enabled == {
        "Cancel": False,
        "Run again": True,
        "Move to": False,
        "Open SQL in editor": True,
        "Copy SQL": True,
        "Copy job ID": True,
        "Copy rows": True,
        "Copy rows as CSV": True,
        "Delete…": True,
        "Cancel all that match…": True,
        "Delete all that match…": True,
    }


async def test_details_have_the_sql_and_the_log(ready: Desk) -> None:
    sql = "select 5 as five\n-- " + "a remark " * 60
    job_id = await ready.run(sql)
    await ready.state(job_id, JobState.SUCCEEDED)
    tabs = ready.detail_tabs()
    titles = [tabs.tabText(number) for number in range(tabs.count())]
    tabs.setCurrentIndex(titles.index("SQL"))
    view = tabs.currentWidget()
    await eventually(lambda: view.toPlainText() == sql)  # type: ignore[attr-defined]
    tabs.setCurrentIndex(0)
    assert isinstance(tabs.currentWidget(), Overview)
    assert says(ready, job_id)
    assert says(ready, "Done in")
