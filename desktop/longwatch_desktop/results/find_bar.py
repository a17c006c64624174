"""Finds a text in a column of a result, on the server."""

from __future__ import annotations

import asyncio
from typing import Final

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

from longwatch_desktop import words
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, mark_wrong
from longwatch_desktop.translation import QT_TR_NOOP, tr

ALL_COLUMNS: Final = QT_TR_NOOP("All columns")


class ColumnFindBar(QFrame):
    """Hidden until it is wanted."""

    closed = Signal()

    def __init__(
        self, reader: ResultReader, grid: Grid, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._reader = reader
        self._grid = grid
        self._theme = theme
        self._tasks = Tasks(lambda error: self.say(str(error), wrong=True))
        self._search: asyncio.Task[object] | None = None
        self.setObjectName("find")
        self._what = QLineEdit()
        self._what.setPlaceholderText(tr("Find in a column"))
        self._what.setAccessibleName(tr("Find in a column"))
        self._what.setClearButtonEnabled(True)
        self._what.setMinimumWidth(140)
        self._columns = QComboBox()
        self._columns.setAccessibleName(tr("Column to find in"))
        self._columns.setMinimumWidth(120)
        self._next = QToolButton()
        self._next.setText(tr("Next"))
        self._next.setToolTip(tr("Find next (Enter)"))
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setProperty("muted", True)
        self._close = QToolButton()
        self._close.setToolTip(tr("Close (Esc)"))
        self._close.setAccessibleName(tr("Close the search"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        layout.addWidget(self._what, 2)
        layout.addWidget(QLabel(tr("in", "find a text in a column")))
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

    def open(self, place: int) -> None:
        """Show it for the column at `place`."""
        self._columns.clear()
        self._columns.addItem(tr(ALL_COLUMNS))
        self._columns.addItems([column.name for column in self._grid.rows.columns])
        self._columns.setCurrentIndex(place + 1)
        self.say("")
        self.show()
        self._what.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._what.selectAll()

    def leave(self) -> None:
        """Hide it; the rows may have the keys again."""
        self.give_up()
        self.closed.emit()

    def give_up(self) -> None:
        """Hide it: other rows come."""
        if self._search is not None:
            self._search.cancel()
        self.hide()

    async def stop(self) -> None:
        """Let go of what is being searched."""
        await self._tasks.close()

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """How the search stands."""
        self._said.setText(sentence)
        mark_wrong(self._what, wrong=wrong)

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
        """From the cell that the keys are at, which is not found again."""
        text, column, model = self._what.text(), self._columns.currentIndex() - 1, self._grid.rows
        if not text or model.job_id is None:
            return
        if self._search is not None:
            self._search.cancel()  # a newer wish
        self.say(tr("Searching…"))
        current = self._grid.currentIndex()
        here = current.isValid() and column in {current.column(), -1}
        first = current.row() + (1 if here else 0)
        work = self._find(model.job_id, None if column < 0 else column, text, max(0, first))
        self._search = self._tasks.start(work, name="find")

    async def _find(self, job_id: str, column: int | None, text: str, first: int) -> None:
        model = self._grid.rows
        columns, wanted, again = model.columns, model.wanted, False
        hit = await self._reader.search(job_id, columns, wanted, column, text, first)
        if hit.row is None and first:
            hit = await self._reader.search(job_id, columns, wanted, column, text, 0)
            again = True
        row, at = hit.row, hit.column or 0
        if job_id != model.job_id or wanted != model.wanted:
            self.say("")
        elif row is None:
            self.say(tr("Not found"), wrong=True)
        elif row >= model.shown_rows:
            said = tr("In row {row}, beyond what can be scrolled to")
            self.say(said.format(row=words.count(row + 1)))
        else:
            name = columns[at].name if column is None else ""
            self.say(_where(row, name, again=again))
            self._grid.go_to(row, at)

    def _recolor(self) -> None:
        self._close.setIcon(self._theme.icon("close"))


def _where(row: int, column: str, *, again: bool) -> str:
    """Where a text was found: `column` is named where it was looked for in all of them."""
    if column:
        text = (
            tr("Row {row} of {column}, from the top again") if again
            else tr("Row {row} of {column}")
        )  # fmt: skip
    else:
        text = tr("Row {row}, from the top again") if again else tr("Row {row}")
    return text.format(row=words.count(row + 1), column=column)
