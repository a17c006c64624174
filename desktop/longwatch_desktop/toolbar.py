"""The bar at the top: what to do, and what against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from longwatch.protocol.sources import Source
from longwatch_desktop.actions import Actions
from longwatch_desktop.translation import tr

SOURCE_WIDTHS: Final = (190, 140)
"""Pixels that the names of sources have usually, and where there is little room."""


class ToolBar(QToolBar):
    """The main commands, and the source that queries run against."""

    source_changed = Signal()
    """Another source is chosen."""
    source_picked = Signal(str)
    """By intention, not because the list is another: its name."""

    def __init__(self, actions: Actions) -> None:
        super().__init__(tr("Main"))
        self._sources = QComboBox()
        self.setObjectName("main")
        self.setMovable(False)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for action in (actions.run, actions.cancel, actions.again):
            self.addAction(action)
        self._compact = False
        self._brief: list[QToolButton] = []
        """The buttons that do without words where there is little room."""
        self._words = 0
        """How wide they are with words."""
        for action in (actions.run, actions.cancel, actions.again):
            button = self.widgetForAction(action)
            assert isinstance(button, QToolButton)
            if action is actions.run:
                button.setProperty("primary", True)
            else:
                self._brief.append(button)
        self.addSeparator()
        label = QLabel(tr("Source"))
        label.setProperty("muted", True)
        label.setContentsMargins(6, 0, 2, 0)
        label.setBuddy(self._sources)
        self.addWidget(label)
        self._sources.setAccessibleName(tr("Source"))
        self._sources.setToolTip(tr("What the query runs against"))
        self._sources.setMinimumWidth(SOURCE_WIDTHS[0])
        self._sources.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.addWidget(self._sources)
        self._sources.currentIndexChanged.connect(lambda _at: self.source_changed.emit())
        self._sources.activated.connect(
            lambda at: self.source_picked.emit(str(self._sources.itemData(at)))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        self._fit()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        """Another server may have a longer name."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """Where there is no room for everything, what has an icon does without words: Qt would put
        away what is on the far side, the server."""
        if not self._compact:
            self._words = sum(button.sizeHint().width() for button in self._brief)
        widgets = [self.widgetForAction(action) for action in self.actions()]
        others = [one for one in widgets if one is not self._sources and one not in self._brief]
        spaces = 6 * len(widgets) + 16  # as the style sheet has it
        least = sum(max(one.minimumWidth(), one.minimumSizeHint().width()) for one in others)
        left = self.width() - least - self._words - spaces
        usual, least_source = SOURCE_WIDTHS
        self._sources.setMinimumWidth(usual if left >= usual else least_source)
        if self._compact != (left < least_source):
            self._compact = left < least_source
            styles = Qt.ToolButtonStyle
            style = styles.ToolButtonIconOnly if self._compact else styles.ToolButtonTextBesideIcon
            for button in self._brief:
                button.setToolButtonStyle(style)

    def add_at_end(self, widget: QWidget) -> None:
        """Put something on the far side."""
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        self.addWidget(widget)

    @property
    def source(self) -> str | None:
        """The name of the source that is chosen; `None` while there is none."""
        name = self._sources.currentData()
        return name if isinstance(name, str) else None

    def show_sources(self, sources: Iterable[Source]) -> None:
        """Offer these; what was chosen stays so if it is among them."""
        chosen = self.source
        self._sources.blockSignals(True)
        self._sources.clear()
        for source in sources:
            self._sources.addItem(source.title, source.name)
        self._sources.setCurrentIndex(max(0, self._sources.findData(chosen)))
        self._sources.blockSignals(False)
        self.source_changed.emit()

    def choose_source(self, name: str | None) -> None:
        """Choose a source by its name, if there is one of that name."""
        at = self._sources.findData(name)
        if at >= 0:
            self._sources.setCurrentIndex(at)
            self.source_picked.emit(name)
