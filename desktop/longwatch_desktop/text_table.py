"""A table of a few texts, and what is said instead of an empty one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from longwatch_desktop.tips import wrapped

Row = tuple[str, Sequence[str], bool]
"""What it is known by, its cells, and whether it still counts: what does not is muted."""


class TextTable(QWidget):
    """Rows of texts; `chosen` tells that another one is current."""

    chosen = Signal()

    def __init__(self, name: str, titles: Sequence[str], numbers: Collection[int] = ()) -> None:
        """`numbers` are the columns that have some: they stand on the right."""
        super().__init__()
        self._numbers = numbers
        self._tree = QTreeWidget()
        self._tree.setHeaderLabels([*titles])
        self._align(self._tree.headerItem())
        self._tree.header().setStretchLastSection(len(titles) - 1 not in numbers)
        self._tree.setRootIsDecorated(False)
        self._tree.setUniformRowHeights(True)
        self._tree.setStyleSheet("QTreeView::item { padding: 3px 4px; }")  # as its header has
        self._tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._tree.setAccessibleName(name)
        self._tree.currentItemChanged.connect(lambda *_: self.chosen.emit())
        self._said = QLabel()
        self._said.setProperty("muted", True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._said.setWordWrap(True)
        self._said.setMargin(24)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._said)
        self._stack.addWidget(self._tree)

    @property
    def current(self) -> str | None:
        """What the current row is known by."""
        item = self._tree.currentItem()
        return None if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._tree.topLevelItemCount()

    def hide_column(self, number: int, *, hidden: bool) -> None:
        """Hide a column, or show it again."""
        if hidden != self._tree.isColumnHidden(number):
            self._tree.setColumnHidden(number, hidden)
            for column in (number, self._tree.columnCount() - 1):  # the last one has what is left
                self._fit(column)

    def _fit(self, column: int) -> None:
        if self._tree.isColumnHidden(column):
            return  # it would be no pixel wide
        self._tree.resizeColumnToContents(column)
        last = column == self._tree.columnCount() - 1
        if not (last and self._tree.header().stretchLastSection()):  # which is wider already
            self._tree.setColumnWidth(column, min(320, self._tree.columnWidth(column) + 12))

    def _align(self, item: QTreeWidgetItem) -> None:
        for column in self._numbers:
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            item.setTextAlignment(column, side)

    def say(self, sentence: str) -> None:
        """Say this instead of rows."""
        self._said.setText(sentence)
        self._stack.setCurrentIndex(0)

    def show_rows(self, rows: Sequence[Row], nothing: str) -> None:
        """Show these, and leave the same one current; `nothing` says why there are none."""
        before = self.current
        self._tree.clear()
        muted = self.palette().placeholderText()
        for key, cells, counts in rows:
            item = QTreeWidgetItem([*cells])
            self._align(item)
            item.setData(0, Qt.ItemDataRole.UserRole, key)
            for column, cell in enumerate(cells):
                item.setToolTip(column, wrapped(cell))
                if not counts:
                    item.setForeground(column, muted)
            self._tree.addTopLevelItem(item)
            if key == before:
                self._tree.setCurrentItem(item)
        for column in range(self._tree.columnCount()):
            self._fit(column)
        if rows:
            self._stack.setCurrentIndex(1)
        else:
            self.say(nothing)
        self.chosen.emit()
