"""Rows of a result in another order, and some of them: clicked, typed, found, copied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import duckdb
import pytest
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QMenu, QToolButton

from longwatch.protocol.jobs import JobState
from longwatch.protocol.results import Condition, Op
from longwatch.resources import resource_path
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.results.view import ResultView
from longwatch_desktop.results.wanted import Key, Wanted
from longwatch_desktop.theme import LIGHT
from support.waiting import eventually
from support.windows import Desk, child, click_cell, colors_of, named, press

FLIGHTS = "select * from flights"
ROWS = 336_776
SLOW = "select i, length(regexp_replace(repeat('ab', 400) || i, '(a|b)+x?', 'c')) as n " \
       "from range(100000000) t(i)"  # fmt: skip


@pytest.fixture
async def ready(desk: Desk) -> AsyncIterator[Desk]:
    await desk.connected()
    desk.window.resize(1280, 900)
    yield desk
    desk.window.control.cancel(desk.jobs())
    await eventually(lambda: all(job.state.is_final for job in desk.jobs()))


@pytest.fixture
async def flights(ready: Desk) -> Desk:
    """Every flight, run once for all tests here."""
    done = [job for job in ready.jobs() if job.preview == FLIGHTS]
    job_id = done[0].id if done else await ready.run(FLIGHTS)
    await ready.state(job_id, JobState.SUCCEEDED, patience_s=40.0)
    ready.window.table.select_job(job_id)
    ready.window.details.show_result()
    await ready.result_cell(0, 0)
    return ready


def view(desk: Desk) -> ResultView:
    return desk.window.details.result


def grid(desk: Desk) -> Grid:
    return child(view(desk), Grid)


def line(desk: Desk) -> str:
    labels = view(desk).findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.isVisible())


def column(desk: Desk, name: str) -> int:
    return [one.name for one in view(desk).model.columns].index(name)


def click_header(desk: Desk, name: str, *, shift: bool = False) -> None:
    header = grid(desk).horizontalHeader()
    section = column(desk, name)
    grid(desk).scrollTo(grid(desk).model().index(max(0, grid(desk).rowAt(0)), section))
    at = QPoint(header.sectionViewportPosition(section) + 30, header.height() // 2)
    keys = Qt.KeyboardModifier
    held = keys.ShiftModifier if shift else keys.NoModifier
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, held, at)


async def in_force(desk: Desk, wanted: Wanted) -> None:
    await eventually(lambda: view(desk).model.wanted == wanted, patience_s=30.0)


async def values(desk: Desk, name: str, rows: list[int]) -> list[str]:
    return [await desk.result_cell(row, column(desk, name)) for row in rows]


async def current_row(desk: Desk, row: int) -> None:
    await eventually(lambda: grid(desk).currentIndex().row() == row)


async def patient_cell(desk: Desk, row: int) -> str:
    """A cell of the first column that takes its time."""

    def text() -> str:
        shown = str(view(desk).model.index(row, 0).data())
        return "" if shown == "…" else shown

    return str(await eventually(text, patience_s=60.0))


def truth(sql: str) -> list[Any]:
    """The first column of a query of the flights, by an engine of the test's own."""
    with duckdb.connect() as engine:
        file = resource_path("samples/nycflights13") / "flights.parquet"
        engine.execute(f"create view flights as from '{file}'")
        return [row[0] for row in engine.execute(sql).fetchall()]


def type_condition(desk: Desk, name: str, comparison: str, value: str) -> None:
    """By the row of conditions, as a person does."""
    bar = view(desk).conditions
    QTest.mouseClick(named(view(desk), QToolButton, "Filter"), Qt.MouseButton.LeftButton)
    named(bar, QComboBox, "Column").setCurrentText(name)
    named(bar, QComboBox, "Comparison").setCurrentText(comparison)
    box = named(bar, QLineEdit, "Value")
    QTest.keyClicks(box, value)
    QTest.keyClick(box, Qt.Key.Key_Return)


def choose(menu: QMenu, *titles: str) -> None:
    """An item of a menu, or of a menu in it."""
    for title in titles:
        (action,) = [one for one in menu.actions() if one.text() == title]
        inner = action.menu()
        if isinstance(inner, QMenu):
            menu = inner
            continue
        assert action.isEnabled(), title
        action.trigger()


def open_menu(desk: Desk) -> QMenu:
    menus = [
        menu
        for menu in view(desk).findChildren(QMenu)
        if menu.isVisible() and menu.parent() is view(desk)
    ]
    return menus[-1]


def menu_of_cell(desk: Desk, row: int, name: str) -> QMenu:
    """The context menu, as the menu key opens it."""
    grid(desk).go_to(row, column(desk, name))
    grid(desk).menu_wanted.emit(grid(desk).currentIndex(), QPoint(200, 200))
    return open_menu(desk)


async def test_clicks_on_a_header_put_rows_in_order_and_back(flights: Desk) -> None:
    rows = [0, 1, 168_000, ROWS - 1]
    as_they_came = await values(flights, "arr_delay", rows)
    up = truth("select arr_delay from flights order by arr_delay nulls last")
    down = truth("select arr_delay from flights order by arr_delay desc nulls last")
    place = column(flights, "arr_delay")
    header = grid(flights).horizontalHeader()
    for expected, sort, said in (
        (up, (Key(place),), "arr_delay, sorted ascending"),
        (down, (Key(place, True),), "arr_delay, sorted descending"),
    ):
        click_header(flights, "arr_delay")
        await in_force(flights, Wanted(sort))
        shown = await values(flights, "arr_delay", rows)
        assert shown == ["null" if expected[at] is None else str(expected[at]) for at in rows]
        model = view(flights).model
        assert model.headerData(place, Qt.Orientation.Horizontal, 11) == said
        left = header.sectionViewportPosition(place)
        sign = header.viewport().grab().toImage().copy(left, 0, 24, header.height())
        assert LIGHT.accent in colors_of(sign), "no sign of the order"
    assert "by arr_delay descending" in line(flights)
    click_header(flights, "arr_delay")
    await in_force(flights, Wanted())
    assert await values(flights, "arr_delay", rows) == as_they_came
    left = header.sectionViewportPosition(place)
    plain = header.viewport().grab().toImage().copy(left, 0, 24, header.height())
    assert LIGHT.accent not in colors_of(plain)


async def test_shift_adds_a_column_to_the_order(flights: Desk) -> None:
    click_header(flights, "carrier")
    click_header(flights, "dep_delay", shift=True)
    click_header(flights, "dep_delay", shift=True)
    sort = (Key(column(flights, "carrier")), Key(column(flights, "dep_delay"), True))
    await in_force(flights, Wanted(sort))
    rows = [0, 1, 2, 20_000, 300_000]
    order = "order by carrier, dep_delay desc nulls last"
    for name in ("carrier", "dep_delay"):
        expected = truth(f"select {name} from flights {order}")
        assert await values(flights, name, rows) == [str(expected[row]) for row in rows]
    assert "by carrier, then dep_delay descending" in line(flights)


async def test_the_rows_stay_in_use_until_the_others_are_there(flights: Desk) -> None:
    """And a newer wish takes the place of an older one."""
    first = await flights.result_cell(0, column(flights, "dep_time"))
    late = 0.0
    asked = time.monotonic()
    click_header(flights, "tailnum")
    assert view(flights).model.wanted.is_plain
    assert view(flights).model.index(0, column(flights, "dep_time")).data() == first
    click_header(flights, "dest")
    wanted = Wanted((Key(column(flights, "dest")),))
    said = set()
    while view(flights).model.wanted != wanted:
        before = time.monotonic()
        await asyncio.sleep(0.001)
        late = max(late, time.monotonic() - before)
        assert view(flights).model.wanted in (Wanted(), wanted), "the older wish came through"
        said.add(view(flights).busy.sentence)
        assert time.monotonic() - asked < 60
    assert "Putting 336,776 rows in order by dest…" in said
    assert late < 0.5, "the window stood still"
    await asyncio.sleep(0)
    assert "Putting" not in line(flights)
    expected = truth("select min(dest) from flights")[0]
    assert await flights.result_cell(0, column(flights, "dest")) == expected


async def test_stop_leaves_the_rows_as_they_are(flights: Desk) -> None:
    view(flights).busy.quiet.setInterval(0)
    click_header(flights, "time_hour")
    stop = await eventually(
        lambda: [one for one in view(flights).findChildren(QToolButton)
                 if one.text() == "Stop" and one.isVisible()]
    )  # fmt: skip
    QTest.mouseClick(stop[0], Qt.MouseButton.LeftButton)
    assert not stop[0].isVisible()
    assert view(flights).model.wanted.is_plain
    click_header(flights, "time_hour")
    await in_force(flights, Wanted((Key(column(flights, "time_hour")),)))


async def test_conditions_are_typed_changed_and_removed(flights: Desk) -> None:
    type_condition(flights, "origin", "is", "JFK")
    await eventually(lambda: "111,279 of 336,776 rows" in line(flights), patience_s=30.0)
    type_condition(flights, "dep_delay", "is more than", "60")
    (many,) = truth("select count(*) from flights where origin = 'JFK' and dep_delay > 60")
    await eventually(lambda: f"{many:,} of 336,776 rows" in line(flights), patience_s=30.0)
    assert grid(flights).model().rowCount() == many
    rows = [0, many // 2, many - 1]
    expected = truth("select dep_delay from flights where origin = 'JFK' and dep_delay > 60")
    assert await values(flights, "dep_delay", rows) == [str(expected[row]) for row in rows]
    bar = view(flights).conditions
    change = named(bar, QToolButton, "Change the condition dep_delay > 60")
    QTest.mouseClick(change, Qt.MouseButton.LeftButton)
    box = named(bar, QLineEdit, "Value")
    assert box.text() == "60"
    box.selectAll()
    QTest.keyClicks(box, "600")
    QTest.keyClick(box, Qt.Key.Key_Return)
    (fewer,) = truth("select count(*) from flights where origin = 'JFK' and dep_delay > 600")
    await eventually(lambda: f"{fewer:,} of 336,776 rows" in line(flights), patience_s=30.0)
    away = named(bar, QToolButton, "Remove the condition dep_delay > 600")
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    await eventually(lambda: "111,279 of 336,776 rows" in line(flights), patience_s=30.0)
    away = named(bar, QToolButton, "Remove the condition origin = “JFK”")
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    await eventually(lambda: "of 336,776" not in line(flights), patience_s=30.0)
    assert grid(flights).model().rowCount() == ROWS
    assert not bar.isVisible()
    assert grid(flights).accessibleDescription() == ""
    type_condition(flights, "origin", "is", "nowhere")
    await eventually(lambda: grid(flights).accessibleDescription(), patience_s=30.0)
    assert "No row matches the filter." in grid(flights).accessibleDescription()


async def test_a_wrong_value_is_said_where_it_was_typed(flights: Desk) -> None:
    type_condition(flights, "dep_delay", "is", "late")
    assert "“late” is no number" in line(flights)
    assert view(flights).model.wanted.is_plain
    box = named(view(flights).conditions, QLineEdit, "Value")
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not view(flights).conditions.isVisible()
    # What only the server knows to be wrong is said as well, and the rows stay.
    type_condition(flights, "time_hour", "is", "the day before")
    await eventually(lambda: "The rows stay as they are" in flights.window.notice.text)
    assert grid(flights).model().rowCount() == ROWS
    assert view(flights).model.wanted.is_plain
    assert not view(flights).conditions.isVisible(), "a condition that is not in force"


async def test_rows_like_a_cell(flights: Desk) -> None:
    click_header(flights, "dep_time")
    click_header(flights, "dep_time")
    await in_force(flights, Wanted((Key(column(flights, "dep_time"), True),)))
    await flights.result_cell(0, 0)
    carrier = await flights.result_cell(0, column(flights, "carrier"))
    choose(menu_of_cell(flights, 0, "carrier"), "Only rows with this value")
    (many,) = truth(f"select count(*) from flights where carrier = '{carrier}'")
    await eventually(lambda: f"{many:,} of 336,776 rows" in line(flights), patience_s=30.0)
    last = grid(flights).model().rowCount() - 1
    assert await flights.result_cell(last, column(flights, "dep_time")) == "null", "NULLs are last"
    choose(menu_of_cell(flights, last, "dep_time"), "Without this value")
    (fewer,) = truth(
        f"select count(*) from flights where carrier = '{carrier}' and dep_time is not null"
    )
    await eventually(lambda: f"{fewer:,} of 336,776 rows" in line(flights), patience_s=30.0)


async def test_a_text_is_found_in_any_column(flights: Desk) -> None:
    grid(flights).setFocus()
    grid(flights).go_to(0, 0)
    press(flights.window, flights.window.actions_.find)
    finder = view(flights).finder
    named(finder, QComboBox, "Column to find in").setCurrentText("All columns")
    box = named(finder, QLineEdit, "Find in a column")
    box.clear()
    QTest.keyClicks(box, "n14228")
    tails = truth("select tailnum from flights")
    hits = [at for at, tail in enumerate(tails) if tail == "N14228" and at > 0][:2]
    for hit in hits:
        QTest.keyClick(box, Qt.Key.Key_Return)
        await current_row(flights, hit)
        assert grid(flights).currentIndex().column() == column(flights, "tailnum")
        assert f"Row {hit + 1:,} of tailnum" in line(flights)
    finder.leave()


async def test_a_text_is_found_and_found_again(flights: Desk) -> None:
    grid(flights).setFocus()
    grid(flights).go_to(0, column(flights, "tailnum"))
    press(flights.window, flights.window.actions_.find)
    finder = view(flights).finder
    box = named(finder, QLineEdit, "Find in a column")
    assert QApplication.focusWidget() is box
    tails = truth("select tailnum from flights")
    hits = [at for at, tail in enumerate(tails) if tail and "n14228" in tail.lower()]
    QTest.keyClicks(box, "n14228")
    expected = [hit for hit in hits if hit > 0][:2]
    for hit in expected:
        QTest.keyClick(box, Qt.Key.Key_Return)
        await current_row(flights, hit)
        assert f"Row {hit + 1:,}" in line(flights)
    grid(flights).go_to(ROWS - 1, column(flights, "tailnum"))
    QTest.keyClick(box, Qt.Key.Key_Return)
    await eventually(lambda: "from the top again" in line(flights))
    assert grid(flights).currentIndex().row() == hits[0]
    QTest.keyClicks(box, "nowhere")
    QTest.keyClick(box, Qt.Key.Key_Return)
    await eventually(lambda: "Not found" in line(flights))
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not finder.isVisible()
    assert grid(flights).hasFocus()


async def test_what_is_copied_stands_as_it_is_shown(flights: Desk) -> None:
    click_header(flights, "distance")
    wanted = Wanted((Key(column(flights, "distance")),))
    await in_force(flights, wanted)
    view(flights).want(wanted.also(Condition(column="carrier", op=Op.EQ, value="UA")))
    await eventually(lambda: "of 336,776 rows" in line(flights), patience_s=30.0)
    await flights.result_cell(2, 0)
    shown = grid(flights)
    header = shown.horizontalHeader()
    for number in range(header.count()):
        header.setSectionHidden(number, number not in {column(flights, "distance"), 9})
    header.moveSection(header.visualIndex(column(flights, "distance")), 0)
    shown.setFocus()
    flags = QItemSelectionModel.SelectionFlag
    for row in range(3):
        index = shown.model().index(row, 9)
        shown.selectionModel().select(index, flags.Select | flags.Rows)
    QGuiApplication.clipboard().setText("before")
    QTest.keyClick(shown, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    least = truth("select distance from flights where carrier = 'UA' order by 1 limit 3")
    expected = "\n".join(f"{distance}\tUA" for distance in least)
    await eventually(lambda: QGuiApplication.clipboard().text() == expected)
    choose(menu_of_cell(flights, 0, "carrier"), "Copy with column names")
    await eventually(lambda: QGuiApplication.clipboard().text() == "carrier\nUA")


async def test_columns_are_hidden_and_shown_again(flights: Desk) -> None:
    shown = grid(flights)
    before = shown.shown_columns()
    choose(menu_of_cell(flights, 0, "month"), "Column month", "Hide")
    assert column(flights, "month") not in shown.shown_columns()
    shown.header_menu_wanted.emit(0, QPoint(100, 100))
    choose(open_menu(flights), "Columns", "month")
    assert shown.shown_columns() == before
    shown.setColumnWidth(0, 900)
    shown.header_menu_wanted.emit(0, QPoint(100, 100))
    choose(open_menu(flights), "Fit the width")
    assert shown.columnWidth(0) < 200


async def test_order_and_columns_come_back_with_their_job(flights: Desk) -> None:
    job_id = view(flights).model.job_id
    assert job_id is not None
    click_header(flights, "air_time")
    wanted = Wanted((Key(column(flights, "air_time")),))
    await in_force(flights, wanted)
    grid(flights).setColumnHidden(1, True)
    other = await flights.run("select 1 as one, 2 as two")
    await flights.state(other, JobState.SUCCEEDED)
    await eventually(lambda: view(flights).model.job_id == other)
    assert grid(flights).shown_columns() == [0, 1]
    assert view(flights).model.wanted.is_plain
    flights.window.table.select_job(job_id)
    await in_force(flights, wanted)
    assert 1 not in grid(flights).shown_columns()


async def test_rows_that_are_still_coming_have_no_order(ready: Desk) -> None:
    job_id = await ready.run(SLOW)
    await ready.state(job_id, JobState.RUNNING)
    ready.window.details.show_result()
    await eventually(grid(ready).model().rowCount, patience_s=30.0)
    assert not named(view(ready), QToolButton, "Filter").isEnabled()
    click_header(ready, "i")
    assert "once the query is done" in ready.window.notice.text
    assert view(ready).model.wanted.is_plain
    click_cell(grid(ready), grid(ready).model().index(0, 0))
    ready.window.table.select_job(job_id)
    ready.window.actions_.cancel.trigger()
    await ready.state(job_id, JobState.CANCELLED)
    await eventually(lambda: named(view(ready), QToolButton, "Filter").isEnabled())
    click_header(ready, "i")
    click_header(ready, "i")
    await in_force(ready, Wanted((Key(0, True),)))
    rows = grid(ready).model().rowCount()
    assert await ready.result_cell(0, 0) == str(rows - 1)


@pytest.mark.slow
async def test_ten_million_rows(ready: Desk) -> None:
    sql = (
        "select (i * 7919) % 10000000 as n, i % 1000 as k, 'row ' || i as t "
        "from range(10000000) t(i)"
    )
    job_id = await ready.run(sql)
    await ready.state(job_id, JobState.SUCCEEDED, patience_s=100.0)
    await ready.result_in_front()
    await ready.result_cell(0, 0)
    click_header(ready, "n")
    assert await eventually(lambda: view(ready).model.wanted.sort, patience_s=60.0)
    for row in (0, 199, 5_000_000, 9_999_999):
        shown = await patient_cell(ready, row)
        assert shown == str(row)
    view(ready).want(view(ready).model.wanted.also(Condition(column="k", op=Op.EQ, value="7")))
    await eventually(lambda: "10,000 of 10,000,000 rows" in line(ready), patience_s=60.0)
    assert await ready.result_cell(9_999, 1) == "7"
