"""Jobs that are older than those the window has: loaded as one scrolls, found by filters."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton
from sqlalchemy import insert

from longwatch.api import dependencies
from longwatch.api.problems import ApiError
from longwatch.client.address import Address
from longwatch.host import ServerThread
from longwatch.jobs.model import evolve
from longwatch.protocol.jobs import JobState, Progress
from longwatch.store.rows import to_row
from longwatch.store.tables import events, jobs
from longwatch.store.writer import StoreThread, Transaction
from longwatch_desktop.jobs.history_strip import HistoryStrip
from longwatch_desktop.session import NEWEST
from longwatch_desktop.theme import Theme
from support.servers import job, serving
from support.waiting import eventually
from support.windows import Desk, child, named
from support.windows import desk as open_desk

MANY = 20_000
EVERY = timedelta(minutes=5)


def fill(tx: Transaction, count: int) -> None:
    """Finished jobs, one every five minutes, the last of them now. Every 500th failed; the SQL of
    every 1,000th has a word in it that its start has not; every 2,000th is somebody else's."""
    made = job("select 1", name="Nightly")
    now = datetime.now(UTC)
    rows = []
    for n in range(1, count + 1):
        begun = now - EVERY * (count - n)
        one = evolve(
            made,
            id=f"{n:016}",
            name=f"Nightly {n}",
            state=JobState.SUCCEEDED if n % 500 else JobState.FAILED,
            attempt=1,
            submitted_at=begun,
            started_at=begun,
            finished_at=begun + timedelta(seconds=n % 60),
            progress=Progress(),
            seq=n,
        )
        sql = "select 1" + (" " * 300 + "-- zebra" if n % 1_000 == 7 else "")
        owner = "grace" if n % 2_000 == 3 else "ada"
        rows.append({**to_row(one), "sql": sql, "owner": owner})
    tx.connection.execute(insert(jobs), rows)
    last = {"seq": count, "job_id": rows[-1]["id"], "event": "succeeded", "attempt": 1, "at_us": 0}
    tx.connection.execute(insert(events), [last])


@contextmanager
def server_of(folder: Path, count: int) -> Iterator[tuple[FastAPI, Address]]:
    """A server that has seen so many jobs."""
    store = StoreThread(folder / "jobs.sqlite", lambda _changes: None)
    store.open()
    store.submit(partial(fill, count=count)).result(60)
    store.close()
    with serving(folder, warm_spare=False) as (thread, address):
        yield app_of(thread), address


def app_of(thread: ServerThread) -> FastAPI:
    assert thread._server is not None
    app: Any = thread._server.config.app
    assert isinstance(app, FastAPI)
    return app


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, Address]]:
    """A server with a long history."""
    with server_of(tmp_path_factory.mktemp("full"), MANY) as given:
        yield given


@asynccontextmanager
async def window_over(address: Address, theme: Theme, folder: Path) -> AsyncIterator[Desk]:
    """A window that has loaded the newest jobs and knows how many there are."""
    async with open_desk(address, theme, folder / "window.ini") as desk:
        await eventually(lambda: desk.session.mirror.seq is not None)
        await eventually(lambda: sum(desk.window.history.counts.values()) > NEWEST)
        yield desk


@pytest.fixture
async def desk(full: tuple[FastAPI, Address], theme: Theme, tmp_path: Path) -> AsyncIterator[Desk]:
    async with window_over(full[1], theme, tmp_path) as given:
        yield given


def strip(desk: Desk) -> HistoryStrip:
    return child(desk.window, HistoryStrip)


def story(desk: Desk) -> str:
    """What the line under the table says; empty while it is hidden."""
    return "" if strip(desk).isHidden() else child(strip(desk), QLabel).text()


def offer(desk: Desk) -> str:
    button = child(strip(desk), QToolButton)
    return "" if button.isHidden() else button.text()


def press(desk: Desk) -> None:
    QTest.mouseClick(child(strip(desk), QToolButton), Qt.MouseButton.LeftButton)


def filter_by(desk: Desk, text: str) -> None:
    named(desk.window.filter_bar, QLineEdit, "Filter jobs").setText(text)


def to_the_end(desk: Desk) -> None:
    bar = desk.window.table.verticalScrollBar()
    bar.setValue(bar.maximum())


def chips(desk: Desk) -> list[str]:
    found = desk.window.filter_bar.findChildren(QToolButton)
    return [one.text() for one in found if one.isCheckable() and not one.isHidden()]


def rows(desk: Desk) -> int:
    return desk.window.model.rowCount()


def numbers(desk: Desk) -> list[int]:
    return [int(one.id) for one in desk.jobs()]


async def settled(desk: Desk) -> None:
    await eventually(lambda: not desk.window.history.is_loading)


async def test_the_newest_come_first_and_the_list_says_that_there_are_more(desk: Desk) -> None:
    assert rows(desk) == NEWEST
    assert desk.jobs()[0].name == f"Nightly {MANY}"
    assert story(desk) == "Showing 10,000 of 20,000 jobs"
    assert offer(desk) == "Load older"
    assert chips(desk)[0] == "All 20,000"
    shown = set(chips(desk))
    assert {"Done 19,960", "Failed 40"} <= shown, "the server's, not those of the loaded"


async def test_scrolling_to_the_end_brings_older_ones(desk: Desk) -> None:
    table = desk.window.table
    table.selectRow(NEWEST - 3)
    chosen = [one.id for one in table.selected_jobs()]
    to_the_end(desk)
    await eventually(lambda: rows(desk) == NEWEST + 500)
    assert NEWEST - 1 in table.visible_rows(), "it stays where it was"
    assert NEWEST + 100 not in table.visible_rows()
    to_the_end(desk)
    await eventually(lambda: rows(desk) == NEWEST + 1_000)
    assert [one.id for one in table.selected_jobs()] == chosen
    assert numbers(desk) == list(range(MANY, MANY - NEWEST - 1_000, -1))
    assert chips(desk)[0] == "All 20,000"
    assert story(desk) == "Showing 11,000 of 20,000 jobs"


async def test_the_button_brings_older_ones_in_any_order(desk: Desk) -> None:
    desk.window.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    to_the_end(desk)
    press(desk)
    await eventually(lambda: rows(desk) == NEWEST + 500)
    await eventually(lambda: offer(desk) == "Load older")
    assert rows(desk) == NEWEST + 500, "one page for each press"


async def test_a_filter_finds_what_is_not_loaded(desk: Desk) -> None:
    assert desk.session.mirror.slot(f"{500:016}") is None
    filter_by(desk, "state:failed older:60d nightly source:SAMPLE")
    await eventually(lambda: numbers(desk)[-1:] == [500])
    since = MANY - timedelta(days=60) // EVERY
    assert numbers(desk) == [n for n in range(MANY, 0, -1) if n % 500 == 0 and n < since]
    await eventually(lambda: story(desk) == "")
    assert child(desk.window.filter_bar, QLabel).text() == f"{rows(desk)} matches"
    filter_by(desk, "")
    assert rows(desk) == NEWEST, "or there would be gaps in the list that nobody sees"
    assert desk.session.mirror.slot(f"{500:016}") is None
    assert story(desk) == "Showing 10,000 of 20,000 jobs"
    assert chips(desk)[0] == "All 20,000"


async def test_words_are_found_in_all_of_the_sql(desk: Desk) -> None:
    filter_by(desk, "ZEBRA")
    await eventually(lambda: rows(desk) == 20)
    assert {n % 1_000 for n in numbers(desk)} == {7}
    filter_by(desk, "ZEBRA -19007 longer:27s")
    await settled(desk)
    some = [n for n in range(MANY, 0, -1) if n % 1_000 == 7 and n % 60 >= 27 and n != 19_007]
    assert numbers(desk) == some


async def test_many_matches_come_page_by_page(desk: Desk) -> None:
    filter_by(desk, "state:done")
    await eventually(lambda: story(desk).endswith("of 19,960 matches"))
    before = rows(desk)
    assert offer(desk) == "Load older"
    to_the_end(desk)
    await eventually(lambda: rows(desk) > before)


async def test_what_a_server_cannot_filter_is_looked_through_bit_by_bit(desk: Desk) -> None:
    filter_by(desk, "-nightly")
    await eventually(lambda: offer(desk) == "Search older")
    assert story(desk) == "0 matches among the newest 10,000 of 20,000 jobs"
    press(desk)
    await settled(desk)
    press(desk)
    await eventually(lambda: story(desk) == "")


async def test_mine(desk: Desk) -> None:
    desk.session.user = "ada"
    desk.window.filter_bar.set_user("ada")
    desk.window.history._ask_counts()
    await eventually(lambda: "Mine 19,990" in chips(desk))
    filter_by(desk, "user:grace")
    await eventually(lambda: rows(desk) == MANY // 2_000)
    assert {one.owner for one in desk.jobs()} == {"grace"}
    filter_by(desk, "")
    mine = named(desk.window.filter_bar, QToolButton, "Mine 19,990")
    QTest.mouseClick(mine, Qt.MouseButton.LeftButton)
    assert {one.owner for one in desk.jobs()} == {"ada"}
    await eventually(lambda: story(desk).endswith("of 19,990 matches"))


async def test_a_page_that_does_not_come_is_asked_for_again(
    desk: Desk, full: tuple[FastAPI, Address]
) -> None:
    def refuse() -> None:
        raise ApiError(503, "store_unusable", "The disk is full.")

    full[0].dependency_overrides[dependencies.service] = refuse
    try:
        to_the_end(desk)
        await eventually(lambda: offer(desk) == "Try again")
        assert rows(desk) == NEWEST
        assert "The disk is full." in story(desk)
        to_the_end(desk)
        assert offer(desk) == "Try again", "it does not ask by itself again and again"
    finally:
        full[0].dependency_overrides.clear()
    press(desk)
    await eventually(lambda: rows(desk) == NEWEST + 500)
    assert story(desk) == "Showing 10,500 of 20,000 jobs"


class Slow:
    """A service whose pages are read at once, and answered when the gate opens."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.read = threading.Event()
        self.gate = threading.Event()

    async def page(self, *given: Any, **named: Any) -> Any:
        listed = await self.real.page(*given, **named)
        self.read.set()
        await asyncio.to_thread(self.gate.wait, 20)
        return listed


async def test_what_is_deleted_while_a_page_is_on_its_way_stays_away(
    theme: Theme, tmp_path: Path
) -> None:
    with server_of(tmp_path, NEWEST + 1_200) as (app, address):
        async with window_over(address, theme, tmp_path) as desk:
            slow = Slow(app.state.parts.service)
            app.dependency_overrides[dependencies.service] = lambda: slow
            to_the_end(desk)
            await asyncio.to_thread(slow.read.wait, 20)
            app.dependency_overrides.clear()
            for number in (NEWEST + 1_000, 1_100, 1_199, 300):
                await desk.session.client().delete(f"{number:016}")
            await eventually(lambda: rows(desk) == NEWEST - 1)
            seq = desk.session.mirror.seq
            assert seq is not None
            await eventually(lambda: desk.session.mirror.seq == NEWEST + 1_204)
            slow.gate.set()
            await eventually(lambda: rows(desk) == NEWEST - 1 + 498)
            for _ in range(2):
                to_the_end(desk)
                await settled(desk)
            await eventually(lambda: desk.window.history.is_whole)
            left = set(range(1, NEWEST + 1_201)) - {NEWEST + 1_000, 1_100, 1_199, 300}
            assert numbers(desk) == sorted(left, reverse=True)
            assert story(desk) == ""
            assert chips(desk)[0] == f"All {len(left):,}"
