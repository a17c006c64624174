"""The rows of one result, fetched page by page as they come into view.

Nothing is kept but the pages last looked at, so that the size of a result does not matter.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from longwatch.protocol.jobs import Column, ResultInfo, ResultPage
from longwatch_desktop import roles
from longwatch_desktop.tasks import Tasks

PAGE_ROWS: Final = 200
KEPT_PAGES: Final = 60
PAGES_AT_ONCE: Final = 2
WANTED_PAGES: Final = 8
"""Pages that wait to be fetched. More than are ever in view: what was scrolled past is let go."""
MOST_ROWS: Final = 2**31 // 64
"""Qt counts pixels in 32 bits: a header of more rows than this would overflow (33 million)."""

_NUMBERS: Final = ("int", "uint", "float", "double", "decimal", "halffloat")

ReadRows = Callable[[str, int, int], Awaitable[ResultPage]]
"""`(job id, offset, limit)` → those rows."""

NULL: Final = "null"
WAITING: Final = "…"


class ResultModel(QAbstractTableModel):
    """Shows what of a result can be read. `failed` carries a sentence."""

    failed = Signal(str)
    filled = Signal()
    """Rows have come."""

    def __init__(self, read: ReadRows, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self._tasks = Tasks(lambda error: self.failed.emit(str(error)))
        self._job_id: str | None = None
        self._columns: list[Column] = []
        self._right: list[bool] = []
        self._rows = 0
        self._pages: OrderedDict[int, list[list[Any]]] = OrderedDict()
        self._asked: set[int] = set()
        self._wanted: list[int] = []

    @property
    def shown_rows(self) -> int:
        """Rows the grid can scroll to."""
        return min(self._rows, MOST_ROWS)

    def show_result(self, job_id: str | None, info: ResultInfo | None) -> None:
        """Show the result of a job; the same one again if more of it can be read by now."""
        columns = info.columns if info else []
        rows = info.rows if info else 0
        if job_id == self._job_id and columns == self._columns and rows >= self._rows:
            self._grow(rows)
            return
        self.beginResetModel()
        self._job_id = job_id
        self._columns = columns
        self._right = [column.type.startswith(_NUMBERS) for column in columns]
        self._rows = rows
        self._pages.clear()
        self._asked.clear()
        self._wanted.clear()
        self.endResetModel()

    def is_null(self, index: roles.Index) -> bool:
        """Whether a cell is NULL."""
        page = self._pages.get(index.row() // PAGE_ROWS)
        row = index.row() % PAGE_ROWS
        return page is not None and row < len(page) and page[row][index.column()] is None

    def rowCount(self, parent: roles.Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else self.shown_rows

    def columnCount(self, parent: roles.Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: roles.Index, role: int = roles.DISPLAY) -> Any:
        if not index.isValid():
            return None
        if role == roles.ALIGNMENT:
            return roles.RIGHT if self._right[index.column()] else roles.LEFT
        if role == roles.TOOL_TIP:
            return self._text(index)[:4_000]
        if role in {roles.DISPLAY, roles.ACCESSIBLE}:
            text = self._text(index)
            return " ".join(text[:400].split()) if len(text) > 60 or "\n" in text else text
        return None

    def _text(self, index: roles.Index) -> str:
        """A cell in full; asks for its page if that is not here yet."""
        number, row = divmod(index.row(), PAGE_ROWS)
        page = self._pages.get(number)
        if page is None:
            self._ask(number)
            return WAITING
        if row >= len(page):
            return WAITING
        return as_text(page[row][index.column()])

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = roles.DISPLAY
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return f"{section + 1:,}" if role == roles.DISPLAY else None
        if not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role in {roles.DISPLAY, roles.ACCESSIBLE}:
            return column.name
        if role == roles.TOOL_TIP:
            return f"{column.name}\n{column.type}"
        if role == roles.ALIGNMENT:
            return roles.RIGHT if self._right[section] else roles.LEFT
        return None

    async def stop(self) -> None:
        """Let go of what is being fetched."""
        await self._tasks.close()

    def _grow(self, rows: int) -> None:
        before, after = self.shown_rows, min(rows, MOST_ROWS)
        if after <= before:
            self._rows = rows
            return
        # The page at the old end was a short one.
        self._pages.pop(max(0, before - 1) // PAGE_ROWS, None)
        self._asked.discard(max(0, before - 1) // PAGE_ROWS)
        self.beginInsertRows(QModelIndex(), before, after - 1)
        self._rows = rows
        self.endInsertRows()

    def _ask(self, number: int) -> None:
        """Want a page. The newest wish comes first: whoever drags the scroll bar through a large
        result waits for what is in view, not for all that was."""
        job_id = self._job_id
        if job_id is None or number in self._asked:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # painted after the loop's end, while the window closes
            return
        if number in self._wanted:
            self._wanted.remove(number)
        self._wanted.append(number)
        del self._wanted[:-WANTED_PAGES]
        self._fetch_wanted()

    def _fetch_wanted(self) -> None:
        job_id = self._job_id
        while job_id is not None and self._wanted and len(self._asked) < PAGES_AT_ONCE:
            number = self._wanted.pop()
            self._asked.add(number)
            self._tasks.start(self._fetch(job_id, number), name=f"page-{number}")

    async def _fetch(self, job_id: str, number: int) -> None:
        try:
            page = await self._read(job_id, number * PAGE_ROWS, PAGE_ROWS)
        except BaseException:
            if job_id == self._job_id:
                self._asked.discard(number)
            raise
        if job_id != self._job_id:
            return
        self._asked.discard(number)
        self._fetch_wanted()
        self._pages[number] = page.rows
        while len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)
        first = number * PAGE_ROWS
        last = min(first + PAGE_ROWS, self.shown_rows) - 1
        if last >= first and self._columns:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))
            self.filled.emit()


def as_text(value: Any) -> str:
    """A value of a JSON page as a cell shows it."""
    match value:
        case None:
            return NULL
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.15g}"
        case list() | dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
