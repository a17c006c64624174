"""Reads all that a window says, in a language in which every text stands in ⟦ and ⟧."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QGraphicsScene,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QSpinBox,
    QTabBar,
    QWidget,
)

from support.windows import Desk

DATA = {
    *("Longwatch", "SQL", "CSV", "Parquet", "DuckDB", "PostgreSQL", "Spark", "Arrow", "JSON"),
    *("Excel", "JSON lines", "Deutsch", "English", "MB", "GB", "Aa", "x", "y", "X", "Y"),
    *("n", "w", "first", "second", ":number", "number", "int64", "string"),
}
"""The same in every language."""
LIKE_DATA = re.compile(
    r"""
    https?://.* | \S*[/\\].*              # addresses and paths
    | [\w-]+\.(sql|csv|txt|toml|parquet)  # files
    | (Ctrl|Alt|Shift|F\d).*              # keys
    | select\ .*                          # SQL
    | (Longwatch|Python|Linux|macOS|Windows)\b.*\d.*
    | job_\w+ | [0-9a-f-]{16,}            # ids
    | [\d.,:–~<\s]+([kMG]?B|k|M|ms|s|%)?  # numbers with their units
    """,
    re.VERBOSE | re.DOTALL,
)


class Reader:
    """Reads whatever a person could, and keeps what did not go through `tr`."""

    def __init__(self) -> None:
        self.data = set(DATA)
        """What is shown as it is."""
        self.left: set[str] = set()
        self.count = 0

    def know(self, desk: Desk) -> None:
        """Names that come from the server are shown as they are."""
        session = desk.session
        for source in session.sources:
            self.data |= {source.name, source.title, source.engine, source.description}
        for query in session.saved_queries:
            self.data |= {query.name, query.title, query.folder, query.description}
        for job in desk.jobs():
            self.data |= {job.name, job.owner, job.id, job.preview}
            if job.error is not None:
                self.data |= {job.error.message, job.error.hint or "", job.error.code}

    async def know_engines(self, desk: Desk) -> None:
        """What a server says of its engines is shown as it is."""
        for engine in (await desk.session.client().engines()).engines:
            self.data |= {engine.name, engine.title, engine.description}
            for option in engine.options:
                required = f"{option.title} *"
                self.data |= {option.title, required, option.hint, *option.choices}

    def look(self, root: QWidget) -> None:
        for kind, text in shown(root):
            clean = html.unescape(re.sub(r"<[^>]*>", "", text)).replace("&&", "&").strip()
            if not re.search(r"[^\W\d_]", clean):
                continue
            self.count += 1
            if not self._is_told(clean):
                self.left.add(f"{kind}: {clean}")

    def _is_told(self, text: str) -> bool:
        """Whether all of it stands in brackets but data beside them."""
        if text in self.data:
            return True
        found = True
        while found:  # from the inside out
            text, times = re.subn(r"⟦[^⟦⟧]*⟧", "", text)
            found = times > 0
        pieces = (piece.strip() for piece in re.split(r"[·\n()]|: ", text))
        return all(
            not re.search(r"[^\W\d_]", piece) or piece in self.data or LIKE_DATA.fullmatch(piece)
            for piece in pieces
        )


def shown(root: QWidget) -> Iterator[tuple[str, str]]:
    """What `root` and all that is in it say, each with the class that says it."""
    for one in (root, *root.findChildren(QObject)):
        if not _is_ours(one):
            continue
        for text in _texts(one):
            yield type(one).__name__, text


def _is_ours(one: QObject) -> bool:
    """Whether its texts are not Qt's own, which Qt translates."""
    above = one.parent()
    if one.objectName().startswith(("qt_", "_q_")) or isinstance(above, QTabBar):
        return False
    if isinstance(one, QAbstractButton) and isinstance(above, QDialogButtonBox):
        own = QDialogButtonBox.StandardButton.NoButton
        return above.standardButton(one) == own or isinstance(above.parent(), QMessageBox)
    while above is not None:
        if isinstance(above, (QFileDialog, QSpinBox, QGraphicsScene)):
            return False
        above = above.parent()
    return True


def _texts(one: QObject) -> Iterator[str]:
    if isinstance(one, QAction):
        yield from (one.text(), one.toolTip())
    elif isinstance(one, QWidget):
        yield from _of_any(one)
        yield from _of_kind(one)


def _of_any(one: QWidget) -> Iterator[str]:
    yield from (one.toolTip(), one.accessibleName(), one.accessibleDescription())
    if one.isWindow():
        yield one.windowTitle()


def _of_kind(one: QWidget) -> Iterator[str]:
    match one:
        case QMessageBox():
            own = QMessageBox.StandardButton.NoButton
            yield from (one.text(), one.informativeText())
            yield from (b.text() for b in one.buttons() if one.standardButton(b) == own)
        case QAbstractButton() if not isinstance(one.window(), QMessageBox):  # it tells them
            yield one.text()
        case QLabel():
            yield one.text()
        case QLineEdit() | QPlainTextEdit():
            yield one.placeholderText()
        case QMenu() | QGroupBox():
            yield one.title()
        case QComboBox():
            yield from (one.itemText(at) for at in range(one.count()))
        case QSpinBox():
            yield from (one.suffix(), one.prefix(), one.specialValueText())
        case QTabBar():
            yield from (one.tabText(at) for at in range(one.count()))
            yield from (one.tabToolTip(at) for at in range(one.count()))
        case QHeaderView():
            yield from _headers(one)


def _headers(header: QHeaderView) -> Iterator[str]:
    model, across = header.model(), header.orientation()
    for section in range(min(header.count(), 50)):
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            yield str(model.headerData(section, across, role) or "")
