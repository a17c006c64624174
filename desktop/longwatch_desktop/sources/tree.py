"""The tree of sources: their schemas, tables and columns, loaded when they are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTreeWidgetItem

from longwatch.protocol.catalogue import Catalogue
from longwatch.protocol.sources import Source, SourceOrigin
from longwatch_desktop.session import Session
from longwatch_desktop.sources.catalogues import Catalogues
from longwatch_desktop.sources.finding import Finder, Match, words_of
from longwatch_desktop.sources.nodes import (
    Key,
    Kind,
    Node,
    Row,
    column_nodes,
    notes_on,
    schemas_of,
    table_nodes,
)
from longwatch_desktop.sources.place import Place
from longwatch_desktop.sources.rows import RowTree
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import QT_TR_NOOP, tr

_COPY: Final = QKeySequence.StandardKey.Copy
_REFRESH: Final = QKeySequence(Qt.Key.Key_F5)
MOST_FOUND: Final = 300
"""Rows of one source that a search shows, some 15 ms of work a letter: who sees so many types
another one."""
FIXED: Final = {
    SourceOrigin.PROGRAM: QT_TR_NOOP(
        "This source cannot be changed here: it comes with the program."
    ),
    SourceOrigin.SETTINGS: QT_TR_NOOP(
        "This source cannot be changed here: it stands in the server's settings."
    ),
}
"""Why, to be translated where it is shown."""
_KEPT: Final = {
    SourceOrigin.PROGRAM: QT_TR_NOOP("Remove… (it comes with the program)"),
    SourceOrigin.SETTINGS: QT_TR_NOOP("Remove… (it stands in the server's settings)"),
}
_EMPTY: Final = QT_TR_NOOP("No sources yet. Drop files or a folder here, or press + to add one.")


class SourceTree(RowTree):
    """`chosen` carries the name of a source to run queries on, `preview_wanted` the `Node` of a
    table, `insert_wanted` SQL for the editor; the others the `Source` that something is to be done
    with."""

    chosen = Signal(str)
    preview_wanted = Signal(object)
    insert_wanted = Signal(str)
    add_wanted = Signal()
    edit_wanted = Signal(object)
    test_wanted = Signal(object)
    remove_wanted = Signal(object)

    def __init__(self, session: Session, catalogues: Catalogues, theme: Theme) -> None:
        super().__init__(tr("Sources"), theme)
        self._session = session
        self._catalogues = catalogues
        self._sources: list[Source] = []
        self._words: list[str] = []
        self._finders: dict[str, Finder] = {}
        self._wanted: str | None = None
        self._open: set[Key] | None = None
        """The keys of what is expanded; `None` until something was shown for the first time."""
        self.empty_text = tr(_EMPTY)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.itemExpanded.connect(self._expanded)
        self.itemCollapsed.connect(self._collapsed)
        self.itemClicked.connect(self._clicked)
        self.itemDoubleClicked.connect(self._act)
        self.customContextMenuRequested.connect(self._offer)
        catalogues.changed.connect(self._catalogue_changed)
        session.health_changed.connect(lambda _health: self._load_missing())

    def show_sources(self, sources: Sequence[Source]) -> None:
        """Show these; what is expanded stays so."""
        self._sources = list(sources)
        if self._open is None:  # the first time: what the first query will read
            self._open = {(one.name, "", "", "") for one in sources if one.is_default}
        self._rebuild()
        if self._wanted is not None:
            self.show_source(self._wanted)

    def look_for(self, text: str) -> None:
        """Show the tables and columns with these words alone; all of them for none."""
        if words_of(text) != self._words:
            self._words = words_of(text)
            self._rebuild()

    def show_source(self, name: str) -> None:
        """Go to a source and open it, as soon as it is there."""
        row = self._row_of(name)
        self._wanted = name if row is None else None
        if row is not None:
            self.setCurrentItem(row)
            row.setExpanded(True)
            self.scrollToItem(row)

    def open_keys(self) -> list[Key]:
        """What is expanded, to be remembered."""
        return sorted(self._open or ())

    def open_again(self, keys: Iterable[Key]) -> None:
        """Expand what was expanded before."""
        self._open = set(keys)

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:  # noqa: N802 - Qt's name
        """What is dragged into the editor: names, as SQL needs them."""
        data = QMimeData()
        data.setText(", ".join(node.in_sql for node in _nodes(items) if node.in_sql))
        return data

    def event(self, event: QEvent) -> bool:
        """F5 refreshes here; elsewhere in the window it reconnects."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_F5
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        item = self.currentItem()
        if item is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._act(item)
        elif event.key() == Qt.Key.Key_F5:
            self._refresh(_nodes(self.selectedItems() or [item] if item else []))
        elif event.key() == Qt.Key.Key_Delete and isinstance(item, Row):
            if item.node.kind is Kind.SOURCE and item.node.source.origin is SourceOrigin.ADDED:
                self.remove_wanted.emit(item.node.source)
        elif event.matches(_COPY):
            self._copy(_nodes(self.selectedItems()))
        else:
            super().keyPressEvent(event)

    # Building

    def _rebuild(self) -> None:
        """Everything anew: sources were changed, or others are looked for."""
        with Place(self):
            self.clear()
            for source in self._sources:
                row = Row(self._source_node(source))
                if not self._words:
                    self.addTopLevelItem(row)
                    if row.node.key in (self._open or ()):
                        row.setExpanded(True)
                    continue
                self._find_in(row)
                named = all(word in source.title.lower() for word in self._words)
                if row.childCount() or named:
                    self.addTopLevelItem(row)
                    self._open_found(row)
        self._say_what_is_missing()

    def _find_in(self, row: Row) -> None:
        """Fill a source with what is looked for. One that nobody has looked into yet is asked."""
        source = row.node.source
        row.filled = True
        catalogue = self._catalogues.get(source.name)
        if not isinstance(catalogue, Catalogue):
            if catalogue is None and self._session.connected:
                row.addChild(Row(Node(Kind.NOTE, source, tr("Loading…"), tone="muted")))
            return
        finder = self._finders.get(source.name)
        if finder is None or finder.catalogue is not catalogue:
            finder = self._finders[source.name] = Finder(catalogue)
        found = finder.find(self._words)
        qualified = bool(schemas_of(catalogue))
        room, shown = MOST_FOUND, []
        while room > 0 and (match := next(found, None)) is not None:
            shown.append(self._found(source, match, qualified=qualified))
            room -= 1 + shown[-1].childCount()
        row.addChildren(shown)
        more = sum(1 for _ in found)
        if more:
            said = tr("… and %n table(s) more", "", more)
            row.addChild(Row(Node(Kind.NOTE, source, said, tone="muted", more=tr("Type more."))))

    def _found(self, source: Source, match: Match, *, qualified: bool) -> Row:
        (node,) = table_nodes(source, [match.table], qualified=qualified)
        row = Row(node)
        numbers = match.columns()
        if numbers:
            columns = column_nodes(node)
            row.addChildren([Row(columns[number]) for number in numbers])
            row.filled = True
        return row

    def _open_found(self, row: Row) -> None:
        row.setExpanded(True)
        for number in range(row.childCount()):
            child = row.child(number)
            if child is not None and child.childCount():
                child.setExpanded(True)

    def _fill(self, row: Row) -> None:
        """Give a row its children, if it has none yet."""
        node = row.node
        if row.filled or not node.can_open:
            return
        row.filled = True
        if node.kind is Kind.TABLE:
            row.addChildren([Row(one) for one in column_nodes(node)])
            return
        catalogue = self._catalogues.get(node.source.name)
        if isinstance(catalogue, Catalogue):
            row.addChildren(self._content(node, catalogue))
        elif isinstance(catalogue, str):
            row.addChildren(
                [
                    Row(Node(Kind.NOTE, node.source, catalogue, tone="danger")),
                    Row(Node(Kind.AGAIN, node.source, tr("Try again (Enter)"), tone="accent")),
                ]
            )
        else:
            said = tr("Loading…") if self._session.connected else tr("Not connected")
            row.addChild(Row(Node(Kind.NOTE, node.source, said, tone="muted")))
        self._tell_of(node.source.name)
        for number in range(row.childCount()):
            child = row.child(number)
            if isinstance(child, Row) and child.node.key in (self._open or ()):
                child.setExpanded(True)

    def _content(self, node: Node, catalogue: Catalogue) -> list[QTreeWidgetItem]:
        source = node.source
        schemas = schemas_of(catalogue)
        if node.kind is Kind.SCHEMA:
            tables = [one for one in catalogue.tables if (one.catalog_schema or "") == node.schema]
            return [Row(one) for one in table_nodes(source, tables)]
        if schemas:
            inside = [Node(Kind.SCHEMA, source, name or tr("(none)"), name) for name in schemas]
        else:
            inside = table_nodes(source, catalogue.tables)
        return [Row(one) for one in (*notes_on(source, catalogue), *inside)]

    def _catalogue_changed(self, name: str) -> None:
        """An answer came, or is asked for. One that nobody can see changes nothing."""
        if self._words:
            self._rebuild()
            return
        row = self._row_of(name)
        if row is None:
            return
        with Place(self):
            row.takeChildren()
            row.filled = False
            if row.isExpanded():
                self._fill(row)
        self._tell_of(name)

    def _tell_of(self, name: str) -> None:
        """A source's own row says how it stands with what is in it."""
        row = self._row_of(name)
        if row is not None:
            row.node = self._source_node(row.node.source)
            self.viewport().update()

    def _source_node(self, source: Source) -> Node:
        known = self._catalogues.known(source.name)
        about = ""
        if self._catalogues.is_asking(source.name):
            about = tr("loading…")
        elif isinstance(known, str):
            about = tr("error")
        elif isinstance(known, Catalogue):
            count = len(known.tables)
            about = (
                tr("%n+ table(s)", "", count) if known.truncated else tr("%n table(s)", "", count)
            )
        return Node(Kind.SOURCE, source, source.title, more=about)

    def _load_missing(self) -> None:
        """The connection is there (again): ask for what could not be asked for."""
        if not self._session.connected:
            return
        for number in range(self.topLevelItemCount()):
            row = self.topLevelItem(number)
            if isinstance(row, Row) and row.isExpanded():
                self._catalogues.get(row.node.source.name)

    def _say_what_is_missing(self) -> None:
        self.empty_text = tr("Nothing here is called so.") if self._words else tr(_EMPTY)
        self.viewport().update()

    def _row_of(self, name: str) -> Row | None:
        for number in range(self.topLevelItemCount()):
            row = self.topLevelItem(number)
            if isinstance(row, Row) and row.node.source.name == name:
                return row
        return None

    # What is done with them

    def _expanded(self, item: QTreeWidgetItem) -> None:
        if not isinstance(item, Row):
            return
        if self._open is not None and not self._words:
            self._open.add(item.node.key)
        self._fill(item)

    def _collapsed(self, item: QTreeWidgetItem) -> None:
        if isinstance(item, Row) and self._open is not None and not self._words:
            self._open.discard(item.node.key)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        if isinstance(item, Row) and item.node.kind is Kind.SOURCE:
            self.chosen.emit(item.node.source.name)

    def _act(self, item: QTreeWidgetItem) -> None:
        """A double click, or Enter."""
        if not isinstance(item, Row):
            return
        node = item.node
        if node.kind is Kind.TABLE:
            self.preview_wanted.emit(node)
        elif node.kind is Kind.COLUMN:
            self.insert_wanted.emit(node.in_sql)
        elif node.kind in {Kind.SOURCE, Kind.SCHEMA}:
            item.setExpanded(not item.isExpanded())
        elif node.kind is Kind.AGAIN or node.tone == "danger":
            self._refresh([node])

    def _refresh(self, nodes: Sequence[Node]) -> None:
        for name in dict.fromkeys(node.source.name for node in nodes):
            self._catalogues.refresh(name)
            self._tell_of(name)

    def _copy(self, nodes: Sequence[Node]) -> None:
        """Names as SQL needs them; of a note what it says."""
        texts = [node.in_sql or node.tip for node in nodes]
        if texts:
            QGuiApplication.clipboard().setText(", ".join(texts))

    def _offer(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        item = self.itemAt(at)
        nodes = _nodes(self.selectedItems())
        if isinstance(item, Row):
            self._fill_menu(menu, item.node, nodes)
            menu.addSeparator()
        menu.addAction(tr("Add source…"), self.add_wanted.emit)
        menu.popup(self.viewport().mapToGlobal(at))

    def _fill_menu(self, menu: QMenu, node: Node, nodes: Sequence[Node]) -> None:
        source = node.source
        if node.kind is Kind.TABLE:
            menu.addAction(tr("Preview"), lambda: self.preview_wanted.emit(node))
        names = [one.in_sql for one in nodes if one.in_sql]
        if names:
            text = ", ".join(names)
            menu.addAction(tr("Insert into the editor"), lambda: self.insert_wanted.emit(text))
            copy = tr("Copy name") if len(names) == 1 else tr("Copy names")
            menu.addAction(copy).triggered.connect(lambda: self._copy(nodes))
        if node.kind in {Kind.NOTE, Kind.AGAIN}:
            menu.addAction(tr("Copy text"), lambda: self._copy([node]))
        if node.kind is Kind.SOURCE:
            menu.addAction(tr("Use for queries"), lambda: self.chosen.emit(source.name))
        refresh = menu.addAction(tr("Refresh"), lambda: self._refresh([node]))
        refresh.setShortcut(_REFRESH)
        if node.kind is not Kind.SOURCE:
            return
        menu.addAction(tr("Test"), lambda: self.test_wanted.emit(source))
        menu.addSeparator()
        kept = _KEPT.get(source.origin)
        edit = tr("Edit…") if kept is None else tr("Look at its settings…")
        menu.addAction(edit, lambda: self.edit_wanted.emit(source))
        remove = menu.addAction(tr("Remove…") if kept is None else tr(kept))
        remove.setEnabled(kept is None)
        remove.triggered.connect(lambda: self.remove_wanted.emit(source))


def _nodes(items: Iterable[QTreeWidgetItem | None]) -> list[Node]:
    return [item.node for item in items if isinstance(item, Row)]
