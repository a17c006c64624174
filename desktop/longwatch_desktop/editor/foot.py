"""The strip under the editor: whom to tell, fields for parameters, what is known before a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

from longwatch_desktop.editor.notify_button import NotifyButton
from longwatch_desktop.editor.parameter_form import ParameterForm
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import tr

MOST_LINES: Final = 2
"""Lines of fields before they are scrolled: the editor is above."""
SHARE: Final = 0.4
"""What of the width the sentence may take beside fields."""


class Foot(QFrame):
    """`notify` asks whom to tell, `form` for parameters; `say` puts a sentence on the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bad = False
        self.setObjectName("foot")
        self.form = ParameterForm(theme)
        self._fields = _Fields(self.form)
        self.notify = NotifyButton()
        self._line = ElidedLabel(right=True)
        self._line.setContentsMargins(10, 4, 10, 4)
        self._line.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._line.setAccessibleName(tr("Before running"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notify)
        layout.addWidget(self._fields, 1)
        layout.addWidget(self._line)
        self.form.shown.connect(self._fit)
        self.notify.changed.connect(self._fit)
        theme.changed.connect(self._recolor)
        self._recolor()
        self._fit()

    @property
    def text(self) -> str:
        """What it says."""
        return self._line.text()

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """Say what is known of the query; `bad` if it would not start."""
        self._line.say(" ".join(sentence.split()))
        if bad != self._bad:
            self._bad = bad
            self._recolor()
        self._fit()

    def offer_targets(self, names: Sequence[str]) -> None:
        """The server can tell these of a query's end."""
        self.notify.offer(names)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The sentence takes what it needs, the fields the rest."""
        asking = not self.form.isHidden()
        self._fields.setVisible(asking)
        taken = 0 if self.notify.isHidden() else self.notify.sizeHint().width()
        room = max(0, self.width() - taken)
        metrics = self._line.fontMetrics()
        needed = metrics.horizontalAdvance(self.text) + 22 if self.text else 0
        width = min(needed, int(room * SHARE)) if asking else room
        self._line.setFixedWidth(width)
        height = max(metrics.height() + 9, self.notify.sizeHint().height() if taken else 0)
        self._fields.fit(room - width)
        self.setMinimumHeight(max(height, self._fields.minimumHeight() if asking else 0))

    def _recolor(self) -> None:
        colors = self._theme.colors
        palette = self._line.palette()
        shade = colors.danger if self._bad else colors.muted
        palette.setColor(QPalette.ColorRole.WindowText, QColor(shade))
        self._line.setPalette(palette)


class _Fields(QScrollArea):
    """As high as its fields need, up to some lines of them."""

    def __init__(self, form: ParameterForm) -> None:
        super().__init__()
        self._form = form
        self.setWidget(form)
        form.hide()  # which the area has shown
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        form.setAutoFillBackground(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def fit(self, width: int) -> None:
        """Take the height that the fields need in this width."""
        if self._form.isHidden() or width <= 0:
            return
        needed = self._form.heightForWidth(width)
        line = self._form.line_height()
        self.setFixedHeight(min(needed, line * MOST_LINES + line // 3))
