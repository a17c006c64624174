"""The strip under the editor: fields for parameters, and what is known before a run."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from longwatch_desktop.editor.parameter_form import ParameterForm
from longwatch_desktop.theme import Theme
from longwatch_desktop.tips import wrapped


class Foot(QFrame):
    """`form` asks for parameters; `say` puts a sentence on the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bad = False
        self.setObjectName("foot")
        self.form = ParameterForm(theme)
        self._line = QLabel()
        self._line.setTextFormat(Qt.TextFormat.PlainText)  # an engine quotes the query
        self._line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._line.setContentsMargins(10, 4, 10, 4)
        self._line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._line.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._line.setAccessibleName("Before running")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.form, 2)
        layout.addWidget(self._line, 1)
        theme.changed.connect(self._recolor)
        self._recolor()

    @property
    def text(self) -> str:
        """What it says."""
        return self._line.text()

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """Say what is known of the query; `bad` if it would not start."""
        self._line.setText(" ".join(sentence.split()))
        self._line.setToolTip(wrapped(sentence) if sentence else "")
        if bad != self._bad:
            self._bad = bad
            self._recolor()

    def _recolor(self) -> None:
        colors = self._theme.colors
        palette = self._line.palette()
        shade = colors.danger if self._bad else colors.muted
        palette.setColor(QPalette.ColorRole.WindowText, QColor(shade))
        self._line.setPalette(palette)
