"""The bar at the top: what to do, and what against."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from longwatch.protocol.sources import Source
from longwatch_desktop.actions import Actions
from longwatch_desktop.translation import tr


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
        button = self.widgetForAction(actions.run)
        assert isinstance(button, QToolButton)
        button.setProperty("primary", True)
        self.addSeparator()
        label = QLabel(tr("Source"))
        label.setProperty("muted", True)
        label.setContentsMargins(6, 0, 2, 0)
        label.setBuddy(self._sources)
        self.addWidget(label)
        self._sources.setAccessibleName(tr("Source"))
        self._sources.setToolTip(tr("What the query runs against"))
        self._sources.setMinimumWidth(190)
        self._sources.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.addWidget(self._sources)
        self._sources.currentIndexChanged.connect(lambda _at: self.source_changed.emit())
        self._sources.activated.connect(
            lambda at: self.source_picked.emit(str(self._sources.itemData(at)))
        )

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
