"""The line under the table that says that there is more, and gets it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from longwatch_desktop.jobs.history import JobHistory
from longwatch_desktop.translation import tr


class HistoryStrip(QFrame):
    """Hidden while the table has all there is."""

    def __init__(self, history: JobHistory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setProperty("muted", True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._button = QToolButton()
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(history.load)
        keep = self._button.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # nothing jumps while a page is on its way
        self._button.setSizePolicy(keep)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 1, 6, 1)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._button)
        self.hide()

    def show_story(self) -> None:
        """Say how things stand."""
        story, offer = self._history.story, self._history.offer
        waiting = self._history.is_loading and story
        self._text.setText(tr("{story} · loading…").format(story=story) if waiting else story)
        self._text.setToolTip(story)
        if offer:
            self._button.setText(offer)
        self._button.setVisible(bool(offer))
        self.setVisible(bool(story))
