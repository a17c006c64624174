"""The real window for tests: over a real server, driven by events as a person causes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import shiboken6
from PySide6.QtCore import QModelIndex, QPoint, QSettings, Qt
from PySide6.QtGui import QAction, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QMessageBox,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QWidget,
)

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.protocol.catalogue import Catalogue
from longwatch.protocol.jobs import JobState, JobSummary, ResultPage
from longwatch_desktop.editor.panel import EditorPanel
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.program import Program
from longwatch_desktop.session import Session
from longwatch_desktop.theme import Theme
from longwatch_desktop.window import MainWindow
from support.waiting import eventually

W = TypeVar("W", bound=QWidget)
OFFSCREEN = "This plugin does not support"
"""What Qt's offscreen platform says of much that a screen's can do. Nobody's fault."""


_samples: dict[str, Catalogue] = {}


class SampleOnce(AsyncClient):
    """Asks a server once what its sample has in it: that takes a process, for every window that is
    opened, and no test changes the sample."""

    async def catalogue(self, name: str) -> Catalogue:
        if name != "sample":
            return await super().catalogue(name)
        url = self.address.url
        if url not in _samples:
            _samples[url] = await super().catalogue(name)
        return _samples[url]


class CountingSession(Session):
    """Remembers which pages of rows were asked for."""

    def __init__(self, calls: Callable[[Address], AsyncClient] = SampleOnce) -> None:
        super().__init__(calls=calls)
        self.pages: list[tuple[str, int, int]] = []

    async def rows(self, job_id: str, offset: int, limit: int) -> ResultPage:
        self.pages.append((job_id, offset, limit))
        return await super().rows(job_id, offset, limit)


@dataclass
class Desk:
    """A shown window with its session."""

    session: CountingSession
    window: MainWindow
    settings: QSettings

    def job(self, job_id: str) -> JobSummary | None:
        """A job as the window knows it."""
        slot = self.session.mirror.slot(job_id)
        return None if slot is None else self.session.mirror.job(slot)

    def jobs(self) -> list[JobSummary]:
        """Every job of the table, from top to bottom."""
        return [self.window.model.job(row) for row in range(self.window.model.rowCount())]

    async def connected(self) -> None:
        """Wait until jobs, sources and saved queries have come."""
        await eventually(lambda: self.session.connected and self.session.saved_queries)
        await eventually(lambda: self.session.mirror.seq is not None)

    async def run(self, sql: str) -> str:
        """Put `sql` into a new tab, press Run, and wait for the row: the job's id."""
        before = set(self.session.mirror.ids())
        self.window.editor.open("Untitled", "")
        self.window.editor.page.setPlainText(sql)
        press(self.window, self.window.actions_.run)
        return await self.new_job(before)

    async def new_job(self, before: set[str]) -> str:
        """Wait for a job that is not in `before`, selected in the table: its id."""

        def selected() -> str:
            job = self.window.table.current_job()
            return job.id if job is not None and job.id not in before else ""

        return str(await eventually(selected))

    async def state(self, job_id: str, *states: JobState, patience_s: float = 20.0) -> JobSummary:
        """Wait until a job is in one of `states`."""

        def reached() -> JobSummary | None:
            job = self.job(job_id)
            return job if job is not None and job.state in states else None

        found = await eventually(reached, patience_s=patience_s)
        assert isinstance(found, JobSummary)
        return found

    def detail_tabs(self) -> QTabWidget:
        """The pages of the details."""
        return child(self.window.details, QTabWidget)

    def detail_tab(self) -> str:
        """The title of the details' page in front."""
        tabs = self.detail_tabs()
        return tabs.tabText(tabs.currentIndex())

    async def result_in_front(self) -> None:
        """Wait until the result of the chosen job is in front, and its columns are there."""
        details = self.window.details

        def there() -> bool:
            return self.detail_tab() == "Result" and details.result.model.job_id == details.job_id

        await eventually(there)

    async def result_cell(self, row: int, column: int) -> str:
        """The text of a cell of the result shown, once it has been fetched."""
        details = self.window.details
        model = details.result.model

        def text() -> str:
            index = model.index(row, column)
            if model.job_id != details.job_id or not index.isValid():
                return ""
            shown = str(index.data())
            return "" if shown == "…" else shown

        return str(await eventually(text))


@asynccontextmanager
async def desk(
    address: Address,
    theme: Theme,
    settings_file: Path,
    calls: Callable[[Address], AsyncClient] = SampleOnce,
) -> AsyncIterator[Desk]:
    """A window over the server at `address`, which is spoken to by what `calls` makes."""
    settings = QSettings(str(settings_file), QSettings.Format.IniFormat)
    session = CountingSession(calls)
    window = MainWindow(session, theme, settings)
    window.show()
    following = asyncio.create_task(session.run(address))
    try:
        yield Desk(session, window, settings)
    finally:
        await window.stop()
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        window.let_go()
        shiboken6.delete(window)


@asynccontextmanager
async def program(data_dir: Path, theme: Theme) -> AsyncIterator[Program]:
    """The whole program over a data folder of its own, its embedded server included."""
    settings = QSettings(str(data_dir.parent / "program.ini"), QSettings.Format.IniFormat)
    server = EmbeddedServer(data_dir, threads=1, memory_bytes=2**30, warm_spare=False)
    given = Program(MainWindow(None, theme, settings, data_dir), server)
    given.window.show()
    running = asyncio.create_task(given.run())
    try:
        await eventually(lambda: given.is_filled or running.done())
        yield given
    finally:
        given.end()
        assert await running, "the server did not stop"
        shiboken6.delete(given.window)


def press(window: QWidget, action: QAction) -> None:
    """Press an action's first keys."""
    QTest.keySequence(QApplication.focusWidget() or window, action.shortcut())


def child(parent: QWidget, kind: type[W]) -> W:
    """The first child of a kind."""
    found = parent.findChild(kind)
    assert found is not None
    return found


def named(parent: QWidget, kind: type[W], name: str) -> W:
    """The one child that a screen reader or the eye calls `name`."""
    found = [
        child
        for child in parent.findChildren(kind)
        if name in {child.accessibleName(), _text(child)} and not child.isHidden()
    ]
    assert len(found) == 1, f"{len(found)} widgets are called {name!r}"
    return found[0]


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, QAbstractButton) else ""


def click_cell(view: QWidget, index: QModelIndex, *, double: bool = False) -> None:
    """Click a cell of a table."""
    at = view.visualRect(index).center()  # type: ignore[attr-defined]
    port = view.viewport()  # type: ignore[attr-defined]
    _click(port, at, double=double)


def tree_item(tree: QTreeWidget, title: str) -> QTreeWidgetItem:
    """The item of a tree that is called `title`."""
    walk = QTreeWidgetItemIterator(tree)
    while (item := walk.value()) is not None:
        if item.text(0) == title:
            return item
        walk += 1
    raise AssertionError(f"no {title!r} in {tree.accessibleName()}")


def click_item(tree: QTreeWidget, title: str, *, double: bool = False) -> None:
    """Click an item of a tree."""
    item = tree_item(tree, title)
    tree.scrollToItem(item)
    at: QPoint = tree.visualItemRect(item).center()
    _click(tree.viewport(), at, double=double)


def _click(port: QWidget, at: QPoint, *, double: bool) -> None:
    """A double click is a click before all else."""
    QTest.mouseClick(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    if double:
        QTest.mouseDClick(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def open_box(window: QWidget) -> QMessageBox:
    """The box that is open over the window."""
    boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert len(boxes) == 1, f"{len(boxes)} boxes are open"
    return boxes[0]


def tab_titles(editor: EditorPanel) -> list[str]:
    """The titles of the editor's tabs as they are shown."""
    tabs = child(editor, QTabWidget)
    return [tabs.tabText(number) for number in range(tabs.count())]


def picture(widget: QWidget) -> QImage:
    """What a widget looks like now."""
    return widget.grab().toImage()


def colors_of(image: QImage) -> set[str]:
    """Every colour in an image, as `#rrggbb`."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(plain.constBits(), np.uint32)
    return {f"#{int(one) & 0xFFFFFF:06x}" for one in np.unique(pixels)}
