"""The panel on the left: what there is to query, and the queries that are kept."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from longwatch.protocol.sources import SavedQuery, Source
from longwatch_desktop.theme import Theme

ROLE: Final = int(Qt.ItemDataRole.UserRole)


class SourcePanel(QWidget):
    """`query_chosen` carries a `SavedQuery` to open, `source_chosen` the name of a source."""

    query_chosen = Signal(object)
    source_chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sources = _tree("Sources")
        self._queries = _tree("Saved queries")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for title, tree, stretch in (
            ("SOURCES", self._sources, 1),
            ("SAVED QUERIES", self._queries, 3),
        ):
            heading = QLabel(title)
            heading.setProperty("heading", True)
            heading.setBuddy(tree)
            layout.addWidget(heading)
            layout.addWidget(tree, stretch)
        self._sources.itemClicked.connect(self._choose_source)
        self._sources.itemActivated.connect(self._choose_source)
        self._queries.itemActivated.connect(self._choose_query)
        self._queries.itemClicked.connect(self._choose_query)
        theme.changed.connect(self._recolor)

    def show_catalogue(self, sources: list[Source], queries: list[SavedQuery]) -> None:
        """Show what the server has."""
        self._sources.clear()
        for source in sources:
            item = QTreeWidgetItem(self._sources, [source.title])
            item.setData(0, ROLE, source)
            item.setToolTip(0, f"{source.description}\n{source.engine}")
        self._queries.clear()
        folders: dict[str, QTreeWidgetItem] = {}
        for query in queries:
            folder = folders.get(query.folder)
            if folder is None:
                folder = folders[query.folder] = QTreeWidgetItem(self._queries, [query.folder])
                folder.setExpanded(True)
            item = QTreeWidgetItem(folder, [query.title])
            item.setData(0, ROLE, query)
            item.setToolTip(0, _about(query))
        self._recolor()

    def _choose_source(self, item: QTreeWidgetItem) -> None:
        source = item.data(0, ROLE)
        if isinstance(source, Source):
            self.source_chosen.emit(source.name)

    def _choose_query(self, item: QTreeWidgetItem) -> None:
        query = item.data(0, ROLE)
        if isinstance(query, SavedQuery):
            self.query_chosen.emit(query)
        else:
            item.setExpanded(not item.isExpanded())

    def _recolor(self) -> None:
        muted = self._theme.colors.muted
        for tree in (self._sources, self._queries):
            for item in _all_items(tree):
                kind = item.data(0, ROLE)
                name = "database" if isinstance(kind, Source) else "query"
                item.setIcon(0, self._theme.icon(name if kind else "folder", muted))


def _tree(name: str) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderHidden(True)
    tree.setAccessibleName(name)
    tree.setFrameShape(QFrame.Shape.NoFrame)
    tree.setIndentation(14)
    tree.setIconSize(QSize(16, 16))
    tree.setUniformRowHeights(True)
    tree.setExpandsOnDoubleClick(False)
    return tree


def _all_items(tree: QTreeWidget) -> list[QTreeWidgetItem]:
    found: list[QTreeWidgetItem] = []
    waiting = [tree.topLevelItem(number) for number in range(tree.topLevelItemCount())]
    while waiting:
        item = waiting.pop()
        if item is not None:
            found.append(item)
            waiting += [item.child(number) for number in range(item.childCount())]
    return found


def _about(query: SavedQuery) -> str:
    took = f"\nAbout {query.expected_s:g} s." if query.expected_s else ""
    return query.description + took
