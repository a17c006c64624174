"""The tree of saved queries, in their folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTreeWidgetItem

from longwatch.protocol.sources import SavedQuery
from longwatch_desktop import roles, tips
from longwatch_desktop.sources import rows
from longwatch_desktop.sources.finding import words_of
from longwatch_desktop.sources.rows import RowTree
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, figures, tr

_EDIT: Final = int(Qt.ItemDataRole.EditRole)
_FLAGS: Final = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
EMPTY: Final = QT_TR_NOOP(
    "No saved queries yet. Write a query, then press Ctrl+Shift+S to keep it here."
)


class FolderRow(QTreeWidgetItem):
    """A folder; `path` are the names that lead to it, with slashes in between."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.name = path.rpartition("/")[2]
        self.setFlags(_FLAGS | Qt.ItemFlag.ItemIsEditable)

    def data(self, _column: int, role: int) -> Any:
        """What Qt asks for."""
        if role in {roles.DISPLAY, _EDIT}:
            return self.name
        if role == roles.ACCESSIBLE:
            return tr("{name}, folder").format(name=self.name)
        return "folder" if role == rows.ICON else None

    def setData(self, _column: int, role: int, value: Any) -> None:  # noqa: N802 - Qt's name
        """It was called otherwise."""
        tree = self.treeWidget()
        if role == _EDIT and isinstance(tree, QueryTree):
            tree.folder_renamed.emit(self.path, str(value))


class QueryRow(QTreeWidgetItem):
    """A saved query."""

    def __init__(self, query: SavedQuery) -> None:
        super().__init__()
        self.query = query
        more = Qt.ItemFlag.ItemIsDragEnabled
        if not query.comes_with_program:
            more |= Qt.ItemFlag.ItemIsEditable
        self.setFlags(_FLAGS | more)

    def data(self, _column: int, role: int) -> Any:
        """What Qt asks for."""
        if role in {roles.DISPLAY, _EDIT}:
            return self.query.title
        if role == rows.ICON:
            return "query"
        if role == roles.ACCESSIBLE:
            return tr("{title}, saved query").format(title=self.query.title)
        return tips.wrapped(about(self.query)) if role == roles.TOOL_TIP else None

    def setData(self, _column: int, role: int, value: Any) -> None:  # noqa: N802 - Qt's name
        """It was called otherwise."""
        tree = self.treeWidget()
        if role == _EDIT and isinstance(tree, QueryTree):
            tree.renamed.emit(self.query, str(value))


class QueryTree(RowTree):
    """Its signals carry a `SavedQuery`: `renamed` its new title too, `moved` its new folder.
    `folder_renamed` carries the path of a folder and its new name."""

    opened = Signal(object)
    renamed = Signal(object, str)
    moved = Signal(object, str)
    folder_renamed = Signal(str, str)
    details_wanted = Signal(object)
    copy_wanted = Signal(object)
    delete_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(tr("Saved queries"), theme)
        self._queries: list[SavedQuery] = []
        self._words: list[str] = []
        self._closed: set[str] = set()
        self.empty_text = tr(EMPTY)
        self.itemExpanded.connect(lambda item: self._note(item, closed=False))
        self.itemCollapsed.connect(lambda item: self._note(item, closed=True))
        self.itemClicked.connect(self._act)
        self.customContextMenuRequested.connect(self._offer)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)

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
        if self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)  # Enter ends a new name, and comes by here as well
        elif item is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._act(item)
        elif isinstance(item, QueryRow) and event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit(item.query)
        elif isinstance(item, QueryRow) and event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(item.query.sql)
        else:
            super().keyPressEvent(event)

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:  # noqa: N802 - Qt's name
        """In the editor, what is dragged is its SQL."""
        data = QMimeData()
        data.setText("\n".join(row.query.sql for row in items if isinstance(row, QueryRow)))
        return data

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        self._judge(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 - Qt's name
        super().dragMoveEvent(event)  # which scrolls at the edges
        self._judge(event)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """A query is dropped on a folder, on a query in it, or on the ground below all."""
        self._judge(event)
        row = self.currentItem()
        if event.isAccepted() and isinstance(row, QueryRow):
            self.moved.emit(row.query, self.folder_at(event.position().toPoint()))

    def folder_at(self, at: QPoint) -> str:
        """The folder at a place; empty where there is none."""
        item = self.itemAt(at)
        if isinstance(item, FolderRow):
            return item.path
        return item.query.folder if isinstance(item, QueryRow) else ""

    def _judge(self, event: QDropEvent) -> None:
        """Only what comes from here: files are for the window. Copied, as Qt says, since what is
        moved it takes away by itself, and only the server's answer may do that."""
        if event.source() is self:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def _offer(self, at: QPoint) -> None:
        item = self.itemAt(at)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if isinstance(item, QueryRow):
            query = item.query
            menu.addAction(tr("Open"), lambda: self.opened.emit(query))
            menu.addAction(tr("Duplicate"), lambda: self.copy_wanted.emit(query))
            menu.addSeparator()
            own = not query.comes_with_program
            delete = tr("Delete…") if own else tr("Delete… (it comes with the program)")
            for title, act in (
                (tr("Rename"), lambda: self.editItem(item)),
                (tr("Details…"), lambda: self.details_wanted.emit(query)),
                (delete, lambda: self.delete_wanted.emit(query)),
            ):
                menu.addAction(title, act).setEnabled(own)
        elif isinstance(item, FolderRow):
            menu.addAction(tr("Rename"), lambda: self.editItem(item))
        if menu.isEmpty():
            menu.deleteLater()
            return
        menu.popup(self.viewport().mapToGlobal(at))

    def _rebuild(self) -> None:
        current = self.currentItem()
        name = current.query.name if isinstance(current, QueryRow) else None
        at = self.verticalScrollBar().value()
        self.clear()
        folders: dict[str, FolderRow] = {}
        for query in self._queries:
            text = f"{query.folder} {query.title} {query.description}".lower()
            if all(word in text for word in self._words):
                row = QueryRow(query)
                self._folder(query.folder, folders).addChild(row)
                if query.name == name:
                    self.setCurrentItem(row)
        for path, folder in folders.items():
            folder.setExpanded(bool(self._words) or path not in self._closed)
        self.verticalScrollBar().setValue(at)
        self.empty_text = tr("No saved query matches.") if self._words else tr(EMPTY)

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
    expected = figures(f"{query.expected_s:g}") if query.expected_s else ""
    took = tr("About {seconds} s.").format(seconds=expected) if expected else ""
    return "\n".join(line for line in (query.description, took) if line) or query.title
