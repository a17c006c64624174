"""The sources of a server, for who looks after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from longwatch.protocol.sources import Source, SourceOrigin
from longwatch.protocol.worker import DEFAULT_QUEUE
from longwatch_desktop import words
from longwatch_desktop.sources.tree import FIXED
from longwatch_desktop.text_table import Row, TextTable
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

_ORIGINS: Final = {
    SourceOrigin.PROGRAM: QT_TR_NOOP("came with the program"),
    SourceOrigin.SETTINGS: QT_TR_NOOP("in the settings"),
    SourceOrigin.ADDED: QT_TR_NOOP("added"),
}


_QUEUE: Final = 5
"""The column of queues."""


class SourcesPage(QWidget):
    """Which there are. `edit_wanted`, `test_wanted` and `remove_wanted` carry a `Source`."""

    add_wanted = Signal()
    edit_wanted = Signal(object)
    test_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sources: dict[str, Source] = {}
        self.table = TextTable(
            tr("Sources"),
            [
                *(tr("Title"), tr("Name"), tr("Kind"), tr("Jobs"), tr("At once")),
                *(tr("Queue"), tr("Comes from")),
            ],
            numbers=(3, 4),
        )
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._said.setWordWrap(True)
        add = QPushButton(tr("Add source…"))
        self._edit = QPushButton(tr("Edit…"))
        self._test = QPushButton(tr("Test"))
        self._remove = QPushButton(tr("Remove…"))
        line = QHBoxLayout()
        for button in (add, self._edit, self._test, self._remove):
            line.addWidget(button)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._said)
        layout.addLayout(line)
        add.clicked.connect(self.add_wanted)
        for button, signal in (
            (self._edit, self.edit_wanted),
            (self._test, self.test_wanted),
            (self._remove, self.remove_wanted),
        ):
            button.clicked.connect(lambda _on=False, signal=signal: self._ask(signal))
        self.table.chosen.connect(self._enable)
        self.table.say(tr("Asking the server…"))
        self.say("")
        self._enable()

    @property
    def said(self) -> str:
        """What stands below the table."""
        return self._said.text()

    def show_sources(
        self, sources: Sequence[Source], jobs: Mapping[str, int], *, queues: bool
    ) -> None:
        """Show these; `jobs` is how many each has, as far as that is known. They have `queues`
        where workers carry queries out."""
        self._sources = {one.name: one for one in sources}
        self.table.show_rows(
            [self._row(one, jobs.get(one.name)) for one in sources],
            tr("There is no source yet. Add one: nothing can be queried without."),
        )
        self.table.hide_column(_QUEUE, hidden=not queues)

    def say(self, sentence: str, tone: str = "text") -> None:
        """Say what came of something, in a colour of the theme; nothing says who may use them."""
        usual = tr("Whoever may run queries here may run them on every source.")
        self._said.setText(sentence or usual)
        shade = getattr(self._theme.colors, tone if sentence else "muted")
        self._said.setStyleSheet(f"color: {shade};")

    def say_wrong(self, reason: str) -> None:
        """Say why something did not come about."""
        tone = "danger"
        self.say(reason, tone)

    def _row(self, source: Source, jobs: int | None) -> Row:
        most = tr("any number") if source.max_running is None else words.count(source.max_running)
        cells = (
            *(source.title, source.name, source.engine),
            *("–" if jobs is None else words.count(jobs), most),
            *(source.queue or DEFAULT_QUEUE, tr(_ORIGINS[source.origin])),
        )
        return source.name, cells, True

    def _chosen(self) -> Source | None:
        return self._sources.get(self.table.current or "")

    def _enable(self) -> None:
        source = self._chosen()
        fixed = FIXED.get(source.origin) if source is not None else None
        self._edit.setEnabled(source is not None)
        self._edit.setText(tr("Edit…") if fixed is None else tr("Look at its settings…"))
        self._test.setEnabled(source is not None)
        self._remove.setEnabled(source is not None and fixed is None)
        self._remove.setToolTip("" if fixed is None else tr(fixed))

    def _ask(self, signal: SignalInstance) -> None:
        source = self._chosen()
        if source is not None:
            signal.emit(source)
