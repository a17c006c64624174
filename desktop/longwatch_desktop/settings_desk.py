"""Carries out what somebody prefers: the theme, of which jobs they are told how, and what this
computer's server allows."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal
from PySide6.QtWidgets import QWidget

from longwatch.protocol.jobs import JobState
from longwatch_desktop.actions import Actions
from longwatch_desktop.limits import LimitsUnreadable, read_limits, write_limits
from longwatch_desktop.notifications import Notifications, Tray
from longwatch_desktop.preferences import Preferences, told_after_s
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Mode, Theme


class SettingsDesk(QObject):
    """`opened` carries the id of a job whose message was clicked; `wanted`: the window is;
    `quit_wanted`: the program's end is."""

    opened = Signal(str)
    wanted = Signal()
    quit_wanted = Signal()

    def __init__(
        self,
        session: Session,
        theme: Theme,
        settings: QSettings,
        actions: Actions,
        folder: Path | None,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._theme = theme
        self._settings = settings
        self._actions = actions
        self.folder = folder
        """Where this computer's server keeps its data; `None` if nobody said."""
        self._window = window
        self._dialog: Preferences | None = None
        self._tasks = Tasks(self._fail)
        self._writing = asyncio.Lock()
        self._tray = Tray(window)
        self.notifications = Notifications(session, self._tray, window.isActiveWindow, self)
        self.notifications.opened.connect(self.opened)
        self._tray.clicked.connect(self.notifications.click)
        self._tray.wanted.connect(self.wanted)
        self._tray.quit_wanted.connect(self.quit_wanted)
        actions.preferences.triggered.connect(self._ask)
        actions.themes.triggered.connect(lambda action: self._choose_theme(Mode(action.data())))
        self._take()

    def show_counts(self) -> None:
        """Another number of queries runs."""
        self._tray.count(self._session.mirror.counts[JobState.RUNNING])

    def leave(self) -> None:
        """The program ends."""
        self._tray.hide()

    async def stop(self) -> None:
        """Let go of what is being read. What is being written is written."""
        await self._tasks.close()

    def _ask(self) -> None:
        dialog = Preferences(self._window, self._settings, self._theme.mode, str(self.folder or ""))
        dialog.theme_chosen.connect(self._choose_theme)
        dialog.changed.connect(self._take)
        dialog.limits_changed.connect(self._change_limits)
        dialog.finished.connect(self._closed)
        self._dialog = dialog
        dialog.open()
        if self.folder is not None:
            self._tasks.start(self._read_limits(self.folder), name="read limits")

    def _closed(self) -> None:
        self._dialog = None

    async def _read_limits(self, folder: Path) -> None:
        limits = await asyncio.to_thread(read_limits, folder)
        if self._dialog is not None:
            self._dialog.show_limits(limits)

    def _change_limits(self, changed: dict[str, float | None]) -> None:
        if self.folder is not None:
            self._tasks.start(self._write_limits(self.folder, changed), name="write limits")

    async def _write_limits(self, folder: Path, changed: dict[str, float | None]) -> None:
        async with self._writing:  # one after another: each keeps what the file has
            await asyncio.to_thread(write_limits, folder, changed)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, (LimitsUnreadable, OSError)):
            raise error
        if self._dialog is not None:
            self._dialog.say(str(error))

    def _take(self) -> None:
        self.notifications.least_s = told_after_s(self._settings)

    def _choose_theme(self, mode: Mode) -> None:
        self._theme.choose(mode)
        for action in self._actions.themes.actions():
            action.setChecked(action.data() == mode)
        self._settings.setValue("window/theme", mode.value)
