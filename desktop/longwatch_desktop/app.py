"""The desktop program's composition root: the only place where its objects are wired together.

The window is on the screen first; then the server's packages are imported in a thread, and the
client's in another, while the window can be used already.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from longwatch.paths import default_data_dir
from longwatch.protocol.jobs import JobState
from longwatch_desktop import dialogs
from longwatch_desktop.garbage import GarbageCollector
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.loop import new_loop
from longwatch_desktop.session import Health, Link, Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow

STOP_CLIENT_S: Final = 1.0
STOP_SERVER_S: Final = 2.5
CANCEL_JOBS_S: Final = 2.0


def main(data_dir: Path | None = None) -> int:
    """Open the window and stay until it is closed; the exit code."""
    # A thread that computes in Python (there should be none) may keep the window waiting for
    # one interval: 1 ms instead of 5 costs nothing.
    sys.setswitchinterval(0.001)
    folder = data_dir or default_data_dir()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Longwatch")
    app.setDesktopFileName("longwatch")
    app.setWindowIcon(app_icon())
    app.setQuitOnLastWindowClosed(False)  # the main coroutine ends the program, in order
    garbage = GarbageCollector(app)
    garbage.start()
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    program = Program(app, settings, EmbeddedServer(folder))
    program.session.health_changed.connect(
        lambda health: garbage.settle() if health.link is Link.CONNECTED else None
    )
    program.window.files.open(map(Path, sys.argv[1:]))
    program.window.show()
    app.processEvents()
    with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner:
        clean = runner.run(program.run())
    if not clean:
        # A thread of the server still hangs; the interpreter would wait for it for ever. Every
        # job is in the store, and the next start takes up what still runs.
        logging.shutdown()
        os._exit(0)
    garbage.leave()
    return 0


class Program:
    """The window, its session, and the embedded server behind it."""

    def __init__(self, app: QApplication, settings: QSettings, server: EmbeddedServer) -> None:
        self.theme = Theme(app, _mode(settings))
        self.session = Session()
        self.window = MainWindow(self.session, self.theme, settings)
        self.server = server
        self._tasks = Tasks(self._unexpected)
        self._end = asyncio.Event()
        self._lost = asyncio.Event()
        self._again = asyncio.Event()
        self._cancel_first = False
        self._keep_jobs = False
        self._asking = False

    async def run(self) -> bool:
        """Serve and follow until the user quits; false when the server did not stop in time."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._loop_trouble)
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self._end.set)
        self.window.close_wanted.connect(self._close_wanted)
        self.window.restart_wanted.connect(self._again.set)
        self.session.health_changed.connect(self._watch_health)
        self._tasks.start(self._serve(), name="serve")
        await self._end.wait()
        if self._cancel_first:
            await self._cancel_jobs()
        self.window.let_go()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_CLIENT_S):
                await self.window.stop()
                await self._tasks.close()
        return await self.server.stop(STOP_SERVER_S, keep_jobs=self._keep_jobs)

    def end(self) -> None:
        """End the program without a question; `run` returns soon."""
        self._end.set()

    async def _serve(self) -> None:
        """Start the embedded server and follow it; start it again should it ever go away."""
        while True:
            self.session.starting()
            try:
                address = await self.server.start()
            except Exception as error:
                self.session.failed(str(error) or type(error).__name__)
                self._again.clear()
                await self._again.wait()
                continue
            following = self._tasks.start(self.session.run(address), name="follow")
            if following is None:
                return
            while await self._is_there():
                self._lost.clear()
                await self._lost.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _is_there(self) -> bool:
        """Whether the server still is; a feed that broke is no proof that it is gone."""
        return self.session.connected or await self.server.is_alive()

    def _watch_health(self, health: Health) -> None:
        if health.link is Link.RECONNECTING:
            self._lost.set()

    def _close_wanted(self) -> None:
        if self._end.is_set() or self._asking:
            return
        counts = self.session.mirror.counts
        running, queued = counts[JobState.RUNNING], counts[JobState.QUEUED]
        if not self.server.is_ours or not self.session.connected or not running + queued:
            self._end.set()
            return
        self._asking = True
        box = dialogs.ask_to_quit(
            self.window, running, queued, keep=self._keep_and_end, cancel=self._cancel_and_end
        )
        box.finished.connect(lambda _result: setattr(self, "_asking", False))

    def _keep_and_end(self) -> None:
        self._keep_jobs = True
        self._end.set()

    def _cancel_and_end(self) -> None:
        self._cancel_first = True
        self._end.set()

    async def _cancel_jobs(self) -> None:
        """Cancel everything and wait until it is gone, within a bound."""
        mirror = self.session.mirror
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_JOBS_S):
                jobs = [mirror.job(slot) for slot in mirror.slots()]
                going = [job.id for job in jobs if not job.state.is_final]
                await asyncio.gather(
                    *(self.session.cancel(job_id) for job_id in going), return_exceptions=True
                )
                ended = asyncio.Event()
                self.session.jobs_changed.connect(lambda _changes: ended.set())
                while mirror.counts[JobState.RUNNING] + mirror.counts[JobState.QUEUED]:
                    ended.clear()
                    await ended.wait()

    def _unexpected(self, error: Exception) -> None:
        self.window.notice.say(f"Something went wrong in Longwatch itself: {error!r}.")

    def _loop_trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self._unexpected(error)
        loop.default_exception_handler(context)


def _mode(settings: QSettings) -> Mode:
    try:
        return Mode(str(settings.value("window/theme", Mode.SYSTEM.value)))
    except ValueError:
        return Mode.SYSTEM


if __name__ == "__main__":
    sys.exit(main())
