"""Draws a chart with pyqtgraph; imported when the first one is shown."""

from __future__ import annotations

import gc
import importlib
from typing import Any, Final

import numpy as np
import shiboken6
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPaintDevice, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from longwatch_desktop.results.chart_data import Drawing, Kind, Series
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

pg: Final[Any] = importlib.import_module("pyqtgraph")  # which has no annotations
# At Python's end it would look through every object there is.
pg.setConfigOption("exitCleanup", False)
pg.setConfigOption("antialias", True)

SHARP: Final = 2
"""Pixels of a picture for each of the window's."""
TICKS_CHARS: Final = 130
"""Of all names under an axis: more would overlap."""
TICK_CHARS: Final = 14
NOTE_MARGIN: Final = 10
_NOTE_FLAGS: Final = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
_STYLES: Final = (
    Qt.PenStyle.SolidLine,
    Qt.PenStyle.DashLine,
    Qt.PenStyle.DotLine,
    Qt.PenStyle.DashDotLine,
)
_SYMBOLS: Final = ("o", "t", "s", "d", "+", "x", "star", "p")
"""Series differ by more than their colour."""


class Plot(QWidget):
    """One chart in the colours of the theme."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._last: tuple[Drawing, Kind, str, str] | None = None
        self._moments = False
        self._view: Any = pg.PlotWidget()
        # Beside the drawing, where it hides nothing of it.
        self._legend = self._view.plotItem.legend = pg.LegendItem()
        policy = QSizePolicy.Policy
        self._legend.setSizePolicy(policy.Preferred, policy.Maximum)
        inside = self._view.plotItem.layout
        inside.addItem(self._legend, 2, 3)
        inside.setAlignment(self._legend, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self)
        box.setContentsMargins(6, 0, 10, 4)
        box.addWidget(self._view)
        self._view.plotItem.setMenuEnabled(False)
        self._view.plotItem.showGrid(x=False, y=True, alpha=0.15)
        self.setAccessibleName(tr("Chart"))
        theme.changed.connect(self._again)

    def show_drawing(self, drawing: Drawing, kind: Kind, x: str, y: str) -> None:
        """Draw this, with the names of the axes."""
        self._last = (drawing, kind, x, y)
        self._again()

    def picture(self, note: str, *, svg: bool) -> bytes:
        """What is drawn, as a file, with the note under it: a picture goes where no window
        explains it."""
        foot = self._foot(note)
        size = self._view.size() + QSize(0, foot.height())
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if svg:
            generator = QSvgGenerator()
            generator.setOutputDevice(buffer)
            generator.setSize(size)
            generator.setViewBox(QRect(QPoint(0, 0), size))
            self._paint(generator, note, foot)
        else:
            image = QImage(size * SHARP, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(SHARP)
            self._paint(image, note, foot)
            QImageWriter(buffer, QByteArray(b"png")).write(image)
        return bytes(data.data())

    def _foot(self, note: str) -> QRect:
        """Where the note stands in a picture."""
        size = self._view.size()
        if not note:
            return QRect(0, size.height(), size.width(), 0)
        room = QRect(NOTE_MARGIN, 0, max(1, size.width() - 2 * NOTE_MARGIN), 10_000)
        text = self.fontMetrics().boundingRect(room, _NOTE_FLAGS, note)
        return QRect(0, size.height(), size.width(), text.height() + 2 * NOTE_MARGIN)

    def _paint(self, device: QPaintDevice, note: str, foot: QRect) -> None:
        # Not by pyqtgraph's own exporters: that of SVG fails on symbols.
        painter = QPainter(device)
        colors, chart = self._theme.colors, QRect(QPoint(0, 0), self._view.size())
        painter.fillRect(chart.united(foot), QColor(colors.base))
        self._view.render(painter, QRectF(chart))
        painter.setFont(self.font())
        painter.setPen(QColor(colors.muted))
        margin = NOTE_MARGIN
        painter.drawText(foot.adjusted(margin, margin, -margin, -margin), _NOTE_FLAGS, note)
        painter.end()

    def _again(self) -> None:
        if self._last is None:
            return
        drawing, kind, x, y = self._last
        colors = self._theme.colors
        view, item = self._view, self._view.plotItem
        view.setBackground(colors.base)
        item.clear()
        self._legend.clear()
        self._legend.setLabelTextColor(colors.text)
        self._legend.setVisible(len(drawing.series) > 1)
        if drawing.moments != self._moments:
            self._moments = drawing.moments
            axis = pg.DateAxisItem(utcOffset=0) if drawing.moments else pg.AxisItem("bottom")
            item.setAxisItems({"bottom": axis})
        for name, text in (("bottom", x), ("left", y)):
            axis = item.getAxis(name)
            axis.setPen(colors.border)
            axis.setTextPen(colors.muted)
            axis.enableAutoSIPrefix(False)
            item.setLabel(name, text, color=colors.muted)
        item.getAxis("bottom").setTicks([_ticks(drawing.names)] if drawing.names else None)
        shades = (
            *(colors.bar, colors.warning, colors.success, colors.danger),
            *(colors.number, colors.muted, colors.accent, colors.text),
        )
        for number, one in enumerate(drawing.series):
            _add(item, one, kind, drawing, number, shades[number % len(shades)])
        item.enableAutoRange()

    def end(self) -> None:
        """Take the chart apart, while there is an application: its items know each other in
        circles, and what collects them after Qt's end takes the process with it."""
        self._last = None
        view, self._view = self._view, None
        if view is not None:
            shiboken6.delete(view)
            del view
            gc.collect()


def _add(item: Any, one: Series, kind: Kind, drawing: Drawing, number: int, shade: str) -> None:
    xs, ys = np.asarray(one.xs), np.asarray(one.ys)
    several = len(drawing.series) > 1
    if kind is Kind.LINE:
        pen = pg.mkPen(shade, width=2, style=_STYLES[number % len(_STYLES)])
        symbol = "o" if len(xs) <= 60 else None
        item.plot(
            xs, ys, pen=pen, name=one.name, symbol=symbol, symbolSize=5,
            symbolBrush=shade, symbolPen=None,
        )  # fmt: skip
    elif kind is Kind.SCATTER:
        color = pg.mkColor(shade)
        color.setAlpha(150)
        item.plot(
            xs, ys, pen=None, name=one.name, symbol=_SYMBOLS[number % len(_SYMBOLS)],
            symbolSize=6, symbolBrush=color, symbolPen=None,
        )  # fmt: skip
    else:
        color = pg.mkColor(shade)
        color.setAlpha(150 if several and kind is Kind.HISTOGRAM else 255)
        item.addItem(
            pg.BarGraphItem(
                x=xs, height=ys, width=drawing.width * 0.94, brush=color, pen=None, name=one.name
            )
        )


def _ticks(names: list[str]) -> list[tuple[int, str]]:
    """Not so many that they overlap."""
    longest = min(TICK_CHARS, max(map(len, names))) + 2
    step = max(1, -(-len(names) * longest // TICKS_CHARS))
    return [
        (at, name if len(name) <= TICK_CHARS else name[: TICK_CHARS - 1] + "…")
        for at, name in enumerate(names)
        if at % step == 0
    ]
