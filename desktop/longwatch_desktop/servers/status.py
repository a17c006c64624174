"""The connection in the status bar and in the toolbar: a dot, and words beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from longwatch.protocol.jobs import JobState
from longwatch_desktop import words
from longwatch_desktop.session import Health, Link, Session
from longwatch_desktop.theme import Colors, Theme
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

EVERY_MS: Final = 1_000


class Dot(QWidget):
    """A filled circle while connected, a ring otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._color = "#888888"
        self._filled = False
        self.setFixedSize(QSize(12, 12))

    def set_state(self, color: str, *, filled: bool) -> None:
        """Show another state."""
        self._color, self._filled = color, filled
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self._color))
        if self._filled:
            painter.setBrush(QColor(self._color))
        painter.drawEllipse(QRectF(2, 2, 8, 8))


class ConnectionStatus(QWidget):
    """Where the server is and how the feed does; a click tries again at once."""

    retry_wanted = Signal()

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._theme = theme
        self._dot = Dot()
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a server may say why it leaves
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._dot)
        layout.addWidget(self._text, 1)
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self._show)
        self._timer.start()
        session.health_changed.connect(lambda _health: self._show())
        theme.changed.connect(self._show)
        self._show()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self.retry_wanted.emit()
        super().mousePressEvent(event)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def _show(self) -> None:
        health = self._session.health
        shade = shade_of(health.link, self._theme.colors)
        self._dot.set_state(shade, filled=health.link is Link.CONNECTED)
        self._text.setText(sentence(health, self._session, time.monotonic()))
        tip = health.reason
        if health.polling:
            tip = tr(
                "No WebSocket gets through to this server, as with some proxies. What changes is "
                "asked for every two seconds instead, and shown that much later."
            )
        self._text.setToolTip(wrapped(tip) if tip else "")
        self.setAccessibleName(self._text.text())


def shade_of(link: Link, colors: Colors) -> str:
    """The colour of a connection that stands so."""
    return {
        Link.CONNECTED: colors.success,
        Link.STARTING: colors.muted,
        Link.RECONNECTING: colors.warning,
        Link.FAILED: colors.danger,
    }[link]


def sentence(health: Health, session: Session, now_s: float) -> str:
    """The state of the connection in words."""
    address = session.address
    where = address.label if address else ""
    match health.link:
        case Link.STARTING if address is not None and not address.is_loopback:
            return tr("Connecting to {server}…").format(server=where)
        case Link.STARTING:
            return tr("Starting the server on this computer…")
        case Link.FAILED:
            return tr("No server")
        case Link.CONNECTED:
            latency = session.latency_s
            took = f" · {max(1, round(latency * 1000))} ms" if latency is not None else ""
            text = (
                tr("Connected without WebSocket · {server}")
                if health.polling
                else tr("Connected · {server}")
            )
            return text.format(server=where) + took
        case Link.RECONNECTING:
            since = words.duration(now_s - health.since_s)
            left_s = max(0.0, (health.retry_at_s or now_s) - now_s)
            text = (
                tr("No connection for {since} · next try in {left} s (click to try now) · {reason}")
                if left_s >= 0.5
                else tr("No connection for {since} · trying now (click to try now) · {reason}")
            )
            return text.format(since=since, left=f"{left_s:.0f}", reason=health.reason)


def counts_text(counts: Mapping[JobState, int]) -> str:
    """`3 running, 5 queued`."""
    running, queued = counts.get(JobState.RUNNING, 0), counts.get(JobState.QUEUED, 0)
    text = tr("{running} running, {queued} queued")
    return text.format(running=words.count(running), queued=words.count(queued))
