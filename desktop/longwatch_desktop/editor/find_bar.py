"""Finds and replaces in the text in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QToolButton, QWidget

from longwatch_desktop.editor.patterns import BadPattern, Match, matches
from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.labels import ElidedLabel
from longwatch_desktop.theme import Theme, mark_wrong
from longwatch_desktop.translation import tr

MOST_MARKED: Final = 2_000


class FindBar(QFrame):
    """Hidden until it is wanted; `closed` tells that the text may have the keys again."""

    closed = Signal()

    def __init__(
        self, page: Callable[[], SqlEdit], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._page = page
        self._theme = theme
        self.setObjectName("find")
        self._what = self._box(tr("Find"))
        self._with = self._box(tr("Replace with"))
        self._case = self._button("Aa", tr("Match upper and lower case"), checkable=True)
        self._regex = self._button(".*", tr("Regular expression"), checkable=True)
        self._count = ElidedLabel()
        self._count.setProperty("muted", True)
        self._count.setMinimumWidth(60)
        self._up = self._button("↑", tr("Find previous (Shift+Enter)"))
        self._down = self._button("↓", tr("Find next (Enter)"))
        self._one = self._button(tr("Replace"), tr("Replace this one"))
        self._all = self._button(tr("All"), tr("Replace all"))
        self._close = self._button("", tr("Close (Esc)"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        for widget, stretch in (
            (self._what, 3), (self._case, 0), (self._regex, 0), (self._up, 0), (self._down, 0),
            (self._count, 1), (self._with, 2), (self._one, 0), (self._all, 0), (self._close, 0),
        ):  # fmt: skip
            layout.addWidget(widget, stretch)
        self._what.textChanged.connect(lambda _text: self._look(move=True))
        for button in (self._case, self._regex):
            button.toggled.connect(lambda _on: self._look(move=True))
        self._up.clicked.connect(lambda: self._go(forward=False))
        self._down.clicked.connect(lambda: self._go(forward=True))
        self._one.clicked.connect(self._replace_one)
        self._all.clicked.connect(self._replace_all)
        self._close.clicked.connect(self.leave)
        for box in (self._what, self._with):
            box.installEventFilter(self)
        theme.changed.connect(self._recolor)
        self._recolor()
        self.hide()

    def open(self, *, replace: bool = False) -> None:
        """Show it, with what is selected as what to find."""
        selected = self._page().selected()
        if selected and "\n" not in selected:
            self._what.setText(selected)
        self.show()
        self._look(move=False)
        box = self._with if replace and self._what.text() else self._what
        box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        box.selectAll()

    def leave(self) -> None:
        """Hide it, marks included."""
        self.hide()
        self._page().mark_found([])
        self.closed.emit()

    def follow(self) -> None:
        """Another text is in front, or this one was changed."""
        if self.isVisible():
            self._look(move=False)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() != QEvent.Type.KeyPress:
            return False
        assert isinstance(event, QKeyEvent)
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
            return True
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._go(forward=not shift)
            return True
        return False

    def _found(self) -> list[tuple[int, int]]:
        """Where it is, in characters."""
        return [match.span for match in self._matches()]

    def _matches(self) -> list[Match]:
        """What is found; nothing for an expression that is none (yet)."""
        what = self._what.text()
        if not what:
            self._say("")
            return []
        text = self._page().toPlainText()
        regex, case = self._regex.isChecked(), self._case.isChecked()
        try:
            found = list(matches(text, what, regex=regex, case=case))
        except BadPattern as error:
            self._say(str(error), wrong=True)
            return []
        count = len(found)
        said = tr("1 match") if count == 1 else tr("%n matches", "", count)
        self._say(said, wrong=not found)
        return found

    def _look(self, *, move: bool) -> None:
        page = self._page()
        found = self._found()
        page.mark_found(found[:MOST_MARKED])
        if move and found:
            at = page.characters_before(page.textCursor().selectionStart())
            self._select(next((one for one in found if one[0] >= at), found[0]))

    def _go(self, *, forward: bool) -> None:
        page = self._page()
        found = self._found()
        if not found:
            return
        cursor = page.textCursor()
        start = page.characters_before(cursor.selectionStart())
        end = page.characters_before(cursor.selectionEnd())
        if forward:
            self._select(next((one for one in found if one[0] >= end), found[0]))
        else:
            before = [one for one in found if one[1] <= start]
            self._select(before[-1] if before else found[-1])

    def _select(self, span: tuple[int, int]) -> None:
        page = self._page()
        page.select(*span)
        page.ensureCursorVisible()

    def _replace_one(self) -> None:
        page = self._page()
        cursor = page.textCursor()
        here = (
            page.characters_before(cursor.selectionStart()),
            page.characters_before(cursor.selectionEnd()),
        )
        match = next((one for one in self._matches() if one.span == here), None)
        if match is not None:
            cursor.insertText(self._replacement(match))
            page.setTextCursor(cursor)
        self._go(forward=True)

    def _replace_all(self) -> None:
        """In one step, so that one Undo takes it back."""
        page = self._page()
        found = self._matches()
        if not found:
            return
        text = page.toPlainText()
        pieces, end = [], 0
        for match in found:
            pieces += [text[end : match.start], self._replacement(match)]
            end = match.end
        cursor = page.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText("".join(pieces) + text[end:])
        count = len(found)
        self._say(tr("1 match replaced") if count == 1 else tr("%n matches replaced", "", count))

    def _replacement(self, match: Match) -> str:
        """By the match where it is: alone, it may not fit what comes before or after it."""
        text = self._with.text()
        return match.expand(text) if self._regex.isChecked() else text

    def _say(self, sentence: str, *, wrong: bool = False) -> None:
        self._count.say(sentence)
        mark_wrong(self._what, wrong=wrong)

    def _box(self, name: str) -> QLineEdit:
        box = QLineEdit()
        box.setPlaceholderText(name)
        box.setAccessibleName(name)
        box.setClearButtonEnabled(True)
        box.setMinimumWidth(60)  # beside a panel, in a narrow window
        return box

    def _button(self, text: str, name: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setCheckable(checkable)
        return button

    def _recolor(self) -> None:
        self._close.setIcon(self._theme.icon("close"))
