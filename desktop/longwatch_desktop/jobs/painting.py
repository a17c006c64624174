"""Paints the rows of the job table.

By rows, not through a delegate, text by `drawText(x, y)` and bars by `fillRect`. A full repaint of
40 rows of 8 columns takes 3 ms so. One delegate for all columns takes 7, since for each cell Qt
makes an index, asks the model how many rows and columns it has, and calls Python; Qt's own delegate
over items in C++ takes 9, and bars drawn by the style 14-17 more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QItemSelectionModel, QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHeaderView

from longwatch.protocol.jobs import Activity, JobState, JobSummary, ProgressBasis
from longwatch_desktop import words
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS, Context
from longwatch_desktop.mirror.text import note as running_note
from longwatch_desktop.theme import Colors, Theme, with_size

ROW_HEIGHT: Final = 28
MARGIN: Final = 8
ICON: Final = 16
BAR_HEIGHT: Final = 8
_MEASURED: Final = frozenset({ProgressBasis.MEASURED, ProgressBasis.BOTH})
STRIPE_S: Final = 1.6
"""Seconds a moving stripe takes from end to end."""

_NAME: Final = BY_ID["name"]
_PROGRESS: Final = BY_ID["progress"]
_MOST_KEPT: Final = 4_000


class Cell(NamedTuple):
    """A column on the screen: its number, its left edge and its width in pixels."""

    number: int
    left: int
    width: int


class JobPainter(QObject):
    """Draws jobs. `stale` greys everything: the server is out of reach. `phase_s` moves stripes.

    `begin`, then `row` for each row, with one painter.
    """

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stale = False
        self.phase_s = 0.0
        self.hovered_row = -1
        self._theme = theme
        self._colors: Colors = theme.colors
        self._font = QFont()
        self._metrics = QFontMetrics(self._font)
        # A text in a width: what is shown of it, and how wide that is.
        self._fitted: dict[tuple[str, int], tuple[str, int]] = {}
        self._icons: dict[tuple[str, str, float], QPixmap] = {}
        self._made: dict[str, QColor] = {}
        theme.changed.connect(self._forget)

    def begin(self, painter: QPainter, font: QFont, context: Context) -> None:
        """Paint with that painter and font from now on."""
        self._painter = painter
        self._context = context
        self._pen = ""
        if font != self._font:
            self._font, self._metrics = font, QFontMetrics(font)
            self._fitted.clear()
        self._baseline = (ROW_HEIGHT + self._metrics.ascent() - self._metrics.descent()) // 2
        painter.setFont(font)

    def row(self, job: JobSummary, top: int, cells: Sequence[Cell], ground: str) -> None:
        """Paint some cells of a job's row; `ground` is a colour, or empty."""
        if ground and cells:
            left, right = cells[0], cells[-1]
            width = right.left + right.width - left.left
            self._painter.fillRect(left.left, top, width, ROW_HEIGHT, self._color(ground))
        colors, context = self._colors, self._context
        text_shade = colors.muted if self.stale else colors.text
        other_shade = colors.muted if job.state.is_final else text_shade
        for number, left_edge, width in cells:
            if number == _PROGRESS:
                self._progress(job, left_edge + MARGIN, top, width - 2 * MARGIN)
                continue
            column = COLUMNS[number]
            start, room = left_edge + MARGIN, width - 2 * MARGIN
            shade = other_shade
            if number == _NAME:
                self._icon(start, top, job)
                start, room, shade = start + ICON + 8, room - ICON - 8, text_shade
            text = column.text(job, context)
            if text:
                self._text(text, start, top, room, shade, right=column.right)

    def emptiness(
        self, painter: QPainter, port: QRect, font: QFont, texts: tuple[str, str]
    ) -> None:
        """What is said instead of rows: what it is, and what to do."""
        area = port.adjusted(24, 0, -24, 0)
        middle = max(area.center().y(), area.top() + 34)  # the first line stays in sight
        painter.setFont(with_size(font, 1.2, bold=True))
        painter.setPen(self._color(self._colors.text))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRect(area.left(), middle - 30, area.width(), 26), flags, texts[0])
        painter.setFont(font)
        painter.setPen(self._color(self._colors.muted))
        painter.drawText(QRect(area.left(), middle, area.width(), 60), flags, texts[1])

    # The cell of the column Progress

    def _progress(self, job: JobSummary, left: int, top: int, width: int) -> None:
        colors = self._colors
        text = COLUMNS[_PROGRESS].text(job, self._context)
        if job.state is not JobState.RUNNING:
            shade = colors.muted
            if not self.stale and job.state is JobState.FAILED:
                shade = colors.danger
            elif not self.stale and job.state is JobState.LOST:
                shade = colors.warning
            self._text(text, left, top, width, shade)
            return
        bar_width = max(60, min(160, width - 150))
        self._bar(left, top + (ROW_HEIGHT - 1) // 2 - BAR_HEIGHT // 2 + 1, bar_width, job)
        right = left + width
        left += bar_width + 9
        percent = words.percent(job.progress)
        if percent:
            shade = colors.muted if self.stale else colors.text
            self._text(percent, left, top, 42, shade, right=True)
            left += 50
        worrying = job.progress.stalled_s and job.progress.activity is not Activity.WORKING
        shade = colors.warning if worrying and not self.stale else colors.muted
        note = running_note(job)
        # That it stands still is more than in which phase, and there is no room for both.
        self._text(note or text, left, top, right - left, shade)

    def _bar(self, left: int, top: int, width: int, job: JobSummary) -> None:
        colors, fill = self._colors, self._painter.fillRect
        fill(left, top, width, BAR_HEIGHT, self._color(colors.track))
        fraction = job.progress.fraction
        measured = job.progress.basis in _MEASURED
        full = colors.border if self.stale else colors.bar if measured else colors.bar_soft
        if job.cancel_requested_at is not None and not self.stale:
            full = colors.warning
        if fraction is not None:
            filled = max(2, round(width * fraction)) if fraction > 0 else 0
            if filled:
                fill(left, top, filled, BAR_HEIGHT, self._color(full))
            return
        if self.stale:
            return
        stripe = max(16, width // 4)
        swing = 0.5 - 0.5 * math.cos(2 * math.pi * (self.phase_s / (2 * STRIPE_S) % 1.0))
        at = left + round((width - stripe) * swing)
        shade = colors.warning if job.cancel_requested_at else colors.bar_soft
        fill(at, top, stripe, BAR_HEIGHT, self._color(shade))

    # Icons of states: a shape each, so that colour is not the only sign

    def _icon(self, left: int, top: int, job: JobSummary) -> None:
        state = "cancelling" if _is_cancelling(job) else job.state.value
        ratio = self._painter.device().devicePixelRatio()
        colors = self._colors
        shade = {
            "succeeded": colors.success,
            "failed": colors.danger,
            "running": colors.accent,
            "cancelling": colors.warning,
            "lost": colors.warning,
        }.get(state, colors.muted)
        if self.stale:
            shade = colors.muted
        key = (state, shade, ratio)
        pixmap = self._icons.get(key)
        if pixmap is None:
            pixmap = self._icons[key] = _state_icon(state, shade, ratio)
        self._painter.drawPixmap(left, top + (ROW_HEIGHT - ICON) // 2, pixmap)

    def _text(
        self, text: str, left: int, top: int, width: int, shade: str, *, right: bool = False
    ) -> None:
        if width <= 0:
            return
        fitted = self._fitted.get((text, width))
        if fitted is None:
            fitted = self._fitted[text, width] = self._fit(text, width)
        if shade != self._pen:
            self._pen = shade
            self._painter.setPen(self._color(shade))
        shown, length = fitted
        start = left + width - length if right else left
        self._painter.drawText(start, top + self._baseline, shown)

    def _fit(self, text: str, width: int) -> tuple[str, int]:
        if len(self._fitted) > _MOST_KEPT:
            self._fitted.clear()
        length = self._metrics.horizontalAdvance(text)
        if length > width:
            text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            length = self._metrics.horizontalAdvance(text)
        return text, length

    def _color(self, name: str) -> QColor:
        color = self._made.get(name)
        if color is None:
            color = self._made[name] = QColor(name)
        return color

    def _forget(self) -> None:
        self._colors = self._theme.colors
        self._icons.clear()
        self._fitted.clear()


def cells_between(header: QHeaderView, left: int, right: int) -> list[Cell]:
    """The columns between two edges, in the order they are shown in."""
    found: list[Cell] = []
    for place in range(header.count()):
        number = header.logicalIndex(place)
        if not header.isSectionHidden(number):
            at, width = header.sectionViewportPosition(number), header.sectionSize(number)
            if at <= right and at + width > left:
                found.append(Cell(number, at, width))
    return found


def selected_among(selection: QItemSelectionModel, rows: range) -> set[int]:
    """Which of some rows are selected. By ranges: 100,000 rows may be."""
    found: set[int] = set()
    for one in selection.selection().toList():
        first, last = max(one.top(), rows.start), min(one.bottom(), rows.stop - 1)
        found.update(range(first, last + 1))
    return found


def _is_cancelling(job: JobSummary) -> bool:
    return job.state is JobState.RUNNING and job.cancel_requested_at is not None


def _state_icon(state: str, shade: str, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(ICON * ratio), round(ICON * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(shade), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    circle = QRectF(2.5, 2.5, 11, 11)
    match state:
        case "succeeded":
            painter.drawPolyline([QPointF(3.2, 8.6), QPointF(6.6, 11.8), QPointF(12.8, 4.6)])
        case "failed":
            painter.drawLine(QPointF(4, 4), QPointF(12, 12))
            painter.drawLine(QPointF(12, 4), QPointF(4, 12))
        case "running" | "cancelling":
            painter.setPen(QPen(QColor(shade), 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawEllipse(circle)
            painter.setBrush(QColor(shade))
            painter.drawPie(circle, 90 * 16, -180 * 16)
        case "queued":
            painter.drawEllipse(circle)
            painter.drawPolyline([QPointF(8, 5.2), QPointF(8, 8.2), QPointF(10, 9.6)])
        case "cancelled":
            painter.drawEllipse(circle)
            painter.drawLine(QPointF(4.4, 11.6), QPointF(11.6, 4.4))
        case _:  # a warning sign, as a circle would look like the clock of those that wait
            painter.drawPolygon([QPointF(8, 2.2), QPointF(14.2, 13.2), QPointF(1.8, 13.2)])
            painter.drawLine(QPointF(8, 6.4), QPointF(8, 8.8))
            painter.drawPoint(QPointF(8, 11.2))
    painter.end()
    return pixmap
