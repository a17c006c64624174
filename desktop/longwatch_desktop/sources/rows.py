"""Rows of the panel's trees: an icon, a name, and at the right what is known of it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
)

from longwatch_desktop.theme import Theme

NODE: Final = int(Qt.ItemDataRole.UserRole)
ICON: Final = NODE + 1
ABOUT: Final = NODE + 2
TONE: Final = NODE + 3
"""Empty, or the name of the colour of a row that is no thing but a word about one."""
GAP: Final = 8
ICON_SIDE: Final = 16
_MOST_ABOUT: Final = 0.45
"""The share of a row that what is known of it may take from a long name."""


class RowDelegate(QStyledItemDelegate):
    """Paints them. Icons and colours come from the theme at each paint, so that no row has to be
    touched when it changes."""

    def __init__(self, theme: Theme, parent: QAbstractItemView) -> None:
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        colors = self._theme.colors
        tone = index.data(TONE)
        icon = index.data(ICON)
        if tone:
            shade = QColor(getattr(colors, tone))
            option.palette.setColor(QPalette.ColorRole.Text, shade)
        if icon:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.decorationSize = QSize(ICON_SIDE, ICON_SIDE)
            option.icon = self._theme.icon(icon, getattr(colors, tone or "muted"))
        name, _ = self._shares(option, index)
        metrics = option.fontMetrics
        option.text = metrics.elidedText(
            option.text,
            Qt.TextElideMode.ElideRight,
            name,
        )

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        about = index.data(ABOUT)
        if not about:
            return
        _, room = self._shares(option, index)
        area: QRect = option.rect.adjusted(0, 0, -GAP, 0)
        painter.save()
        painter.setPen(QColor(self._theme.colors.muted))
        text = option.fontMetrics.elidedText(about, Qt.TextElideMode.ElideRight, room)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def sizeHint(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        size = super().sizeHint(option, index)
        size.setHeight(max(size.height(), option.fontMetrics.height() + 8))
        return size

    def _shares(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> tuple[int, int]:
        """Pixels for the name and for what is known of it."""
        metrics = option.fontMetrics
        icon = ICON_SIDE + GAP if index.data(ICON) else 0
        width = option.rect.width() - icon - GAP
        text = index.data(ABOUT)
        if not text:
            return width, 0
        about = metrics.horizontalAdvance(text) + 2  # which is rounded down
        name = metrics.horizontalAdvance(index.data() or "") + GAP
        room = min(about, max(int(width * _MOST_ABOUT), width - name))
        return width - room - GAP, room


class RowTree(QTreeWidget):
    """A tree of such rows. `empty_text` stands where there are none."""

    def __init__(self, name: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.empty_text = ""
        self.setHeaderHidden(True)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIndentation(14)
        self.setIconSize(QSize(ICON_SIDE, ICON_SIDE))
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(False)
        self.setItemDelegate(RowDelegate(theme, self))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        theme.changed.connect(self.viewport().update)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if self.topLevelItemCount() or not self.empty_text:
            return
        painter = QPainter(self.viewport())
        painter.setPen(QColor(self._theme.colors.muted))
        area = self.viewport().rect().adjusted(12, 10, -12, -6)
        painter.drawText(area, Qt.TextFlag.TextWordWrap, self.empty_text)
