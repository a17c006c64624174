"""Options that the server does not describe: their names are typed too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from longwatch_desktop.sources.drafts import SECRET_WORDS, Secret
from longwatch_desktop.sources.option_fields import KEPT
from longwatch_desktop.translation import tr

ROWS_SHOWN: Final = 3
_NAME, _VALUE, _SECRET = range(3)
_Index = QModelIndex | QPersistentModelIndex


class FreeOptions(QTableWidget):
    """Name, value, and whether it is a secret; the last row is for one more."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setAccessibleName(tr("Further options"))
        self.setHorizontalHeaderLabels([tr("Option"), tr("Value"), tr("Secret")])
        self.verticalHeader().hide()
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_Delegate(self))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_VALUE, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(_SECRET, 64)
        self._kept: set[str] = set()
        self._add("", "", secret=False)
        height = self.rowHeight(0)
        self.setFixedHeight(header.sizeHint().height() + height * ROWS_SHOWN + 2)
        self.cellChanged.connect(self._changed)

    def show_options(self, options: Mapping[str, str], secrets: Iterable[str]) -> None:
        """Show what is set."""
        self.blockSignals(True)
        self.setRowCount(0)
        self._kept = set(secrets)
        for name, value in options.items():
            self._add(name, value, secret=False)
        for name in sorted(self._kept):
            self._add(name, "", secret=True)
        self._add("", "", secret=False)
        self.blockSignals(False)

    def options(self) -> dict[str, str]:
        """Those that are no secrets."""
        return {name: value for name, value, secret in self._rows() if not secret}

    def secrets(self) -> dict[str, Secret]:
        """Those that are to be others; one whose row is gone is taken away."""
        rows = self._rows()
        found: dict[str, Secret] = {name: value for name, value, secret in rows if secret and value}
        there = {name for name, _, secret in rows if secret}
        return found | dict.fromkeys(self._kept - there)

    def hint(self, row: int, column: int) -> str:
        """What to say in a cell while nothing stands in it."""
        if column == _VALUE and self._is_secret(row) and self._text(row, _NAME) in self._kept:
            return tr(KEPT)
        last = row == self.rowCount() - 1
        return {_NAME: tr("Name"), _VALUE: tr("Value")}.get(column, "") if last else ""

    def is_masked(self, row: int) -> bool:
        """Whether a row's value is not to be shown."""
        return self._is_secret(row)

    def _rows(self) -> list[tuple[str, str, bool]]:
        return [
            (self._text(row, _NAME), self._text(row, _VALUE), self._is_secret(row))
            for row in range(self.rowCount())
            if self._text(row, _NAME)
        ]

    def _text(self, row: int, column: int) -> str:
        item = self.item(row, column)
        return item.text().strip() if item is not None else ""

    def _is_secret(self, row: int) -> bool:
        item = self.item(row, _SECRET)
        return item is not None and item.checkState() is Qt.CheckState.Checked

    def _add(self, name: str, value: str, *, secret: bool) -> None:
        row = self.rowCount()
        self.insertRow(row)
        self.setItem(row, _NAME, QTableWidgetItem(name))
        self.setItem(row, _VALUE, QTableWidgetItem(value))
        box = QTableWidgetItem()
        box.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
        box.setCheckState(Qt.CheckState.Checked if secret else Qt.CheckState.Unchecked)
        self.setItem(row, _SECRET, box)

    def _changed(self, row: int, column: int) -> None:
        self.blockSignals(True)
        name = self._text(row, _NAME).lower()
        box = self.item(row, _SECRET)
        if column == _NAME and name.endswith(SECRET_WORDS) and box is not None:
            box.setCheckState(Qt.CheckState.Checked)
        if self._text(self.rowCount() - 1, _NAME):
            self._add("", "", secret=False)
        self.blockSignals(False)
        self.viewport().update()
        self.edited.emit()


class _Delegate(QStyledItemDelegate):
    """Hides secrets, also while they are typed, and says what an empty cell is for."""

    def __init__(self, table: FreeOptions) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        super().initStyleOption(option, index)
        hint = self._table.hint(index.row(), index.column())
        if not option.text and hint:
            option.text = hint
            muted = option.palette.color(QPalette.ColorRole.PlaceholderText)
            option.palette.setColor(QPalette.ColorRole.Text, muted)
        elif index.column() != _VALUE:
            return
        elif option.text and self._table.is_masked(index.row()):
            option.text = "•" * 8

    def createEditor(  # noqa: N802 - Qt's name
        self, parent: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        if (
            isinstance(editor, QLineEdit)
            and index.column() == _VALUE
            and self._table.is_masked(index.row())
        ):
            editor.setEchoMode(QLineEdit.EchoMode.Password)
        return editor
