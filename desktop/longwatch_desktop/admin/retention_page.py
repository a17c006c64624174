"""How long results and jobs are kept, how much there is, and making room now."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.limits import Retention, SweepKind, Swept
from longwatch_desktop import words
from longwatch_desktop.admin.limits_page import TITLES, amount
from longwatch_desktop.mirror import text
from longwatch_desktop.text_table import Row, TextTable
from longwatch_desktop.theme import inset
from longwatch_desktop.translation import tr

MOST_DAYS = 36_500


class RetentionPage(QWidget):
    """`count_wanted` and `remove_wanted` carry a `SweepKind` and a number of days."""

    count_wanted = Signal(object, int)
    remove_wanted = Signal(object, int)

    def __init__(self) -> None:
        super().__init__()
        self._rules = _label()
        self.table = TextTable(
            tr("What is kept"),
            [tr("Person"), tr("Jobs"), tr("Results"), tr("Size of results")],
            numbers=(1, 2, 3),
        )
        self._kind = QComboBox()
        self._kind.setAccessibleName(tr("What to delete"))
        self._kind.addItem(tr("results"), SweepKind.RESULTS)
        self._kind.addItem(tr("jobs and their results"), SweepKind.JOBS)
        self._days = QSpinBox()
        inset(self._days)
        self._days.setAccessibleName(tr("Older than"))
        self._days.setRange(0, MOST_DAYS)
        self._days.setValue(30)
        self._days.setSuffix(tr(" days"))
        self._days.setGroupSeparatorShown(True)
        self._count = QPushButton(tr("Count them"))
        self._count.setToolTip(tr("How many that are; nothing is deleted yet"))
        self._remove = QPushButton(tr("Delete…"))
        self._found = _label()
        self._counted = QLabel()
        self._counted.setProperty("muted", True)
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in (
            *(QLabel(tr("Delete")), self._kind, QLabel(tr("older than")), self._days),
            *(self._count, self._remove),
        ):
            line.addWidget(widget)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self._rules)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._counted, 0, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(line)
        layout.addWidget(self._found)
        self._count.clicked.connect(lambda: self._ask(self.count_wanted))
        self._remove.clicked.connect(lambda: self._ask(self.remove_wanted))
        self._kind.currentIndexChanged.connect(lambda _at: self._changed())
        self._days.valueChanged.connect(lambda _days: self._changed())
        self.table.say(tr("Asking the server…"))
        self._changed()

    @property
    def found(self) -> str:
        """What it says of what would go, or went."""
        return self._found.text()

    def show_retention(self, told: Retention, now: datetime) -> None:
        """Show what is kept; `now` is the server's clock."""
        rules = {
            "keep_results_days": told.keep_results_days,
            "keep_results_bytes": told.keep_results_bytes,
            "keep_jobs_days": told.keep_jobs_days,
            "keep_jobs": told.keep_jobs,
            "runs_kept_days": told.runs_kept_days,
            "max_runs": told.max_runs,
        }
        said = [f"{tr(TITLES[name])}: {amount(name, value)}" for name, value in rules.items()]
        self._rules.setText("  ·  ".join(said))
        self._counted.setText(
            tr("Results were counted: {when}").format(when=text.moment(told.looked_at, now))
        )
        rows = [
            _row(one.owner, one.owner, one.jobs, one.results, one.bytes) for one in told.holdings
        ]
        if len(rows) > 1:
            all_ = told.holdings
            jobs, results = sum(one.jobs for one in all_), sum(one.results for one in all_)
            total = sum(one.bytes for one in all_)
            rows.append(_row("", tr("All together"), jobs, results, total))
        self.table.show_rows(rows, tr("There are no jobs yet, and nothing takes up room."))

    def show_counted(self, swept: Swept, *, went: bool) -> None:
        """Say what would go, or `went`."""
        self._busy(busy=False)
        self._found.setText(told_of(swept, went=went))

    def say(self, sentence: str) -> None:
        """Say why nothing was counted or deleted."""
        self._busy(busy=False)
        self._found.setText(sentence)

    def counting(self) -> None:
        """It takes a while: all results are looked at."""
        self._busy(busy=True)
        self._found.setText(tr("The server looks through all results…"))

    def _busy(self, *, busy: bool) -> None:
        for widget in (self._kind, self._days, self._count, self._remove):
            widget.setEnabled(not busy)

    def _changed(self) -> None:
        self._found.setText(
            tr("Jobs stay in the list and say that their result was removed.")
            if self._kind.currentData() == SweepKind.RESULTS
            else tr("Jobs that wait or run stay. What is deleted cannot be brought back.")
        )

    def _ask(self, signal: SignalInstance) -> None:
        kind = SweepKind(self._kind.currentData())
        signal.emit(kind, self._days.value())


def told_of(swept: Swept, *, went: bool) -> str:
    """What would go, or `went`."""
    if not swept.jobs and not swept.results:
        return (
            tr("Nothing was deleted: nothing is that old.") if went else tr("Nothing is that old.")
        )
    results = tr("%n result(s)", "", swept.results)
    size = words.size(swept.bytes)
    if swept.jobs:
        said = tr("{jobs} with {results}, {size}, were deleted.") if went else tr(
            "{jobs} with {results}, {size}, would be deleted.")  # fmt: skip
        return said.format(jobs=tr("%n job(s)", "", swept.jobs), results=results, size=size)
    said = tr("{results}, {size}, were deleted.") if went else tr(
        "{results}, {size}, would be deleted.")  # fmt: skip
    return said.format(results=results, size=size)


def _row(key: str, who: str, jobs: int, results: int, size: int) -> Row:
    return key, (who, words.count(jobs), words.count(results), words.size(size)), True


def _label() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
