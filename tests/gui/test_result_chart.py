"""Charts of real results: drawn, sampled, saved, and no sooner imported than wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QLabel

from longwatch.protocol.jobs import JobState
from longwatch.protocol.results import Op
from longwatch_desktop.results.chart import ChartPage
from longwatch_desktop.results.chart_data import Choice, Kind, Measure
from longwatch_desktop.results.wanted import Wanted, condition
from longwatch_desktop.theme import DARK, LIGHT, Mode, Theme
from support.waiting import eventually
from support.windows import Desk, colors_of, named, picture

BY_CARRIER = "select carrier, origin, count(*) as n from flights group by all order by all"


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    desk.window.resize(1280, 1000)
    return desk


def chart(desk: Desk) -> ChartPage:
    return desk.window.details.chart


def said(desk: Desk) -> str:
    labels = chart(desk).findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible())


async def drawn(desk: Desk, sql: str) -> ChartPage:
    """The chart of a query's result."""
    job_id = await desk.run(sql)
    await desk.state(job_id, JobState.SUCCEEDED, patience_s=40.0)
    tabs = desk.detail_tabs()
    tabs.setCurrentWidget(chart(desk))
    await eventually(lambda: chart(desk)._rows is not None, patience_s=30.0)
    return chart(desk)


def choose(page: ChartPage, box: str, title: str) -> None:
    """As a person does, by the list."""
    found = named(page, QComboBox, box)
    found.setCurrentText(title)
    found.activated.emit(found.currentIndex())


async def test_bars_in_the_colours_of_the_theme(ready: Desk, theme: Theme) -> None:
    page = await drawn(ready, BY_CARRIER)
    assert page.choice.kind.value == "bar"
    assert page.plot is not None
    await eventually(lambda: LIGHT.bar in colors_of(picture(page)))
    assert "Values of the same x are added up." in said(ready)
    choose(page, "Bars show", "Average")
    assert "Each bar is the average of its rows." in said(ready)
    choose(page, "Bars show", "Count")
    assert named_or_none(page, "Y") is None
    choose(page, "Bars show", "Sum")
    choose(page, "Series", "origin")
    await eventually(lambda: {LIGHT.bar, LIGHT.warning} <= colors_of(picture(page)))
    assert "added up" not in said(ready)
    theme.choose(Mode.DARK)
    try:
        await eventually(lambda: {DARK.base, DARK.bar} <= colors_of(picture(page)))
        assert LIGHT.base not in colors_of(picture(page.plot))
    finally:
        theme.choose(Mode.LIGHT)


async def test_a_sample_is_said_to_be_one(ready: Desk) -> None:
    page = await drawn(ready, "select * from flights")
    assert "A sample: 10,000 of 336,776 rows" in said(ready)
    assert page.choice == Choice(Kind.BAR, 9, 5, measure=Measure.AVERAGE)
    assert "average of its rows" in said(ready)
    assert "need all rows" in said(ready)
    bars = named(page, QComboBox, "Bars show").model()
    assert isinstance(bars, QStandardItemModel)
    can = {bars.item(row).text(): bars.item(row).isEnabled() for row in range(3)}
    assert can == {"Count": False, "Sum": False, "Average": True}, "33 times too small"
    choose(page, "Kind of chart", "Scatter")
    choose(page, "X", "distance")
    choose(page, "Y", "air_time")
    await eventually(lambda: "without a value left out" in said(ready))
    choose(page, "Kind of chart", "Histogram")
    assert not named_or_none(page, "Y")
    await eventually(lambda: LIGHT.bar in colors_of(picture(page)))


async def test_the_filter_in_force_counts(ready: Desk) -> None:
    page = await drawn(ready, "select i as n, i % 7 as k from range(50000) t(i)")
    assert "A sample: 10,000 of 50,000 rows" in said(ready)
    view = ready.window.details.result
    wanted = Wanted((), (condition(view.model.columns, 0, Op.LT, "100"),))
    ready.window.details.show_result()
    view.want(wanted)
    await eventually(lambda: view.model.wanted == wanted, patience_s=20.0)
    ready.detail_tabs().setCurrentWidget(page)
    await eventually(lambda: page._rows is not None and len(page._rows) == 100, patience_s=20.0)
    assert "All 100 rows that match the filter." in said(ready)
    assert "sample" not in said(ready)
    none = Wanted((), (condition(view.model.columns, 0, Op.LT, "-1"),))
    ready.window.details.show_result()
    view.want(none)
    await eventually(lambda: view.model.wanted == none, patience_s=20.0)
    ready.detail_tabs().setCurrentWidget(page)
    await eventually(lambda: "No row matches the filter" in said(ready))


async def test_a_chart_is_saved(ready: Desk, tmp_path: Path) -> None:
    page = await drawn(ready, BY_CARRIER)
    png, svg = tmp_path / "a.png", tmp_path / "a.svg"
    page.save(png)
    page.save(svg)
    await eventually(lambda: png.exists() and svg.exists() and svg.stat().st_size)
    drawn_, shown = QImage(str(png)), page.plot
    assert shown is not None
    assert LIGHT.bar in colors_of(drawn_)
    text = svg.read_text("utf-8")
    assert "<svg" in text[:500]
    assert "Values of the same x are added up." in text
    foot = drawn_.copy(0, 2 * shown._view.height(), drawn_.width(), drawn_.height())
    assert LIGHT.muted in colors_of(foot), "the note belongs to the picture"
    page.save(tmp_path / "nowhere" / "a.png")
    await eventually(lambda: "There is no folder" in ready.window.notice.text)


async def test_why_there_is_no_chart(ready: Desk) -> None:
    ready.detail_tabs().setCurrentWidget(chart(ready))
    ready.window.table.clearSelection()
    await eventually(lambda: "Select a job to draw its rows." in said(ready))
    job_id = await ready.run("select nope")
    await ready.state(job_id, JobState.FAILED)
    ready.detail_tabs().setCurrentWidget(chart(ready))
    await eventually(lambda: "There are no rows to draw" in said(ready))
    empty = await ready.run("select 1 as a where false")
    await ready.state(empty, JobState.SUCCEEDED)
    ready.detail_tabs().setCurrentWidget(chart(ready))
    await eventually(lambda: "The query returned no rows" in said(ready))
    page = await drawn(ready, "select 'a' as a, 'b' as b")
    await eventually(lambda: "All" not in said(ready) and "1 row." in said(ready))
    choose(page, "Kind of chart", "Line")
    await eventually(lambda: "choose columns with numbers" in said(ready))
    assert page.isVisible()


def named_or_none(page: ChartPage, name: str) -> QComboBox | None:
    found = [one for one in page.findChildren(QComboBox) if one.accessibleName() == name]
    return found[0] if found and not found[0].isHidden() else None


def test_a_window_without_a_chart_does_without_pyqtgraph() -> None:
    code = "import sys, longwatch_desktop.window; print('pyqtgraph' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
