"""The grid of a result, and the line above it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QStackedLayout,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from longwatch.client import words
from longwatch.protocol.jobs import JobState, JobSummary, ResultInfo
from longwatch_desktop.results.copying import as_table, chosen
from longwatch_desktop.results.model import MOST_ROWS, ReadRows, ResultModel
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, mono_font

ROW_HEIGHT: Final = 24
SAMPLE_ROWS: Final = 60
WIDEST: Final = 320


class ResultView(QWidget):
    """Shows the result of a job, or says why there is none. `troubled` carries a sentence."""

    troubled = Signal(str)

    def __init__(self, read: ReadRows, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ResultModel(read, self)
        self._job_id: str | None = None
        self._fitted = False
        self._line = QLabel()
        self._line.setProperty("muted", True)
        self._line.setContentsMargins(10, 5, 10, 5)
        self._grid = _Grid(self.model, theme)
        self._grid.copy_asked.connect(self._start_copy)
        self._read = read
        self._tasks = Tasks(lambda error: self.troubled.emit(f"Nothing was copied: {error}"))
        self._empty = QLabel()
        self._empty.setProperty("muted", True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(24)
        self._empty.setAutoFillBackground(True)
        self._empty.setBackgroundRole(QPalette.ColorRole.Base)
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self._line)
        inside.addWidget(self._grid, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)
        self.model.filled.connect(self._fit_columns)
        self.model.failed.connect(self._say)

    def show_job(self, job: JobSummary | None) -> None:
        """Show what of the job's result can be read by now."""
        info = job.result if job else None
        if job is None or info is None or not info.columns:
            self.model.show_result(None, None)
            self._job_id = None
            self._say(_why_empty(job))
            return
        other = job.id != self._job_id
        if other:
            self._job_id = job.id
            self._fitted = False
        self.model.show_result(job.id, info)
        if other:  # where the one before was scrolled to means nothing here
            self._grid.scrollToTop()
            self._grid.horizontalScrollBar().setValue(0)
        self._line.setText(_summary(job, info))
        self._stack.setCurrentIndex(1)
        if not info.rows:
            self._fit_columns()

    def _say(self, sentence: str) -> None:
        self._empty.setText(sentence)
        self._stack.setCurrentIndex(0)

    def _start_copy(self) -> None:
        if self._job_id is not None:
            self._tasks.start(self._copy(self._job_id), name="copy-cells")

    async def _copy(self, job_id: str) -> None:
        what = chosen(self._grid.selectionModel().selection())
        if not what.rows:
            return
        text = await as_table(self._read, job_id, what, self.model.columnCount())
        QGuiApplication.clipboard().setText(text)
        if what.cut:
            self.troubled.emit(
                f"Only the first {words.count(len(what.rows))} rows of the selection were copied. "
                f"longwatch export {job_id} -o FILE takes the whole result."
            )

    async def stop(self) -> None:
        """Let go of what is being fetched."""
        await self._tasks.close()
        await self.model.stop()

    def _fit_columns(self) -> None:
        if self._fitted:
            return
        self._fitted = True
        self._grid.fit_columns()


class _Grid(QTableView):
    copy_asked = Signal()

    def __init__(self, model: ResultModel, theme: Theme) -> None:
        super().__init__()
        self.setModel(model)
        self.setFont(mono_font())
        self.setItemDelegate(_CellDelegate(model, theme, self))
        self.setAccessibleName("Result")
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
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setAccessibleName("Columns of the result")
        rows.setAccessibleName("Row numbers")

    def fit_columns(self) -> None:
        """Widths by the header and the first rows; once, so that nothing jumps later."""
        model = self.model()
        metrics = self.fontMetrics()
        for column in range(model.columnCount()):
            title = str(model.headerData(column, Qt.Orientation.Horizontal))
            texts = [
                str(model.index(row, column).data())
                for row in range(min(SAMPLE_ROWS, model.rowCount()))
            ]
            widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
            header = self.horizontalHeader().fontMetrics().horizontalAdvance(title) + 26
            self.setColumnWidth(column, max(60, min(WIDEST, max(widest + 24, header))))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
            return
        super().keyPressEvent(event)


class _CellDelegate(QStyledItemDelegate):
    """NULL in grey italics, so that it is not taken for a text."""

    def __init__(self, model: ResultModel, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme

    def initStyleOption(  # noqa: N802 - Qt's name
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if self._model.is_null(index):
            font: QFont = option.font
            font.setItalic(True)
            option.font = font
            palette: QPalette = option.palette
            palette.setColor(QPalette.ColorRole.Text, QColor(self._theme.colors.muted))
            option.palette = palette


def _summary(job: JobSummary, info: ResultInfo) -> str:
    parts = [
        f"{words.count(info.rows)} row{'' if info.rows == 1 else 's'}",
        f"{len(info.columns)} column{'' if len(info.columns) == 1 else 's'}",
        words.size(info.bytes),
    ]
    parts[0] += words.shortfall(info, job.state)
    if info.rows > MOST_ROWS:
        parts.append(f"the first {words.count(MOST_ROWS)} can be scrolled to here")
    return "  ·  ".join(parts)


def _why_empty(job: JobSummary | None) -> str:
    if job is None:
        return "Select a job to see its rows."
    return {
        JobState.QUEUED: "Rows appear here once the query runs.",
        JobState.RUNNING: "Rows appear here as soon as the first ones are written.",
        JobState.SUCCEEDED: "The statement returned no rows and no columns.",
        JobState.CANCELLED: "The query was cancelled before it had returned rows.",
        JobState.FAILED: "The query failed before it had returned rows. Overview says why.",
        JobState.LOST: "Nobody knows how the query ended. Overview says what is known.",
    }[job.state]
