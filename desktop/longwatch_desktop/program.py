"""The program behind the window: what it consists of, and its course from the first painted frame
to the end. The only place where its objects are wired together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QApplication

import longwatch_desktop.parts  # noqa: F401 - what fills the window, in the thread that imports this
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
from longwatch_desktop.single import SingleWindow
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import QT_TR_NOOP, tr
from longwatch_desktop.window import MainWindow

STOP_CLIENT_S: Final = 1.0
STOP_SERVER_S: Final = 2.5
FOLLOW_AGAIN_S: Final = 5.0
STUMBLED: Final = QT_TR_NOOP(
    "Longwatch lost its server by a mistake of its own, and connects again in a moment. Queries "
    "go on."
)


def carry_on(
    app: QApplication,
    window: MainWindow,
    folder: Path,
    files: list[Path],
    garbage: GarbageCollector,
    *,
    make: Callable[[MainWindow, EmbeddedServer], Program] | None = None,
) -> int:
    """What follows once the empty `window` is on the screen, until it is closed; the exit code."""
    program = (make or Program)(window, EmbeddedServer(folder))
    program.session.health_changed.connect(
        lambda health: garbage.settle() if health.link is Link.CONNECTED else None
    )
    single = SingleWindow(folder)
    single.called.connect(program.called)
    program.ending = single.close
    program.open_later(files)
    with (
        catching(program.reports, program.log.write),
        asyncio.Runner(loop_factory=lambda: new_loop(app)) as runner,
    ):
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

    def __init__(self, window: MainWindow, server: EmbeddedServer) -> None:
        """`window` is an empty frame, or one that was filled for `session`."""
        self.window = window
        self.theme = window.theme
        self.session = Session()
        self.log = WindowLog(server.data_dir)
        self.reports = Reports(self.log.write, self._secrets)
        self.server = server
        self.ending: Callable[[], None] = _nothing
        """Called when the end is decided, which takes seconds: whoever starts the program again
        from then on gets another window, and not this one, which goes."""
        self._tasks = Tasks(_unforeseen)
        self._files: list[Path] = []
        self.is_filled = False
        """Whether the window has its parts."""

    async def _fill(self) -> None:
        """Put the window's parts in, and let it live in between."""
        for _ in self.window.filling(self.session):
            await asyncio.sleep(0)
        self.report_desk = ReportDesk(
            self.reports,
            self.window.actions_.show_report,
            self.theme,
            self.window.notice,
            lambda: [*versions(self.session), surroundings()],
            self.window,
        )
        servers = self.window.servers
        servers.start_here = self.server.reach
        self._following = Following(self.session, self.server, servers)
        self._quitting = Quitting(self.window, self.session, self.server, servers, self._tasks)
        self.is_filled = True
        self.window.files.open(self._files)

    async def run(self) -> bool:
        """Serve and follow until the user quits; false when the server did not stop in time."""
        loop = asyncio.get_running_loop()
        of_loop(loop, self.reports)
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.end)
        await self._fill()
        if self.window.close_asked:
            self.end()
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

    def open_later(self, files: list[Path]) -> None:
        """Open files in the editor, as soon as there is one."""
        if self.is_filled:
            self.window.files.open(files)
        else:
            self._files += files

    def called(self, files: list[Path]) -> None:
        """The program was started once more: show the window, and open what was named."""
        self.window.raise_to_front()
        self.open_later(files)

    def end(self) -> None:
        """End the program without a question; `run` returns soon."""
        if self.is_filled:
            self._quitting.wanted.set()
        else:
            self.window.close_asked = True

    async def _follow(self) -> None:
        """A mistake in the program must not leave the window without a server for good."""
        while True:
            try:
                await self._following.run()
            except Exception as error:
                self.reports.tell(error, "while following the server")
                self.session.failed(tr(STUMBLED))
                await asyncio.sleep(FOLLOW_AGAIN_S)

    def _secrets(self) -> list[str]:
        address = self.session.address
        return [] if address is None else [address.token]


def _nothing() -> None:
    pass


def _unforeseen(error: Exception) -> None:
    """Nothing is foreseen here: the loop hears of it, and reports it."""
    raise error
