"""The job table as a person uses it, while the jobs in it never stand still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from longwatch.protocol.jobs import JobState, ProgressBasis
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.jobs.painting import ROW_HEIGHT
from longwatch_desktop.jobs.view import QUIET_MS, STRIPE_MS, TICK_MS
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.theme import Theme
from support.tables import FedTable, many, started_ago
from support.waiting import eventually, wait_until
from support.windows import child, click_cell, picture
from unit.desktop.mirror.builders import at, chunks, job, running, snapshot


@pytest.fixture
def table(theme: Theme) -> Iterator[FedTable]:
    """A shown table of 60 jobs, the newest (`j059`) first."""
    fed = FedTable(theme)
    fed.tell(snapshot(many(60)))
    fed.view.show()
    yield fed
    fed.view.close()


def paint(done: Callable[[], object]) -> None:
    """Let the loop come round until `done`: what is to be painted has a turn of its own."""

    def after_a_turn() -> object:
        QApplication.processEvents()
        return done()

    wait_until(after_a_turn)


def click(table: FedTable, job_id: str, held: Qt.KeyboardModifier | None = None) -> None:
    row = table.model.row_of(job_id)
    assert row is not None
    at_ = table.view.visualRect(table.model.index(row, 1)).center()
    modifier = held or Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(table.view.viewport(), Qt.MouseButton.LeftButton, modifier, at_)


def click_header(table: FedTable, column: str) -> None:
    header = table.view.horizontalHeader()
    x = header.sectionViewportPosition(BY_ID[column]) + 20
    QTest.mouseClick(
        header.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QPoint(x, header.height() // 2),
    )


def scroll(table: FedTable, rows: int, pixels: int = 0) -> None:
    """Scroll so that `rows` rows and `pixels` pixels are above the upper edge."""
    QApplication.processEvents()  # rows that came lengthen the bar when the loop comes round
    table.view.verticalScrollBar().setValue(rows * ROW_HEIGHT + pixels)


def top(table: FedTable) -> tuple[str, int]:
    """The job at the table's upper edge, and where its row begins."""
    row = table.view.rowAt(0)
    return table.model.job(row).id, table.view.rowViewportPosition(row)


def test_all_of_a_hundred_thousand_selected(theme: Theme) -> None:
    fed = FedTable(theme)
    for chunk in chunks(many(100_000), 10_000):
        fed.tell(chunk)
    fed.view.show()
    QApplication.processEvents()
    began_s = time.thread_time()
    fed.view.selectAll()
    fed.view.grab()
    assert len(fed.view.selected_rows()) == 100_000
    current = fed.view.current_job()
    fed.change([job("newest", submitted_at=at(200_000))])
    fed.view.grab()
    assert time.thread_time() - began_s < 0.2
    assert current is not None
    assert len(fed.view.selected_rows()) == 100_000
    fed.view.close()


def test_selection_stays_with_its_jobs(table: FedTable) -> None:
    click(table, "j055")
    click(table, "j053", Qt.KeyboardModifier.ControlModifier)
    both = ["j055", "j053"]
    assert table.selected() == both
    table.change([job("j055", JobState.FAILED, submitted_at=at(55), name="Query 055")])
    assert table.selected() == both
    table.change(many(7, prefix="new", state=JobState.RUNNING)[3:])
    table.change([job("newest", submitted_at=at(5_000))])
    assert table.ids()[0] == "newest"
    assert table.selected() == both
    click_header(table, "name")
    assert set(table.selected()) == set(both)
    table.model.filter_by(JobFilter(words=("query 05",)))
    assert set(table.selected()) == set(both)
    table.model.filter_by(JobFilter())
    assert set(table.selected()) == set(both)
    table.change(removed=["j055"])
    assert table.selected() == ["j053"]
    table.model.filter_by(JobFilter(words=("query 001",)))
    assert table.selected() == []


def test_who_hears_of_the_selection_may_look_at_it(table: FedTable) -> None:
    """While rows go, the listing is ahead of what is shown."""
    heard: list[int] = []
    table.view.selection_changed.connect(
        lambda: heard.append(len(table.model.slots_of(table.view.selected_rows())))
    )
    table.view.selectAll()
    all_of_them = table.model.rowCount()
    table.change(removed=[one for one in table.ids() if one != "j000"])
    table.view.selectAll()
    table.model.filter_by(JobFilter(words=("nothing of that kind",)))
    assert heard[0] == all_of_them
    assert len(heard) >= 2


def test_selection_follows_a_job_that_moves(table: FedTable) -> None:
    table.view.sortByColumn(BY_ID["rows"], Qt.SortOrder.DescendingOrder)
    table.change([started_ago("a", 5), started_ago("b", 5)])
    table.progress("a", rows=50)
    table.progress("b", rows=10)
    table.model.tick()
    click(table, "a")
    assert table.ids()[:2] == ["a", "b"]
    table.progress("b", rows=500)
    table.model._resorted_s = 0.0  # a quarter of a second later
    table.model.tick()
    assert table.ids()[:2] == ["b", "a"]
    assert table.selected() == ["a"]
    assert table.view.currentIndex().row() == 1


def test_scroll_position_stays(table: FedTable) -> None:
    scroll(table, 20, 7)
    before = top(table)
    table.change([job(f"new{number}", submitted_at=at(900 + number)) for number in range(15)])
    assert top(table) == before
    table.change([job("j010", JobState.FAILED, submitted_at=at(10))])
    assert top(table) == before
    table.change(removed=["new3", "new4", "j058"])
    assert top(table) == before
    table.change([started_ago("late", 1, submitted_at=at(20.5))])
    assert top(table) == before


def test_new_jobs_are_seen_by_who_looks_at_the_beginning(table: FedTable) -> None:
    assert top(table) == ("j059", 0)
    table.change([job("new", submitted_at=at(900))])
    assert top(table) == ("new", 0)


def test_only_visible_rows_are_told_of(table: FedTable) -> None:
    told: list[int] = []
    table.model.dataChanged.connect(
        lambda first, last: told.extend(range(first.row(), last.row() + 1))
    )
    table.change([started_ago(f"r{number:03}", 5, submitted_at=at(number)) for number in range(90)])
    told.clear()
    table.progress(*(f"r{number:03}" for number in range(90)), fraction=0.5)
    paint(lambda: told)
    visible = table.view.visible_rows()
    assert 5 < len(visible) < 20
    assert set(told) <= set(visible)
    assert told, "not even the visible rows were told of"
    scroll(table, 50)
    told.clear()
    table.progress(*(f"r{number:03}" for number in range(90)), fraction=0.6)
    paint(lambda: told)
    assert set(told) <= set(table.view.visible_rows())
    assert min(told) >= 50


def test_what_waits_has_its_turn_before_the_rows_are_painted(table: FedTable) -> None:
    table.change([started_ago("r", 5, submitted_at=at(900))])
    took: list[str] = []
    table.model.dataChanged.connect(lambda *_: took.append("to be painted"))
    waiting = QTimer(interval=0, singleShot=True)
    waiting.timeout.connect(lambda: took.append("waited"))
    waiting.start()
    table.progress("r", fraction=0.5)
    paint(lambda: "to be painted" in took)
    assert took == ["waited", "to be painted"]


def test_rows_in_another_order_are_painted_in_a_turn_of_their_own(table: FedTable) -> None:
    port = table.view.viewport()
    paint(port.updatesEnabled)
    table.view.sortByColumn(BY_ID["name"], Qt.SortOrder.AscendingOrder)
    assert not port.updatesEnabled()
    paint(port.updatesEnabled)


def test_rows_of_two_reports_are_painted_if_both_come_in_one_turn(table: FedTable) -> None:
    table.change([started_ago(name, 5, submitted_at=at(900)) for name in ("r", "s")])
    QApplication.processEvents()
    told: list[int] = []
    table.model.dataChanged.connect(lambda first, _last: told.append(first.row()))
    table.progress("r", fraction=0.5)
    table.progress("s", fraction=0.5)
    paint(lambda: told)
    assert set(told) == {table.model.row_of(name) for name in ("r", "s")}


def test_header_click_sorts_both_ways(table: FedTable) -> None:
    click_header(table, "name")
    assert table.ids() == [f"j{number:03}" for number in range(60)]
    click_header(table, "name")
    assert table.ids() == [f"j{number:03}" for number in reversed(range(60))]


def arrow(table: FedTable, column: str) -> str:
    """Where a header's arrow points, by what is painted: its tip is its narrowest row."""
    header = table.view.horizontalHeader()
    right = header.sectionViewportPosition(BY_ID[column]) + header.sectionSize(BY_ID[column])
    image = picture(header.viewport()).copy(right - 18, 3, 15, header.height() - 8)
    ground = image.pixel(0, 0)
    widths = [
        sum(image.pixel(x, y) != ground for x in range(image.width()))
        for y in range(image.height())
    ]
    painted = [width for width in widths if width]
    assert painted, "there is no arrow"
    return "up" if painted[0] < painted[-1] else "down"


def test_the_arrow_points_as_in_a_result(table: FedTable) -> None:
    assert arrow(table, "submitted") == "down", "the newest first"
    click_header(table, "submitted")
    assert table.model.job(0).id == "j000"
    assert arrow(table, "submitted") == "up"


def test_keys(table: FedTable) -> None:
    activated: list[str] = []
    table.view.activated_job.connect(activated.append)
    click(table, "j059")
    QTest.keyClick(table.view, Qt.Key.Key_Return)
    assert activated == ["j059"]
    QTest.keyClick(table.view, Qt.Key.Key_Down)
    QTest.keyClick(table.view, Qt.Key.Key_Down)
    assert table.selected() == ["j057"]
    QTest.keyClick(table.view, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert table.selected() == ["j058", "j057"]
    QTest.keyClick(table.view, Qt.Key.Key_End)
    assert table.selected() == ["j000"]
    assert "j000" in {table.model.job(row).id for row in table.view.visible_rows()}
    QTest.keyClick(table.view, Qt.Key.Key_Home)
    assert table.selected() == ["j059"]
    QTest.keyClick(table.view, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert len(table.selected()) == 60
    QTest.keyClick(table.view, Qt.Key.Key_End)
    QTest.keyClick(table.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(table.selected()) == 60
    QTest.keyClick(table.view, Qt.Key.Key_Enter)
    assert activated == ["j059", "j000"]


def test_typing_finds_a_job_by_name(table: FedTable) -> None:
    click(table, "j059")
    table.view.setCurrentIndex(table.model.index(0, BY_ID["name"]))
    QTest.keyClicks(table.view, "Query 042")
    assert table.selected() == ["j042"]


def test_double_click_and_context_menu(table: FedTable) -> None:
    activated: list[str] = []
    menus: list[QPoint] = []
    table.view.activated_job.connect(activated.append)
    table.view.menu_wanted.connect(menus.append)
    click_cell(table.view, table.model.index(2, 0), double=True)
    assert activated == ["j057"]
    table.view.customContextMenuRequested.emit(QPoint(10, 10))
    assert menus == [table.view.viewport().mapToGlobal(QPoint(10, 10))]


def test_no_job_no_selection(table: FedTable) -> None:
    assert table.view.current_job() is None
    assert not table.view.select_job("nobody")
    assert table.view.select_job("j000")
    assert table.selected() == ["j000"]
    assert table.view.visible_rows()[-1] == 59
    table.tell(snapshot([], seq=900))
    assert table.view.current_job() is None
    assert list(table.view.visible_rows()) == []


async def test_elapsed_times_move_on(table: FedTable) -> None:
    table.change([started_ago("r", 61.2, submitted_at=at(900))])
    shown = table.text("r", "elapsed")
    assert shown in {"1:01", "1:02"}
    await eventually(lambda: table.text("r", "elapsed") not in {shown, "–"})
    assert table.text("r", "elapsed") > shown


def stripes_move(table: FedTable) -> bool:
    timers = [one for one in table.view.findChildren(QTimer) if one.interval() == STRIPE_MS]
    assert len(timers) == 1
    return timers[0].isActive()


def test_stripes_move_only_while_one_is_seen(table: FedTable) -> None:
    assert not stripes_move(table)
    table.change([started_ago("r", 1, submitted_at=at(900))])
    table.view._tick()
    assert stripes_move(table), "a running job without a fraction is in view"
    table.progress("r", fraction=0.3, basis=ProgressBasis.MEASURED)
    paint(lambda: not stripes_move(table))
    table.change([started_ago("old", 1, submitted_at=at(-1))])
    table.view._tick()
    assert not stripes_move(table), "the job is far below"
    scroll(table, 1_000)
    table.view._tick()
    assert stripes_move(table)
    table.view.set_stale(True)
    table.view._tick()
    assert not stripes_move(table), "nothing moves while nothing is known"
    table.view.set_stale(False)
    table.view._tick()
    assert stripes_move(table)
    table.view.hide()
    assert not stripes_move(table)


def test_header_menu_hides_and_shows_columns(table: FedTable) -> None:
    table.view.horizontalHeader().customContextMenuRequested.emit(QPoint(5, 5))
    menu = child(table.view, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["Name"].isEnabled(), "a table without names is of no use"
    assert not actions["Owner"].isChecked()
    actions["Owner"].trigger()
    actions["Memory"].trigger()
    assert not table.view.isColumnHidden(BY_ID["owner"])
    assert table.view.isColumnHidden(BY_ID["memory"])
    menu.close()


def test_copying_nothing_changes_nothing(table: FedTable) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("before")
    click(table, "j059")
    assert clipboard.text() == "before"
    assert table.view.indexAt(QPoint(5, 5)) != QModelIndex()
    table.change([running("x")])
    assert clipboard.text() == "before"


def test_running_jobs_in_sight_are_told_and_a_quiet_table_ticks_slowly(theme: Theme) -> None:
    table = FedTable(theme)
    told: list[list[str]] = []
    table.view.sight_changed.connect(told.append)
    table.tell(snapshot([*many(100), running("live", submitted_at=at(200))]))
    table.view.show()
    table.view._tick()
    assert told[-1] == ["live"]
    assert table.view._ticker.interval() == TICK_MS
    table.view.verticalScrollBar().setValue(60 * ROW_HEIGHT)
    assert told[-1] == []
    table.change([job("live", JobState.SUCCEEDED)])
    while table.mirror.is_unprepared:
        table.view._tick()
    table.view._tick()
    assert table.view._ticker.interval() == QUIET_MS
    table.change([running("live")])
    assert table.view._ticker.interval() == TICK_MS
