"""A line over the table for what must be seen and is no reason for a box."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr


class NoticeBar(QFrame):
    """Hidden until there is something to say."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._act: Callable[[], None] | None = None
        self._calm = False
        self.setObjectName("notice")
        self._icon = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._button = QToolButton()
        self._button.clicked.connect(self._do)
        self._close = QToolButton()
        self._close.setToolTip(tr("Dismiss"))
        self._close.setAccessibleName(tr("Dismiss"))
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._icon)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._button)
        layout.addWidget(self._close)
        theme.changed.connect(self._recolor)
        self._recolor()
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return "" if self.isHidden() else self._text.text()

    def say(self, sentence: str, button: str = "", act: Callable[[], None] | None = None) -> None:
        """Show a sentence about something that went wrong, and a button that does something about
        it."""
        self._show(sentence, button, act, calm=False)

    def tell(self, sentence: str, button: str = "", act: Callable[[], None] | None = None) -> None:
        """The same of something that went well."""
        self._show(sentence, button, act, calm=True)

    def _show(
        self, sentence: str, button: str, act: Callable[[], None] | None, *, calm: bool
    ) -> None:
        if calm is not self._calm:
            self._calm = calm
            self._recolor()
        self._text.setText(sentence)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._act = act
        self.show()

    def _do(self) -> None:
        self.hide()
        if self._act is not None:
            self._act()

    def _recolor(self) -> None:
        colors = self._theme.colors
        palette = self.palette()
        ground = colors.selection if self._calm else colors.danger_ground
        palette.setColor(QPalette.ColorRole.Window, QColor(ground))
        self.setPalette(palette)
        self.setAutoFillBackground(True)
        calm = ("info", colors.text)
        name, shade = calm if self._calm else ("warning", colors.danger)
        self._icon.setPixmap(self._theme.icon(name, shade).pixmap(16, 16))
        self._close.setIcon(self._theme.icon("close"))
