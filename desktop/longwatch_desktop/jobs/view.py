"""The table on the screen: repaints only what is visible, keeps its place, says why it is empty."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from longwatch.protocol.jobs import JobSummary
from longwatch_desktop.headers import look_at_no_selection
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS
from longwatch_desktop.jobs.header import JobHeader
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.jobs.painting import ROW_HEIGHT, JobPainter, cells_between, selected_among
from longwatch_desktop.jobs.turns import PaintTurn
from longwatch_desktop.mirror.columns import Slots
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

TICK_MS: Final = 250
QUIET_MS: Final = 1_000
"""Between ticks while nothing runs: only the words for times move on."""
STRIPE_MS: Final = 40
_NAME: Final = BY_ID["name"]
_PROGRESS: Final = BY_ID["progress"]
_MOVING: Final = (BY_ID["progress"], BY_ID["memory"])
"""The first and the last column that progress changes."""
_SHARING: Final = frozenset({_NAME, _PROGRESS})
LEAST_SHARED: Final = (170, 230)
"""Pixels that name and progress need at least."""


class JobTable(QTableView):
    """Shows a `JobTableModel`."""

    selection_changed = Signal()
    activated_job = Signal(str)
    """A job was double-clicked, or Enter pressed on it: its id."""
    copy_wanted = Signal()
    delete_wanted = Signal()
    sight_changed = Signal(list)
    """The ids of the running jobs that are in sight, whenever they are others."""
    menu_wanted = Signal(QPoint)
    """Where the context menu should open, in global coordinates."""

    def __init__(self, model: JobTableModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme
        self._painter = JobPainter(theme, self)
        self.empty_text = ("", "")
        self.setHorizontalHeader(JobHeader(theme, self))
        self.setModel(model)
        look_at_no_selection(self)
        self._set_up()
        self._anchor: tuple[str, int] | None = None
        self._shares_width = True
        self._sharing = False
        self._in_sight: list[str] = []
        self._ticker = QTimer(self, interval=TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._stripes = QTimer(self, interval=STRIPE_MS)
        self._stripes.timeout.connect(self._move_stripes)
        self._turn = PaintTurn(self.viewport(), lambda rows: self._repaint_rows(rows, *_MOVING))
        model.rows_dirty.connect(lambda rows: self._repaint_rows(rows, 0, len(COLUMNS) - 1))
        model.rows_progressed.connect(self._turn.repaint_rows)
        model.layoutAboutToBeChanged.connect(lambda *_: self._turn.repaint_all())
        model.livened.connect(self._liven)
        model.reordered.connect(self._look)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._look())
        for about in (
            model.layoutAboutToBeChanged,
            model.rowsAboutToBeInserted,
            model.rowsAboutToBeRemoved,
        ):
            about.connect(lambda *_: self._keep_place())
        for done in (model.layoutChanged, model.rowsInserted, model.rowsRemoved):
            done.connect(lambda *_: self._take_place())
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        theme.changed.connect(self.viewport().update)

    def selected_jobs(self) -> list[JobSummary]:
        """The selected jobs, from top to bottom."""
        return [self._model.job(row) for row in self.selected_rows().tolist()]

    def selected_rows(self) -> Slots:
        """The numbers of the selected rows, ascending. By ranges: Qt's own list of 100,000 indexes
        takes 0.2 s."""
        ranges = self.selectionModel().selection().toList()
        rows = [np.arange(one.top(), one.bottom() + 1) for one in ranges if one.isValid()]
        return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.intp)

    def current_job(self) -> JobSummary | None:
        """The job the details are about: the current row, if it is selected."""
        index = self.currentIndex()
        if index.isValid() and self.selectionModel().isRowSelected(index.row(), QModelIndex()):
            return self._model.job(index.row())
        selected = self.selected_rows()
        return self._model.job(int(selected[0])) if len(selected) else None

    def select_job(self, job_id: str) -> bool:
        """Make one job the selection and show it; false when it is not in the table."""
        row = self._model.row_of(job_id)
        if row is None:
            return False
        index = self._model.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def set_stale(self, stale: bool) -> None:
        """Grey everything while what is shown may be out of date."""
        if stale != self._painter.stale:
            self._painter.stale = stale
            self.viewport().update()

    def visible_rows(self) -> range:
        """The rows on the screen."""
        count = self._model.rowCount()
        first = self.rowAt(0)
        if first < 0:
            return range(0)
        last = self.rowAt(self.viewport().height() - 1)
        return range(first, (last if last >= 0 else count - 1) + 1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self.viewport())
        try:
            if self._model.rowCount():
                self._paint_rows(painter, event)
            elif self.empty_text[0]:
                port = self.viewport().rect()
                self._painter.emptiness(painter, port, self.font(), self.empty_text)
        finally:
            painter.end()

    def _paint_rows(self, painter: QPainter, event: QPaintEvent) -> None:
        """Whatever of the rows is to be painted anew."""
        region, bounds = event.region(), event.rect()
        one = region.rectCount() == 1
        rows = self.visible_rows()
        if not rows:
            return
        begin = self.rowViewportPosition(rows.start)
        first = max(0, (bounds.top() - begin) // ROW_HEIGHT)
        rows = rows[first : (bounds.bottom() - begin) // ROW_HEIGHT + 1]
        cells = cells_between(self.horizontalHeader(), bounds.left(), bounds.right())
        selected = selected_among(self.selectionModel(), rows)
        colors, look, model = self._theme.colors, self._painter, self._model
        look.begin(painter, self.font(), model.context)
        for row in rows:
            top = self.rowViewportPosition(row)
            if not one and not region.intersects(
                QRect(bounds.left(), top, bounds.width(), ROW_HEIGHT)
            ):
                continue
            hovered = colors.hover if row == look.hovered_row else ""
            look.row(model.job(row), top, cells, colors.selection if row in selected else hovered)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            job = self.current_job()
            if job is not None:
                self.activated_job.emit(job.id)
            return
        if event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        else:
            super().keyPressEvent(event)

    def moveCursor(  # noqa: N802 - Qt's name
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Home and End mean the first and the last row, as in any list; Qt means columns."""
        ends = {
            QAbstractItemView.CursorAction.MoveHome: 0,
            QAbstractItemView.CursorAction.MoveEnd: self._model.rowCount() - 1,
        }
        if action in ends:
            return self._model.index(ends[action], max(0, self.currentIndex().column()))
        return super().moveCursor(action, modifiers)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        self._hover(-1)
        super().leaveEvent(event)  # type: ignore[arg-type]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        self._ticker.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        self._ticker.stop()
        self._stripes.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._share_width()
        self.viewport().update()

    def show_column(self, number: int, shown: bool) -> None:
        """Show or hide a column; the name stays, come what may."""
        self.setColumnHidden(number, not shown and number != _NAME)
        self._share_width()

    @property
    def shares_width(self) -> bool:
        """Whether the widths are still this program's choice."""
        return self._shares_width

    def keep_widths(self) -> None:
        """The widths are the user's: room that is left over stays empty from now on."""
        self._shares_width = False

    def _share_width(self) -> None:
        """Name and progress take what the other columns leave, until the user sets widths."""
        if not self._shares_width:
            return
        header = self.horizontalHeader()
        shown = [number for number in range(len(COLUMNS)) if not self.isColumnHidden(number)]
        fixed = sum(COLUMNS[number].width for number in shown if number not in _SHARING)
        left = max(self.viewport().width() - fixed, sum(LEAST_SHARED))
        self._sharing = True
        name = max(LEAST_SHARED[0], min(left * 45 // 100, left - LEAST_SHARED[1]))
        header.resizeSection(_NAME, name)
        header.resizeSection(_PROGRESS, left - name)
        self._sharing = False

    def _width_changed(self, _section: int, before: int, after: int) -> None:
        # A width of 0 is that of a column that is hidden or was.
        if before and after and not self._sharing and self.isVisible():
            self._shares_width = False

    def _set_up(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Jobs"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.viewport().mapToGlobal(at))
        )
        self.doubleClicked.connect(
            lambda index: self.activated_job.emit(self._model.job(index.row()).id)
        )
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setAccessibleName(tr("Columns of the jobs"))
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(False)
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._choose_columns)
        for number, column in enumerate(COLUMNS):
            self.setColumnWidth(number, column.width)
            self.setColumnHidden(number, not column.shown)
        header.sectionResized.connect(self._width_changed)
        self.setSortingEnabled(True)
        self.sortByColumn(BY_ID["submitted"], Qt.SortOrder.DescendingOrder)

    def _choose_columns(self, at: QPoint) -> None:
        menu = QMenu(self)
        for number, column in enumerate(COLUMNS):
            action = menu.addAction(tr(column.title))
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(number))
            action.setEnabled(number != _NAME)
            action.toggled.connect(lambda shown, number=number: self.show_column(number, shown))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(at))

    def _repaint_rows(self, rows: Sequence[int], left: int, right: int) -> None:
        """Tell of changed rows (ascending) from one column to another, but only of those on the
        screen."""
        visible = self.visible_rows()
        first, end = bisect_left(rows, visible.start), bisect_left(rows, visible.stop)
        for row in rows[first:end]:
            self._model.dataChanged.emit(
                self._model.index(row, left), self._model.index(row, right)
            )
        if first < end:
            self._animate(self._running_rows())

    def _tick(self) -> None:
        """Elapsed times move on."""
        self._model.tick()
        rows = self._running_rows()
        width = self.viewport().width()
        for row in rows:
            self.viewport().update(0, self.rowViewportPosition(row), width, ROW_HEIGHT)
        self._animate(rows)
        self._tell_sight(rows)
        interval = TICK_MS if self._model.is_lively else QUIET_MS
        if interval != self._ticker.interval():
            self._ticker.setInterval(interval)

    def _liven(self) -> None:
        """Something moves again."""
        if self._ticker.interval() != TICK_MS:
            self._ticker.setInterval(TICK_MS)

    def _look(self) -> None:
        """Other rows may be in sight."""
        self._tell_sight(self._running_rows())

    def _tell_sight(self, rows: list[int]) -> None:
        ids = [self._model.job(row).id for row in rows]
        if ids != self._in_sight:
            self._in_sight = ids
            self.sight_changed.emit(ids)

    def _animate(self, rows: list[int]) -> None:
        """Stripes move only while there is one to be seen among the running `rows`."""
        wanted = not self._painter.stale and any(
            self._model.job(row).progress.fraction is None for row in rows
        )
        if wanted != self._stripes.isActive():
            (self._stripes.start if wanted else self._stripes.stop)()

    def _move_stripes(self) -> None:
        self._painter.phase_s = time.monotonic()
        for row in self._running_rows():
            if self._model.job(row).progress.fraction is None:
                self._update_cell(row, _PROGRESS)

    def _running_rows(self) -> list[int]:
        return self._model.running(self.visible_rows())

    def _update_cell(self, row: int, column: int) -> None:
        if not self.isColumnHidden(column):
            left, top = self.columnViewportPosition(column), self.rowViewportPosition(row)
            self.viewport().update(left, top, self.columnWidth(column), ROW_HEIGHT)

    def _hover(self, row: int) -> None:
        before = self._painter.hovered_row
        if row == before:
            return
        self._painter.hovered_row = row
        for one in (before, row):
            if one >= 0:
                top = self.rowViewportPosition(one)
                self.viewport().update(0, top, self.viewport().width(), ROW_HEIGHT)

    def _keep_place(self) -> None:
        """Note the row at the top, unless the table stands at its beginning: there, new jobs are
        to be seen."""
        bar = self.verticalScrollBar()
        row = self.rowAt(0)
        if bar.value() == 0 or row < 0:
            self._anchor = None
            return
        self._anchor = (self._model.job(row).id, self.rowViewportPosition(row))

    def _take_place(self) -> None:
        if self._anchor is None:
            return
        row = self._model.row_of(self._anchor[0])
        if row is not None:
            self.updateGeometries()
            self.verticalScrollBar().setValue(row * ROW_HEIGHT - self._anchor[1])
        self._anchor = None
