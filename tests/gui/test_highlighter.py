"""Colours of SQL, over lines too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from longwatch_desktop.editor.sql_edit import SqlEdit
from longwatch_desktop.theme import DARK, LIGHT, Mode, Theme

KINDS = {
    LIGHT.keyword: "k",
    LIGHT.string: "s",
    LIGHT.number: "n",
    LIGHT.comment: "c",
    LIGHT.function: "f",
}


@pytest.fixture
def edit(theme: Theme) -> Iterator[SqlEdit]:
    given = SqlEdit(theme)
    yield given
    theme.choose(Mode.LIGHT)


def kinds(edit: SqlEdit, line: int = 0) -> str:
    """One letter a character: keyword, string, number, comment, function, or a dot."""
    block = edit.document().findBlockByNumber(line)
    letters = ["."] * len(block.text())
    for span in block.layout().formats():
        letter = KINDS[span.format.foreground().color().name()]
        letters[span.start : span.start + span.length] = letter * span.length
    return "".join(letters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select a from t", "kkkkkk...kkkk.."),
        ("SELECT 1.5e3", "kkkkkk.nnnnn"),
        ("sum(x)", "fff..."),
        ("count (*)", "fffff...."),
        ("a.select", "........"),
        ("'it''s' x", "sssssss.."),
        ("x -- select 'a", "..cccccccccccc"),
        ("'--' 1", "ssss.n"),
        ('"select" from', ".........kkkk"),
        ("/* a */ 1", "ccccccc.n"),
        ("x /* a", "..cccc"),
        ("col1 t2x", "........"),
        ("if(a, 1)", "kk....n."),
        ("", ""),
    ],
)
def test_one_line(edit: SqlEdit, text: str, expected: str) -> None:
    edit.setPlainText(text)
    assert kinds(edit) == expected


def test_comments_over_lines(edit: SqlEdit) -> None:
    edit.setPlainText("a /* b\nselect\n*/ select\n1")
    assert [kinds(edit, line) for line in range(4)] == ["..cccc", "cccccc", "cc.kkkkkk", "n"]


def test_strings_over_lines(edit: SqlEdit) -> None:
    edit.setPlainText("'a\nselect -- b\n' from")
    assert [kinds(edit, line) for line in range(3)] == ["ss", "sssssssssss", "s.kkkk"]


def test_a_string_that_ends_and_begins_again(edit: SqlEdit) -> None:
    edit.setPlainText("'a\nb' || 'c\nd'")
    assert [kinds(edit, line) for line in range(3)] == ["ss", "ss....ss", "ss"]


def test_a_doubled_quote_does_not_end_a_string_that_goes_on(edit: SqlEdit) -> None:
    edit.setPlainText("'a\nit''s\n' from")
    assert [kinds(edit, line) for line in range(3)] == ["ss", "sssss", "s.kkkk"]


def test_closing_what_is_open_recolours_what_follows(edit: SqlEdit) -> None:
    edit.setPlainText("/* a\nselect")
    assert kinds(edit, 1) == "cccccc"
    cursor = edit.textCursor()
    cursor.setPosition(4)
    cursor.insertText(" */")
    QApplication.processEvents()
    assert kinds(edit, 0) == "ccccccc"
    assert kinds(edit, 1) == "kkkkkk"


def test_another_theme_recolours(edit: SqlEdit, theme: Theme) -> None:
    edit.setPlainText("select 1")
    theme.choose(Mode.DARK)
    formats = edit.document().firstBlock().layout().formats()
    colors = [span.format.foreground().color().name() for span in formats]
    assert colors == [DARK.keyword, DARK.number]
    assert not edit.document().isModified(), "a colour is no change"
