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
from longwatch_desktop import roles, words
from longwatch_desktop.results.wanted import NUMBERS, Wanted
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

PAGE_ROWS: Final = 200
KEPT_PAGES: Final = 60
PAGES_AT_ONCE: Final = 2
WANTED_PAGES: Final = 8
"""Pages that wait to be fetched. More than are ever in view: what was scrolled past is let go."""
MOST_ROWS: Final = 2**31 // 64
"""Qt counts pixels in 32 bits: a header of more rows than this would overflow (33 million)."""

ReadRows = Callable[[str, list[Column], Wanted, int, int], Awaitable[ResultPage]]
"""`(job id, columns, order and filter, offset, limit)` → those rows."""

NULL: Final = "null"
WAITING: Final = "…"


class ResultModel(QAbstractTableModel):
    """Shows what of a result can be read. `failed` carries a sentence."""

    failed = Signal(str)
    filled = Signal()
    """Rows have come."""
    waiting = Signal(bool)
    """Whether rows are on their way."""

    def __init__(self, read: ReadRows, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read = read
        self._tasks = Tasks(lambda error: self.failed.emit(str(error)))
        self._job_id: str | None = None
        self._columns: list[Column] = []
        self._right: list[bool] = []
        self._wanted_rows = Wanted()
        self._rows = 0
        self._generation = 0
        """Of what is shown: an answer about what was shown before it is no use."""
        self._pages: OrderedDict[int, list[list[Any]]] = OrderedDict()
        self._asked: set[int] = set()
        self._fetches: set[asyncio.Task[Any]] = set()
        self._wanted: list[int] = []

    @property
    def shown_rows(self) -> int:
        """Rows the grid can scroll to."""
        return min(self._rows, MOST_ROWS)

    @property
    def job_id(self) -> str | None:
        """Whose rows they are."""
        return self._job_id

    @property
    def columns(self) -> list[Column]:
        """The columns, in the order of the result."""
        return self._columns

    @property
    def wanted(self) -> Wanted:
        """The order and the filter in force."""
        return self._wanted_rows

    @property
    def rows(self) -> int:
        """How many rows match the filter in force."""
        return self._rows

    def show_result(self, job_id: str | None, info: ResultInfo | None) -> None:
        """Show the result of a job as it came; the same one again if more of it can be read by
        now, in the order and with the filter in force."""
        columns = info.columns if info else []
        rows = info.rows if info else 0
        if job_id == self._job_id and columns == self._columns:
            if not self._wanted_rows.is_plain:
                return
            if rows >= self._rows:
                self._grow(rows)
                return
        self.beginResetModel()
        self._job_id = job_id
        self._columns = columns
        self._right = [column.type.startswith(NUMBERS) for column in columns]
        self._rows = rows
        self._forget(Wanted())
        self.endResetModel()

    def show_view(self, wanted: Wanted, first: ResultPage) -> None:
        """Show the same result in another order, or others of its rows; `first` is their first
        page. No reset, which would cost the header its widths and hidden columns."""
        before, after = self.shown_rows, min(first.total_rows, MOST_ROWS)
        self._forget(wanted)
        if after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
            self._rows = first.total_rows
            self.endRemoveRows()
        elif after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
            self._rows = first.total_rows
            self.endInsertRows()
        else:
            self._rows = first.total_rows
        self._pages[0] = first.rows
        if after and self._columns:
            self.dataChanged.emit(self.index(0, 0), self.index(after - 1, len(self._columns) - 1))
        if self._columns:
            last = len(self._columns) - 1
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last)

    def _forget(self, wanted: Wanted) -> None:
        self._wanted_rows = wanted
        self._generation += 1
        for fetch in self._fetches:
            fetch.cancel()  # which ends the work for it on the server
        self._pages.clear()
        self._asked.clear()
        self._wanted.clear()
        self.waiting.emit(False)

    def value(self, index: roles.Index) -> tuple[bool, Any]:
        """Whether a cell is here already, and its value."""
        page = self._pages.get(index.row() // PAGE_ROWS)
        row = index.row() % PAGE_ROWS
        if page is None or row >= len(page):
            return False, None
        return True, page[row][index.column()]

    def is_right(self, column: int) -> bool:
        """Whether a column stands on the right, as numbers do."""
        return self._right[column]

    def is_null(self, index: roles.Index) -> bool:
        """Whether a cell is NULL."""
        here, value = self.value(index)
        return here and value is None

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
            return wrapped(self._text(index))
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
            return words.count(section + 1) if role == roles.DISPLAY else None
        return self._title(section, role) if 0 <= section < len(self._columns) else None

    def _title(self, section: int, role: int) -> Any:
        column = self._columns[section]
        match role:
            case roles.DISPLAY:
                return column.name
            case roles.ACCESSIBLE:
                return self._with_order(section)
            case roles.TOOL_TIP:
                how = tr("Click: in this column's order. Shift+click: in this order too.")
                return wrapped(f"{self._with_order(section)}\n{column.type}\n\n{how}")
            case roles.ALIGNMENT:
                return roles.RIGHT if self._right[section] else roles.LEFT
        return None

    def _with_order(self, section: int) -> str:
        """A column's name, and which part it has in the order."""
        name, found = self._columns[section].name, self._wanted_rows.key_of(section)
        if found is None:
            return name
        rank, key = found
        all_ = len(self._wanted_rows.sort)
        if all_ > 1:
            text = (
                tr("{column}, sorted descending, {rank} of {all}")
                if key.descending
                else tr("{column}, sorted ascending, {rank} of {all}")
            )
        else:
            text = (
                tr("{column}, sorted descending")
                if key.descending
                else tr("{column}, sorted ascending")
            )
        return text.format(column=name, rank=rank, all=all_)

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
            work = self._fetch(job_id, number, self._generation)
            task = self._tasks.start(work, name=f"page-{number}")
            if task is not None:
                self._fetches.add(task)
                task.add_done_callback(self._fetches.discard)
        self.waiting.emit(bool(self._asked))

    async def _fetch(self, job_id: str, number: int, generation: int) -> None:
        try:
            page = await self._read(
                job_id, self._columns, self._wanted_rows, number * PAGE_ROWS, PAGE_ROWS
            )
        except BaseException as error:
            if generation == self._generation:
                self._asked.discard(number)
                self.waiting.emit(bool(self._asked))
            elif isinstance(error, Exception):
                return  # nobody waits for it any more
            raise
        if generation != self._generation:
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
