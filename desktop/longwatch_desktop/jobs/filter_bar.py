"""Chips with counts, and a box that takes words and `state:failed source:flights older:1d`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from longwatch.client import words
from longwatch.protocol.jobs import JobState
from longwatch_desktop.mirror.filters import FilterError, parse
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.theme import Theme, mark_wrong

CHIPS: Final[tuple[tuple[str, frozenset[JobState] | None], ...]] = (
    ("All", None),
    ("Running", frozenset({JobState.RUNNING})),
    ("Queued", frozenset({JobState.QUEUED})),
    ("Done", frozenset({JobState.SUCCEEDED})),
    ("Failed", frozenset({JobState.FAILED, JobState.LOST})),
    ("Cancelled", frozenset({JobState.CANCELLED})),
)


HELP: Final = """Words are looked for in names and SQL. Also:
state:failed,running   source:sample   user:ann
older:1d   newer:2h   longer:30s   "two words"   -without"""


class FilterBar(QWidget):
    """`changed` carries the `JobFilter` to apply."""

    changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._chips = QButtonGroup(self)
        self._chips.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 5, 8, 5)
        layout.setSpacing(2)
        for number, (title, _) in enumerate(CHIPS):
            chip = QToolButton()
            chip.setText(title)
            chip.setCheckable(True)
            chip.setProperty("chip", True)
            chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._chips.addButton(chip, number)
            layout.addWidget(chip)
        self._chips.button(0).setChecked(True)
        layout.addSpacing(8)
        self._note = QLabel()
        self._note.setProperty("muted", True)
        layout.addWidget(self._note, 1)
        self._box = QLineEdit()
        self._box.setPlaceholderText("Filter jobs")
        self._box.setToolTip(HELP)
        self._box.setAccessibleName("Filter jobs")
        self._box.setClearButtonEnabled(True)
        self._box.setMinimumWidth(120)
        self._box.setMaximumWidth(340)
        self._glass = QAction(self._box)
        self._box.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._box, self._box.clear)
        escape.setContext(Qt.ShortcutContext.WidgetShortcut)
        layout.addWidget(self._box, 2)
        self._chips.idToggled.connect(self._choose)
        self._box.textChanged.connect(lambda _text: self._tell())
        theme.changed.connect(self._recolor)
        self._recolor()

    @property
    def is_narrowing(self) -> bool:
        """Whether anything is filtered out by intention."""
        return self._chips.checkedId() != 0 or bool(self._box.text().strip())

    def clear(self) -> None:
        """Show everything again."""
        self._box.clear()
        self._chips.button(0).setChecked(True)

    def focus_box(self) -> None:
        """Put the cursor into the box."""
        self._box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._box.selectAll()

    def set_counts(self, counts: Mapping[JobState, int], shown: int, total: int) -> None:
        """How many jobs there are of each state, and how many of them are shown."""
        for number, (title, states) in enumerate(CHIPS):
            count = total if states is None else sum(counts.get(state, 0) for state in states)
            self._chips.button(number).setText(f"{title} {words.count(count)}")
        if not self._box.property("wrong"):
            narrowed = bool(self._box.text().strip())
            self._note.setText(words.counted(shown, "match", "matches") if narrowed else "")

    def _choose(self, _number: int, on: bool) -> None:
        if on:
            self._tell()

    def _tell(self) -> None:
        text = self._box.text()
        found = parse(text)
        wrong = isinstance(found, FilterError)
        mark_wrong(self._box, wrong=wrong)
        if isinstance(found, FilterError):
            message, query = found.message, found.lenient
        else:
            message, query = "", found
        self._note.setText(message)
        self._box.setToolTip(message or HELP)
        states = CHIPS[self._chips.checkedId()][1]
        self.changed.emit(narrowed(query, states))

    def _recolor(self) -> None:
        self._glass.setIcon(self._theme.icon("search", self._theme.colors.muted))


def narrowed(query: JobFilter, states: frozenset[JobState] | None) -> JobFilter:
    """`query` for jobs of `states` alone; `None` means any."""
    if states is None:
        return query
    both = states if query.states is None else states & query.states
    return replace(query, states=both)
