"""A column in figures beside its rows, compared with what an engine of the test's own counts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QScrollArea, QToolButton, QWidget

from longwatch.protocol.jobs import JobState
from longwatch.protocol.results import Condition, Op
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.bars import FrequentBars, Histogram
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.results.statistics import StatisticsPanel, figure
from longwatch_desktop.results.wanted import Wanted
from longwatch_desktop.theme import LIGHT
from support.waiting import eventually
from support.windows import Desk, child, colors_of, named, picture

SQL = (
    "select i as n, case when i % 4 = 0 then null else 'word ' || (i % 3) end as word, "
    "date '2020-01-01' + (i % 30)::int as day, [i] as list from range(12000) t(i)"
)


@pytest.fixture
async def counted(desk: Desk) -> Desk:
    await desk.connected()
    desk.window.resize(1280, 900)
    job_id = await desk.run(SQL)
    await desk.state(job_id, JobState.SUCCEEDED)
    desk.window.details.show_result()
    await desk.result_cell(0, 0)
    return desk


def panel(desk: Desk) -> StatisticsPanel:
    return desk.window.details.result.statistics


def texts(desk: Desk) -> str:
    labels = panel(desk).findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible())


async def ask(desk: Desk, column: int) -> str:
    """By the menu of a header."""
    view = desk.window.details.result
    child(view, Grid).header_menu_wanted.emit(column, QPoint(100, 100))
    menu = next(one for one in view.findChildren(QMenu) if one.isVisible())
    next(one for one in menu.actions() if one.text() == "Statistics").trigger()
    menu.close()
    assert "Counting…" in texts(desk)
    await eventually(lambda: panel(desk).shown is not None, patience_s=30.0)
    return texts(desk)


async def test_numbers(counted: Desk) -> None:
    said = await ask(counted, 0)
    for fact in (
        "n | int64",
        "Rows | 12,000 | NULLs | 0",
        "Min | 0 | Max | 11,999 | Mean | 5,999.5",
        "Std. deviation | 3,464.2",
    ):
        assert fact in said
    spread = child(panel(counted), Histogram)
    assert spread.isVisible()
    assert LIGHT.bar in colors_of(picture(spread))
    assert "from 0 to 11,999" in spread.accessibleName()
    assert not child(panel(counted), FrequentBars).isVisible(), "no value is more frequent"


async def test_figures_keep_their_height_in_a_low_panel(counted: Desk) -> None:
    """The first panel of a session, with the splitters where they start."""
    counted.window.resize(1280, 820)
    await ask(counted, 2)
    figures = child(panel(counted), QScrollArea).widget()
    assert figures is not None

    def crushed() -> list[str]:
        shown = [one for one in figures.findChildren(QWidget) if one.isVisible()]
        shown += [one for one in panel(counted).findChildren(ElidedLabel) if one.isVisible()]
        low = [one for one in shown if one.height() < one.minimumSizeHint().height()]
        return [f"{type(one).__name__} {one.accessibleName()}" for one in low]

    for height in (820, 640, 1000):
        counted.window.resize(1280, height)
        QApplication.processEvents()
        assert crushed() == []
    counted.window.resize(900, 640)
    await ask(counted, 0)
    condition = Condition(column="n", op=Op.LT, value="100")
    counted.window.details.result.want(Wanted((), (condition,)))
    await eventually(lambda: "Max | 99 |" in texts(counted), patience_s=30.0)
    QApplication.processEvents()
    assert crushed() == []


async def test_texts_with_nulls(counted: Desk) -> None:
    said = await ask(counted, 1)
    assert "NULLs | 3,000 (25.0 %) | Distinct | 3 | Min | word 0 | Max | word 2" in said
    assert "Mean" not in said
    bars = child(panel(counted), FrequentBars)
    assert bars.isVisible()
    assert "word 0: 3,000" in bars.accessibleName()
    assert not child(panel(counted), Histogram).isVisible()
    said = await ask(counted, 2)
    assert "Min | 2020-01-01 | Max | 2020-01-30" in said
    assert child(panel(counted), Histogram).isVisible()
    said = await ask(counted, 3)
    assert "Rows | 12,000" in said


async def test_the_figures_follow_the_filter(counted: Desk) -> None:
    await ask(counted, 0)
    condition = Condition(column="n", op=Op.LT, value="100")
    counted.window.details.result.want(Wanted((), (condition,)))
    await eventually(lambda: "Max | 99 |" in texts(counted), patience_s=30.0)
    assert "Of the rows that match the filter" in texts(counted)
    counted.window.details.result.want(Wanted())
    await eventually(lambda: "Max | 11,999 |" in texts(counted), patience_s=30.0)
    assert "filter" not in texts(counted)


async def test_what_cannot_be_counted_says_why(counted: Desk) -> None:
    job_id = counted.window.details.job_id
    assert job_id is not None
    view = counted.window.details.result
    panel(counted).show_column(job_id + "0", view.model.columns, (), 0)
    await eventually(lambda: "could not be counted" in texts(counted))
    again = named(panel(counted), QToolButton, "Try again")
    assert again.isVisible()
    QTest.mouseClick(again, Qt.MouseButton.LeftButton)
    assert "Counting…" in texts(counted)
    assert not again.isVisible()
    await eventually(lambda: "could not be counted" in texts(counted))
    away = named(panel(counted), QToolButton, "Close the statistics")
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    assert not panel(counted).isVisible()


def test_figures_to_read() -> None:
    given = (None, True, 1234567, 0.12345, 1234.56, -0.0000123, "2013-07-04T00:00:00", "a")
    assert [figure(one) for one in given] == [
        "", "true", "1,234,567", "0.1235", "1,234.6", "-1.23e-05", "2013-07-04", "a",
    ]  # fmt: skip
