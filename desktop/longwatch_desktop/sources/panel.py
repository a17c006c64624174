"""The panel on the left: what there is to query, and the queries that are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.sources import SavedQuery, Source
from longwatch.protocol.wire import UNREADABLE
from longwatch_desktop.session import Session
from longwatch_desktop.sources.catalogues import Catalogues
from longwatch_desktop.sources.query_tree import QueryTree
from longwatch_desktop.sources.tree import SourceTree
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

HELP: Final = QT_TR_NOOP("Words of the names of tables, columns and saved queries")


class _Remembered(msgspec.Struct, frozen=True):
    """What is expanded, and what is not."""

    sources: list[tuple[str, ...]] = []
    closed_folders: list[str] = []


class SourcePanel(QWidget):
    """Two trees, and a box that looks for words in both."""

    save_wanted = Signal()
    """The query in the editor is to be kept."""

    def __init__(
        self,
        session: Session,
        catalogues: Catalogues,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.sources = SourceTree(session, catalogues, theme)
        self.queries = QueryTree(theme)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self._box = QLineEdit()
        self._box.setPlaceholderText(tr("Filter"))
        self._box.setToolTip(tr(HELP))
        self._box.setAccessibleName(tr("Filter tables, columns and saved queries"))
        self._box.setClearButtonEnabled(True)
        self._glass = QAction(self._box)
        self._box.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._box.installEventFilter(self)
        self._buttons: list[tuple[QToolButton, str]] = []
        top = QVBoxLayout()
        top.setContentsMargins(8, 6, 8, 2)
        top.addWidget(self._box)
        add = self._button(
            "plus", tr("Add source"), tr("Add a source"), self.sources.add_wanted.emit
        )
        save = self._button(
            "save",
            tr("Save query"),
            tr("Save the query in the editor (Ctrl+Shift+S)"),
            self.save_wanted.emit,
        )
        for title, tree, button in (
            (tr("SOURCES"), self.sources, add),
            (tr("SAVED QUERIES"), self.queries, save),
        ):
            self.splitter.addWidget(_part(title, tree, button))
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([300, 300])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)
        self._box.textChanged.connect(self.sources.look_for)
        self._box.textChanged.connect(self.queries.look_for)
        theme.changed.connect(self._recolor)
        self._recolor()

    def show_catalogue(self, sources: list[Source], queries: list[SavedQuery]) -> None:
        """Show what the server has."""
        self.sources.show_sources(sources)
        self.queries.show_queries(queries)

    def remembered(self) -> str:
        """What of it is expanded, as a text for the settings."""
        return msgspec.json.encode(
            _Remembered([*self.sources.open_keys()], self.queries.closed_folders())
        ).decode()

    def restore(self, remembered: str) -> None:
        """Expand what was expanded; a text that is none of ours changes nothing."""
        try:
            found = msgspec.json.decode(remembered, type=_Remembered)
        except UNREADABLE:
            return
        self.sources.open_again(found.sources)
        self.queries.close_again(found.closed_folders)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """From the box down into what was found; Esc shows everything again."""
        if watched is self._box and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
                event.accept()
            elif event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
                self._box.clear()
                return True
            elif event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Down:
                tree = self.sources if self.sources.topLevelItemCount() else self.queries
                first = tree.topLevelItem(0)
                if tree.currentItem() is None and first is not None:
                    tree.setCurrentItem(first)
                tree.setFocus(Qt.FocusReason.OtherFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _button(self, icon: str, name: str, tip: str, act: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setStyleSheet("padding: 2px;")
        button.clicked.connect(lambda _on: act())
        self._buttons.append((button, icon))
        return button

    def _recolor(self) -> None:
        muted = self._theme.colors.muted
        self._glass.setIcon(self._theme.icon("search", muted))
        for button, icon in self._buttons:
            button.setIcon(self._theme.icon(icon, muted))


def _part(title: str, tree: QWidget, button: QToolButton) -> QWidget:
    part = QWidget()
    heading = QLabel(title)
    heading.setProperty("heading", True)
    heading.setBuddy(tree)
    line = QHBoxLayout()
    line.setContentsMargins(0, 2, 8, 0)
    line.addWidget(heading, 1)
    line.addWidget(button)
    layout = QVBoxLayout(part)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addLayout(line)
    layout.addWidget(tree, 1)
    return part
