"""Anybody can see how right the bars and the times left were."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QTreeWidget

from longwatch.protocol.jobs import JobState, ProgressBasis
from longwatch_desktop.accuracy import AccuracyDialog
from longwatch_desktop.jobs.columns import explain_progress
from support.waiting import eventually
from support.windows import Desk, child

SLOW = "select count(*) from range({rows}) t(i) where sin(i) * cos(i) > 0.3"


async def opened(ready: Desk) -> AccuracyDialog:
    await eventually(ready.window.actions_.accuracy.isEnabled)
    ready.window.actions_.accuracy.trigger()
    return child(ready.window, AccuracyDialog)


def cells(dialog: AccuracyDialog) -> list[list[str]]:
    tree = child(dialog, QTreeWidget)
    items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [[item.text(at) for at in range(tree.columnCount())] for item in items if item]


async def test_before_anything_ran_that_is_said(ready: Desk) -> None:
    dialog = await opened(ready)
    await eventually(lambda: "Nothing is known yet" in child(dialog.table, QLabel).text())
    dialog.close()


async def test_a_query_that_ran_before_is_told_by_it_and_judged(ready: Desk) -> None:
    first = await ready.run(SLOW.format(rows=20_000_000))
    await ready.state(first, JobState.SUCCEEDED, patience_s=60)
    second = await ready.run(SLOW.format(rows=50_000_000))

    def learned() -> str:
        job = ready.job(second)
        assert job is not None
        assert not job.state.is_final, "it was over before anything was learned"
        return explain_progress(job) if job.progress.basis is ProgressBasis.BOTH else ""

    assert "read by the light of earlier runs" in await eventually(learned, patience_s=30)
    await ready.state(second, JobState.SUCCEEDED, patience_s=60)
    dialog = await opened(ready)
    (row,) = await eventually(lambda: cells(dialog))
    assert row[:3] == ["Flights sample", "2", "1"]
    assert all(cell.endswith(" %") for cell in row[3:])
    dialog.close()
