"""A column in figures, at the side of the rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import ColumnStatistics, Condition
from longwatch_desktop import words
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.bars import FrequentBars, Histogram
from longwatch_desktop.results.model import as_text
from longwatch_desktop.results.reading import ResultReader
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, with_size
from longwatch_desktop.translation import QT_TR_NOOP, figures, tr

QUARTILES: Final = {0.01: "1 %", 0.05: "5 %", 0.25: "25 %", 0.5: QT_TR_NOOP("median"),
                    0.75: "75 %", 0.95: "95 %", 0.99: "99 %"}  # fmt: skip
TOP: Final = 10


class StatisticsPanel(QFrame):
    """Hidden until a column is asked for; follows the filter in force while it is open."""

    closed = Signal()

    def __init__(self, reader: ResultReader, theme: Theme) -> None:
        super().__init__()
        self._reader = reader
        self._theme = theme
        self._tasks = Tasks(self._failed)
        self._work: asyncio.Task[object] | None = None
        self._asked: tuple[str, Sequence[Column], int] | None = None
        self._where: tuple[Condition, ...] = ()
        self.shown: ColumnStatistics | None = None
        """What is shown; `None` while it is counted."""
        self.setObjectName("statistics")
        self.setAccessibleName(tr("Statistics of a column"))
        self.setMinimumWidth(230)
        self._title = ElidedLabel()
        self._title.setFont(with_size(self.font(), 1.05, bold=True))
        self._close = QToolButton()
        self._close.setToolTip(tr("Close the statistics"))
        self._close.setAccessibleName(tr("Close the statistics"))
        self._close.clicked.connect(self.leave)
        self._kind = QLabel()
        self._kind.setProperty("muted", True)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._again = QToolButton()
        self._again.setText(tr("Try again"))
        self._again.clicked.connect(self._ask)
        self._body = _Figures(theme)
        self._lay_out()
        theme.changed.connect(self._recolor)
        self._recolor()
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._close)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        head.setContentsMargins(12, 4, 4, 0)
        above = QVBoxLayout()
        above.setContentsMargins(12, 0, 4, 4)
        above.setSpacing(4)
        for widget in (self._kind, self._said, self._again):
            above.addWidget(widget)
        # Only the title stands still: where there is little height, the rest would be crushed.
        inside = QWidget()
        inside.setObjectName("figures")
        lines = QVBoxLayout(inside)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        lines.addLayout(above)
        lines.addWidget(self._body)
        lines.addStretch(1)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)

    def show_column(
        self, job_id: str, columns: Sequence[Column], where: Sequence[Condition], place: int
    ) -> None:
        """Count one column of the rows that match."""
        self._asked = (job_id, columns, place)
        self._where = tuple(where)
        self._title.say(columns[place].name)
        self._kind.setText(columns[place].type)
        self.show()
        self._ask()

    def follow(self, where: Sequence[Condition]) -> None:
        """The filter is another one now."""
        if self._asked is not None and tuple(where) != self._where:
            self._where = tuple(where)
            self._ask()

    def leave(self) -> None:
        """Close it."""
        self._asked = None
        if self._work is not None:
            self._work.cancel()
        self.hide()
        self.closed.emit()

    async def stop(self) -> None:
        """Let go of what is being counted."""
        await self._tasks.close()

    def _ask(self) -> None:
        if self._asked is None:
            return
        if self._work is not None:
            self._work.cancel()
        self.shown = None
        self._body.hide()
        self._again.hide()
        self._say(tr("Counting…"))
        job_id, columns, place = self._asked
        self._work = self._tasks.start(
            self._fetch(job_id, columns, self._where, place), name="statistics"
        )

    async def _fetch(
        self, job_id: str, columns: Sequence[Column], where: tuple[Condition, ...], place: int
    ) -> None:
        found = await self._reader.statistics(job_id, columns, where, place)
        if self._asked != (job_id, columns, place) or where != self._where:
            return
        self.shown = found
        self._say(tr("Of the rows that match the filter.") if where else "")
        self._body.show_figures(found)
        self._body.show()

    def _failed(self, error: Exception) -> None:
        self._say(tr("The column could not be counted. {error}").format(error=error))
        self._again.show()

    def _say(self, sentence: str) -> None:
        self._said.setText(sentence)
        self._said.setVisible(bool(sentence))

    def _recolor(self) -> None:
        colors = self._theme.colors
        self._close.setIcon(self._theme.icon("close"))
        self.setStyleSheet(f"#statistics, #figures {{ background: {colors.base}; }}")


class _Figures(QWidget):
    """The figures themselves."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("figures")
        self._cells: list[QLabel] = []
        self._histogram = Histogram(theme)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._grid, self._more = _two_columns(), _two_columns()
        self._more_title = _heading(tr("Quantiles"))
        self._frequent = FrequentBars(theme)
        self._frequent_title = _heading(tr("Most frequent"))
        self._spread_title = _heading(tr("Distribution"))
        inside = QVBoxLayout(self)
        # The scroll area does not hear of what is filled in while this is hidden: without it the
        # figures would be pressed into the height in view.
        inside.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        inside.setContentsMargins(12, 0, 12, 12)
        inside.setSpacing(8)
        inside.addLayout(self._grid)
        inside.addWidget(self._spread_title)
        inside.addWidget(self._histogram)
        inside.addWidget(self._frequent_title)
        inside.addWidget(self._frequent)
        inside.addWidget(self._more_title)
        inside.addLayout(self._more)
        inside.addStretch(1)

    def show_figures(self, found: ColumnStatistics) -> None:
        """Of one column."""
        while self._cells:
            cell = self._cells.pop()
            cell.hide()
            cell.deleteLater()
        for grid, facts in ((self._grid, basics(found)), (self._more, quantiles(found))):
            for row, (what, value) in enumerate(facts):
                name, shown = QLabel(what), ElidedLabel(value, right=True)
                name.setProperty("muted", True)
                shown.setAccessibleName(f"{what} {value}")
                grid.addWidget(name, row, 0)
                grid.addWidget(shown, row, 1)
                self._cells += [name, shown]
        self._more_title.setVisible(bool(found.quantiles))
        self._histogram.show_bins(found.histogram)
        self._histogram.setVisible(bool(found.histogram))
        self._spread_title.setVisible(bool(found.histogram))
        telling = bool(found.frequent) and (found.frequent[0].count > 1 or len(found.frequent) <= 2)
        self._frequent.show_values(
            [(as_text(one.value), one.count) for one in found.frequent[:TOP]], found.rows
        )
        self._frequent_title.setText(
            tr("Most frequent") if found.frequent_exact else tr("Most frequent (about)")
        )
        self._frequent.setVisible(telling)
        self._frequent_title.setVisible(telling)


def basics(found: ColumnStatistics) -> list[tuple[str, str]]:
    """What is known of a column, as names and texts, but its quantiles."""
    share = f" ({words.share(found.nulls / found.rows, 1)})" if found.nulls and found.rows else ""
    about = "~" if found.distinct > 1_000 else ""
    facts = [
        (tr("Rows"), words.count(found.rows)),
        (tr("NULLs"), words.count(found.nulls) + share),
        (tr("Distinct"), about + words.count(found.distinct)),
        (tr("Min"), figure(found.min)),
        (tr("Max"), figure(found.max)),
    ]
    if found.mean is not None:
        facts += [(tr("Mean"), figure(found.mean)), (tr("Std. deviation"), figure(found.std))]
    return [(what, value) for what, value in facts if value]


def quantiles(found: ColumnStatistics) -> list[tuple[str, str]]:
    """Those of a column, as names and texts."""
    facts = [(QUARTILES[one.at], figure(one.value)) for one in found.quantiles
             if one.at in QUARTILES]  # fmt: skip
    return [(tr(what), value) for what, value in facts if value]


def figure(value: Any) -> str:
    """A value of the statistics to read; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return words.count(value)
        case float():
            return figures(f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.1f}")
        case str():
            return value.removesuffix("T00:00:00") if len(value) < 30 else value
        case _:
            return as_text(value)


def _two_columns() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    return grid


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setFont(with_size(label.font(), 1.0, bold=True))
    return label
