"""The editor of one SQL text, by keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTextEdit

from longwatch_desktop.editor.sql_edit import Excerpt, SqlEdit
from longwatch_desktop.theme import LIGHT, Theme
from support.windows import colors_of, picture

KEY = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def edit(theme: Theme) -> Iterator[SqlEdit]:
    given = SqlEdit(theme)
    given.resize(600, 300)
    given.show()
    QApplication.processEvents()
    yield given
    given.close()


def select(edit: SqlEdit, start: int, end: int) -> None:
    cursor = edit.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    edit.setTextCursor(cursor)


def put_cursor(edit: SqlEdit, line: int, column: int) -> None:
    block = edit.document().findBlockByNumber(line - 1)
    select(edit, block.position() + column - 1, block.position() + column - 1)


def waves(edit: SqlEdit) -> list[QTextEdit.ExtraSelection]:
    """The marks of errors: ranges with a wavy line."""
    wave = QTextCharFormat.UnderlineStyle.WaveUnderline
    marks = edit.extraSelections()
    return [mark for mark in marks if mark.format.underlineStyle() == wave]


def marked(edit: SqlEdit) -> list[str]:
    return [mark.cursor.selectedText() for mark in waves(edit)]


def test_tab_goes_to_the_next_stop(edit: SqlEdit) -> None:
    QTest.keyClick(edit, KEY.Key_Tab)
    assert edit.toPlainText() == "    "
    QTest.keyClicks(edit, "ab")
    QTest.keyClick(edit, KEY.Key_Tab)
    assert edit.toPlainText() == "    ab  "


def test_lines_are_indented_and_back(edit: SqlEdit) -> None:
    edit.setPlainText("select\n  a,\n\nfrom t")
    select(edit, 0, len("select\n  a,\n\nfr"))
    QTest.keyClick(edit, KEY.Key_Tab)
    assert edit.toPlainText() == "    select\n      a,\n\n    from t"
    QTest.keyClick(edit, KEY.Key_Backtab, SHIFT)
    assert edit.toPlainText() == "select\n  a,\n\nfrom t"
    QTest.keyClick(edit, KEY.Key_Backtab, SHIFT)
    assert edit.toPlainText() == "select\na,\n\nfrom t"
    for _ in range(3):
        edit.undo()
    assert edit.toPlainText() == "select\n  a,\n\nfrom t", "one undo a step"


def test_a_selection_that_ends_at_a_line_does_not_mean_that_line(edit: SqlEdit) -> None:
    edit.setPlainText("a\nb\nc")
    select(edit, 0, 4)
    QTest.keyClick(edit, KEY.Key_Tab)
    assert edit.toPlainText() == "    a\n    b\nc"


def test_enter_keeps_the_indent(edit: SqlEdit) -> None:
    edit.setPlainText("    select")
    edit.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClick(edit, KEY.Key_Return)
    QTest.keyClicks(edit, "1")
    assert edit.toPlainText() == "    select\n    1"
    put_cursor(edit, 1, 3)
    QTest.keyClick(edit, KEY.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert edit.toPlainText() == "  \n    select\n    1", "no more than there is before the cursor"


def test_comments_go_out_and_in(edit: SqlEdit) -> None:
    text = "select a\n  from t\n\nwhere b"
    edit.setPlainText(text)
    edit.selectAll()
    edit.toggle_comment()
    assert edit.toPlainText() == "-- select a\n--   from t\n\n-- where b"
    edit.toggle_comment()
    assert edit.toPlainText() == text
    edit.undo()
    edit.undo()
    assert edit.toPlainText() == text
    edit.setPlainText("--a\nb")
    edit.selectAll()
    edit.toggle_comment()
    assert edit.toPlainText() == "-- --a\n-- b", "one line that is none: all go out"
    edit.toggle_comment()
    assert edit.toPlainText() == "--a\nb"


def test_an_empty_text_has_nothing_to_comment(edit: SqlEdit) -> None:
    edit.toggle_comment()
    assert edit.toPlainText() == ""


def test_what_runs(edit: SqlEdit) -> None:
    edit.setPlainText("select 1;\n  select 2\n  from t;")
    assert edit.excerpt() == Excerpt(edit.toPlainText())
    start = len("select 1;\n  ")
    select(edit, start, start + len("select 2\n  from t"))
    selected = Excerpt("select 2\n  from t", 1, 2)
    assert edit.excerpt() == selected, "with line ends, not Qt's separators"
    assert edit.statement() == selected, "the cursor is at its end"
    select(edit, start + 3, start)
    assert edit.excerpt() == Excerpt("sel", 1, 2), "selected backwards"
    assert edit.statement() == selected
    select(edit, start - 2, start)
    assert edit.excerpt() == Excerpt(edit.toPlainText()), "blanks alone are no selection"
    select(edit, 0, 0)
    assert edit.statement() == Excerpt("select 1")
    edit.setPlainText(" -- nothing\n")
    assert edit.statement() is None


def test_places_in_an_excerpt_are_places_in_the_text() -> None:
    excerpt = Excerpt("select\n nope", 4, 2)
    assert excerpt.place(1, 3) == (5, 5)
    assert excerpt.place(2, 3) == (6, 3)
    assert excerpt.place(2, None) == (6, None)


def test_an_error_is_marked_and_shown(edit: SqlEdit) -> None:
    edit.setPlainText("\n".join(f"line {number}" for number in range(1, 200)))
    edit.show_error(150, 6, "no such thing")
    assert edit.error_line == 150
    assert marked(edit) == ["150"]
    assert edit.textCursor().blockNumber() == 149
    assert edit.textCursor().positionInBlock() == 5
    assert edit.viewport().rect().contains(edit.cursorRect()), "scrolled to"
    assert LIGHT.danger in colors_of(picture(edit))
    edit.clear_error()
    assert marked(edit) == []
    assert LIGHT.danger not in colors_of(picture(edit))


@pytest.mark.parametrize("key", [KEY.Key_X, KEY.Key_Backspace, KEY.Key_Return, KEY.Key_Tab])
def test_editing_takes_the_mark_away(edit: SqlEdit, key: Qt.Key) -> None:
    edit.setPlainText("select nope\nfrom t")
    edit.show_error(1, 8, "no such column")
    QTest.keyClick(edit, KEY.Key_Right)
    assert marked(edit) == ["nope"], "moving the cursor changes nothing"
    QTest.keyClick(edit, key)
    assert edit.error_line is None
    assert marked(edit) == []


def test_replacing_a_character_takes_the_mark_away(edit: SqlEdit) -> None:
    edit.setPlainText("select nope")
    edit.show_error(1, 8, "no such column")
    select(edit, 7, 8)
    QTest.keyClicks(edit, "h")
    assert edit.toPlainText() == "select hope"
    assert edit.error_line is None


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, None, ["select"]),
        (1, 7, ["nope"]),  # on the blank: the word after it, or to the end of the line
        (1, 500, [""]),
        (2, 1, [""]),
        (500, 1, []),
    ],
)
def test_places_at_the_edge(
    edit: SqlEdit, line: int, column: int | None, expected: list[str]
) -> None:
    edit.setPlainText("select nope\n\nfrom t")
    edit.show_error(line, column, "wrong")
    assert edit.error_line == line
    assert [text.strip() for text in marked(edit)] == expected


def test_an_error_after_a_wide_character_is_where_the_server_says(edit: SqlEdit) -> None:
    # Python and the server count characters; Qt counts UTF-16 units, two for this one.
    edit.setPlainText("select '\U0001f600', nope")
    edit.show_error(1, 13, "no such column")
    assert marked(edit) == ["nope"]
    select(edit, 13, 17)
    assert edit.excerpt() == Excerpt("nope", 0, 12)


def test_line_numbers(edit: SqlEdit) -> None:
    edit.setPlainText("a\nb\nc")
    narrow = edit.viewportMargins().left()
    before = picture(edit)
    edit.setPlainText("\n".join("abc" for _ in range(12_000)))
    assert edit.viewportMargins().left() > narrow, "wider for five digits"
    assert picture(edit) != before
    edit.verticalScrollBar().setValue(6_000)
    middle = picture(edit).copy(0, 0, narrow, 300)
    edit.verticalScrollBar().setValue(7_111)
    assert picture(edit).copy(0, 0, narrow, 300) != middle, "they scroll with the text"


def test_a_hint_in_an_empty_text(edit: SqlEdit) -> None:
    assert "Ctrl+Enter" in edit.placeholderText()
    with_hint = picture(edit)
    edit.setPlaceholderText("")
    assert picture(edit) != with_hint


@pytest.mark.parametrize("how", ["setPlainText", "clear"])
def test_a_document_that_is_emptied_knows_its_cursors(edit: SqlEdit, how: str) -> None:
    """Qt's own forgets those that are made while it tells of the change, and does not forget those
    that go: keys then write where they were. Only the first can be seen without a crash."""
    edit.setPlainText("select nope")
    kept: list[QTextCursor] = []
    edit.document().contentsChange.connect(lambda *_: kept.append(QTextCursor(edit.document())))
    edit.clear() if how == "clear" else edit.setPlainText("")
    assert edit.toPlainText() == ""
    assert not edit.document().isModified()
    assert not edit.document().isUndoAvailable()
    made, before = len(kept), kept[0].position()
    QTest.keyClicks(edit, "abc")
    assert [one.position() - before for one in kept[:made]] == [3] * made
