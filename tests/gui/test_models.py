"""Qt's own model tester watches both table models while rows come, change, move and go.

What it finds it says as a Qt message, which fails the test.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from longwatch.protocol.jobs import Column, JobState, ResultInfo, ResultPage
from longwatch_desktop.jobs.columns import COLUMNS
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.results.model import PAGE_ROWS, ResultModel, as_text
from longwatch_desktop.results.wanted import Wanted
from longwatch_desktop.theme import Theme
from support.tables import FedTable, many
from support.waiting import eventually
from unit.desktop.mirror.builders import at, chunks, job, running, snapshot

STATES = list(JobState)


def watch(model: QAbstractItemModel) -> None:
    """Let Qt check `model` now and at every change."""
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, model)


@pytest.mark.parametrize("seed", range(3))
def test_job_model_keeps_its_word(theme: Theme, seed: int) -> None:
    dice = random.Random(seed)
    table = FedTable(theme)
    watch(table.model)
    table.tell(snapshot(many(12, JobState.RUNNING)))
    watched: dict[str, QPersistentModelIndex] = {}
    followed = 0
    for step in range(60):
        match dice.randrange(7):
            case 0:
                table.change([job(f"n{step}", dice.choice(STATES), submitted_at=at(100 + step))])
            case 1:
                ids = [f"m{step}-{number}" for number in range(3)]
                table.change([job(one, submitted_at=at(dice.randrange(100))) for one in ids])
            case 2 if table.ids():
                chosen = dice.sample(table.ids(), min(3, len(table.ids())))
                table.change(removed=chosen)
            case 3 if table.ids():
                table.change([job(dice.choice(table.ids()), dice.choice(STATES), name=f"{step}")])
            case 4 if table.ids():
                table.progress(*dice.sample(table.ids(), 1), fraction=dice.random(), rows=step)
            case 5:
                order = dice.choice([Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
                table.model.sort(dice.randrange(len(COLUMNS)), order)
            case _:
                states = frozenset(dice.sample(STATES, 4))
                table.model.filter_by(JobFilter(states=dice.choice([None, states])))
        for job_id, index in list(watched.items()):
            row = table.model.row_of(job_id)
            if not index.isValid() or row is None:
                # Gone, or hidden by a filter: an index once lost does not come back.
                assert not index.isValid(), f"{job_id} left, its index points to row {index.row()}"
                del watched[job_id]
            else:
                assert index.row() == row
                followed += 1
        for job_id in table.ids()[:3]:
            row = table.model.row_of(job_id)
            assert row is not None
            watched.setdefault(job_id, QPersistentModelIndex(table.model.index(row, 0)))
    assert followed > 50


def test_job_model_over_snapshots_in_chunks(theme: Theme) -> None:
    table = FedTable(theme)
    watch(table.model)
    for chunk in chunks(many(50), 20):
        table.tell(chunk)
    assert table.model.rowCount() == 50
    fewer = chunks(many(30, JobState.FAILED), 20, seq=200)
    for chunk in fewer:
        table.tell(chunk)
    assert sorted(table.ids()) == [f"j{number:03}" for number in range(30)]
    table.tell(snapshot([], seq=300))
    assert table.ids() == []


def test_job_model_says_what_the_table_shows(theme: Theme) -> None:
    table = FedTable(theme)
    table.tell(snapshot([running("a"), job("b"), job("c", submitted_at=at(5))]))
    model = table.model
    titles = [model.headerData(number, Qt.Orientation.Horizontal) for number in range(len(COLUMNS))]
    assert titles == [column.title for column in COLUMNS]
    assert table.text("c", "progress") == "queued · 2nd in line"
    assert table.text("b", "progress") == "queued · next in line"
    assert table.text("a", "source") == "flights"
    model.set_sources({"flights": "Flights of 2013"})
    assert table.text("a", "source") == "Flights of 2013"
    for row in range(3):
        for number in range(len(COLUMNS)):
            index = model.index(row, number)
            spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
            assert spoken == index.data(Qt.ItemDataRole.DisplayRole)


class _Pages:
    """Answers pages of numbers, and remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.short_by = 0

    async def read(
        self, _job_id: str, _columns: list[Column], _wanted: Wanted, offset: int, limit: int
    ) -> ResultPage:
        self.asked.append(offset)
        rows: list[list[Any]] = [[offset + row, None] for row in range(limit - self.short_by)]
        return ResultPage(columns=_COLUMNS, offset=offset, rows=rows, total_rows=0, complete=False)


_COLUMNS = [Column(name="number", type="int64"), Column(name="nothing", type="string")]


def _info(rows: int, *, complete: bool = False) -> ResultInfo:
    return ResultInfo(rows=rows, bytes=0, columns=_COLUMNS, complete=complete)


async def test_result_model_grows_and_is_replaced() -> None:
    pages = _Pages()
    model = ResultModel(pages.read)
    watch(model)
    assert (model.rowCount(), model.columnCount()) == (0, 0)
    for rows in (0, 10, 250, 250, 1_000):
        model.show_result("a", _info(rows))
        assert model.rowCount() == rows
    cell = model.index(999, 0)
    await eventually(lambda: cell.data() == "999")
    assert model.is_null(model.index(999, 1))
    assert not model.is_null(cell)
    model.show_result("b", _info(5))
    assert model.rowCount() == 5
    assert not model.is_null(model.index(0, 1)), "another job's cells were kept"
    model.show_result("b", _info(2))
    assert model.rowCount() == 2
    model.show_result(None, None)
    assert (model.rowCount(), model.columnCount()) == (0, 0)
    await model.stop()


async def test_result_model_asks_once_for_a_page_and_again_once_it_has_grown() -> None:
    pages = _Pages()
    model = ResultModel(pages.read)
    pages.short_by = PAGE_ROWS - 10
    model.show_result("a", _info(10))
    for row in range(10):
        model.index(row, 0).data()
    await eventually(lambda: model.index(9, 0).data() == "9")
    assert pages.asked == [0]
    pages.short_by = 0
    model.show_result("a", _info(50))
    await eventually(lambda: model.index(49, 0).data() == "49")
    assert pages.asked == [0, 0]
    await model.stop()


async def test_result_model_tells_of_a_page_that_cannot_be_had() -> None:
    async def refuse(*_: object) -> ResultPage:
        raise OSError("no such page")

    model = ResultModel(refuse)
    heard: list[str] = []
    model.failed.connect(heard.append)
    model.show_result("a", _info(10))
    model.index(0, 0).data()
    await eventually(lambda: heard)
    assert heard == ["no such page"]
    assert QModelIndex() == model.index(0, 0).parent()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (336776, "336776"),
        ("", ""),
        ([1, None, "a"], '[1,null,"a"]'),
        ({"a": 1.5}, '{"a":1.5}'),
    ],
)
def test_cell_texts(value: object, shown: str) -> None:
    assert as_text(value) == shown
