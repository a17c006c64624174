"""Where somebody is in the tree of sources, while its rows are made anew."""

from __future__ import annotations

from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from longwatch_desktop.sources.nodes import Key, Kind, Row


class Place:
    """Keeps the current row and the scroll position over a change of rows."""

    def __init__(self, tree: QTreeWidget) -> None:
        self._tree = tree

    def __enter__(self) -> None:
        item = self._tree.currentItem()
        self._key = item.node.key if isinstance(item, Row) else None
        self._kind = item.node.kind if isinstance(item, Row) else None
        self._at = self._tree.verticalScrollBar().value()
        self._tree.setUpdatesEnabled(False)

    def __exit__(self, *_: object) -> None:
        tree = self._tree
        if self._key is not None:
            row = _find(tree.invisibleRootItem(), self._key, self._kind)
            if row is not None:
                tree.setCurrentItem(row)
        tree.verticalScrollBar().setValue(self._at)
        tree.setUpdatesEnabled(True)


def _find(parent: QTreeWidgetItem, key: Key, kind: Kind | None) -> Row | None:
    """The row with a key, among those that have been made."""
    for number in range(parent.childCount()):
        row = parent.child(number)
        if not isinstance(row, Row) or row.node.source.name != key[0]:
            continue
        if row.node.key == key and row.node.kind is kind:
            return row
        below = _find(row, key, kind) if row.childCount() else None
        if below is not None:
            return below
    return None
