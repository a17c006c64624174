"""The strip under the details: exports under way, and those that ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QColor, QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from longwatch_desktop import words
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.results.exporting import Export, Stand
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

STAYS_MS: Final = 10_000
"""What ended well is told for so long; what failed, until somebody has seen it."""


class ExportStrip(QFrame):
    """Hidden while there is nothing to tell."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.open_folder: Callable[[Path], None] = show_folder
        self.setObjectName("foot")
        self._lines = QVBoxLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self.hide()

    def add(self, export: object) -> None:
        """Follow one more."""
        assert isinstance(export, Export)
        line = _Line(export, self._theme)
        line.dismissed.connect(lambda: self._drop(line))
        line.folder_wanted.connect(lambda: self.open_folder(export.order.path.absolute().parent))
        self._lines.insertWidget(0, line)
        self.show()

    def _drop(self, line: QWidget) -> None:
        self._lines.removeWidget(line)
        line.hide()
        line.deleteLater()
        self.setVisible(self._lines.count() > 0)


class _Line(QWidget):
    """One export: its file, how far it is, and what can be done."""

    dismissed = Signal()
    folder_wanted = Signal()

    def __init__(self, export: Export, theme: Theme) -> None:
        super().__init__()
        self._export = export
        self._theme = theme
        name = export.order.path.name
        self._sign = QLabel()
        self._name = ElidedLabel(name)
        self._name.setMaximumWidth(260)
        self._bar = _Bar(theme)
        self._said = ElidedLabel()
        self._cancel = self._button(
            tr("Cancel"), tr("Cancel the export to {name}").format(name=name)
        )
        self._folder = self._button(
            tr("Show in folder"), tr("Show {name} in its folder").format(name=name)
        )
        self._close = self._button("", tr("Dismiss the export to {name}").format(name=name))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 3, 6, 3)
        layout.setSpacing(8)
        layout.addWidget(self._sign)
        layout.addWidget(self._name, 2)
        layout.addWidget(self._bar, 2)
        layout.addWidget(self._said, 4)
        for button in (self._cancel, self._folder, self._close):
            layout.addWidget(button)
        self._cancel.clicked.connect(export.cancel)
        self._folder.clicked.connect(self.folder_wanted)
        self._close.clicked.connect(self.dismissed)
        self._leaving = QTimer(self, interval=STAYS_MS, singleShot=True)
        self._leaving.timeout.connect(self._leave)
        export.changed.connect(self._show)
        theme.changed.connect(self._show)
        self._show()

    def _button(self, text: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(name)
        button.setAccessibleName(name)
        return button

    def _leave(self) -> None:
        """Not from under the mouse."""
        if self.underMouse():
            self._leaving.start()
        else:
            self.dismissed.emit()

    def _show(self) -> None:
        export, colors = self._export, self._theme.colors
        running = export.stand is Stand.RUNNING
        self._bar.setVisible(running)
        self._bar.show_fraction(_fraction(export))
        self._cancel.setVisible(running)
        self._close.setVisible(not running)
        if export.stand in {Stand.DONE, Stand.CANCELLED} and not self._leaving.isActive():
            self._leaving.start()
        self._folder.setVisible(export.stand is Stand.DONE)
        self._said.say(in_words(export))
        sign, shade = {
            Stand.RUNNING: ("export", colors.muted),
            Stand.DONE: ("done", colors.success),
            Stand.FAILED: ("warning", colors.danger),
            Stand.CANCELLED: ("cancel", colors.muted),
        }[export.stand]
        self._sign.setPixmap(self._theme.icon(sign, shade).pixmap(QSize(16, 16)))
        self._close.setIcon(self._theme.icon("close"))


class _Bar(QWidget):
    """A bar like those of the table."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._fraction: float | None = None
        self.setMinimumWidth(80)
        self.setFixedHeight(8)

    def show_fraction(self, fraction: float | None) -> None:
        """How far it is; `None` while nobody knows."""
        self._fraction = fraction
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        colors = self._theme.colors
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.track))
        painter.drawRoundedRect(self.rect(), 4, 4)
        if self._fraction:
            painter.setBrush(QColor(colors.bar))
            width = max(8, round(self.width() * self._fraction))
            painter.drawRoundedRect(QRect(0, 0, width, self.height()), 4, 4)
        painter.end()


def show_folder(folder: Path) -> None:
    """Open it in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def in_words(export: Export) -> str:
    """How an export stands."""
    match export.stand:
        case Stand.DONE:
            size = words.size(export.bytes)
            return tr("%n row(s), {size}", "", export.rows).format(size=size)
        case Stand.FAILED:
            return tr("Nothing was written. {reason}").format(reason=export.failure)
        case Stand.CANCELLED:
            return tr("Cancelled. Nothing is left of it.")
        case _ if export.total_rows is None:
            return tr("Looking for the rows…")
        case _:
            text = tr("{some} of %n row(s)", "", export.total_rows)
            return text.format(some=words.count(export.rows))


def _fraction(export: Export) -> float | None:
    """Below 1 until the file is whole."""
    if not export.total_rows:
        return None
    return min(0.99, export.rows / export.total_rows)
