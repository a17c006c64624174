"""The editor's tabs, and that what was typed comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from longwatch_desktop import layout
from longwatch_desktop.editor.files import SqlFiles
from longwatch_desktop.editor.panel import MOST_SCANNED, EditorPanel, SavedTab, SavedTabs
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import named, tab_titles

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def editor(theme: Theme) -> Iterator[EditorPanel]:
    given = EditorPanel(theme)
    given.resize(700, 300)
    given.show()
    given.activateWindow()
    QApplication.processEvents()
    yield given
    given.close()


def test_opening_takes_over_an_untouched_tab(editor: EditorPanel) -> None:
    assert tab_titles(editor) == ["Untitled"]
    editor.open("One", "select 1")
    assert tab_titles(editor) == ["One"]
    editor.open("Two", "select 2")
    assert tab_titles(editor) == ["Two"], "One was only looked at"
    QTest.keyClicks(editor.page, "-- mine ")
    editor.open("Three", "select 3")
    assert tab_titles(editor) == ["Two •", "Three"]
    assert editor.page.toPlainText() == "select 3"
    assert editor.page.hasFocus()


def test_the_same_text_is_not_opened_twice(editor: EditorPanel) -> None:
    editor.open("One", "select 1")
    QTest.keyClicks(editor.page, " ")
    QTest.keyClick(editor.page, Qt.Key.Key_Backspace)
    editor.open("Two", "select 2")
    editor.open("One", "select 1")
    assert editor.page.title == "One"
    assert len(editor.pages()) == 2


def test_tabs_are_made_and_closed(editor: EditorPanel) -> None:
    QTest.keyClicks(editor.page, "select 1")
    editor.open_new()
    assert tab_titles(editor) == ["Untitled •", "Untitled"]
    QTest.keyClicks(editor.page, "two")
    editor.close_page(editor.page)
    assert tab_titles(editor) == ["Untitled •"]
    assert editor.page.toPlainText() == "select 1"
    editor.close_page(editor.page)
    assert tab_titles(editor) == ["Untitled"]
    assert editor.page.toPlainText() == "", "the last one leaves an empty one"


def test_buttons_make_and_close_tabs(editor: EditorPanel) -> None:
    QTest.keyClicks(editor.page, "select 1")
    QTest.mouseClick(named(editor, QToolButton, "New tab"), Qt.MouseButton.LeftButton)
    assert len(editor.pages()) == 2
    editor.open("Two", "select 2")
    QTest.mouseClick(named(editor, QToolButton, "Close Two"), Qt.MouseButton.LeftButton)
    assert tab_titles(editor) == ["Untitled •"]


def test_texts_come_back_unsaved_ones_too(
    editor: EditorPanel, theme: Theme, tmp_path: Path
) -> None:
    editor.open("Kept", "select 'ä \U0001f600' -- \\ \"quoted\", [1]\n\tfrom t;")
    QTest.keyClicks(editor.page, " ")
    editor.open("Looked at", "select 2")
    editor.open("", "")
    QTest.keyClicks(editor.page, "unsaved")
    text = editor.pages()[0].toPlainText()
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    layout.save_tabs(settings, editor)
    settings.sync()
    another = EditorPanel(theme)
    layout.restore_tabs(
        QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat), another
    )
    assert another.saved() == editor.saved()
    assert another.pages()[0].toPlainText() == text
    assert tab_titles(another) == tab_titles(editor)
    assert another.page.toPlainText() == "unsaved"
    another.open("Looked at", "select 3")
    assert [page.toPlainText() for page in another.pages()][1] == "select 2"


def test_what_was_only_looked_at_may_be_taken_over_after_a_restart(
    editor: EditorPanel, theme: Theme
) -> None:
    editor.open("Looked at", "select 2")
    another = EditorPanel(theme)
    another.restore(editor.saved())
    another.open("Other", "select 3")
    assert tab_titles(another) == ["Other"]


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "{",
        "null",
        "[]",
        '{"tabs": [], "front": 0}',
        '{"tabs": 7, "front": 0}',
        '{"tabs": [{"title": 1}], "front": 0}',
        "\u0000\udcff".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_nonsense_in_the_settings_leaves_an_empty_tab(
    editor: EditorPanel, tmp_path: Path, kept: str
) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("editor/tabs", kept)
    layout.restore_tabs(settings, editor)
    assert tab_titles(editor) == ["Untitled"]


@pytest.mark.parametrize("front", [-1, 5, 2**40])
def test_a_front_tab_that_does_not_exist(editor: EditorPanel, tmp_path: Path, front: int) -> None:
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    tabs = SavedTabs([SavedTab("a", "1", True), SavedTab("b", "2", False)], front)
    settings.setValue("editor/tabs", msgspec.json.encode(tabs).decode())
    layout.restore_tabs(settings, editor)
    assert [page.title for page in editor.pages()] == ["a", "b"]
    assert editor.page.title in {"a", "b"}


def test_changes_are_told_of(editor: EditorPanel) -> None:
    told: list[None] = []
    editor.edited.connect(lambda: told.append(None))
    for act in (
        lambda: QTest.keyClicks(editor.page, "a"),
        lambda: editor.open("One", "select 1"),
        lambda: editor.close_page(editor.page),
    ):
        told.clear()
        act()
        assert told


async def test_files_get_a_tab_each(editor: EditorPanel, tmp_path: Path) -> None:
    files = [tmp_path / "one.sql", tmp_path / "gone.sql", tmp_path / "two.sql"]
    files[0].write_text("select 1")
    files[2].write_text("select 2")
    opener = SqlFiles(editor, editor)
    told: list[str] = []
    opener.failed.connect(told.append)
    opener.open(files)
    await eventually(lambda: tab_titles(editor) == ["one", "two"])
    assert len(told) == 1


def test_a_text_is_kept_as_it_is(editor: EditorPanel) -> None:
    sql = "select 'a\u00a0b\u2028c' -- \U0001f600\nfrom t"
    page = editor.open("Odd", sql)
    assert page.toPlainText() == sql
    assert editor.saved().tabs[0].sql == sql
    page.selectAll()
    assert page.excerpt().sql == sql
    page.copy()
    assert QApplication.clipboard().text() == sql


def test_a_long_text_is_asked_for_its_parameters_when_it_is_run(editor: EditorPanel) -> None:
    editor.open("Long", "select :day;\n" + "-- remark\n" * (MOST_SCANNED // 10))
    editor.ask_for_parameters()
    assert editor.foot.form.typed() == {}
    editor.ask_for_parameters(however_long=True)
    assert list(editor.foot.form.typed()) == ["day"]
