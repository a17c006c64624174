"""The overview's timeline and curves, the plan and the log, of real jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QToolButton, QTreeWidget

from longwatch.protocol.jobs import JobState, Limits, Submission
from longwatch.protocol.parameters import Parameter, ParameterType
from longwatch_desktop.results.curve import Curve
from longwatch_desktop.results.timeline import Timeline
from longwatch_desktop.theme import LIGHT
from support.waiting import eventually
from support.windows import Desk, child, colors_of, named, picture, tree_item

ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range = :n"


@pytest.fixture
async def ready(desk: Desk) -> AsyncIterator[Desk]:
    await desk.connected()
    desk.window.resize(1280, 1000)
    yield desk
    desk.window.control.cancel(desk.jobs())
    await eventually(lambda: all(job.state.is_final for job in desk.jobs()))


def said(desk: Desk) -> str:
    labels = desk.window.details.findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible())


def show(desk: Desk, title: str) -> None:
    tabs = desk.detail_tabs()
    titles = [tabs.tabText(number) for number in range(tabs.count())]
    tabs.setCurrentIndex(titles.index(title))


async def submit(desk: Desk, sql: str, **more: object) -> str:
    job = await desk.session.client().submit(Submission(sql=sql, **more))  # type: ignore[arg-type]
    await eventually(lambda: desk.window.table.select_job(job.id))
    return job.id


async def test_a_running_job_has_phases_and_curves(ready: Desk) -> None:
    show(ready, "Overview")
    limits = Limits(memory_bytes=2**30, run_s=600.0)
    values = {"n": Parameter(type=ParameterType.NUMBER, value=7)}
    job_id = await submit(ready, ENDLESS, limits=limits, parameters=values)
    await ready.state(job_id, JobState.RUNNING)
    timeline = child(ready.window.details, Timeline)
    await eventually(lambda: "executing" in timeline.accessibleName(), patience_s=20.0)
    assert timeline.accessibleName().startswith("Timeline: queued ")
    assert LIGHT.bar in colors_of(picture(timeline))
    memory = next(one for one in ready.window.details.findChildren(Curve) if one._title == "Memory")
    await eventually(lambda: len(memory._points) > 3, patience_s=20.0)
    assert "MB at most" in memory.accessibleName()
    assert LIGHT.bar in colors_of(picture(memory)), "no curve"
    await eventually(lambda: "Memory limit | 1.1 GB | Time limit | 10:00" in said(ready))
    assert ":n | 7" in said(ready)
    assert "What happened" in said(ready)
    assert "| Started" in said(ready)
    ready.window.actions_.cancel.trigger()
    await ready.state(job_id, JobState.CANCELLED)
    await eventually(lambda: "Cancel asked for" in said(ready))
    assert "executing" in timeline.accessibleName(), "phases are kept after the end"


async def test_a_job_of_another_time_says_what_was_missed(ready: Desk) -> None:
    job_id = await submit(ready, "select count(*) from range(300000000) t(i) where i % 7 = 3")
    await ready.state(job_id, JobState.SUCCEEDED, patience_s=40.0)
    details = ready.window.details
    details._watch._tracks.clear()  # as after a new start of the program
    show(ready, "Overview")
    details.show_job(ready.job(job_id))
    await eventually(lambda: "| Done" in said(ready))
    timeline = child(details, Timeline)
    assert "ran " in timeline.accessibleName()
    job = ready.job(job_id)
    assert job is not None
    assert job.started_at is not None
    assert job.finished_at is not None
    if (job.finished_at - job.started_at).total_seconds() > 1:
        assert "of jobs that this window watched" in said(ready)


async def test_a_plan_is_a_tree(ready: Desk) -> None:
    await submit(
        ready,
        "select carrier, count(*) from flights join airlines using (carrier) "
        "where dep_delay > 60 group by 1",
    )
    show(ready, "Plan")
    tree = named(ready.window.details, QTreeWidget, "Plan of the job")
    await eventually(lambda: tree.topLevelItemCount() == 1, patience_s=20.0)
    join = tree_item(tree, "Hash Join")
    assert join.childCount() == 2
    assert join.text(1)
    assert "steps" in said(ready)
    button = named(ready.window.details, QToolButton, "As text")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    text = named(ready.window.details, QPlainTextEdit, "Plan of the job as text")
    assert text.isVisible()
    assert "╭─" in text.toPlainText()


async def test_what_has_no_plan_says_why(ready: Desk) -> None:
    await submit(ready, "select nope from flights")
    show(ready, "Plan")
    await eventually(lambda: "There is no plan: " in said(ready), patience_s=20.0)
    assert "nope" in said(ready)
    ready.window.table.clearSelection()
    await eventually(lambda: "Select a job to see the plan" in said(ready))
