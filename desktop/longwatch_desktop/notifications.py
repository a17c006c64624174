"""Tells of jobs that ended while nobody looked: once each, several together as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop import words
from longwatch_desktop.mirror.jobs import Changes
from longwatch_desktop.session import Session
from longwatch_desktop.theme import app_icon
from longwatch_desktop.translation import QT_TR_NOOP, tr

TOGETHER_MS: Final = 1_500
"""What ends within this time is told of in one message."""
LEAST_S: Final = 10.0
NAMED: Final = 3
_NAMED: Final = {
    JobState.SUCCEEDED: QT_TR_NOOP("Done: {name}"),
    JobState.FAILED: QT_TR_NOOP("Failed: {name}"),
    JobState.CANCELLED: QT_TR_NOOP("Cancelled: {name}"),
    JobState.LOST: QT_TR_NOOP("Lost: {name}"),
}


class Messenger(Protocol):
    """Shows a message outside of the window."""

    def show(self, title: str, text: str, *, bad: bool) -> None:
        """Show it; `bad` if something went wrong."""


class Notifications(QObject):
    """Follows the jobs of a session. `opened` carries the id of a job to show, after a click.

    A job is told of once: when it is known to have been open and is over, however many connections
    lie between. What was over already when it was first heard of is no news.
    """

    opened = Signal(str)

    def __init__(
        self, session: Session, messenger: Messenger, is_watched: Callable[[], bool],
        parent: QObject,
    ) -> None:  # fmt: skip
        """`is_watched` says whether the window is in front, where the table tells it all."""
        super().__init__(parent)
        self.least_s: float | None = LEAST_S
        """Jobs that ran shorter are not told of; `None` tells of none."""
        self._session = session
        self._messenger = messenger
        self._is_watched = is_watched
        self._loaded = session.mirror.seq is not None
        """Whether what is heard of for the first time has only just begun."""
        self._open: set[str] = set()
        self._ended: list[JobSummary] = []
        self._newest = ""
        self._pause = QTimer(self, interval=TOGETHER_MS, singleShot=True)
        self._pause.timeout.connect(self._tell)
        session.jobs_changed.connect(self._follow)

    def forget(self) -> None:
        """Another server is looked at."""
        self._open.clear()
        self._ended.clear()
        self._loaded = False
        self._newest = ""

    def click(self) -> None:
        """The last message was clicked."""
        if self._newest:
            self.opened.emit(self._newest)

    def _follow(self, changes: Changes) -> None:
        mirror = self._session.mirror
        if changes.history:
            return
        new = set(changes.added) if self._loaded and not changes.reset else set()
        for slot in (*changes.added, *changes.updated):
            job = mirror.record(slot)
            if not job.state.is_final:
                self._open.add(job.id)
            elif job.id in self._open or slot in new:
                self._open.discard(job.id)
                self._end(job)
        self._loaded = mirror.seq is not None

    def _end(self, job: JobSummary) -> None:
        asked_for = job.state is JobState.CANCELLED
        least_s = self.least_s
        if least_s is None or asked_for or words.elapsed_s(job) < least_s or self._is_watched():
            return
        self._ended.append(job)
        self._pause.start()

    def _tell(self) -> None:
        ended, self._ended = self._ended, []
        if not ended:
            return
        self._newest = ended[-1].id
        bad = any(job.state is not JobState.SUCCEEDED for job in ended)
        self._messenger.show(*in_words(ended), bad=bad)


def in_words(ended: list[JobSummary]) -> tuple[str, str]:
    """Title and text of a message about jobs that ended."""
    if len(ended) == 1:
        job = ended[0]
        took = words.duration(words.elapsed_s(job))
        if job.error is not None and job.state is not JobState.SUCCEEDED:
            return _named(job), job.error.message
        if job.result:
            text = tr("It took {duration}, %n row(s).", "", job.result.rows)
        else:
            text = tr("It took {duration}.")
        return _named(job), text.format(duration=took)
    failed = sum(job.state is not JobState.SUCCEEDED for job in ended)
    if failed:
        title = tr("%n queries ended, {failed} of them badly", "", len(ended))
    else:
        title = tr("%n queries ended", "", len(ended))
    lines = [_named(job) for job in ended[:NAMED]]
    if len(ended) > NAMED:
        lines.append(tr("and %n more", "", len(ended) - NAMED))
    return title.format(failed=words.count(failed)), "\n".join(lines)


def _named(job: JobSummary) -> str:
    return tr(_NAMED[job.state]).format(name=job.name)


class Tray(QObject):
    """The program's icon in the system's tray, where there is one. `clicked`: a message of its was;
    `wanted`: the window is."""

    clicked = Signal()
    wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._icon: QSystemTrayIcon | None = None
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._icon = icon = QSystemTrayIcon(app_icon(), self)
            menu = QMenu(window)
            menu.addAction(tr("Show Longwatch"), self.wanted.emit)
            menu.addAction(tr("Quit"), self.quit_wanted.emit)
            icon.setContextMenu(menu)
            icon.setToolTip("Longwatch")
            icon.messageClicked.connect(self.clicked)
            icon.activated.connect(self._activated)
            icon.show()

    def show(self, title: str, text: str, *, bad: bool) -> None:
        """A message by the tray, and a hint in the task bar, which every platform has."""
        QApplication.alert(self._window)
        if self._icon is not None:
            kinds = QSystemTrayIcon.MessageIcon
            self._icon.showMessage(title, text, kinds.Warning if bad else kinds.Information)

    def count(self, running: int) -> None:
        """So many queries run: on the program's icon, where the platform can."""
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.setBadgeNumber(running)
        if self._icon is not None:
            tip = tr("Longwatch · %n running", "", running) if running else "Longwatch"
            self._icon.setToolTip(tip)

    def hide(self) -> None:
        """The program ends."""
        if self._icon is not None:
            self._icon.hide()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.wanted.emit()
