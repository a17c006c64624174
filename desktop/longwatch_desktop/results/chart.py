"""The chart of a result: which columns, and of how many rows."""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtGui import QPalette, QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.jobs import Column, JobSummary
from longwatch_desktop import words
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.chart_data import (
    MOST_POINTS,
    Choice,
    Kind,
    Measure,
    draw,
    first_choice,
    stretches,
)
from longwatch_desktop.results.exporting import in_words
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.results.wanted import Wanted
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

if TYPE_CHECKING:
    from longwatch_desktop.results.plot import Plot

KEPT: Final = 20
NEEDS_ALL: Final = QT_TR_NOOP(
    "Sums and counts need all rows: put them into the query, with GROUP BY."
)
_KINDS: Final = {
    Kind.LINE: QT_TR_NOOP("Line"),
    Kind.BAR: QT_TR_NOOP("Bars"),
    Kind.SCATTER: QT_TR_NOOP("Scatter"),
    Kind.HISTOGRAM: QT_TR_NOOP("Histogram"),
}


_MEASURES: Final = {
    Measure.COUNT: QT_TR_NOOP("Count"),
    Measure.SUM: QT_TR_NOOP("Sum"),
    Measure.AVERAGE: QT_TR_NOOP("Average"),
}
_MERGED: Final = {
    Measure.SUM: QT_TR_NOOP("Sum of {column}"),
    Measure.AVERAGE: QT_TR_NOOP("Average of {column}"),
}
"""What bars show that stand for several rows each."""


class ChartPage(QWidget):
    """Draws the rows that match the filter in force. `troubled` carries a sentence."""

    troubled = Signal(str)

    def __init__(self, reader: ResultReader, theme: Theme) -> None:
        super().__init__()
        self._reader = reader
        self._theme = theme
        self._plot: Plot | None = None
        self._of: tuple[str, Wanted] | None = None
        self._columns: list[Column] = []
        self._rows: list[list[Any]] | None = None
        self._total = 0
        self._filtered = False
        self._choices: OrderedDict[str, Choice] = OrderedDict()
        self._work: asyncio.Task[object] | None = None
        self._tasks = Tasks(
            lambda error: self._say(tr("There is no chart: {error}").format(error=error))
        )
        self._kind = _combo(tr("Kind of chart"))
        for kind, title in _KINDS.items():
            self._kind.addItem(tr(title), kind.value)
        self._measure = _combo(tr("Bars show"))
        for measure, title in _MEASURES.items():
            self._measure.addItem(tr(title), measure.value)
        self._x, self._y, self._series = _combo("X"), _combo("Y"), _combo(tr("Series"))
        self._labels = [QLabel(text) for text in ("x", "y", tr("series"))]
        self._save = QToolButton()
        self._save.setText(tr("Save picture…"))
        self._save.setToolTip(tr("Save the chart as PNG or SVG"))
        self._save.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._note = ElidedLabel()
        self._note.setProperty("muted", True)
        self._note.setContentsMargins(10, 0, 10, 4)
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setProperty("muted", True)
        self._said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._said.setWordWrap(True)
        self._said.setMargin(24)
        self._said.setAutoFillBackground(True)
        self._said.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out()
        for box in (self._kind, self._measure, self._x, self._y, self._series):
            box.activated.connect(lambda _at: self._chosen())
        self._save.clicked.connect(self._ask_where)
        theme.changed.connect(self._recolor)
        self._recolor()
        self._say(tr("Select a job to draw its rows."))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(10, 4, 8, 4)
        head.setSpacing(6)
        head.addWidget(self._kind)
        head.addWidget(self._measure)
        for label, box in zip(self._labels, (self._x, self._y, self._series), strict=True):
            label.setProperty("muted", True)
            label.setBuddy(box)
            head.addSpacing(4)
            head.addWidget(label)
            head.addWidget(box, 1)
        head.addStretch(1)
        head.addWidget(self._save)
        page = QWidget()
        self._inside = QVBoxLayout(page)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        self._inside.addLayout(head)
        self._inside.addWidget(self._note)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._said)
        self._stack.addWidget(page)

    @property
    def plot(self) -> Plot | None:
        """What draws; `None` before the first chart."""
        return self._plot

    def show_result(
        self, job: JobSummary | None, columns: list[Column], wanted: Wanted, rows: int
    ) -> None:
        """Draw a job's result: `rows` of it match the filter."""
        if job is None or job.result is None or not columns:
            self._of = None
            self._say(
                tr("Select a job to draw its rows.")
                if job is None
                else tr("There are no rows to draw. Overview says how the query stands.")
            )
            return
        if not job.state.is_final:
            self._of = None
            self._say(tr("The chart is drawn once the query is done."))
            return
        of = (job.id, Wanted((), wanted.where))
        if of == self._of:
            return
        self._of = of
        self._total = rows
        self._rows = None
        if self._work is not None:
            self._work.cancel()
        if not rows:
            self._say(
                tr("No row matches the filter: there is nothing to draw.")
                if wanted.where
                else tr("The query returned no rows: there is nothing to draw.")
            )
            return
        self._say(tr("Reading the rows…"))
        self._work = self._tasks.start(self._read(job.id, columns, of[1], rows), name="chart")

    async def stop(self) -> None:
        """Let go of what is being read."""
        await self._tasks.close()
        if self._plot is not None:
            self._plot.end()
            self._plot = None

    async def _read(self, job_id: str, columns: list[Column], wanted: Wanted, total: int) -> None:
        if self._plot is None:
            # 370 ms, which the window need not wait for.
            await asyncio.to_thread(importlib.import_module, "pyqtgraph")
            module = importlib.import_module("longwatch_desktop.results.plot")
            self._plot = module.Plot(self._theme)
            self._inside.insertWidget(1, self._plot, 1)
        rows: list[list[Any]] = []
        for offset, limit in stretches(total, len(columns)):
            page = await self._reader.rows(job_id, columns, wanted, offset, limit)
            rows += page.rows
        self._rows = rows
        self._filtered = bool(wanted.where)
        self._offer(columns, self._choices.get(job_id) or first_choice(columns, rows))
        self._draw()

    def _offer(self, columns: list[Column], choice: Choice) -> None:
        self._columns = columns
        for box, more in ((self._x, []), (self._y, []), (self._series, [tr("none", "series")])):
            box.clear()
            box.addItems([*more, *(column.name for column in columns)])
        self._kind.setCurrentIndex(self._kind.findData(choice.kind.value))
        self._offer_measures(choice.measure)
        self._x.setCurrentIndex(choice.x)
        self._y.setCurrentIndex(choice.y)
        self._series.setCurrentIndex(0 if choice.series is None else choice.series + 1)

    @property
    def _sampled(self) -> bool:
        """Whether not all rows are drawn."""
        return self._total > MOST_POINTS

    def _offer_measures(self, measure: Measure) -> None:
        """A sample has an average, but neither a sum nor a count that would be true."""
        model = self._measure.model()
        assert isinstance(model, QStandardItemModel)
        for number, one in enumerate(Measure):
            can = not self._sampled or one is Measure.AVERAGE
            item = model.item(number)
            item.setEnabled(can)
            item.setToolTip("" if can else tr(NEEDS_ALL))
        self._measure.setToolTip(
            tr(NEEDS_ALL) if self._sampled else tr("What a bar says of its rows")
        )
        shown = Measure.AVERAGE if self._sampled else measure
        self._measure.setCurrentIndex(self._measure.findData(shown.value))

    @property
    def choice(self) -> Choice:
        """What is chosen."""
        series = self._series.currentIndex() - 1
        return Choice(
            Kind(self._kind.currentData()),
            max(0, self._x.currentIndex()),
            max(0, self._y.currentIndex()),
            series if series >= 0 else None,
            Measure(self._measure.currentData()),
        )

    def _chosen(self) -> None:
        if self._rows is None:  # there is nothing to choose from yet
            return
        if self._of is not None:
            self._choices[self._of[0]] = self.choice
            self._choices.move_to_end(self._of[0])
            while len(self._choices) > KEPT:
                self._choices.popitem(last=False)
        self._draw()

    def _draw(self) -> None:
        assert self._plot is not None
        assert self._rows is not None
        choice = self.choice
        bars = choice.kind is Kind.BAR
        counts = choice.kind is Kind.HISTOGRAM or (bars and choice.measure is Measure.COUNT)
        self._measure.setVisible(bars)
        self._y.setVisible(not counts)
        self._labels[1].setVisible(not counts)
        found = draw(self._rows, self._columns, choice)
        names = [column.name for column in self._columns]
        left = names[choice.y]
        if counts:
            left = tr("Rows of the sample") if self._sampled else tr("Rows")
        elif found.merged:
            left = tr(_MERGED[choice.measure]).format(column=left)
        self._plot.show_drawing(found, choice.kind, names[choice.x], left)
        notes = [self._what_is_drawn(), *found.notes]
        if bars and self._sampled:
            notes.append(tr(NEEDS_ALL))
        if not any(one.xs for one in found.series):
            notes.append(tr("Nothing to draw: choose columns with numbers."))
        self._note.say("  ".join(notes))
        self._stack.setCurrentIndex(1)

    def _what_is_drawn(self) -> str:
        """How many rows of how many, and which."""
        assert self._rows is not None
        total = self._total
        if self._sampled:
            text = (
                tr(
                    "A sample: {drawn} of %n rows that match the filter, "
                    "in stretches that lie evenly.",
                    "",
                    total,
                )
                if self._filtered
                else tr("A sample: {drawn} of %n rows, in stretches that lie evenly.", "", total)
            )
            return text.format(drawn=words.count(len(self._rows)))
        if self._filtered:
            return (
                tr("1 row that matches the filter.")
                if total == 1
                else tr("All %n rows that match the filter.", "", total)
            )
        return tr("1 row.") if total == 1 else tr("All %n rows.", "", total)

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._stack.setCurrentIndex(0)

    def _ask_where(self) -> None:
        pictures = QStandardPaths.StandardLocation.PicturesLocation
        start = str(Path(QStandardPaths.writableLocation(pictures)) / tr("chart.png"))
        dialog = QFileDialog(self, tr("Save the chart"), start, "PNG (*.png);;SVG (*.svg)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("png")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, path: Path) -> None:
        """Write the chart as its name's ending says: .svg, or PNG."""
        if self._plot is not None:
            data = self._plot.picture(self._note.text(), svg=path.suffix.lower() == ".svg")
            self._tasks.start(self._write(path, data), name="picture")

    async def _write(self, path: Path, data: bytes) -> None:
        try:
            await asyncio.to_thread(path.write_bytes, data)
        except OSError as error:
            self.troubled.emit(in_words(error, path))

    def _recolor(self) -> None:
        self._save.setIcon(self._theme.icon("export"))


def _combo(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setMinimumWidth(80)
    box.setMaximumWidth(200)
    return box
