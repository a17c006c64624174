"""The table model: rows are the mirror's jobs in the listing's order.

Painting goes through `JobPainter`, which reads records; `data` serves the rest: screen readers,
tool tips, copying, tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    Qt,
    Signal,
)

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop import roles
from longwatch_desktop.jobs.columns import (
    COLUMNS,
    Column,
    Context,
    as_heard,
    in_one_sentence,
)
from longwatch_desktop.mirror.columns import RUNNING, Slots
from longwatch_desktop.mirror.jobs import NO_CHANGES, Changes, JobMirror
from longwatch_desktop.mirror.listing import JobListing
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.tips import wrapped
from longwatch_desktop.translation import tr

RESORT_S: Final = 0.25
"""How often columns that change all the time are put in order again."""
SEARCH_TEXTS: Final = 2_000
"""Search texts made ready at each tick (5 ms): the first key in the filter then answers at once."""
SORTED_NAMES: Final = 5_000
"""Names put in order at each tick, after that: 5-15 ms, twenty times for 100,000."""


class JobTableModel(QAbstractTableModel):
    """`rows_dirty` carries rows whose content changed, ascending; the view repaints those it
    shows."""

    rows_dirty = Signal(object)
    rows_progressed = Signal(object)
    """The same of rows of which nothing but the progress changed."""
    livened = Signal()
    """Something changed, and may go on changing."""
    reordered = Signal()
    """Rows came, went or moved."""
    more_wanted = Signal()
    """The end of the rows is in sight, and `may_fetch` said yes."""

    def __init__(
        self, mirror: JobMirror, clock: Callable[[], datetime], parent: QObject | None = None
    ) -> None:
        """`clock` is the server's, as well as it is known."""
        super().__init__(parent)
        self.mirror = mirror
        self._clock = clock
        self.listing = JobListing(mirror)
        self.context = Context(now=clock(), place=self._place)
        self._order = self.listing.order
        self._resorted_s = 0.0
        self.may_fetch: Callable[[], bool] = _never
        """Whether there is more to come when the end of the rows is reached."""

    def column(self, section: int) -> Column:
        """The column at a section."""
        return COLUMNS[section]

    def job(self, row: int) -> JobSummary:
        """The job in a row, with its newest progress."""
        return self.mirror.job(int(self._order[row]))

    def slots_of(self, rows: Slots) -> Slots:
        """The mirror's slots of rows as they are shown: the listing may be ahead of them."""
        return self._order[rows]

    def running(self, rows: range) -> list[int]:
        """Those of `rows` whose job runs."""
        if not rows:
            return []
        states = self.mirror.columns.state[self._order[rows.start : rows.stop]]
        found: list[int] = (np.flatnonzero(states == RUNNING) + rows.start).tolist()
        return found

    @property
    def is_lively(self) -> bool:
        """Whether the next tick has more to do than to let time pass."""
        return bool(self.mirror.counts[JobState.RUNNING]) or self.mirror.is_unprepared

    def row_of(self, job_id: str) -> int | None:
        """The row of a job; `None` when it is not shown."""
        slot = self.mirror.slot(job_id)
        row = -1 if slot is None else self.listing.row_of(slot)
        return row if row >= 0 else None

    def rowCount(self, parent: roles.Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: roles.Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(COLUMNS)

    def canFetchMore(self, parent: roles.Index) -> bool:  # noqa: N802 - Qt's name
        return not parent.isValid() and self.may_fetch()

    def fetchMore(self, parent: roles.Index) -> None:  # noqa: N802 - Qt's name
        if not parent.isValid():
            self.more_wanted.emit()

    def data(self, index: roles.Index, role: int = roles.DISPLAY) -> Any:
        if not index.isValid():
            return None
        if role == roles.DISPLAY:
            return COLUMNS[index.column()].text(self.job(index.row()), self.context)
        if role == roles.ACCESSIBLE:
            return as_heard(COLUMNS[index.column()], self.job(index.row()), self.context)
        if role == roles.TOOL_TIP:
            tip = COLUMNS[index.column()].tip(self.job(index.row()), self.context)
            return wrapped(tip) if tip else ""
        if role == roles.ALIGNMENT:
            return roles.RIGHT if COLUMNS[index.column()].right else roles.LEFT
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = roles.DISPLAY
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            row = 0 <= section < len(self._order) and role == roles.ACCESSIBLE
            return in_one_sentence(self.job(section), self.context) if row else None
        if not 0 <= section < len(COLUMNS):
            return None
        if role in {roles.DISPLAY, roles.ACCESSIBLE}:
            return tr(COLUMNS[section].title)
        if role == roles.ALIGNMENT:
            return roles.RIGHT if COLUMNS[section].right else roles.LEFT
        if role == roles.TOOL_TIP:
            return tr(COLUMNS[section].explains)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        descending = order == Qt.SortOrder.DescendingOrder
        key = COLUMNS[column].id if 0 <= column < len(COLUMNS) else "submitted"
        self.listing.sort_by(key, descending, self.context.now)
        self._take_order()
        self.reordered.emit()

    def filter_by(self, query: JobFilter) -> None:
        """Show only the jobs that match."""
        self.listing.filter_by(query, self.context.now)
        self._take_order()
        self.reordered.emit()

    def apply(self, changes: Changes) -> None:
        """Follow the mirror, which has taken `changes` in already."""
        self._update(changes, resort=False)
        self.livened.emit()

    def tick(self) -> None:
        """Let time pass: elapsed times and positions in the queue move on, and what changes all
        the time is put in order again."""
        self.context = replace(self.context, now=self._clock())
        self.mirror.prepare(SEARCH_TEXTS, SORTED_NAMES)
        now_s = time.monotonic()
        if now_s - self._resorted_s >= RESORT_S and self.listing.wants_resort:
            self._resorted_s = now_s
            self._update(NO_CHANGES, resort=True)

    def set_sources(self, titles: dict[str, str]) -> None:
        """What people call the sources."""
        self.context = replace(self.context, sources=titles)
        self.rows_dirty.emit(range(len(self.listing)))

    def _place(self, job_id: str) -> int | None:
        slot = self.mirror.slot(job_id)
        return None if slot is None else self.mirror.place_in_line(slot)

    def _update(self, changes: Changes, *, resort: bool) -> None:
        change = self.listing.update(changes, resort=resort, now=self.context.now)
        if change.inserted is not None:
            self.beginInsertRows(QModelIndex(), *change.inserted)
            self._order = self.listing.order
            self.endInsertRows()
        elif change.removed is not None:
            self.beginRemoveRows(QModelIndex(), *change.removed)
            self._order = self.listing.order
            self.endRemoveRows()
        elif change.moved:
            self._take_order()
        if change.moved:
            self.reordered.emit()
        if change.dirty:
            only_progress = changes.progressed and not (changes.updated or changes.shifted)
            dirty = self.rows_progressed if only_progress else self.rows_dirty
            dirty.emit(change.dirty)

    def _take_order(self) -> None:
        """Show the listing's order. Until `layoutAboutToBeChanged` was heard the old one must
        stay in force: the selection notes only then which rows it holds on to."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        slots = [int(self._order[index.row()]) for index in kept]
        self._order = self.listing.order
        moved = []
        for index, slot in zip(kept, slots, strict=True):
            row = self.listing.row_of(slot)
            moved.append(QModelIndex() if row < 0 else self.index(row, index.column()))
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


def _never() -> bool:
    return False
