"""The queue of a source: asked for where workers carry queries out, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QTreeWidget

from longwatch.client.address import Address
from longwatch.protocol.sources import Source, SourceDraft
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.sources.source_dialog import SourceDialog
from longwatch_desktop.theme import Theme
from support.servers import serving
from support.waiting import eventually
from support.windows import Desk, child, desk, named
from support.workers import Valkey


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A server that leaves its queries to workers, of which there are none."""
    folder = tmp_path_factory.mktemp("data")
    with (
        Valkey(folder / "valkey") as broker,
        serving(folder / "server", executor="celery", broker=broker.url) as (_, where),
    ):
        yield where


async def opened(ready: Desk) -> SourceDialog:
    dialog = await eventually(lambda: ready.window.desk.dialog)
    assert isinstance(dialog, SourceDialog)
    return dialog


def source(ready: Desk, name: str) -> Source | None:
    return next((one for one in ready.session.sources if one.name == name), None)


async def test_a_source_is_for_the_workers_of_a_queue(ready: Desk, tmp_path: Path) -> None:
    ready.window.desk.add()
    dialog = await opened(ready)
    named(dialog, QLineEdit, "Title").setText("Far away")
    kinds = named(dialog, QComboBox, "Kind")
    kinds.setCurrentIndex(kinds.findData("duckdb"))
    queue = named(dialog, QLineEdit, "Queue")
    queue.setText("eu west")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    assert "The name of a queue" in dialog.said
    queue.setText("eu-west")
    QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
    await eventually(lambda: source(ready, "far-away"))
    added = source(ready, "far-away")
    assert added is not None
    assert added.queue == "eu-west"
    await eventually(ready.window.actions_.manage.isEnabled)
    ready.window.actions_.manage.trigger()
    pages = child(ready.window, AdminDialog)
    tree = child(pages.sources, QTreeWidget)
    await eventually(lambda: tree.topLevelItemCount() == 2 and not tree.isColumnHidden(5))
    assert [tree.topLevelItem(row).text(5) for row in (0, 1)] == ["longwatch", "eu-west"]  # type: ignore[union-attr]
    pages.reject()
    ready.window.desk.edit(added)
    dialog = await opened(ready)
    assert named(dialog, QLineEdit, "Queue").text() == "eu-west"
    named(dialog, QLineEdit, "Queue").clear()
    QTest.mouseClick(named(dialog, QPushButton, "Save"), Qt.MouseButton.LeftButton)
    await eventually(lambda: (one := source(ready, "far-away")) and one.queue is None)


async def test_without_workers_nothing_is_asked_and_nothing_lost(
    theme: Theme, tmp_path: Path
) -> None:
    with serving(tmp_path / "data", warm_spare=False) as (_, where):
        async with desk(where, theme, tmp_path / "w.ini") as other:
            await other.connected()
            other.window.desk.add()
            dialog = await opened(other)
            names = {one.accessibleName() for one in dialog.findChildren(QLineEdit)}
            assert "Queue" not in names
            dialog.reject()
            await eventually(lambda: other.window.desk.dialog is None)
            kept = SourceDraft(name="kept", engine="duckdb", queue="eu")
            added = await other.session.client().add_source(kept)
            other.window.desk.edit(added)
            dialog = await opened(other)
            named(dialog, QLineEdit, "Title").setText("Another title")
            QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
            await eventually(lambda: (one := source(other, "kept")) and one.title != "kept")
            changed = source(other, "kept")
            assert changed is not None
            assert changed.queue == "eu"
