"""How right bars and times left were, told of each source: nobody should have to take them on
trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from longwatch.protocol.runs import SourceAccuracy
from longwatch_desktop.actions import Actions
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks, foreseen
from longwatch_desktop.text_table import TextTable
from longwatch_desktop.translation import figures, tr


class AccuracyDialog(QDialog):
    """A line for each source."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("How right the times were"))
        self.setMinimumSize(640, 300)
        self.resize(840, 340)
        self.table = TextTable(
            tr("How right the times were"),
            [
                tr("Source"),
                tr("Queries"),
                tr("Had run before"),
                tr("Bar off by, first"),
                tr("Bar off by, again"),
                tr("Range was right"),
            ],
            numbers=(1, 2, 3, 4, 5),
        )
        about = QLabel(
            tr(
                "Of the queries that have ended: how far the bar was from the share of the time "
                "that had passed, on average over the run, the first time and when the query had "
                "run before; and how much of the time the range of the time left held. That is to "
                "be 80\u00a0%."
            )
        )
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        about.setProperty("muted", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(about)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)
        self.table.say(tr("Asking the server…"))

    def show_sources(self, sources: Sequence[SourceAccuracy], titles: Mapping[str, str]) -> None:
        """Show these, by what people call them."""
        self.table.show_rows(
            [(one.source, _cells(one, titles), True) for one in sources],
            tr("Nothing is known yet: no query that took half a second has ended."),
        )


class AccuracyDesk(QObject):
    """Opens it when it is asked for."""

    def __init__(self, session: Session, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._dialog: AccuracyDialog | None = None
        self._tasks = Tasks(foreseen(self._say))
        actions.accuracy.triggered.connect(self.open)

    def open(self) -> None:
        """Show how right the server's times were."""
        if self._dialog is not None:
            self._dialog.raise_()
            return
        self._dialog = AccuracyDialog(self._window)
        self._dialog.finished.connect(self._closed)
        self._dialog.open()
        self._tasks.start(self._read(), name="accuracy")

    async def stop(self) -> None:
        """Let go of what is under way."""
        await self._tasks.close()

    async def _read(self) -> None:
        sources = await self._session.client().accuracy()
        if self._dialog is not None:
            titles = {one.name: one.title for one in self._session.sources}
            self._dialog.show_sources(sources, titles)

    def _say(self, reason: str) -> None:
        if self._dialog is not None:
            self._dialog.table.say(reason)

    def _closed(self) -> None:
        self._dialog = None


def _cells(one: SourceAccuracy, titles: Mapping[str, str]) -> tuple[str, ...]:
    return (
        titles.get(one.source, one.source),
        figures(f"{one.runs:,}"),
        figures(f"{one.repeats:,}"),
        _percent(one.fraction_error_first),
        _percent(one.fraction_error_repeats),
        _percent(one.range_held),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else figures(f"{100 * share:.1f}") + " %"
