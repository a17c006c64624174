"""The header of the job table."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QHeaderView, QWidget

from longwatch_desktop.theme import Theme


class JobHeader(QHeaderView):
    """Its arrow points up where the order ascends, as in a result; Qt's points down there, and is
    painted over."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self.setSectionsClickable(True)

    def paintSection(  # noqa: N802 - Qt's name
        self, painter: QPainter, rect: QRect, logical_index: int
    ) -> None:
        painter.save()
        super().paintSection(painter, rect, logical_index)
        painter.restore()
        if logical_index != self.sortIndicatorSection():
            return
        colors = self._theme.colors
        area = QRect(rect.right() - 17, rect.top() + 1, 16, rect.height() - 3)
        painter.fillRect(area, QColor(colors.window))
        middle = QPointF(area.center())
        tip = 2.5 if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder else -2.5
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.muted))
        corners = [QPointF(-4.0, -tip), QPointF(4.0, -tip), QPointF(0.0, tip)]
        painter.drawPolygon(QPolygonF([middle + corner for corner in corners]))
        painter.restore()
