"""One text of SQL: line numbers, the current line, a mark where an error is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QMimeData, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from longwatch_desktop.editor import brackets, scan
from longwatch_desktop.editor.highlighter import SqlHighlighter
from longwatch_desktop.editor.places import characters_of, plain, units_of
from longwatch_desktop.theme import Theme, mono_font
from longwatch_desktop.translation import tr

INDENT: Final = "    "
Change = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a text, and the lines and columns before it there; the columns count on its first
    line only."""

    sql: str
    lines: int = 0
    columns: int = 0

    def place(self, line: int, column: int | None) -> tuple[int, int | None]:
        """Line and column of the whole text for those of the excerpt, all from 1."""
        if column is not None and line == 1:
            column += self.columns
        return line + self.lines, column


class SqlEdit(QPlainTextEdit):
    """Edits one SQL text. Lines and columns count from 1, columns in characters."""

    edited = Signal()
    """The text was changed by the user or the program."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._error: tuple[int, int, str] | None = None
        self._found: list[tuple[int, int]] | None = []
        """`None` once the text is another."""
        self._found_at: list[QTextCursor] = []
        """The same in Qt's units. They are counted once: a cursor moves more often than that."""
        self._marked_text = ""
        self._margin = _Margin(self)
        self.setFont(mono_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabStopDistance(self.fontMetrics().horizontalAdvance(" ") * len(INDENT))
        self.document().setDocumentMargin(6)
        self.setAccessibleName(tr("SQL editor"))
        self.setPlaceholderText(tr("Write SQL here, then press Ctrl+Enter to run it."))
        self._highlighter = SqlHighlighter(self.document(), theme)
        self.blockCountChanged.connect(self._fit_margin)
        self.updateRequest.connect(self._scroll_margin)
        self.cursorPositionChanged.connect(self._mark)
        self.document().contentsChange.connect(self._changed)
        theme.changed.connect(self._mark)
        self._fit_margin()
        self._mark()

    def toPlainText(self) -> str:  # noqa: N802 - Qt's name
        """The text as it is. Qt's own has blanks for those that do not break, and line ends for
        the separators of Unicode: another query, with other texts in it."""
        return plain(self.document().toRawText())

    def setPlainText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Put another text in place of all there is; it cannot be undone."""
        if text:
            super().setPlainText(text)
        else:
            self.clear()

    def clear(self) -> None:
        """Take all text away, as any other change does it. Qt's own tells of the change while its
        document knows none of its cursors: one that goes then, as a mark of ours does, is put back
        afterwards, and the next key writes into memory that is somebody else's."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.removeSelectedText()
        self.document().clearUndoRedoStacks()
        self.document().setModified(False)

    def selected(self) -> str:
        """What is selected, as it is."""
        return plain(self.textCursor().selectedText())

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802 - Qt's name
        """As it is, too."""
        data = QMimeData()
        data.setText(self.selected())
        return data

    def excerpt(self) -> Excerpt:
        """The selection if there is one, else everything."""
        cursor = self.textCursor()
        selected = self.selected()
        if not selected.strip():
            return Excerpt(self.toPlainText())
        block = self.document().findBlock(cursor.selectionStart())
        units = cursor.selectionStart() - block.position()
        return Excerpt(selected, block.blockNumber(), characters_of(block.text(), units))

    def statement(self) -> Excerpt | None:
        """The statement that the cursor is in; `None` if there is none."""
        text = self.toPlainText()
        span = scan.statement_at(text, self.characters_before(self.textCursor().position()))
        if span is None:
            return None
        before = text[: span.start]
        return Excerpt(
            text[span.start : span.end],
            before.count("\n"),
            len(before) - (before.rfind("\n") + 1),
        )

    def characters_before(self, position: int) -> int:
        """How many characters of the text are before a position of Qt's."""
        return characters_of(self.toPlainText(), position)

    def select(self, start: int, end: int) -> None:
        """Select from one character up to another."""
        cursor = self.textCursor()
        text = self.toPlainText()
        cursor.setPosition(units_of(text, start))
        cursor.setPosition(units_of(text, end), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def mark_found(self, found: list[tuple[int, int]]) -> None:
        """Mark places, from one character up to another each, instead of those marked before."""
        if found != self._found:
            self._found = found
            self._found_at = self._spans(found)
            self._mark()

    def mark_error(self, line: int, column: int | None, message: str) -> None:
        """Mark the place."""
        self._error = (line, column or 1, message)
        self._marked_text = self.toPlainText()
        self._mark()
        self._margin.update()

    def show_error(self, line: int, column: int | None, message: str) -> None:
        """Mark the place and go there."""
        self.mark_error(line, column, message)
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + units_of(block.text(), (column or 1) - 1))
            self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def clear_error(self) -> None:
        """Take the mark away."""
        if self._error is not None:
            self._error = None
            self._mark()
            self._margin.update()

    @property
    def error_line(self) -> int | None:
        """The marked line; `None` if there is none."""
        return self._error[0] if self._error else None

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        plain = event.modifiers() in {
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        }
        if event.key() == Qt.Key.Key_Tab and plain:
            self._indent()
        elif event.key() == Qt.Key.Key_Backtab:
            self._each_line(lambda text: text[min(4, len(text) - len(text.lstrip(" "))) :])
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and plain:
            before = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
            self.textCursor().insertText("\n" + before[: len(before) - len(before.lstrip())])
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802 - Qt's name
        """A file that is dropped is none of its text: the window takes it."""
        return not source.hasUrls() and super().canInsertFromMimeData(source)

    def toggle_comment(self) -> None:
        """Comment the lines of the selection out, or in again if all of them are."""
        lines = self._selected_lines()
        if all(line.lstrip().startswith("--") for line in lines if line.strip()):
            self._each_line(_uncommented)
        else:
            self._each_line(lambda text: "-- " + text if text.strip() else text)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        area = self.contentsRect()
        self._margin.setGeometry(
            QRect(area.left(), area.top(), self._margin.width_needed(), area.height())
        )

    def paint_margin(self, event: QPaintEvent) -> None:
        """Line numbers; the marked line in the colour of errors."""
        colors = self._theme.colors
        painter = QPainter(self._margin)
        painter.fillRect(event.rect(), QColor(colors.base))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        right = self._margin.width() - 10
        height = self.fontMetrics().height()
        current = self.textCursor().blockNumber()
        while block.isValid() and top <= event.rect().bottom():
            number = block.blockNumber()
            bottom = top + self.blockBoundingRect(block).height()
            if block.isVisible() and bottom >= event.rect().top():
                wrong = self.error_line == number + 1
                shade = colors.danger if wrong else colors.muted
                if number == current and not wrong:
                    shade = colors.text
                painter.setPen(QColor(shade))
                area = QRect(0, int(top), right, height)
                painter.drawText(area, Qt.AlignmentFlag.AlignRight, str(number + 1))
            block, top = block.next(), bottom

    def _changed(self, _at: int, removed: int, added: int) -> None:
        if removed or added:
            self._found = None
            # A change of colours alone reports equal lengths.
            if self._error and (removed != added or self.toPlainText() != self._marked_text):
                self.clear_error()
            self.edited.emit()

    def _fit_margin(self, _blocks: int = 0) -> None:
        self.setViewportMargins(self._margin.width_needed(), 0, 0, 0)

    def _scroll_margin(self, area: QRect, dy: int) -> None:
        if dy:
            self._margin.scroll(0, dy)
        else:
            self._margin.update(0, area.y(), self._margin.width(), area.height())

    def _mark(self) -> None:
        """The current line's ground, and a wavy line under the word in error."""
        marks: list[QTextEdit.ExtraSelection] = []
        colors = self._theme.colors
        # The ground of an empty text's line would hide the placeholder.
        if not self.isReadOnly() and not self.document().isEmpty():
            line = QTextEdit.ExtraSelection()
            line.format.setBackground(QColor(colors.current_line))
            line.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
            line.cursor = self.textCursor()
            line.cursor.clearSelection()
            marks.append(line)
        marks += self._places_found()
        marks += self._brackets()
        if self._error is not None:
            row, column, message = self._error
            block = self.document().findBlockByNumber(row - 1)
            if block.isValid():
                cursor = QTextCursor(block)
                cursor.setPosition(block.position() + units_of(block.text(), column - 1))
                cursor.movePosition(
                    QTextCursor.MoveOperation.EndOfWord, QTextCursor.MoveMode.KeepAnchor
                )
                if not cursor.hasSelection():
                    cursor.movePosition(
                        QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor
                    )
                wave = QTextEdit.ExtraSelection()
                wave.cursor = cursor
                wave.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
                wave.format.setUnderlineColor(QColor(colors.danger))
                wave.format.setBackground(QColor(colors.danger_ground))
                wave.format.setToolTip(message)
                marks.append(wave)
        self.setExtraSelections(marks)

    def _places_found(self) -> list[QTextEdit.ExtraSelection]:
        return [_ground(one, self._theme.colors.found) for one in self._found_at]

    def _brackets(self) -> list[QTextEdit.ExtraSelection]:
        """The bracket at the cursor and the one that it belongs to."""
        if self.document().characterCount() > brackets.MOST_CHARS:
            return []
        text = self.toPlainText()
        pair = brackets.pair_at(text, characters_of(text, self.textCursor().position()))
        if pair is None:
            return []
        colors = self._theme.colors
        shade = colors.danger_ground if pair[1] is None else colors.found
        places = [place for place in pair if place is not None]
        spans = self._spans([(place, place + 1) for place in sorted(places)])
        return [_ground(one, shade) for one in spans]

    def _spans(self, places: list[tuple[int, int]]) -> list[QTextCursor]:
        """Cursors over places, which come in order: no part of the text is counted twice."""
        text = self.toPlainText() if places else ""
        spans: list[QTextCursor] = []
        at = units = 0
        for start, end in places:
            begin = units + units_of(text[at:start], start - at)
            at, units = end, begin + units_of(text[start:end], end - start)
            cursor = QTextCursor(self.document())
            cursor.setPosition(begin)
            cursor.setPosition(units, QTextCursor.MoveMode.KeepAnchor)
            spans.append(cursor)
        return spans

    def _indent(self) -> None:
        cursor = self.textCursor()
        if len(self._selected_lines()) > 1:
            self._each_line(lambda text: INDENT + text if text.strip() else text)
        else:
            cursor.insertText(" " * (len(INDENT) - cursor.positionInBlock() % len(INDENT)))

    def _selected_lines(self) -> list[str]:
        first, last = self._selected_blocks()
        document = self.document()
        return [document.findBlockByNumber(number).text() for number in range(first, last + 1)]

    def _selected_blocks(self) -> tuple[int, int]:
        cursor = self.textCursor()
        document = self.document()
        first = document.findBlock(cursor.selectionStart())
        last = document.findBlock(cursor.selectionEnd())
        # A selection that ends at the start of a line does not mean that line.
        if last.blockNumber() > first.blockNumber() and cursor.selectionEnd() == last.position():
            last = last.previous()
        return first.blockNumber(), last.blockNumber()

    def _each_line(self, change: Change) -> None:
        first, last = self._selected_blocks()
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for number in range(first, last + 1):
            block = self.document().findBlockByNumber(number)
            line = QTextCursor(block)
            line.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            changed = change(block.text())
            if changed != block.text():
                line.insertText(changed)
        cursor.endEditBlock()


class _Margin(QWidget):
    """Where the line numbers are."""

    def __init__(self, edit: SqlEdit) -> None:
        super().__init__(edit)
        self._edit = edit

    def width_needed(self) -> int:
        digits = max(3, len(str(self._edit.blockCount())))
        return 18 + self._edit.fontMetrics().horizontalAdvance("9") * digits

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self.width_needed(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self._edit.paint_margin(event)


def _ground(cursor: QTextCursor, color: str) -> QTextEdit.ExtraSelection:
    mark = QTextEdit.ExtraSelection()
    mark.cursor = cursor
    mark.format.setBackground(QColor(color))
    return mark


def _uncommented(text: str) -> str:
    body = text.lstrip()
    if not body.startswith("--"):
        return text
    rest = body[2:]
    return text[: len(text) - len(body)] + rest.removeprefix(" ")
