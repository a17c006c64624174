"""A result of ten million rows in the window: every use of it, and the window stays live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QMenu,
    QRadioButton,
    QToolButton,
    QWidget,
)

from longwatch.protocol.jobs import JobState
from longwatch_desktop.results.export_dialog import ExportDialog
from longwatch_desktop.results.export_strip import ExportStrip
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.results.view import ResultView
from support.turns import Turns, turns
from support.waiting import eventually
from support.windows import Desk, child, named

pytestmark = pytest.mark.slow
ROWS = 10_000_000
SQL = (
    "select range as n, range % 1000 as k, (range * 7919) % 10000000 as shuffled, "
    "'row ' || (range % 5000) as word from range(10000000)"
)
FROZEN_S = 0.2
PATIENCE_S = 60.0


@pytest.fixture
async def live() -> AsyncIterator[Turns]:
    """The loop's turns, none of which may hold the window up."""
    with turns() as seen:
        yield seen
    assert seen.count > 10, "the loop was not watched"
    assert seen.longest_s < FROZEN_S


@pytest.fixture
async def large(desk: Desk, live: Turns) -> Desk:
    """The rows, run once for all tests here."""
    await desk.connected()
    desk.window.resize(1280, 900)
    done = [job for job in desk.jobs() if job.preview.startswith("select range as n")]
    job_id = done[0].id if done else await desk.run(SQL)
    job = await desk.state(job_id, JobState.SUCCEEDED, patience_s=PATIENCE_S)
    assert job.result is not None
    assert job.result.rows == ROWS
    desk.window.table.select_job(job_id)
    desk.window.details.show_result()
    await desk.result_cell(0, 0)
    return desk


def view(desk: Desk) -> ResultView:
    return desk.window.details.result


def grid(desk: Desk) -> Grid:
    return child(view(desk), Grid)


def said(part: QWidget) -> str:
    return " | ".join(label.text() for label in part.findChildren(QLabel) if label.isVisible())


async def row(desk: Desk, number: int) -> list[str]:
    """A row, scrolled to as a person does."""
    grid(desk).scrollTo(view(desk).model.index(number, 0))
    return [await desk.result_cell(number, column) for column in range(4)]


def written(n: int) -> list[str]:
    return [str(n), str(n % 1_000), str(n * 7_919 % ROWS), f"row {n % 5_000}"]


def click_header(desk: Desk, section: int) -> None:
    header = grid(desk).horizontalHeader()
    at = QPoint(header.sectionViewportPosition(section) + 30, header.height() // 2)
    QTest.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )


async def test_paged_to_the_middle_and_the_end(large: Desk) -> None:
    assert view(large).model.rowCount() == ROWS
    assert "10,000,000 rows" in said(view(large))
    for number in (0, ROWS // 2, 7_654_321, ROWS - 1):
        assert await row(large, number) == written(number)
    grid(large).setFocus()
    QTest.keyClick(grid(large), Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(grid(large), Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert grid(large).rowAt(grid(large).viewport().height() - 5) == ROWS - 1


async def test_sorted_and_filtered_on_the_server(large: Desk) -> None:
    click_header(large, 2)
    await eventually(lambda: view(large).model.wanted.sort, patience_s=PATIENCE_S)
    assert (await row(large, 0))[2] == "0"
    assert (await row(large, ROWS // 2))[2] == str(ROWS // 2)
    assert (await row(large, ROWS - 1))[2] == str(ROWS - 1)
    QTest.mouseClick(named(view(large), QToolButton, "Filter"), Qt.MouseButton.LeftButton)
    bar = view(large).conditions
    named(bar, QComboBox, "Column").setCurrentText("k")
    named(bar, QComboBox, "Comparison").setCurrentText("=")
    box = named(bar, QLineEdit, "Value")
    QTest.keyClicks(box, "77")
    QTest.keyClick(box, Qt.Key.Key_Return)
    some = ROWS // 1_000
    await eventually(lambda: view(large).model.rowCount() == some, patience_s=PATIENCE_S)
    ordered = sorted(range(77, ROWS, 1_000), key=lambda n: n * 7_919 % ROWS)
    for place in (0, some // 2, some - 1):
        assert await row(large, place) == written(ordered[place])


async def test_counted(large: Desk) -> None:
    grid(large).header_menu_wanted.emit(0, QPoint(100, 100))
    menu = next(one for one in view(large).findChildren(QMenu) if one.isVisible())
    next(one for one in menu.actions() if one.text() == "Statistics").trigger()
    menu.close()
    panel = view(large).statistics
    await eventually(lambda: panel.shown is not None, patience_s=PATIENCE_S)
    for fact in ("Rows | 10,000,000", "Max | 9,999,999", "Mean | 4,999,999.5"):
        assert fact in said(panel)


async def test_a_block_copied(large: Desk) -> None:
    model, first = view(large).model, 6_000_000
    block = QItemSelection(model.index(first, 0), model.index(first + 2_999, 2))
    grid(large).selectionModel().select(block, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    QGuiApplication.clipboard().clear()
    view(large).copy()
    await eventually(lambda: QGuiApplication.clipboard().text(), patience_s=PATIENCE_S)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 3_000
    assert lines[0].split("\t") == written(first)[:3]
    assert lines[-1].split("\t") == written(first + 2_999)[:3]


async def test_everything_selected_is_copied_in_part(large: Desk) -> None:
    grid(large).selectAll()
    QGuiApplication.clipboard().clear()
    view(large).copy()
    await eventually(lambda: QGuiApplication.clipboard().text(), patience_s=PATIENCE_S)
    assert QGuiApplication.clipboard().text().startswith("0\t0\t0\trow 0\n")


async def test_exported_with_progress(large: Desk, tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    button = named(view(large), QToolButton, "Export…")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = next(d for d in large.window.findChildren(ExportDialog) if d.isVisible())
    box = named(dialog, QLineEdit, "File")
    box.selectAll()
    QTest.keyClicks(box, str(path))
    QTest.mouseClick(named(dialog, QRadioButton, "Parquet"), Qt.MouseButton.LeftButton)
    buttons = child(dialog, QDialogButtonBox)
    role = buttons.ButtonRole.AcceptRole
    go = next(one for one in buttons.buttons() if buttons.buttonRole(one) is role)
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)
    strip = child(large.window.details, ExportStrip)
    told: set[str] = set()

    def done() -> bool:
        told.add(said(strip))
        return "10,000,000 rows, " in said(strip) and path.exists()

    await eventually(done, patience_s=PATIENCE_S)
    assert len(told) > 2, f"it should say how far it is: {told}"
    file = pq.ParquetFile(path)
    assert file.metadata.num_rows == ROWS
    assert file.schema_arrow.names == ["n", "k", "shuffled", "word"]


async def test_the_chart_says_that_it_samples(large: Desk) -> None:
    chart = large.window.details.chart
    large.detail_tabs().setCurrentWidget(chart)
    await eventually(lambda: "10,000,000 rows" in said(chart), patience_s=PATIENCE_S)
    assert "A sample: 10,000 of 10,000,000 rows" in said(chart)
