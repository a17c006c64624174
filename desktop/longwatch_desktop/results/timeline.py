"""The phases of a job as one bar, with their durations under it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop import words
from longwatch_desktop.flow import FlowLayout
from longwatch_desktop.results.watching import Track
from longwatch_desktop.theme import Colors, Theme
from longwatch_desktop.translation import QT_TR_NOOP, figures, tr

UNSEEN: Final = "not watched"
_TITLES: Final = {
    "queued": QT_TR_NOOP("queued"),
    "starting": QT_TR_NOOP("starting"),
    "connecting": QT_TR_NOOP("connecting"),
    "planning": QT_TR_NOOP("planning"),
    "executing": QT_TR_NOOP("executing"),
    "writing": QT_TR_NOOP("writing"),
    "running": QT_TR_NOOP("running"),
    "ran": QT_TR_NOOP("ran"),
    UNSEEN: QT_TR_NOOP("not watched"),
}
_LEAST: Final = 4
"""Pixels of a phase that took next to nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """One phase and how long it took."""

    name: str
    seconds: float

    @property
    def text(self) -> str:
        """`executing 1:09`, `planning 0.2 s`."""
        seconds = figures(f"{self.seconds:.1f} s")
        took = seconds if self.seconds < 60 else words.duration(self.seconds)
        return f"{tr(_TITLES.get(self.name, self.name))} {took}"


def spans(job: JobSummary, track: Track | None, now: datetime) -> list[Span]:
    """From the submit until now, or the end: the wait, then what was seen of the last attempt."""
    begun = job.started_at or job.finished_at or now
    found = [Span("queued", max(0.0, (begun - job.submitted_at).total_seconds()))]
    if job.started_at is None:
        return found
    whole = words.elapsed_s(job, now)
    if track is None or not track.phases:
        running = job.phase.value if job.phase is not None else "running"
        return [*found, Span(running if job.state is JobState.RUNNING else "ran", whole)]
    starts = [at_s for _, at_s in track.phases]
    if track.missed_s:
        found.append(Span(UNSEEN, track.missed_s))
    else:
        starts[0] = 0.0
    for (phase, _), start, end in zip(track.phases, starts, [*starts[1:], whole], strict=True):
        found.append(Span(phase.value if phase else "running", max(0.0, end - start)))
    return found


class Timeline(QWidget):
    """A bar of spans, and what each of them is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._bar = _Bar(theme)
        self._legend = QWidget()
        self._flow = FlowLayout(self._legend, spacing=16)
        self._keys: list[_Key] = []
        self._theme = theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar)
        layout.addWidget(self._legend)

    def show_spans(self, found: list[Span]) -> None:
        """Show these."""
        self._bar.show_spans(found)
        while len(self._keys) < len(found):
            key = _Key(self._theme)
            self._keys.append(key)
            self._flow.addWidget(key)
        for number, key in enumerate(self._keys):
            key.setVisible(number < len(found))
            if number < len(found):
                key.show_span(found[number])
        phases = ", ".join(span.text for span in found)
        self.setAccessibleName(tr("Timeline: {phases}").format(phases=phases))


class _Bar(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._spans: list[Span] = []
        self.setFixedHeight(12)
        theme.changed.connect(self.update)

    def show_spans(self, found: list[Span]) -> None:
        if found != self._spans:
            self._spans = found
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        room = self.width() - (_LEAST + 1) * len(self._spans)
        whole = sum(span.seconds for span in self._spans) or 1.0
        left = 0.0
        for span in self._spans:
            width = _LEAST + max(0, room) * span.seconds / whole
            area = QRect(round(left), 0, max(_LEAST, round(left + width) - round(left)), 12)
            painter.fillRect(area, shade(span.name, self._theme.colors))
            left += width + 1
        painter.end()


class _Key(QWidget):
    """A phase's shade, name and duration."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._span = Span("", 0.0)
        theme.changed.connect(self.update)

    def show_span(self, span: Span) -> None:
        if span != self._span:
            self._span = span
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._span.text) + 18, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        colors = self._theme.colors
        middle = self.height() // 2
        painter.fillRect(QRect(0, middle - 5, 10, 10), shade(self._span.name, colors))
        painter.setPen(QColor(colors.text))
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.drawText(self.rect().adjusted(16, 0, 0, 0), flags, self._span.text)
        painter.end()


def shade(name: str, colors: Colors) -> QBrush:
    """How a phase is drawn; its name stands beside it."""
    if name == UNSEEN:
        return QBrush(QColor(colors.muted), Qt.BrushStyle.BDiagPattern)
    found = {
        "queued": colors.track,
        "starting": colors.border,
        "connecting": colors.muted,
        "planning": colors.bar_soft,
        "writing": colors.success,
    }
    return QBrush(QColor(found.get(name, colors.bar)))
