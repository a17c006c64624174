"""Chips with counts, and a box that takes words and `state:failed source:flights older:1d`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from longwatch.protocol.jobs import JobState
from longwatch_desktop import words
from longwatch_desktop.mirror.filters import FilterError, parse
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.mirror.text import counted_matches, short_count
from longwatch_desktop.theme import Theme, mark_wrong
from longwatch_desktop.translation import QT_TR_NOOP, tr

CHIPS: Final[tuple[tuple[str, frozenset[JobState] | None], ...]] = (
    (QT_TR_NOOP("All"), None),
    (QT_TR_NOOP("Running"), frozenset({JobState.RUNNING})),
    (QT_TR_NOOP("Queued"), frozenset({JobState.QUEUED})),
    (QT_TR_NOOP("Done"), frozenset({JobState.SUCCEEDED})),
    (QT_TR_NOOP("Failed"), frozenset({JobState.FAILED, JobState.LOST})),
    (QT_TR_NOOP("Cancelled"), frozenset({JobState.CANCELLED})),
)


LEAST_BOX: Final = 120
MARGIN: Final = 8
SPACING: Final = 2
NOTE_MARGIN: Final = 8
GO_FIRST: Final = (3, 5, 2, 4, 1)
"""Places among `CHIPS` of those that go where there is little room: what is over first."""
HELP: Final = QT_TR_NOOP(
    "Words are looked for in names and SQL. Also:\n"
    "state:failed,running   source:sample   user:ann   mine:\n"
    'older:1d   newer:2h   longer:30s   "two words"   -without'
)


class FilterBar(QWidget):
    """`changed` carries the `JobFilter` to apply."""

    changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._user = ""
        self._numbers: list[int | None] = [None] * (len(CHIPS) + 1)
        self._chips = QButtonGroup(self)
        self._chips.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MARGIN, 5, MARGIN, 5)
        layout.setSpacing(SPACING)
        layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        for number, (title, _) in enumerate(CHIPS):
            chip = _chip(tr(title))
            self._chips.addButton(chip, number)
            layout.addWidget(chip)
        self._chips.button(0).setChecked(True)
        self._own = _chip(tr("Mine"))
        self._own.setToolTip(tr("Only what you have submitted"))
        self._own.hide()
        layout.addWidget(self._own)
        self._note = QLabel()
        self._note.setContentsMargins(NOTE_MARGIN, 0, 0, 0)
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._note.setProperty("muted", True)
        layout.addWidget(self._note, 1)
        self._box = QLineEdit()
        self._box.setPlaceholderText(tr("Filter jobs"))
        self._box.setToolTip(tr(HELP))
        self._box.setAccessibleName(tr("Filter jobs"))
        self._box.setClearButtonEnabled(True)
        self._box.setMinimumWidth(LEAST_BOX)
        self._box.setMaximumWidth(340)
        self._glass = QAction(self._box)
        self._box.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._box, self._box.clear)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        layout.addWidget(self._box, 2)
        self._chips.idToggled.connect(self._choose)
        self._own.toggled.connect(lambda _on: self._tell())
        self._box.textChanged.connect(lambda _text: self._tell())
        theme.changed.connect(self._recolor)
        self._recolor()

    @property
    def is_narrowing(self) -> bool:
        """Whether anything is filtered out by intention."""
        by_chips = self._chips.checkedId() != 0 or self._own.isChecked()
        return by_chips or bool(self._box.text().strip())

    def clear(self) -> None:
        """Show everything again."""
        self._box.clear()
        self._own.setChecked(False)
        self._chips.button(0).setChecked(True)

    def focus_box(self) -> None:
        """Put the cursor into the box."""
        self._box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._box.selectAll()

    def set_user(self, name: str) -> None:
        """Who “me” is; empty while nobody knows."""
        if name != self._user:
            self._user = name
            if name and (self._own.isChecked() or self._box.text()):
                self._tell()

    def set_counts(
        self,
        counts: Mapping[JobState, int],
        matches: int,
        total: int,
        mine: int | None = None,
    ) -> None:
        """How many jobs there are of each state, how many match what is typed, and how many are
        the user's own (`None` where there are no others)."""
        numbers: list[int | None] = [
            total if states is None else sum(counts.get(state, 0) for state in states)
            for _, states in CHIPS
        ]
        if [*numbers, mine] != self._numbers:
            self._numbers = [*numbers, mine]
            self._fit()
        if not self._box.property("wrong"):
            narrowed = bool(self._box.text().strip())
            self._note.setText(counted_matches(matches) if narrowed else "")

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Not that of all chips: some go where there is no room."""
        first = self._chips.button(0).sizeHint().width() + SPACING
        width = first + LEAST_BOX + 2 * MARGIN + NOTE_MARGIN
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Say the counts as fully as there is room: cut, a number is another number. Where there
        is none for all of them some chips go, rather than the box, which takes `state:` too."""
        room = self.width() - LEAST_BOX - 2 * MARGIN - NOTE_MARGIN
        needed = 0
        for brevity in range(3):
            needed = sum(self._write(*chip, brevity) for chip in self._all_chips())
            if needed <= room:
                return
        for number in GO_FIRST:
            chip = self._chips.button(number)
            if needed > room and not chip.isHidden() and not chip.isChecked():
                chip.hide()
                needed -= chip.sizeHint().width() + SPACING

    def _all_chips(self) -> Iterator[tuple[QAbstractButton, str, int | None]]:
        for number, (title, _) in enumerate(CHIPS):
            yield self._chips.button(number), tr(title), self._numbers[number]
        yield self._own, tr("Mine"), self._numbers[-1]

    def _write(self, chip: QAbstractButton, title: str, number: int | None, brevity: int) -> int:
        """Write a chip, in full or more and more briefly; the width it takes."""
        shown = number is not None or chip is not self._own
        if brevity == 2 and chip is not self._chips.button(0):
            shown = shown and bool(number)
        shown = shown or chip.isChecked()
        if number is None:
            text = title
        else:
            text = f"{title} {short_count(number) if brevity else words.count(number)}"
        chip.setText(text)
        chip.setVisible(shown)
        return chip.sizeHint().width() + SPACING if shown else 0

    def _choose(self, _number: int, on: bool) -> None:
        if on:
            self._tell()

    def _tell(self) -> None:
        self._fit()
        text = self._box.text()
        found = parse(text, self._user)
        wrong = isinstance(found, FilterError)
        mark_wrong(self._box, wrong=wrong)
        if isinstance(found, FilterError):
            message, query = found.message, found.lenient
        else:
            message, query = "", found
        self._note.setText(message)
        self._box.setToolTip(message or tr(HELP))
        states = CHIPS[self._chips.checkedId()][1]
        if self._own.isChecked():
            query = replace(query, owner=(self._user,))
        self.changed.emit(narrowed(query, states))

    def _recolor(self) -> None:
        self._glass.setIcon(self._theme.icon("search", self._theme.colors.muted))


def narrowed(query: JobFilter, states: frozenset[JobState] | None) -> JobFilter:
    """`query` for jobs of `states` alone; `None` means any."""
    if states is None:
        return query
    both = states if query.states is None else states & query.states
    return replace(query, states=both)


def _chip(title: str) -> QToolButton:
    chip = QToolButton()
    chip.setText(title)
    chip.setCheckable(True)
    chip.setProperty("chip", True)
    chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return chip
