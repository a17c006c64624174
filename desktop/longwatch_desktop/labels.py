"""Labels for texts from elsewhere, which are never markup, and may be too long."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyleOption

from longwatch_desktop.tips import wrapped


class ElidedLabel(QLabel):
    """One line, cut with dots where there is no room; the whole of it under the mouse and for a
    screen reader."""

    def __init__(self, text: str = "", *, right: bool = False) -> None:
        super().__init__()
        self._right = right
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text."""
        if text != self.text():
            self.setText(text)
            self.setToolTip(wrapped(text) if text else "")

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(20, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        area = self.contentsRect()
        elide = Qt.TextElideMode.ElideRight
        text = self.fontMetrics().elidedText(" ".join(self.text().split()), elide, area.width())
        side = Qt.AlignmentFlag.AlignRight if self._right else Qt.AlignmentFlag.AlignLeft
        flags = int(side | Qt.AlignmentFlag.AlignVCenter)
        role = self.foregroundRole()
        self.style().drawItemText(painter, area, flags, option.palette, True, text, role)
        painter.end()
