"""Words that fit at the cursor: tables and columns of the source, keywords, words of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import shiboken6
from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QListView

from longwatch.protocol.catalogue import Catalogue
from longwatch_desktop import roles
from longwatch_desktop.editor.highlighter import KEYWORDS
from longwatch_desktop.editor.scan import in_code
from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.sources.nodes import kind_in_words
from longwatch_desktop.sources.written import column_in_sql
from longwatch_desktop.theme import mono_font
from longwatch_desktop.translation import tr

MOST_CHARS: Final = 100_000
"""In a longer text the list opens by Ctrl+Space alone: to look it through at every letter that is
typed takes too long (0.4 s in a million characters)."""
LEAST_CHARS: Final = 2
"""Typed before the list opens by itself."""
MOST_SHOWN: Final = 200
SHOWN_ROWS: Final = 9
FAR_CHARS: Final = 200
"""A word is looked for so far back."""
_BEFORE: Final = re.compile(r'(?:(?P<owner>[\w$]+|"[^"]+")\.)?(?P<word>[A-Za-z_][\w$]*)?$')
_ALIAS: Final = re.compile(
    r'\b(?:from|join|update|into)\s+([\w$.]+|"[^"]+")(?:\s+(?:as\s+)?([A-Za-z_]\w*))?'
    r"|,\s*([\w$.]+)\s+(?:as\s+)?([A-Za-z_]\w*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word, how to write it, and what it is."""

    text: str
    written: str
    about: str


class Vocabulary:
    """What can be suggested over one source."""

    def __init__(self, catalogue: Catalogue | None = None, engine: str = "") -> None:
        self._keywords = [Suggestion(word, word, tr("keyword")) for word in sorted(KEYWORDS)]
        self._tables: list[Suggestion] = []
        self._columns: dict[str, list[Suggestion]] = {}
        for table in catalogue.tables if catalogue else []:
            about = [kind_in_words(table)]
            if table.rows is not None:
                about.append(tr("%n row(s)", "", table.rows))
            self._tables.append(Suggestion(table.name, table.name_in_sql, ", ".join(about)))
            columns = [
                Suggestion(one.name, column_in_sql(one.name, engine), f"{one.type} · {table.name}")
                for one in table.columns
            ]
            self._columns.setdefault(table.name.lower(), columns)

    def fitting(self, text: str, at: int) -> list[Suggestion]:
        """What fits at character `at` of `text`, the likeliest first."""
        match = _BEFORE.search(text, max(0, at - FAR_CHARS), at)
        word = (match["word"] or "") if match else ""
        owner = (match["owner"] or "").strip('"').lower() if match else ""
        tables = self._named_in(text)
        if owner:
            return _matching(self._columns.get(tables.get(owner, owner), []), word)
        near = [one for name in dict.fromkeys(tables.values()) for one in self._columns[name]]
        far = [
            one
            for name, columns in self._columns.items()
            if name not in set(tables.values())
            for one in columns
        ]
        groups = (near, self._tables, self._keywords, far)
        found: dict[str, Suggestion] = {}
        for group in groups:
            for one in _matching(group, word):
                found.setdefault(one.text.lower(), one)
        return list(found.values())

    def _named_in(self, text: str) -> dict[str, str]:
        """Tables that the text reads, by their names and aliases, all in lower case."""
        found: dict[str, str] = {}
        for match in _ALIAS.finditer(text):
            table = (match[1] or match[3] or "").strip('"').rpartition(".")[2].lower()
            alias = (match[2] or match[4] or "").lower()
            if table in self._columns:
                found[table] = table
                if alias and alias not in KEYWORDS:
                    found[alias] = table
        return found


class Completion(QObject):
    """A list at the cursor of one editor: it opens while a word is typed, or by Ctrl+Space.

    A part of the window, not a window of its own: the editor keeps the keys, on every platform.
    """

    def __init__(self, edit: SqlEdit) -> None:
        super().__init__(edit)
        self._edit = edit
        self.vocabulary = Vocabulary()
        self._list = QListView(edit)
        self._model = _Suggestions(self._list)
        self._list.setObjectName("completions")
        self._list.setModel(self._model)
        self._list.setFont(mono_font())
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setAccessibleName(tr("Completions"))
        self._list.clicked.connect(self._take)
        self._list.hide()
        # A window's child once it was shown, it would stay when the tab is closed.
        edit.destroyed.connect(self._list.deleteLater)
        edit.installEventFilter(self)
        edit.verticalScrollBar().valueChanged.connect(lambda _value: self._list.hide())

    @property
    def offered(self) -> list[str]:
        """What the list shows; empty while it is closed."""
        return [] if self._list.isHidden() else self._model.texts()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is not self._edit:
            return False
        if event.type() in {QEvent.Type.FocusOut, QEvent.Type.Resize, QEvent.Type.Hide}:
            self._list.hide()
        return isinstance(event, QKeyEvent) and event.type() == _PRESS and self._pressed(event)

    def _pressed(self, event: QKeyEvent) -> bool:
        """Whether the key was meant for the list."""
        key = event.key()
        if key == Qt.Key.Key_Space and event.modifiers() == _CONTROL:
            self._offer(least=0)
            return True
        if not self._list.isHidden():
            if key in _TAKES:
                self._take(self._list.currentIndex())
                return True
            if key in _MOVES:
                self._move(_MOVES[Qt.Key(key)])
                return True
            if key == Qt.Key.Key_Escape:
                self._list.hide()
                return True
        text = event.text()
        is_typed = bool(text) and (text.isalnum() or text in "_.")
        if is_typed or (key == Qt.Key.Key_Backspace and not self._list.isHidden()):
            # Once the editor has taken the key in.
            QTimer.singleShot(0, self._edit, lambda: self._offer(least=LEAST_CHARS))
        elif text or key in _LEAVES:
            self._list.hide()
        return False

    def _move(self, by: int) -> None:
        count = self._model.rowCount()
        row = self._list.currentIndex().row() + by
        row = row % count if abs(by) == 1 else max(0, min(count - 1, row))
        self._list.setCurrentIndex(self._model.index(row, 0))

    def _offer(self, *, least: int) -> None:
        # A tab that was closed meanwhile has no window, and is about to be deleted: to make a list
        # its child crashes.
        hidden = not shiboken6.isValid(self._edit) or not self._edit.isVisible()
        if hidden or (least and self._edit.document().characterCount() > MOST_CHARS):
            self._list.hide()
            return
        text, at = self._text_and_place()
        word, behind_dot = _word_before(text, at)
        if (len(word) < least and not behind_dot) or not in_code(text, at):
            self._list.hide()
            return
        found = self.vocabulary.fitting(text, at)[:MOST_SHOWN]
        if not found or [one.text.lower() for one in found] == [word.lower()]:
            self._list.hide()
            return
        self._model.show(found)
        self._list.setCurrentIndex(self._model.index(0, 0))
        self._place(word)
        self._list.show()
        self._list.raise_()

    def _place(self, word: str) -> None:
        """Under the word, or over it where there is more room."""
        window = self._edit.window()
        if self._list.parentWidget() is not window:
            self._list.setParent(window)
        metrics = self._list.fontMetrics()
        rows = min(SHOWN_ROWS, self._model.rowCount())
        height = self._list.sizeHintForRow(0) * rows + 2 * self._list.frameWidth()
        width = min(window.width() - 20, metrics.horizontalAdvance("x") * (self._model.chars + 6))
        line = self._edit.cursorRect()
        port = self._edit.viewport()
        left = line.left() - self._edit.fontMetrics().horizontalAdvance(word) - 6
        below = port.mapTo(window, QPoint(left, line.bottom() + 3))
        above = port.mapTo(window, QPoint(left, line.top() - 3 - height))
        fits = below.y() + height <= window.height() or above.y() < 0
        place = below if fits else above
        left = max(4, min(place.x(), window.width() - width - 4))
        self._list.setGeometry(left, place.y(), width, height)

    def _take(self, index: QModelIndex) -> None:
        self._list.hide()
        if not index.isValid():
            return
        written = str(index.data(_WRITTEN))
        word, _ = _word_before(*self._text_and_place())
        cursor = self._edit.textCursor()
        cursor.movePosition(
            QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(word)
        )
        shouted = word.isupper() and len(word) > 1 and written in KEYWORDS
        cursor.insertText(written.upper() if shouted else written)
        self._edit.setTextCursor(cursor)

    def _text_and_place(self) -> tuple[str, int]:
        """The text and the cursor, in characters."""
        cursor = self._edit.textCursor()
        return self._edit.toPlainText(), self._edit.characters_before(cursor.position())


_WRITTEN: Final = int(Qt.ItemDataRole.UserRole)
_CONTROL: Final = Qt.KeyboardModifier.ControlModifier
_PRESS: Final = QEvent.Type.KeyPress
_TAKES: Final = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab})
_MOVES: Final = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageUp: -SHOWN_ROWS,
    Qt.Key.Key_PageDown: SHOWN_ROWS,
}
_LEAVES: Final = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End})


class _Suggestions(QAbstractListModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._found: list[Suggestion] = []
        self._widest = 0
        self.chars = 0
        """Of the longest line."""

    def show(self, found: list[Suggestion]) -> None:
        self.beginResetModel()
        self._found = found
        self._widest = min(40, max(len(one.text) for one in found))
        self.chars = max(max(len(one.text), self._widest) + 2 + len(one.about) for one in found)
        self.endResetModel()

    def texts(self) -> list[str]:
        return [one.text for one in self._found]

    def rowCount(self, parent: roles.Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self._found)

    def data(self, index: roles.Index, role: int = roles.DISPLAY) -> str | None:
        one = self._found[index.row()]
        if role == roles.DISPLAY:
            return f"{one.text:<{self._widest}}  {one.about}"
        if role == roles.ACCESSIBLE:
            return f"{one.text}, {one.about}"
        return one.written if role == _WRITTEN else None


def _word_before(text: str, at: int) -> tuple[str, bool]:
    """The word that is being typed at character `at`, and whether it is behind a dot."""
    match = _BEFORE.search(text, max(0, at - FAR_CHARS), at)
    return (match["word"] or "", bool(match["owner"])) if match else ("", False)


def _matching(words: list[Suggestion], typed: str) -> list[Suggestion]:
    """Those that begin with what was typed, then those that have it further in."""
    start = typed.lower()
    begin = [one for one in words if one.text.lower().startswith(start)]
    if len(start) < 3:
        return begin
    known = set(begin)
    return begin + [one for one in words if start in one.text.lower() and one not in known]
