"""Renders the real window, with real queries running in it, to PNG files.

`make screenshot` writes them to `build/screenshots`: look at them after every change to the
window, light and dark, normal and narrow. `make screenshot ARGS=--readme` renews the README's
pictures too.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_SCALE_FACTOR", "1")

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from longwatch.protocol.jobs import JobState
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.loop import new_loop
from longwatch_desktop.program import Program
from longwatch_desktop.theme import Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow

PATIENCE_S = 120.0
README = ("running-light.png", "error-dark.png")
LONG_STRINGS = """-- A sort whose plan cannot say how far it is
SELECT repeat(tailnum, 30) || i AS label FROM flights, range(40) AS numbers(i) ORDER BY label
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
        self.folder = folder

    async def shoot(self) -> None:
        """Every picture."""
        window, session = self.window, self.session
        window.resize(1280, 820)
        await until(lambda: bool(session.saved_queries), "the catalogue")
        await self.save("empty", "a first start")
        queries = {query.name: query for query in session.saved_queries}
        for name in ("delays-by-carrier", "typo", "every-flight", "close-departures"):
            await self.run(queries[name].title, queries[name].sql)
            await until(lambda: not self.open_jobs(), f"the end of {name}")
        window.editor.open(queries["typo"].title, queries["typo"].sql)
        window.actions_.run.trigger()
        await until(lambda: window.editor.page.error_line is not None, "the error's place")
        await self.both("error")
        await self.run("Long strings, sorted", LONG_STRINGS)
        long = queries["overtaken-in-a-year"]
        window.editor.open(long.title, long.sql)
        await self.run(long.title, long.sql)
        await self.run("Nightly rollup", queries["overtaken-in-a-month"].sql)
        await until(lambda: self.fraction(long.title) > 0.2, "progress")
        await until(lambda: self.elapsed(long.title) > 4, "an estimate")
        window.table.select_job(self.job_named(long.title))
        await self.both("running")
        window.resize(900, 640)
        await self.save("narrow", "a small window")
        window.resize(1280, 820)
        for job_id in self.open_jobs():
            await session.cancel(job_id)
        await until(lambda: not self.open_jobs(), "the end of everything")
        window.table.select_job(self.job_named("Every flight, with its weather"))
        window.details.show_result()
        await until(lambda: window.details.result.model.index(0, 0).data() == "2013", "rows")
        await self.both("result")

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

    async def both(self, name: str) -> None:
        """Light and dark."""
        await self.save(f"{name}-light", name)
        self.program.theme.choose(Mode.DARK)
        await self.save(f"{name}-dark", name)
        self.program.theme.choose(Mode.LIGHT)

    async def save(self, name: str, what: str) -> None:
        """Write one picture, once the window has drawn itself."""
        for _ in range(3):
            await asyncio.sleep(0.15)
            QApplication.processEvents()
        path = self.folder / f"{name}.png"
        if not self.window.grab().save(str(path)):
            raise OSError(f"{path} cannot be written")
        print(f"{path}: {what}")


async def photograph(program: Program, folder: Path) -> None:
    """Run the program, take the pictures, end it."""
    running = asyncio.ensure_future(program.run())
    await until(lambda: program.is_filled, "the window's parts")
    try:
        await Photographer(program, folder).shoot()
    finally:
        program.end()
        await running


def main() -> int:
    """Take every picture."""
    root = Path(__file__).resolve().parents[1]
    folder, shown = root / "build" / "screenshots", root / "resources" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="longwatch-") as data_dir:
        app = QApplication(sys.argv[:1])
        app.setWindowIcon(app_icon())
        app.setQuitOnLastWindowClosed(False)
        settings = QSettings(str(Path(data_dir) / "window.ini"), QSettings.Format.IniFormat)
        server = EmbeddedServer(Path(data_dir), owner="ann", max_running=3)
        window = MainWindow(None, Theme(app, Mode.LIGHT), settings, Path(data_dir))
        program = Program(window, server)
        window.show()
        with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner:
            runner.run(photograph(program, folder))
    if "--readme" in sys.argv[1:]:
        for name in README:
            shutil.copy(folder / name, shown / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
