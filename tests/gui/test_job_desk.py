"""What is done with the selected jobs: deleted after a question, cancelled together, copied."""

from __future__ import annotations

import csv

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.jobs import Job, JobState
from support.servers import ENDLESS
from support.waiting import eventually
from support.windows import Desk, named, open_box

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    return desk


async def done(ready: Desk, *names: str) -> list[str]:
    ids = []
    for name in names:
        job = await ready.session.submit("select 1", source=None, name=name)
        await ready.state(job.id, JobState.SUCCEEDED)
        ids.append(job.id)
    return ids


def select(ready: Desk, *ids: str) -> None:
    table = ready.window.table
    table.clearSelection()
    assert table.select_job(ids[0])
    for job_id in ids[1:]:
        row = ready.window.model.row_of(job_id)
        assert row is not None
        at = table.visualRect(ready.window.model.index(row, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, CONTROL, at)
    assert {job.id for job in table.selected_jobs()} == set(ids)


async def test_deleting_asks_first(ready: Desk) -> None:
    one, other, kept = await done(ready, "One", "Other", "Kept")
    select(ready, one)
    QTest.keyClick(ready.window.table, Qt.Key.Key_Delete)
    box = open_box(ready.window)
    assert "“One”" in box.text()
    QTest.mouseClick(named(box, QPushButton, "Cancel"), Qt.MouseButton.LeftButton)
    select(ready, one, other)
    QTest.keyClick(ready.window.table, Qt.Key.Key_Delete)
    await eventually(lambda: "2 jobs" in open_box(ready.window).text())
    QTest.mouseClick(
        named(open_box(ready.window), QPushButton, "Delete"), Qt.MouseButton.LeftButton
    )
    await eventually(lambda: ready.job(one) is None and ready.job(other) is None)
    assert ready.job(kept) is not None


async def test_what_runs_is_not_deleted(ready: Desk) -> None:
    job = await ready.session.submit(ENDLESS, source=None, name="Endless")
    await ready.state(job.id, JobState.RUNNING)
    select(ready, job.id)
    assert not ready.window.actions_.delete.isEnabled()
    QTest.keyClick(ready.window.table, Qt.Key.Key_Delete)
    assert ready.job(job.id) is not None
    await ready.session.cancel(job.id)
    await ready.state(job.id, JobState.CANCELLED)
    assert ready.window.actions_.delete.isEnabled()


async def test_several_are_cancelled_together(ready: Desk) -> None:
    jobs = [await ready.session.submit(ENDLESS, source=None, name=f"{n}") for n in range(3)]
    await eventually(lambda: all(ready.job(job.id) is not None for job in jobs))
    select(ready, *(job.id for job in jobs))
    ready.window.actions_.cancel.trigger()
    for job in jobs:
        await ready.state(job.id, JobState.CANCELLED)
    assert ready.window.notice.text == ""


async def test_rows_are_copied_as_they_are_shown(ready: Desk) -> None:
    first, second = await done(ready, 'With "quotes", and commas', "Second")
    select(ready, first, second)
    clipboard = QGuiApplication.clipboard()
    QTest.keyClick(ready.window.table, Qt.Key.Key_C, CONTROL)
    lines = clipboard.text().splitlines()
    assert lines[0].split("\t")[:2] == ["Name", "Progress"]
    assert len(lines) == 3
    ready.window.actions_.copy_csv.trigger()
    rows = list(csv.reader(clipboard.text().splitlines()))
    assert {row[0] for row in rows[1:]} == {'With "quotes", and commas', "Second"}
    assert len({len(row) for row in rows}) == 1


async def test_again_is_on_the_same_server(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.connected()
    job = await desk.session.submit("select 1", source=None, name="Once more")
    done = await desk.state(job.id, JobState.SUCCEEDED)
    first = desk.session.client()
    fetch = first.job

    def other() -> AsyncClient:
        raise LongwatchClientError("Another server was chosen.")

    async def job_before_the_switch(job_id: str) -> Job:
        found = await fetch(job_id)
        monkeypatch.setattr(desk.session, "client", other)
        return found

    monkeypatch.setattr(first, "job", job_before_the_switch)
    before = set(desk.session.mirror.ids())
    desk.window.control.run_again([done])
    await desk.new_job(before)
    assert desk.window.notice.text == ""
