"""Bars of the statistics: frequent values, and how values are spread. Painted here: a dozen bars
need no chart."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from longwatch.protocol.results import Bin
from longwatch_desktop import words
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import figures, tr

LINE: Final = 20
HEIGHT: Final = 96


class FrequentBars(QWidget):
    """Values, their counts, and a bar under each."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._values: list[tuple[str, int]] = []
        self._rows = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_values(self, values: list[tuple[str, int]], rows: int) -> None:
        """The most frequent values of so many rows."""
        self._values, self._rows = values, rows
        told = ", ".join(f"{value}: {words.count(count)}" for value, count in values)
        self.setAccessibleName(tr("Most frequent values: {values}").format(values=told))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(180, LINE * len(self._values))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(80, LINE * len(self._values))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        colors, metrics = self._theme.colors, self.fontMetrics()
        most = max((count for _, count in self._values), default=1)
        for number, (value, count) in enumerate(self._values):
            area = QRect(0, number * LINE, self.width(), LINE - 2)
            painter.fillRect(
                QRect(0, area.top(), max(2, area.width() * count // most), area.height()),
                QColor(colors.selection),
            )
            share = words.share(count / self._rows) if self._rows else ""
            said = f"{words.count(count)}  {share:>5}"
            painter.setPen(QColor(colors.muted))
            right = area.adjusted(0, 0, -4, 0)
            flags = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(right, int(flags | Qt.AlignmentFlag.AlignRight), said)
            room = area.width() - metrics.horizontalAdvance(said) - 18
            text = metrics.elidedText(
                " ".join(value.split()) or tr("(empty)"), Qt.TextElideMode.ElideRight, room
            )
            painter.setPen(QColor(colors.text))
            painter.drawText(area.adjusted(6, 0, 0, 0), int(flags), text)
        painter.end()


class Histogram(QWidget):
    """How values are spread; a bar tells its range and count under the mouse."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bins: list[Bin] = []
        self.setFixedHeight(HEIGHT)
        theme.changed.connect(self.update)

    def show_bins(self, bins: list[Bin]) -> None:
        """Show these bars."""
        self._bins = bins
        if bins:
            most = max(bins, key=lambda one: one.count)
            self.setAccessibleName(
                tr(
                    "Distribution from {low} to {high}; most rows, {count}, from {start} to {end}"
                ).format(
                    low=_end(bins[0].low),
                    high=_end(bins[-1].high),
                    count=words.count(most.count),
                    start=_end(most.low),
                    end=_end(most.high),
                )
            )
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._bins:
            assert isinstance(event, QHelpEvent)
            number = min(len(self._bins) - 1, event.x() * len(self._bins) // max(1, self.width()))
            one = self._bins[max(0, number)]
            text = tr("{low} to {high}: %n row(s)", "", one.count)
            text = text.format(low=_end(one.low), high=_end(one.high))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        if not self._bins:
            return
        painter = QPainter(self)
        colors, metrics = self._theme.colors, self.fontMetrics()
        foot = self.height() - metrics.height() - 4
        most = max(1, *(one.count for one in self._bins))
        count, width = len(self._bins), self.width()
        for number, one in enumerate(self._bins):
            left, right = number * width // count, (number + 1) * width // count
            high = max(1 if one.count else 0, round((foot - 4) * one.count / most))
            painter.fillRect(
                QRect(left, foot - high, max(1, right - left - 1), high), QColor(colors.bar)
            )
        painter.setPen(QColor(colors.border))
        painter.drawLine(0, foot, width, foot)
        painter.setPen(QColor(colors.muted))
        under = QRect(0, foot + 3, width, metrics.height())
        painter.drawText(under, int(Qt.AlignmentFlag.AlignLeft), _end(self._bins[0].low))
        painter.drawText(under, int(Qt.AlignmentFlag.AlignRight), _end(self._bins[-1].high))
        painter.end()


def _end(value: Any) -> str:
    """An end of a bar, short."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return figures(f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}")
    return str(value)[:16].removesuffix("T00:00").replace("T", " ")
