"""A figure of a job over time, painted here: one line needs no chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from longwatch_desktop import words
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

HEIGHT: Final = 92


def ends(end_s: float) -> tuple[str, str]:
    """What stands under both ends of a line over so many seconds."""
    end = words.took(end_s)
    return ("0 s" if end.endswith("s") else "0:00"), end


class Curve(QWidget):
    """A title with the newest value, and a line from the beginning until now. `top` is the value
    at the upper edge, `None` for the highest there is."""

    def __init__(
        self, title: str, text: Callable[[float], str], theme: Theme, top: float | None = None
    ) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._theme = theme
        self._top = top
        self._points: list[tuple[float, float]] = []
        self._end_s = 0.0
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(120)
        theme.changed.connect(self.update)

    def show_points(self, points: Sequence[tuple[float, float]], end_s: float) -> None:
        """Seconds and values; the time that is shown goes from 0 to `end_s`."""
        if list(points) == self._points and end_s == self._end_s:
            return
        self._points, self._end_s = list(points), end_s
        most = max((value for _, value in points), default=0.0)
        named = tr("{figure} over time, {most} at most")
        self.setAccessibleName(named.format(figure=self._title, most=self._text(most)))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        colors, metrics = self._theme.colors, self.fontMetrics()
        line = metrics.height()
        area = QRect(0, line + 6, self.width(), self.height() - 2 * line - 12)
        most = max((value for _, value in self._points), default=0.0)
        painter.setPen(QColor(colors.muted))
        painter.drawText(0, metrics.ascent(), self._title)
        if self._points:
            newest = self._points[-1][1]
            told = self._text(newest)
            if self._top is None and newest < most:
                told = tr("{newest}, {most} at most").format(newest=told, most=self._text(most))
            painter.setPen(QColor(colors.text))
            width = metrics.horizontalAdvance(told)
            painter.drawText(self.width() - width, metrics.ascent(), told)
        painter.fillRect(area, QColor(colors.current_line))
        painter.setPen(QColor(colors.border))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(QColor(colors.muted))
        foot = area.bottom() + 2 + metrics.ascent()
        begin, end = ends(self._end_s)
        painter.drawText(0, foot, begin)
        painter.drawText(self.width() - metrics.horizontalAdvance(end), foot, end)
        if self._points and self._end_s > 0:
            self._draw(painter, area, self._top or most or 1.0)
        painter.end()

    def _draw(self, painter: QPainter, area: QRect, top: float) -> None:
        def at(seconds: float, value: float) -> QPointF:
            across = min(1.0, seconds / self._end_s) * (area.width() - 1)
            return QPointF(
                area.left() + across,
                area.bottom() - min(1.0, value / top) * (area.height() - 4),
            )

        colors = self._theme.colors
        spots = [at(seconds, value) for seconds, value in self._points]
        if len(spots) == 1:
            spots.append(spots[0] + QPointF(1, 0))
        ground = QPolygonF(
            [QPointF(spots[0].x(), area.bottom()), *spots, QPointF(spots[-1].x(), area.bottom())]
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.selection))
        painter.drawPolygon(ground)
        painter.setPen(QPen(QColor(colors.bar), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(spots))
