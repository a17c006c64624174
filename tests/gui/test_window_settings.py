"""What the window remembers, and what it says while there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLineEdit, QSplitter

from longwatch.client.address import Address
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.session import Health, Link, Session
from longwatch_desktop.theme import Theme
from longwatch_desktop.window import MainWindow
from support.waiting import eventually
from support.windows import child, desk, tab_titles
from unit.desktop.mirror.builders import chunks, job, snapshot

Open = Callable[[], MainWindow]


@pytest.fixture
def start(theme: Theme, tmp_path: Path) -> Iterator[Open]:
    """Opens a window over the same settings file each time, closing the one before."""
    opened: list[MainWindow] = []

    def close() -> None:
        for window in opened:
            window.let_go()
            window.close()
        opened.clear()

    def start() -> MainWindow:
        close()
        settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
        opened.append(MainWindow(Session(), theme, settings))
        opened[0].show()
        QApplication.processEvents()
        return opened[0]

    yield start
    close()


def test_the_layout_comes_back(start: Open) -> None:
    first = start()
    first.resize(761, 666)
    splitters = first.findChildren(QSplitter)
    for splitter in splitters:
        splitter.setSizes([300] * splitter.count())
    QApplication.processEvents()
    sizes = [splitter.sizes() for splitter in splitters]
    first.table.sortByColumn(BY_ID["name"], first.table.horizontalHeader().sortIndicatorOrder())
    first.table.setColumnWidth(BY_ID["source"], 222)
    first.editor.page.setPlainText("select 'mine'")
    second = start()
    assert (second.width(), second.height()) == (761, 666)
    assert [splitter.sizes() for splitter in second.findChildren(QSplitter)] == sizes
    assert second.table.columnWidth(BY_ID["source"]) == 222
    assert second.table.horizontalHeader().sortIndicatorSection() == BY_ID["name"]
    assert second.editor.page.toPlainText() == "select 'mine'"


def test_a_settings_file_of_nonsense(start: Open, tmp_path: Path) -> None:
    (tmp_path / "window.ini").write_bytes(
        b"\x00\xff[window]\ngeometry=@ByteArray(nonsense)\nacross=7\ntheme=purple\n"
        b"[jobs]\ncolumns=@Variant(\\0\\0)\nsort=[1\n[editor]\ntabs={\n"
    )
    window = start()
    assert tab_titles(window.editor) == ["Untitled"]
    assert window.isVisible()


def test_files_are_opened_a_tab_each(start: Open, tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_bytes("\ufeffselect 'ä'".encode())
    (tmp_path / "bad.sql").write_bytes(b"\xff\xfe\x00")
    window = start()
    window.files.open([tmp_path / name for name in ("one.sql", "bad.sql", "missing.sql")])
    assert tab_titles(window.editor) == ["one"]
    assert window.editor.page.toPlainText() == "select 'ä'"
    assert "missing.sql" in window.notice.text


def test_saving_a_text(start: Open, tmp_path: Path) -> None:
    window = start()
    window.editor.page.insertPlainText("select 'ä'\n")
    assert tab_titles(window.editor) == ["Untitled •"]
    window.files.save(window.editor.page, tmp_path / "kept.sql")
    assert (tmp_path / "kept.sql").read_text("utf-8") == "select 'ä'\n"
    assert tab_titles(window.editor) == ["Untitled"]
    window.files.save(window.editor.page, tmp_path / "no" / "such" / "folder.sql")
    assert "cannot be written" in window.notice.text


def test_every_emptiness_says_what_to_do(start: Open) -> None:
    window = start()
    session = window._session
    assert window.table.empty_text[0] == "Loading jobs…"
    session.failed("The disk is gone.")
    assert window.table.empty_text[0] == "There is no server to show jobs of."
    assert window.notice.text == "The disk is gone."
    session.starting()
    for chunk in chunks([], 10):
        session.jobs_changed.emit(session.mirror.apply(chunk))
    session._set(Health(Link.CONNECTED, 0.0))
    assert window.table.empty_text[0] == "No jobs yet"
    assert "Run" in window.table.empty_text[1]
    session.jobs_changed.emit(session.mirror.apply(snapshot([job("a")], seq=200)))
    child(window.filter_bar, QLineEdit).setText("nothing is called so")
    assert window.table.empty_text[0] == "No job matches"
    child(window.filter_bar, QLineEdit).clear()
    assert window.model.rowCount() == 1


async def test_the_first_start_offers_something_to_watch(
    address: Address, theme: Theme, tmp_path: Path
) -> None:
    async with desk(address, theme, tmp_path / "window.ini") as first:
        await first.connected()
        await eventually(lambda: tab_titles(first.window.editor) == ["Overtaken within the year"])
        first.window.editor.close_page(first.window.editor.page)
    async with desk(address, theme, tmp_path / "window.ini") as second:
        await second.connected()
        assert tab_titles(second.window.editor) == ["Untitled"], "once, not each time"
        assert second.window.tools.source == "sample"
