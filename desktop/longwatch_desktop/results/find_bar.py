"""Finds a text in a column of a result, on the server."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from longwatch.protocol.jobs import Column
from longwatch_desktop.theme import Theme


class ColumnFindBar(QFrame):
    """Hidden until it is wanted. `asked` carries a column's place and a text."""

    asked = Signal(int, str)
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("find")
        self._what = QLineEdit()
        self._what.setPlaceholderText("Find in a column")
        self._what.setAccessibleName("Find in a column")
        self._what.setClearButtonEnabled(True)
        self._what.setMinimumWidth(140)
        self._columns = QComboBox()
        self._columns.setAccessibleName("Column to find in")
        self._columns.setMinimumWidth(120)
        self._next = QToolButton()
        self._next.setText("Next")
        self._next.setToolTip("Find next (Enter)")
        self._said = QLabel()
        self._said.setProperty("muted", True)
        self._close = QToolButton()
        self._close.setToolTip("Close (Esc)")
        self._close.setAccessibleName("Close the search")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        layout.addWidget(self._what, 2)
        layout.addWidget(QLabel("in"))
        layout.addWidget(self._columns, 1)
        layout.addWidget(self._next)
        layout.addWidget(self._said, 2)
        layout.addWidget(self._close)
        self._next.clicked.connect(self._ask)
        self._close.clicked.connect(self.leave)
        self._what.textEdited.connect(lambda _text: self.say(""))
        self._what.installEventFilter(self)
        self._columns.installEventFilter(self)
        theme.changed.connect(self._recolor)
        self._recolor()
        self.hide()

    def open(self, columns: Sequence[Column], place: int) -> None:
        """Show it for the column at `place`."""
        self._columns.clear()
        self._columns.addItems([column.name for column in columns])
        self._columns.setCurrentIndex(place)
        self.say("")
        self.show()
        self._what.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._what.selectAll()

    def leave(self) -> None:
        """Hide it."""
        self.hide()
        self.closed.emit()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """How the search stands."""
        self._said.setText(sentence)
        if bool(self._what.property("wrong")) != wrong:
            self._what.setProperty("wrong", wrong)
            self._what.style().unpolish(self._what)
            self._what.style().polish(self._what)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                self.leave()
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._ask()
                return True
        return False

    def _ask(self) -> None:
        if self._what.text():
            self.asked.emit(self._columns.currentIndex(), self._what.text())

    def _recolor(self) -> None:
        self._close.setIcon(self._theme.icon("close"))
