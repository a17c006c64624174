"""Renders the real window, with real queries running in it, to PNG files.

`make screenshot` writes them to `resources/screenshots`, from where the README shows some: look at
all of them after every change to the window. `ARGS=--try` writes them to `build/screenshots`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QApplication, QComboBox, QTabWidget, QWidget

from longwatch.protocol.jobs import JobState
from longwatch_desktop.admin.dialog import AdminDialog
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.loop import new_loop
from longwatch_desktop.program import Program
from longwatch_desktop.session import Link, Session
from longwatch_desktop.theme import Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow

ROOT: Final = Path(__file__).resolve().parents[1]
PATIENCE_S: Final = 120.0
USUAL: Final = QSize(1280, 820)
SMALL: Final = QSize(1024, 700)
LARGE: Final = QSize(1280, 720)
"""At scale 2: 2560 × 1440 pixels."""
LONG_STRINGS: Final = """-- A sort whose plan cannot say how far it is
SELECT repeat(tailnum, 30) || i AS label FROM flights, range(40) AS numbers(i) ORDER BY label
"""
BY_MONTH: Final = """-- How punctual each airport was, month by month
SELECT
    make_date(2013, month::INTEGER, 1) AS month,
    origin,
    round(avg(dep_delay), 1) AS delay
FROM flights
GROUP BY ALL
ORDER BY ALL
"""


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition` holds. Raises `TimeoutError`."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"waited in vain: {what}")
        await asyncio.sleep(0.05)


class Photographer:
    """Brings the window into states worth a picture."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.window = program.window
        self.session = program.session
        self.theme = program.theme
        self.folder = folder

    async def shoot(self) -> None:
        """Every picture of a window of the usual scale, but for that without a server."""
        self.window.resize(USUAL)
        await until(lambda: bool(self.session.saved_queries), "the catalogue")
        await self.save("first-start")
        await self.short_ones()
        await self.save("error")
        await self.long_ones()
        await self.save("running")
        self.theme.choose(Mode.DARK)
        await self.save("dark")
        self.theme.choose(Mode.LIGHT)
        self.window.resize(SMALL)
        await self.save("small")
        self.window.resize(self.window.minimumSize())
        await self.save("narrow")
        self.window.resize(USUAL)
        self.window.table.select_job(self.job_named("Every flight, with its weather"))
        result = self.window.details.result
        self.window.details.show_result()
        await until(lambda: result.model.index(0, 0).data() == "2013", "rows")
        await self.save("result")
        self.window.table.select_job(self.job_named("Delays by month"))
        self.details().setCurrentWidget(self.window.details.chart)
        boxes = {
            box.accessibleName(): box for box in self.window.details.chart.findChildren(QComboBox)
        }
        await until(lambda: boxes["Series"].count() > 1, "the chart")
        for name, choice in (("Kind of chart", "Line"), ("Series", "origin")):
            boxes[name].setCurrentText(choice)
            boxes[name].activated.emit(boxes[name].currentIndex())
        await asyncio.sleep(1)
        await self.save("chart")
        self.window.details.show_overview()
        await self.shoot_management()

    async def shoot_management(self) -> None:
        """What whoever runs the server looks after."""
        command = self.window.actions_.manage
        await until(command.isEnabled, "the rights of an admin")
        command.trigger()
        dialog = self.window.findChild(AdminDialog)
        assert dialog is not None
        await until(lambda: dialog.limits.table.rows > 0, "the limits")
        dialog.pages.setCurrentWidget(dialog.limits)
        await self.save("manage", dialog)
        dialog.reject()

    async def shoot_large(self) -> None:
        """The same at twice the scale."""
        self.window.resize(LARGE)
        await until(lambda: bool(self.session.saved_queries), "the catalogue")
        await self.short_ones()
        await self.long_ones()
        await self.save("large")

    async def shoot_offline(self, settings: QSettings) -> None:
        """A window whose server goes away, with jobs under way."""
        address = self.session.address
        assert address is not None
        session = Session()
        window = MainWindow(session, self.theme, settings)
        window.resize(USUAL)
        window.show()
        following = asyncio.create_task(session.run(address))
        await until(lambda: session.connected and len(session.mirror) > 4, "the second window")
        window.table.select_job(self.job_named("Overtaken in a year"))
        await asyncio.sleep(4)
        self.program.end()
        await until(lambda: session.health.link is Link.RECONNECTING, "the end of the server")
        await asyncio.sleep(3)
        await self.save("offline", window)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await window.stop()
        window.let_go()

    async def short_ones(self) -> None:
        """Queries that are over soon, and one with a mistake, in the editor too."""
        window = self.window
        queries = {query.name: query for query in self.session.saved_queries}
        await self.run("Delays by month", BY_MONTH)
        for name in ("delays-by-carrier", "typo", "every-flight", "close-departures"):
            await self.run(queries[name].title, queries[name].sql)
            await until(lambda: not self.open_jobs(), f"the end of {name}")
        window.editor.open(queries["typo"].title, queries["typo"].sql)
        window.actions_.run.trigger()
        await until(lambda: window.editor.page.error_line is not None, "the error's place")

    async def long_ones(self) -> None:
        """Queries that run: with an estimate, without any, and waiting."""
        queries = {query.name: query for query in self.session.saved_queries}
        await self.run("Long strings, sorted", LONG_STRINGS)
        long = queries["overtaken-in-a-year"]
        self.window.editor.open(long.title, long.sql)
        await self.run("Overtaken in a year", long.sql)
        await self.run("Nightly rollup", queries["overtaken-in-a-month"].sql)
        await self.run("Cohorts", queries["overtaken-in-a-year"].sql)
        await until(lambda: self.fraction("Overtaken in a year") > 0.2, "progress")
        await until(lambda: self.elapsed("Overtaken in a year") > 8, "an estimate")
        self.window.table.select_job(self.job_named("Overtaken in a year"))
        self.window.details.show_overview()

    def details(self) -> QTabWidget:
        """The pages below the jobs."""
        tabs = self.window.details.findChild(QTabWidget)
        assert tabs is not None
        return tabs

    async def run(self, name: str, sql: str) -> None:
        """Submit a query, and wait until the table has it."""
        job = await self.session.submit(sql, source=None, name=name)
        await until(lambda: self.window.table.select_job(job.id), f"{name} in the table")

    def job_named(self, name: str) -> str:
        """The id of the newest job of this name."""
        mirror = self.session.mirror
        jobs = [mirror.job(slot) for slot in mirror.slots()]
        return max((job for job in jobs if job.name == name), key=lambda job: job.seq).id

    def fraction(self, name: str) -> float:
        """How far a job is."""
        slot = self.session.mirror.slot(self.job_named(name))
        return 0.0 if slot is None else self.session.mirror.job(slot).progress.fraction or 0.0

    def elapsed(self, name: str) -> float:
        """How many seconds a job has run."""
        slot = self.session.mirror.slot(self.job_named(name))
        assert slot is not None
        started = self.session.mirror.job(slot).started_at
        now = self.window.model.context.now
        return 0.0 if started is None else (now - started).total_seconds()

    def open_jobs(self) -> list[str]:
        """The ids of jobs that are not over."""
        mirror = self.session.mirror
        if not mirror.counts[JobState.RUNNING] + mirror.counts[JobState.QUEUED]:
            return []
        jobs = [mirror.job(slot) for slot in mirror.slots()]
        return [job.id for job in jobs if not job.state.is_final]

    async def save(self, name: str, window: QWidget | None = None) -> None:
        """Write one picture, once the window has drawn itself."""
        for _ in range(3):
            await asyncio.sleep(0.15)
            QApplication.processEvents()
        path = self.folder / f"{name}.png"
        # 0 is the smallest file, not the worst picture: PNG loses nothing.
        if not (window or self.window).grab().save(str(path), "PNG", 0):
            raise OSError(f"{path} cannot be written")
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB", flush=True)


async def photograph(program: Program, folder: Path, other: QSettings, *, large: bool) -> None:
    """Run the program, take the pictures, end it."""
    running = asyncio.ensure_future(program.run())
    try:
        await until(lambda: program.is_filled or running.done(), "the window's parts")
        photographer = Photographer(program, folder)
        if large:
            await photographer.shoot_large()
        else:
            await photographer.shoot()
            await photographer.shoot_offline(other)
    finally:
        program.end()
        await running


def take(folder: Path, *, large: bool) -> None:
    """The pictures of one scale: Qt reads it once."""
    with tempfile.TemporaryDirectory(prefix="longwatch-") as name:
        app = QApplication(sys.argv[:1])
        app.setWindowIcon(app_icon())
        app.setQuitOnLastWindowClosed(False)
        kept = [
            QSettings(str(Path(name) / file), QSettings.Format.IniFormat)
            for file in ("window.ini", "other.ini")
        ]
        server = EmbeddedServer(Path(name), owner="ann", max_running=2)
        window = MainWindow(None, Theme(app, Mode.LIGHT), kept[0], Path(name))
        program = Program(window, server)
        window.show()
        with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner:
            runner.run(photograph(program, folder, kept[1], large=large))


def main(arguments: list[str]) -> int:
    """Take every picture."""
    tried = "--try" in arguments
    folder = ROOT / "build" / "screenshots" if tried else ROOT / "resources" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    if "--large" in arguments:
        take(folder, large=True)
        return 0
    take(folder, large=False)
    again = [sys.executable, str(Path(__file__)), "--large", *arguments]
    return subprocess.run(again, env={**os.environ, "QT_SCALE_FACTOR": "2"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
