"""The box that says that something went wrong in the program, and has the report to pass on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.client import words
from longwatch_desktop.reports.collecting import Report, Reports
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.theme import Theme, mono_font, with_size
from longwatch_desktop.translation import QT_TR_NOOP, tr

COPIED_MS: Final = 2_000
MOST_ROWS: Final = 5
"""More are scrolled."""
HEADING: Final = QT_TR_NOOP("Something went wrong in Longwatch itself")
WHAT_NOW: Final = QT_TR_NOOP(
    "This is a mistake in the program, not in a query. It goes on, and so do your queries and "
    "their results; only what was being done just now may not have happened. If it comes back, "
    "pass the report on to whoever looks after Longwatch."
)
LEFT_OUT: Final = QT_TR_NOOP(
    "Passwords, tokens and your home folder are left out. Names from your data may be in it."
)


class ReportDialog(QDialog):
    """One for all reports; it follows what comes while it is open."""

    def __init__(
        self, reports: Reports, theme: Theme, facts: Callable[[], list[str]], parent: QWidget
    ) -> None:
        """`facts` are lines about the program and the machine."""
        super().__init__(parent)
        self._reports = reports
        self._theme = theme
        self._facts = facts
        self.setWindowTitle(tr("Report"))
        # It must not take the keys from whoever is typing.
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._icon = QLabel()
        heading = QLabel(tr(HEADING))
        heading.setFont(with_size(heading.font(), 1.25, bold=True))
        what_now = QLabel(tr(WHAT_NOW))
        what_now.setWordWrap(True)
        self._list = QListWidget()
        self._list.setAccessibleName(tr("What went wrong"))
        self._list.setSpacing(2)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setAccessibleName(tr("Report"))
        self._text.setFont(mono_font())
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setTabChangesFocus(True)
        self._said = QLabel(tr(LEFT_OUT))
        self._said.setProperty("muted", True)
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox()
        self._copy = QPushButton()
        self._copy.setDefault(True)
        self._save = QPushButton(tr("Save…"))
        self._save.setAutoDefault(False)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self._save, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Close)
        self._copied = QTimer(self, interval=COPIED_MS, singleShot=True)
        self._tasks = Tasks(self._not_saved)
        self._lay_out(heading, what_now, buttons)
        self._copy.clicked.connect(self.copy)
        self._save.clicked.connect(self._choose_file)
        self._copied.timeout.connect(self._name_copy)
        buttons.rejected.connect(self.reject)
        self._list.currentRowChanged.connect(lambda _row: self._show_text())
        theme.changed.connect(self._recolor)
        self._recolor()
        self.renew()

    def renew(self) -> None:
        """Show what there is by now; what is being read stays."""
        reports = self._reports.all
        row = self._list.currentRow()
        self._list.blockSignals(True)
        while self._list.count() < len(reports):
            self._list.addItem("")
        for at, report in enumerate(reports):
            if self._list.item(at).text() != (line := _line(report)):
                self._list.item(at).setText(line)
        if row < 0 and reports:
            self._list.setCurrentRow(len(reports) - 1)
        self._list.blockSignals(False)
        self._list.setVisible(len(reports) > 1)
        row_height = self._list.sizeHintForRow(0) + 2 * self._list.spacing()
        self._list.setFixedHeight(min(len(reports), MOST_ROWS) * row_height + 6)
        self._show_text()
        if not self._copied.isActive():
            self._name_copy()

    def show_last(self) -> None:
        """Show the report that came last."""
        last, reports = self._reports.last, self._reports.all
        if last in reports:
            self._list.setCurrentRow(reports.index(last))

    def copy(self) -> None:
        """Put every report on the clipboard."""
        QGuiApplication.clipboard().setText(self.document())
        self._copy.setText(tr("Copied"))
        self._copied.start()

    def document(self) -> str:
        """Every report, as one text: in English, as its tracebacks and its readers are."""
        reports = self._reports.all
        parts = ["\n".join(("Longwatch report", *self._facts()))]
        parts += [_story(report) for report in reports]
        if self._reports.more:
            more = words.counted(self._reports.more, "other error")
            parts.append(f"{more} came after these, of which nothing was kept.")
        return "\n\n".join(parts) + "\n"

    async def stop(self) -> None:
        """Let go of what is being saved."""
        await self._tasks.close()

    def _lay_out(self, heading: QLabel, what_now: QLabel, buttons: QDialogButtonBox) -> None:
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self._icon)
        top.addWidget(heading, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addLayout(top)
        layout.addWidget(what_now)
        layout.addWidget(self._list)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._said)
        layout.addWidget(buttons)
        self.setMinimumSize(QSize(460, 360))
        self.resize(680, 520)

    def _show_text(self) -> None:
        reports, row = self._reports.all, self._list.currentRow()
        text = _story(reports[row]) if 0 <= row < len(reports) else ""
        if self._text.toPlainText() != text:
            at = self._text.verticalScrollBar().value()
            self._text.setPlainText(text)
            self._text.verticalScrollBar().setValue(at)

    def _name_copy(self) -> None:
        one = len(self._reports.all) == 1
        self._copy.setText(tr("Copy report") if one else tr("Copy all reports"))

    def _choose_file(self) -> None:
        kinds = tr("Text (*.txt)")
        dialog = QFileDialog(self, tr("Save the report"), "longwatch-report.txt", kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.fileSelected.connect(lambda name: self.save(Path(name)))
        dialog.open()

    def save(self, target: Path) -> None:
        """Write every report to a file."""
        self._tasks.start(self._write(target, self.document()), name="save-report")

    async def _write(self, target: Path, text: str) -> None:
        await asyncio.to_thread(target.write_text, text, "utf-8")
        self._said.setText(tr("Saved as {file}.").format(file=target))

    def _not_saved(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        text = tr("It could not be saved: {error}. Choose another file.")
        self._said.setText(text.format(error=error.strerror or error))

    def _recolor(self) -> None:
        icon = self._theme.icon("warning", self._theme.colors.warning)
        self._icon.setPixmap(icon.pixmap(24, 24))


def _line(report: Report) -> str:
    times = f"{report.count} ×  " if report.count > 1 else ""
    return f"{report.first_at.astimezone():%H:%M:%S}  {times}{report.title}"


def _story(report: Report) -> str:
    when = f"{report.first_at:%Y-%m-%d %H:%M:%S} UTC, {report.where}"
    if report.count > 1:
        when += f"; {report.count} times until {report.last_at:%H:%M:%S}"
    return f"{report.title}\n{when}\n\n{report.text}"
