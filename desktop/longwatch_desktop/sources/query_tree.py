"""The tree of saved queries, in their folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QTreeWidgetItem

from longwatch.protocol.sources import SavedQuery
from longwatch_desktop import roles, tips
from longwatch_desktop.sources import rows
from longwatch_desktop.sources.finding import words_of
from longwatch_desktop.sources.rows import RowTree
from longwatch_desktop.theme import Theme

EMPTY: Final = "No saved queries yet. Write a query, then press Ctrl+Shift+S to keep it here."


class FolderRow(QTreeWidgetItem):
    """A folder; `path` are the names that lead to it, with slashes in between."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.name = path.rpartition("/")[2]
        self.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)

    def data(self, _column: int, role: int) -> Any:
        """What Qt asks for."""
        if role in {roles.DISPLAY, int(Qt.ItemDataRole.EditRole)}:
            return self.name
        if role == roles.ACCESSIBLE:
            return f"{self.name}, folder"
        return "folder" if role == rows.ICON else None


class QueryRow(QTreeWidgetItem):
    """A saved query."""

    def __init__(self, query: SavedQuery) -> None:
        super().__init__()
        self.query = query
        self.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)

    def data(self, _column: int, role: int) -> Any:
        """What Qt asks for."""
        if role in {roles.DISPLAY, int(Qt.ItemDataRole.EditRole)}:
            return self.query.title
        if role == rows.ICON:
            return "query"
        if role == roles.ACCESSIBLE:
            return f"{self.query.title}, saved query"
        return tips.wrapped(about(self.query)) if role == roles.TOOL_TIP else None


class QueryTree(RowTree):
    """`opened` carries a `SavedQuery`."""

    opened = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__("Saved queries", theme)
        self._queries: list[SavedQuery] = []
        self._words: list[str] = []
        self._closed: set[str] = set()
        self.empty_text = EMPTY
        self.itemExpanded.connect(lambda item: self._note(item, closed=False))
        self.itemCollapsed.connect(lambda item: self._note(item, closed=True))
        self.itemClicked.connect(self._act)

    def show_queries(self, queries: Sequence[SavedQuery]) -> None:
        """Show these; folders that are closed stay so."""
        self._queries = list(queries)
        self._rebuild()

    def look_for(self, text: str) -> None:
        """Show those with these words in their title, folder or description alone."""
        if words_of(text) != self._words:
            self._words = words_of(text)
            self._rebuild()

    def closed_folders(self) -> list[str]:
        """Those that are closed, to be remembered."""
        return sorted(self._closed)

    def close_again(self, folders: Iterable[str]) -> None:
        """Close what was closed before."""
        self._closed = set(folders)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        item = self.currentItem()
        if item is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._act(item)
        else:
            super().keyPressEvent(event)

    def _rebuild(self) -> None:
        self.clear()
        folders: dict[str, FolderRow] = {}
        for query in self._queries:
            text = f"{query.folder} {query.title} {query.description}".lower()
            if all(word in text for word in self._words):
                self._folder(query.folder, folders).addChild(QueryRow(query))
        for path, row in folders.items():
            row.setExpanded(bool(self._words) or path not in self._closed)
        self.empty_text = "No saved query matches." if self._words else EMPTY

    def _folder(self, path: str, folders: dict[str, FolderRow]) -> QTreeWidgetItem:
        """The row of a folder, made if need be; the root for none."""
        if not path:
            return self.invisibleRootItem()
        if path not in folders:
            parent = self._folder(path.rpartition("/")[0], folders)
            folders[path] = FolderRow(path)
            # Folders before queries, each in the order they come in.
            at = sum(
                isinstance(parent.child(number), FolderRow) for number in range(parent.childCount())
            )
            parent.insertChild(at, folders[path])
        return folders[path]

    def _note(self, item: QTreeWidgetItem, *, closed: bool) -> None:
        if isinstance(item, FolderRow) and not self._words:
            (self._closed.add if closed else self._closed.discard)(item.path)

    def _act(self, item: QTreeWidgetItem) -> None:
        if isinstance(item, QueryRow):
            self.opened.emit(item.query)
        else:
            item.setExpanded(not item.isExpanded())


def about(query: SavedQuery) -> str:
    """What is known of a saved query."""
    took = f"About {query.expected_s:g} s." if query.expected_s else ""
    return "\n".join(line for line in (query.description, took) if line) or query.title
