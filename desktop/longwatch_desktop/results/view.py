"""The page of a result: the line above the rows, the filter, the grid, figures at its side."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QByteArray, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.jobs import JobSummary, ResultInfo, ResultPage
from longwatch.protocol.results import Condition
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.busy import Busy
from longwatch_desktop.results.conditions import ConditionBar
from longwatch_desktop.results.copying import as_table, chosen
from longwatch_desktop.results.export_dialog import Exportable
from longwatch_desktop.results.find_bar import ColumnFindBar
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.results.menus import CellMenu, HeaderMenu
from longwatch_desktop.results.model import PAGE_ROWS, ResultModel
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.results.statistics import StatisticsPanel
from longwatch_desktop.results.telling import no_rows, summary, why_empty
from longwatch_desktop.results.wanted import NoValue, Wanted, like_cell, order_in_words
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

KEPT: Final = 50
"""Jobs whose order, filter and columns are remembered."""
NOT_YET: Final = QT_TR_NOOP("Rows can be sorted, filtered and counted once the query is done.")


@dataclass(frozen=True, slots=True)
class _Kept:
    wanted: Wanted
    header: QByteArray


class ResultView(QWidget):
    """Shows the result of a job, or says why there is none. `troubled` carries a sentence."""

    troubled = Signal(str)
    export_wanted = Signal()

    def __init__(self, reader: ResultReader, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._reader = reader
        self.model = ResultModel(reader.rows, self)
        self._job: JobSummary | None = None
        self._info: ResultInfo | None = None
        self._wanted = Wanted()
        """What was asked for last; the model has what is in force."""
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._fitted = False
        self._work: asyncio.Task[object] | None = None
        self._tasks = Tasks(
            lambda error: self.troubled.emit(tr("Nothing was copied: {error}").format(error=error))
        )
        self._build()
        self._wire()
        theme.changed.connect(self._recolor)
        self._recolor()

    # Laying out

    def _build(self) -> None:
        self._line = ElidedLabel()
        self._line.setProperty("muted", True)
        self.busy = Busy()
        self._filter = _button(tr("Filter"), tr(_FILTER_TIP))
        self._export = _button(tr("Export…"), tr(_EXPORT_TIP))
        self._export.clicked.connect(self.export_wanted)
        self._grid = Grid(self.model, self._theme)
        self.conditions = ConditionBar(self._theme)
        self.finder = ColumnFindBar(self._reader, self._grid, self._theme)
        self.statistics = StatisticsPanel(self._reader, self._theme)
        self._empty = QLabel()
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setProperty("muted", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(24)
        self._empty.setAutoFillBackground(True)
        self._empty.setBackgroundRole(QPalette.ColorRole.Base)
        line = QHBoxLayout()
        line.setContentsMargins(10, 3, 8, 3)
        line.setSpacing(4)
        line.addWidget(self._line, 1)
        for widget in (self.busy, self._filter, self._export):
            line.addWidget(widget)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._across.setHandleWidth(1)
        self._across.setChildrenCollapsible(False)
        self._across.addWidget(self._grid)
        self._across.addWidget(self.statistics)
        self._across.setStretchFactor(0, 1)
        self._across.setSizes([700, 300])
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(line)
        inside.addWidget(self.conditions)
        inside.addWidget(self._across, 1)
        inside.addWidget(self.finder)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)

    def _wire(self) -> None:
        self.model.filled.connect(self._fit_columns)
        self.model.failed.connect(self._say)
        self.model.waiting.connect(self.busy.wait_for_rows)
        self.busy.stopped.connect(self._give_up)
        self._filter.clicked.connect(lambda _on: self.ask_filter())
        grid = self._grid
        grid.copy_asked.connect(self.copy)
        grid.sort_asked.connect(lambda at, adds: self.want(self._wanted.clicked(at, adds=adds)))
        grid.menu_wanted.connect(lambda index, at: CellMenu(self, grid, index).popup(at))
        grid.header_menu_wanted.connect(lambda column, at: HeaderMenu(self, grid, column).popup(at))
        self.conditions.asked.connect(self._take_condition)
        self.conditions.removed.connect(lambda at: self.want(self._wanted.without(at)))
        self.conditions.cleared.connect(lambda: self.want(Wanted(self._wanted.sort)))
        self.conditions.left.connect(grid.setFocus)
        self.finder.closed.connect(grid.setFocus)

    # What is shown

    @property
    def job(self) -> JobSummary | None:
        """Whose rows are shown."""
        return self._job

    @property
    def can_be_sorted(self) -> bool:
        """Whether all rows are there: of others there is no order yet."""
        job = self._job
        return job is not None and self._info is not None and job.state.is_final

    def exportable(self) -> Exportable | None:
        """What is shown, for a file; `None` when there is nothing, or not all of it yet."""
        job = self._job
        if job is None or self._info is None or not self.can_be_sorted:
            return None
        return Exportable(
            job_id=job.id,
            name=job.name,
            columns=self.model.columns,
            shown=self._grid.shown_columns(),
            wanted=self.model.wanted,
            rows=self.model.rows,
            all_rows=self._info.rows,
        )

    def show_job(self, job: JobSummary | None, info: ResultInfo | None) -> None:
        """Show what of the job's result can be read by now; `info` is what is known of it."""
        other = (job.id if job else None) != (self._job.id if self._job else None)
        if other:
            self._leave()
        self._job, self._info = job, info
        if job is None or info is None or not info.columns:
            self.model.show_result(None, None)
            self._say(why_empty(job, info))
            return
        self.model.show_result(job.id, info)
        if other:  # where the one before was scrolled to means nothing here
            self._grid.scrollToTop()
            self._grid.horizontalScrollBar().setValue(0)
            self._come_back(job.id)
        for button, tip in ((self._filter, _FILTER_TIP), (self._export, _EXPORT_TIP)):
            button.setEnabled(self.can_be_sorted)
            button.setToolTip(tr(tip if self.can_be_sorted else NOT_YET))
        self._show_line()
        self.conditions.show_conditions(self.model.columns, self._wanted.where)
        self._stack.setCurrentIndex(1)
        if not info.rows:
            self._fit_columns()

    def _leave(self) -> None:
        """Another job comes: remember how this one's rows were shown."""
        if self._job is not None and self.model.job_id == self._job.id:
            state = self._grid.horizontalHeader().saveState()
            self._kept[self._job.id] = _Kept(self._wanted, state)
            self._kept.move_to_end(self._job.id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._cancel(self._work)
        self.busy.say("")
        self._wanted = Wanted()
        self._fitted = False
        self.finder.give_up()
        self.statistics.leave()

    def _come_back(self, job_id: str) -> None:
        kept = self._kept.get(job_id)
        if kept is None:
            self._grid.show_all_columns()
            return
        self._fitted = self._grid.horizontalHeader().restoreState(kept.header)
        if not kept.wanted.is_plain:
            self.want(kept.wanted)

    def _show_line(self) -> None:
        if self._job is not None and self._info is not None:
            self._line.say(summary(self._job, self._info, self.model))
            self._grid.show_empty_text(no_rows(self._job, self.model))

    def _say(self, sentence: str) -> None:
        self._empty.setText(sentence)
        self._stack.setCurrentIndex(0)

    # Order and filter

    def want(self, wanted: Wanted) -> None:
        """Show the rows in another order, or others of them, once the server has them; what is
        shown stays until then. A newer wish takes the place of one that is being carried out."""
        if self._job is None or not self.model.columns:
            return
        if not self.can_be_sorted:
            self.troubled.emit(tr(NOT_YET))
            return
        self._cancel(self._work)
        self._wanted = wanted
        self.conditions.show_conditions(self.model.columns, wanted.where)
        if wanted == self.model.wanted:
            self.busy.say("")
            return
        self.busy.say(self._doing_what(wanted))
        self._work = self._tasks.start(
            self._carry_out(self._job.id, wanted), name="view", failed=self._not_carried_out
        )

    def _doing_what(self, wanted: Wanted) -> str:
        if wanted.where != self.model.wanted.where:
            return tr("Looking for the rows…")
        by = order_in_words(self.model.columns, wanted.sort)
        if not by:
            return tr("Putting the rows as they came…")
        return tr("Putting %n row(s) in order by {order}…", "", self.model.rows).format(order=by)

    async def _carry_out(self, job_id: str, wanted: Wanted) -> None:
        page = await self._reader.rows(job_id, self.model.columns, wanted, 0, PAGE_ROWS)
        if job_id != self.model.job_id or wanted != self._wanted:
            return
        self._grid.clearSelection()
        self.model.show_view(wanted, page)
        self._grid.scrollToTop()
        self.busy.say("")
        self._show_line()
        self.statistics.follow(wanted.where)

    def _not_carried_out(self, error: Exception) -> None:
        self._give_up()
        self.troubled.emit(tr("The rows stay as they are: {error}").format(error=error))

    def _give_up(self) -> None:
        """Leave the rows as they are."""
        self._cancel(self._work)
        self._wanted = self.model.wanted
        self.busy.say("")
        self.conditions.show_conditions(self.model.columns, self._wanted.where)

    def _take_condition(self, made: Condition, number: int) -> None:
        where = self._wanted
        self.want(where.also(made) if number < 0 else where.instead(number, made))

    def ask_filter(self, column: int | None = None) -> None:
        """Ask for a condition, of the column that the keys are at by default."""
        if not self.can_be_sorted:
            self.troubled.emit(tr(NOT_YET))
            return
        self.conditions.ask(self._current_column() if column is None else column)

    def only_like(self, index: QModelIndex, *, same: bool) -> None:
        """Only rows with a cell's value, or those without it."""
        here, value = self.model.value(index)
        if not here:
            return
        try:
            made = like_cell(self.model.columns, index.column(), value, same=same)
        except NoValue as error:
            self.troubled.emit(str(error))
            return
        self.want(self._wanted.also(made))

    def sort_by(self, column: int, *, descending: bool | None) -> None:
        """By one column; `None` as they came."""
        if descending is None:
            self.want(Wanted((), self._wanted.where))
        else:
            self.want(self._wanted.sorted_by(column, descending=descending))

    # Figures, texts

    def show_statistics(self, column: int) -> None:
        """A column in figures, at the side."""
        if not self.can_be_sorted or self._job is None:
            self.troubled.emit(tr(NOT_YET))
            return
        self.statistics.show_column(
            self._job.id, self.model.columns, self.model.wanted.where, column
        )

    def find_text(self) -> None:
        """Ask for a text to find in the column that the keys are at."""
        if self._job is None or not self.model.columns:
            return
        if not self.can_be_sorted:
            self.troubled.emit(tr("A text can be found once the query is done."))
            return
        self.finder.open(self._current_column())

    def _current_column(self) -> int:
        current = self._grid.currentIndex()
        if current.isValid():
            return current.column()
        shown = self._grid.shown_columns()
        return shown[0] if shown else 0

    # Copying

    def copy(self, *, titles: bool = False) -> None:
        """Copy what is selected, as spreadsheets take it."""
        if self._job is not None:
            self._tasks.start(self._copy(self._job.id, titles=titles), name="copy-cells")

    async def _copy(self, job_id: str, *, titles: bool) -> None:
        columns, wanted = self.model.columns, self.model.wanted
        what = chosen(self._grid.selectionModel().selection(), self._grid.shown_columns())
        if not what.rows:
            return

        async def read(offset: int, limit: int) -> ResultPage:
            return await self._reader.rows(job_id, columns, wanted, offset, limit)

        names = [column.name for column in columns] if titles else []
        text = await as_table(read, what, len(columns), names)
        QGuiApplication.clipboard().setText(text)
        if what.cut:
            said = tr(
                "Only the first %n row(s) of the selection were copied. Export… takes them all.",
                "",
                len(what.rows),
            )
            self.troubled.emit(said)

    async def stop(self) -> None:
        """Let go of what is being fetched."""
        await self._tasks.close()
        await self.model.stop()
        await self.statistics.stop()
        await self.finder.stop()

    def _cancel(self, task: asyncio.Task[object] | None) -> None:
        if task is not None:
            task.cancel()  # which ends the work for it on the server

    def _fit_columns(self) -> None:
        if self._fitted:
            return
        self._fitted = True
        self._grid.fit_columns()

    def _recolor(self) -> None:
        self._filter.setIcon(self._theme.icon("filter"))
        self._export.setIcon(self._theme.icon("export"))


_FILTER_TIP: Final = QT_TR_NOOP("Show some of the rows only")
_EXPORT_TIP: Final = QT_TR_NOOP("Write the rows to a file")


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
