"""Every job that the filter finds, here or only on the server, by one command."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton

from longwatch.protocol.jobs import JobState
from support.servers import ENDLESS
from support.waiting import eventually
from support.windows import Desk, named


async def submitted(desk: Desk, sql: str, name: str) -> str:
    job = await desk.session.submit(sql, source=None, name=name)
    await eventually(lambda: desk.job(job.id))
    return job.id


def filtered(desk: Desk, text: str) -> None:
    named(desk.window.filter_bar, QLineEdit, "Filter jobs").setText(text)


async def question(desk: Desk) -> QMessageBox:
    def asked() -> QMessageBox | None:
        boxes = [one for one in desk.window.findChildren(QMessageBox) if one.isVisible()]
        return boxes[0] if boxes else None

    box = await eventually(asked)
    assert isinstance(box, QMessageBox)
    return box


def answer(box: QMessageBox, text: str) -> None:
    QTest.mouseClick(named(box, QPushButton, text), Qt.MouseButton.LeftButton)


async def test_deleted(ready: Desk) -> None:
    kept = await submitted(ready, "select 1", "Kept")
    some = [await submitted(ready, "select 1", f"Gone {number}") for number in range(3)]
    for job_id in (kept, *some):
        await ready.state(job_id, JobState.SUCCEEDED)
    filtered(ready, "gone")
    await eventually(lambda: ready.window.model.rowCount() == 3)
    ready.window.actions_.delete_all.trigger()
    box = await question(ready)
    assert box.text() == "Delete the 3 jobs over that match the filter?"
    answer(box, "Delete")
    await eventually(lambda: not any(ready.job(job_id) for job_id in some))
    await eventually(lambda: ready.window.notice.text == "3 jobs deleted.")
    filtered(ready, "")
    assert ready.job(kept) is not None


async def test_cancelled_and_nothing_left_to_cancel(ready: Desk) -> None:
    some = [await submitted(ready, ENDLESS, f"Endless {number}") for number in range(4)]
    filtered(ready, "endless")
    await eventually(lambda: ready.window.model.rowCount() == 4)
    ready.window.actions_.cancel_all.trigger()
    box = await question(ready)
    assert box.text() == "Cancel the 4 jobs that match the filter?"
    answer(box, "Cancel them")
    for job_id in some:
        await ready.state(job_id, JobState.CANCELLED)
    ready.window.actions_.cancel_all.trigger()
    await eventually(lambda: ready.window.notice.text == "No job that is meant runs or waits.")


async def test_left_alone(ready: Desk) -> None:
    running = await submitted(ready, ENDLESS, "Endless")
    ready.window.actions_.cancel_all.trigger()
    box = await question(ready)
    assert box.text().startswith("Cancel all ")
    answer(box, "Leave them")
    await ready.state(running, JobState.RUNNING)
    job = ready.job(running)
    assert job is not None
    assert job.cancel_requested_at is None


async def test_what_a_server_cannot_look_for(ready: Desk) -> None:
    for name in ("Odd one", "Odd two", "Odd three"):
        await ready.state(await submitted(ready, "select 1", name), JobState.SUCCEEDED)
    filtered(ready, "odd -three")
    await eventually(lambda: ready.window.model.rowCount() == 2)
    ready.window.actions_.delete_all.trigger()
    box = await question(ready)
    assert box.text() == "Delete the 2 jobs over that match the filter?"
    assert "loaded here" in box.informativeText()
    answer(box, "Delete")
    filtered(ready, "odd")
    await eventually(lambda: [job.name for job in ready.jobs()] == ["Odd three"])
