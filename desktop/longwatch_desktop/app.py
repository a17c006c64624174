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
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from longwatch.paths import default_data_dir
from longwatch_desktop.facts import surroundings, versions
from longwatch_desktop.following import Following
from longwatch_desktop.garbage import GarbageCollector
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.loop import new_loop
from longwatch_desktop.quitting import Quitting
from longwatch_desktop.reports.catching import catching, of_loop
from longwatch_desktop.reports.collecting import Reports
from longwatch_desktop.reports.desk import ReportDesk
from longwatch_desktop.reports.log import WindowLog
from longwatch_desktop.session import Link, Session
from longwatch_desktop.single import SingleWindow, hand_over
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Mode, Theme, app_icon
from longwatch_desktop.window import MainWindow

STOP_CLIENT_S: Final = 1.0
STOP_SERVER_S: Final = 2.5
FOLLOW_AGAIN_S: Final = 5.0
STUMBLED: Final = (
    "Longwatch lost its server by a mistake of its own, and connects again in a moment. Queries "
    "go on."
)


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
    files = [Path(name) for name in sys.argv[1:]]
    if hand_over(folder, files):
        return 0
    app.setQuitOnLastWindowClosed(False)  # the main coroutine ends the program, in order
    garbage = GarbageCollector(app)
    garbage.start()
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    program = Program(app, settings, EmbeddedServer(folder))
    program.session.health_changed.connect(
        lambda health: garbage.settle() if health.link is Link.CONNECTED else None
    )
    single = SingleWindow(folder)
    single.called.connect(program.called)
    program.ending = single.close
    with catching(program.reports, program.log.write):
        program.window.files.open(files)
        program.window.show()
        app.processEvents()
        with asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner:
            clean = runner.run(program.run())
    program.log.close()
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
        self.log = WindowLog(server.data_dir)
        self.reports = Reports(self.log.write, self._secrets)
        self.window = MainWindow(self.session, self.theme, settings, server.data_dir)
        self.server = server
        self.ending: Callable[[], None] = _nothing
        """Called when the end is decided, which takes seconds: whoever starts the program again
        from then on gets another window, and not this one, which goes."""
        self.report_desk = ReportDesk(
            self.reports,
            self.window.actions_.show_report,
            self.theme,
            self.window.notice,
            lambda: [*versions(self.session), surroundings()],
            self.window,
        )
        self._tasks = Tasks(_unforeseen)
        servers = self.window.servers
        self._following = Following(self.session, server, servers)
        self._quitting = Quitting(self.window, self.session, server, servers, self._tasks)

    async def run(self) -> bool:
        """Serve and follow until the user quits; false when the server did not stop in time."""
        loop = asyncio.get_running_loop()
        of_loop(loop, self.reports)
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.end)
        self.window.restart_wanted.connect(self._following.try_again)
        self._tasks.start(self._follow(), name="follow")
        await self._quitting.wanted.wait()
        self.ending()
        await self._quitting.prepare()
        self.window.let_go()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_CLIENT_S):
                await self.report_desk.stop()
                await self.window.stop()
                await self._tasks.close()
        return await self.server.stop(STOP_SERVER_S, keep_jobs=self._quitting.keep_jobs)

    def called(self, files: list[Path]) -> None:
        """The program was started once more: show the window, and open what was named."""
        self.window.raise_to_front()
        self.window.files.open(files)

    def end(self) -> None:
        """End the program without a question; `run` returns soon."""
        self._quitting.wanted.set()

    async def _follow(self) -> None:
        """A mistake in the program must not leave the window without a server for good."""
        while True:
            try:
                await self._following.run()
            except Exception as error:
                self.reports.tell(error, "while following the server")
                self.session.failed(STUMBLED)
                await asyncio.sleep(FOLLOW_AGAIN_S)

    def _secrets(self) -> list[str]:
        address = self.session.address
        return [] if address is None else [address.token]


def _nothing() -> None:
    pass


def _unforeseen(error: Exception) -> None:
    """Nothing is foreseen here: the loop hears of it, and reports it."""
    raise error


def _mode(settings: QSettings) -> Mode:
    try:
        return Mode(str(settings.value("window/theme", Mode.SYSTEM.value)))
    except ValueError:
        return Mode.SYSTEM


if __name__ == "__main__":
    sys.exit(main())
