"""The table of a result: its cells, its header with the signs of the order, its keys."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from longwatch_desktop.headers import look_at_no_selection
from longwatch_desktop.results.model import ResultModel, as_text
from longwatch_desktop.theme import Theme, mono_font, with_size
from longwatch_desktop.translation import tr

ROW_HEIGHT: Final = 24
SAMPLE_ROWS: Final = 60
WIDEST: Final = 320
WIDEST_NUMBER: Final = 480
"""Numbers that come into view make their column wider, up to this: a cut one is another one."""
CELL_MARGIN: Final = 24
"""Pixels of a cell beside its text."""
_SIGN: Final = 22
"""Pixels that a header keeps for the sign of the order."""


class Grid(QTableView):
    """`menu_wanted` carries a cell and a place on the screen; `header_menu_wanted` a column's
    number and a place; `sort_asked` a column's number and whether it adds to the order."""

    copy_asked = Signal()
    menu_wanted = Signal(QModelIndex, QPoint)
    header_menu_wanted = Signal(int, QPoint)
    sort_asked = Signal(int, bool)

    def __init__(self, model: ResultModel, theme: Theme) -> None:
        super().__init__()
        self.rows = model
        self._theme = theme
        header = Header(model, theme)
        self.setHorizontalHeader(header)
        self.setModel(model)
        look_at_no_selection(self)
        self.setFont(mono_font())
        self.setItemDelegate(_CellDelegate(model, theme, self))
        self.setAccessibleName(tr("Result"))
        self.setObjectName("result")
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        rows.setAccessibleName(tr("Row numbers"))
        # A click on a header sorts instead of selecting the column; Qt's own sorting of a model
        # does nothing here, and its sign can show one column only.
        self.setSortingEnabled(True)
        header.setSortIndicatorShown(False)
        self._empty_text = ""
        self._by_hand: set[int] = set()
        """Columns whose widths are the user's."""
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._make_room)
        for moved in (self.verticalScrollBar().valueChanged, model.dataChanged, model.rowsInserted):
            moved.connect(lambda *_: self._soon.start())
        self.horizontalScrollBar().valueChanged.connect(lambda _at: self._soon.start())
        model.modelReset.connect(self._by_hand.clear)
        header.sectionResized.connect(
            lambda column, *_: self._by_hand.add(column) if header.held else None
        )
        header.sectionClicked.connect(
            lambda column: self.sort_asked.emit(column, header.shift_held)
        )
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._header_menu)

    def fit_columns(self) -> None:
        """Widths by the header and the first rows; once, so that nothing jumps later."""
        for column in range(self.model().columnCount()):
            self.fit_column(column)

    def fit_column(self, column: int) -> None:
        """As wide as the header and the rows in view need, within bounds."""
        model = self.model()
        metrics = self.fontMetrics()
        title = str(model.headerData(column, Qt.Orientation.Horizontal))
        first = max(0, self.rowAt(0))
        texts = [
            str(model.index(row, column).data())
            for row in range(first, min(first + SAMPLE_ROWS, model.rowCount()))
        ]
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        header = self.horizontalHeader().fontMetrics().horizontalAdvance(title) + 20 + _SIGN
        self._by_hand.discard(column)
        self.setColumnWidth(column, max(60, min(WIDEST, max(widest + CELL_MARGIN, header))))

    def show_empty_text(self, text: str) -> None:
        """What stands in the place of rows; empty where there are some."""
        if text != self._empty_text:
            self._empty_text = text
            self.setAccessibleDescription(text)
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if self._empty_text:
            painter = QPainter(self.viewport())
            font = QFont(self.font())
            font.setFamilies([QApplication.font().family()])  # a sentence, not a value
            painter.setFont(font)
            painter.setPen(QColor(self._theme.colors.muted))
            area = self.viewport().rect().adjusted(24, 0, -24, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area, int(flags), self._empty_text)
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._soon.start()

    def _make_room(self) -> None:
        """Widen columns for the numbers in view; none becomes narrower, so that nothing jumps."""
        model, metrics = self.rows, self.fontMetrics()
        first = self.rowAt(0)
        if first < 0:
            return
        last = self.rowAt(self.viewport().height() - 1)
        rows = range(first, (last if last >= 0 else model.rowCount() - 1) + 1)
        left, right = self.columnAt(0), self.columnAt(self.viewport().width() - 1)
        header = self.horizontalHeader()
        places = range(
            header.visualIndex(left) if left >= 0 else 0,
            (header.visualIndex(right) if right >= 0 else header.count() - 1) + 1,
        )
        for column in map(header.logicalIndex, places):
            if column < 0 or not model.is_right(column) or column in self._by_hand:
                continue
            found = [model.value(model.index(row, column)) for row in rows]
            texts = [as_text(value) for here, value in found if here]
            widest = max(map(metrics.horizontalAdvance, texts), default=0) + CELL_MARGIN
            width = min(WIDEST_NUMBER, widest)
            if not self.isColumnHidden(column) and width > self.columnWidth(column):
                self.setColumnWidth(column, width)

    def shown_columns(self) -> list[int]:
        """The columns that are not hidden, as they stand."""
        header = self.horizontalHeader()
        columns = [header.logicalIndex(place) for place in range(header.count())]
        return [column for column in columns if not self.isColumnHidden(column)]

    def show_all_columns(self) -> None:
        """None hidden, and all in the order of the result."""
        header = self.horizontalHeader()
        for column in range(header.count()):
            header.setSectionHidden(column, False)
            header.moveSection(header.visualIndex(column), column)

    def go_to(self, row: int, column: int) -> None:
        """Select a cell and show it."""
        index = self.model().index(row, column)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index, QTableView.ScrollHint.EnsureVisible)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Of the cell under the mouse, or the one that the keys are at."""
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            index = self.indexAt(event.pos())
            at = event.globalPos()
        else:
            index = self.currentIndex()
            at = self.viewport().mapToGlobal(self.visualRect(index).center())
        if index.isValid():
            self.menu_wanted.emit(index, at)

    def _header_menu(self, at: QPoint) -> None:
        header = self.horizontalHeader()
        column = header.logicalIndexAt(at)
        if column >= 0:
            self.header_menu_wanted.emit(column, header.viewport().mapToGlobal(at))


class Header(QHeaderView):
    """Shows by which columns rows are in order: an arrow, and a number if there are several."""

    def __init__(self, model: ResultModel, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._rows = model
        self._theme = theme
        self.shift_held = False
        """Whether Shift was held at the last click."""
        self.held = False
        """Whether the mouse holds it: what is resized then is resized by hand."""
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setHighlightSections(False)
        self.setAccessibleName(tr("Columns of the result"))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self.held = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self.held = False
        self.shift_held = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        super().mouseReleaseEvent(event)

    def paintSection(  # noqa: N802 - Qt's name
        self, painter: QPainter, rect: QRect, logical_index: int
    ) -> None:
        painter.save()
        super().paintSection(painter, rect, logical_index)
        painter.restore()
        found = self._rows.wanted.key_of(logical_index)
        if found is None:
            return
        number, key = found
        several = len(self._rows.wanted.sort) > 1
        colors = self._theme.colors
        width = _SIGN + (6 if several else -2)
        # Opposite to the title, which stands on the right over numbers.
        on_left = bool(self._rows.is_right(logical_index))
        left = rect.left() if on_left else rect.right() - width
        area = QRect(left, rect.top(), width, rect.height() - 1)
        painter.fillRect(area, QColor(colors.window))
        middle = QPointF(area.left() + (10 if on_left else 8), area.center().y() + 0.5)
        tip = 3.5 if key.descending else -3.5
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.accent))
        painter.drawPolygon(
            QPolygonF(
                [
                    middle + QPointF(0, tip),
                    middle + QPointF(-4.5, -tip),
                    middle + QPointF(4.5, -tip),
                ]
            )
        )
        if several:
            painter.setPen(QColor(colors.text))
            painter.setFont(with_size(self.font(), 0.8))
            painter.drawText(
                QRect(int(middle.x()) + 6, area.top(), 14, area.height()),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                str(number),
            )
        painter.restore()


class _CellDelegate(QStyledItemDelegate):
    """NULL in grey italics, so that it is not taken for a text."""

    def __init__(self, model: ResultModel, theme: Theme, parent: QTableView) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if self._model.is_right(index.column()):
            # Where the user wants a number's column narrower, its sign and exponent are kept.
            option.textElideMode = Qt.TextElideMode.ElideMiddle
        if self._model.is_null(index):
            font: QFont = option.font
            font.setItalic(True)
            option.font = font
            palette: QPalette = option.palette
            palette.setColor(QPalette.ColorRole.Text, QColor(self._theme.colors.muted))
            option.palette = palette
