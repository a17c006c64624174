"""The real window for `table`, and the server in the same process."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QSettings
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from sqlalchemy import update

from benchmarks.feed_server import Driven
from longwatch.protocol.jobs import Phase, Progress
from longwatch.store.tables import jobs
from longwatch.store.writer import Transaction
from longwatch_desktop import parts
from longwatch_desktop.garbage import GarbageCollector
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.jobs.painting import ROW_HEIGHT
from longwatch_desktop.jobs.view import JobTable
from longwatch_desktop.loop import WindowLoop
from longwatch_desktop.session import Health, Link, Session
from longwatch_desktop.theme import Mode, Theme
from longwatch_desktop.window import MainWindow

SHOWN: Final = 40
PATIENCE_S: Final = 60.0


class WatchedLoop(WindowLoop):
    """Notes how long each of its turns takes, and how much of that it computes; seconds."""

    steps_s: array[float] = array("d")
    computed_s: array[float] = array("d")

    @classmethod
    def forget(cls) -> None:
        """Begin anew."""
        cls.steps_s, cls.computed_s = array("d"), array("d")

    def _take_turn(self, handle: asyncio.Handle) -> None:
        began_s, used_s = time.perf_counter(), time.thread_time()
        super()._take_turn(handle)
        self.steps_s.append(time.perf_counter() - began_s)
        self.computed_s.append(time.thread_time() - used_s)


class WatchedTable(JobTable):
    """Notes what is painted."""

    first_s: float | None = None
    """When the first rows were painted."""
    told: Callable[[int], float] | None = None
    """When what a job's `rows` stand for was told: each report has its own."""
    behind_s: array[float] = array("d")
    seen: dict[str, tuple[int, float]] = {}  # noqa: RUF012 - there is one table

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if WatchedTable.first_s is None and self.model().rowCount():
            WatchedTable.first_s = time.perf_counter()
        if WatchedTable.told is not None:
            self._note(event, WatchedTable.told)

    def _note(self, event: QPaintEvent, told: Callable[[int], float]) -> None:
        now_s, region, number = time.monotonic(), event.region(), BY_ID["rows"]
        left, width = self.columnViewportPosition(number), self.columnWidth(number)
        seen: dict[str, tuple[int, float]] = {}
        for row in self._model.running(self.visible_rows()):
            job = self._model.job(row)
            shown = job.progress.rows
            # Since when it has been in sight: what was told before could not be shown sooner.
            before, since_s = self.seen.get(job.id, (shown, now_s))
            area = QRect(left, self.rowViewportPosition(row), width, ROW_HEIGHT)
            if before != shown and not region.intersects(area):
                shown = before
            elif before != shown and told(shown) >= since_s:
                self.behind_s.append(now_s - told(shown))
            seen[job.id] = (shown, since_s)
        WatchedTable.seen = seen


class Stage:
    """The window and what the program has around it."""

    def __init__(self, folder: Path, newest: int) -> None:
        sys.setswitchinterval(0.001)
        self.app = QApplication(sys.argv[:1])
        self.app.setQuitOnLastWindowClosed(False)
        self.garbage = GarbageCollector(self.app)
        self.garbage.start_later()
        vars(parts)["JobTable"] = WatchedTable  # what the window makes its table of
        self.session = Session(newest=newest)
        settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self.window = MainWindow(self.session, Theme(self.app, Mode.LIGHT), settings)
        self.session.health_changed.connect(self._settle)
        self.window.table.setMinimumHeight(SHOWN * ROW_HEIGHT + 30)
        self.window.resize(1_600, 1_900)
        self.window.show()
        self.app.processEvents()

    def run(self, work: Callable[[Stage], Awaitable[None]]) -> None:
        """Do that in the window's loop, and end the process."""
        with asyncio.Runner(loop_factory=self._new_loop) as runner:
            runner.run(self._run(work))
            sys.stdout.flush()
            os._exit(0)

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = WatchedLoop(self.app)
        return loop

    async def _run(self, work: Callable[[Stage], Awaitable[None]]) -> None:
        await work(self)

    def _settle(self, health: Health) -> None:
        if health.link is Link.CONNECTED:
            self.garbage.settle()

    async def loaded(self, count: int) -> None:
        """Until so many jobs are there."""
        mirror = self.session.mirror
        await self.until(lambda: len(mirror) >= count and not mirror.loading)

    async def until(self, there: Callable[[], bool]) -> None:
        """Until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not there():  # noqa: ASYNC110 - of what is not there to tell of it
                await asyncio.sleep(0.02)

    def narrow(self, text: str) -> None:
        """Type a filter."""
        box = self.window.filter_bar.findChild(QLineEdit)
        assert isinstance(box, QLineEdit)
        box.setText(text)


def let_run(tx: Transaction, count: int) -> None:
    """The oldest jobs run."""
    ids = [f"{n:016x}" for n in range(count)]
    tx.connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids))
        .values(state="running", finished_us=None, result=None, error=None, progress=None)
    )


class Moving(Driven):
    """The server, in this process, in which some jobs run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        gc.set_threshold(700, 10, 10)  # as in the program
        self.moments = array("d")

    def let_run(self, count: int) -> None:
        """Let so many jobs be running ones."""
        self._start(self.parts.store.run(let_run, count)).result(30)

    def go(self, count: int, hz: float) -> None:
        """They report, and it is noted when: the n-th report says `rows=n`."""
        hub, note = self.parts.hub, self.moments.append
        tell_all = hub.progress

        def progress(job_id: str, attempt: int, phase: Phase, news: Progress) -> None:
            note(time.monotonic())
            tell_all(job_id, attempt, phase, news)

        vars(hub)["progress"] = progress
        self.progress(count, hz)
