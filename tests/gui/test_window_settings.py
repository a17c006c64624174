"""What the window remembers, and what it says while there is nothing to show."""

from __future__ import annotations

import asyncio
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
from support.windows import child, desk, press, tab_titles
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


def test_keys_make_and_close_tabs(start: Open) -> None:
    window = start()
    window.editor.page.insertPlainText("select 1")
    press(window, window.actions_.new_tab)
    assert tab_titles(window.editor) == ["Untitled •", "Untitled"]
    press(window, window.actions_.close_tab)
    assert tab_titles(window.editor) == ["Untitled •"]


async def test_files_are_opened_a_tab_each(start: Open, tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_bytes("\ufeffselect 'ä'".encode())
    (tmp_path / "bad.sql").write_bytes(b"\xff\xfe\x00")
    window = start()
    window.files.open([tmp_path / name for name in ("one.sql", "bad.sql", "missing.sql")])
    await eventually(lambda: "missing.sql" in window.notice.text)
    assert tab_titles(window.editor) == ["one"]
    assert window.editor.page.toPlainText() == "select 'ä'"


def names(folder: Path) -> set[str]:
    """What there is of SQL, hidden and half-written files included."""
    return {one.name for one in folder.iterdir() if ".sql" in one.name}


async def test_saving_a_text(start: Open, tmp_path: Path) -> None:
    window = start()
    window.editor.page.insertPlainText("select 'ä'\n")
    assert tab_titles(window.editor) == ["Untitled •"]
    kept, link = tmp_path / "kept.sql", tmp_path / "link.sql"
    kept.write_text("what was there before, and longer")
    kept.chmod(0o600)
    link.symlink_to(kept)
    window.files.save(window.editor.page, link)
    await eventually(lambda: tab_titles(window.editor) == ["Untitled"])
    assert kept.read_text("utf-8") == "select 'ä'\n"
    assert link.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == {"kept.sql", "link.sql"}
    window.files.save(window.editor.page, tmp_path / "no" / "such" / "folder.sql")
    await eventually(lambda: "cannot be written" in window.notice.text)


async def test_what_is_typed_while_a_text_is_written_is_not_saved(
    start: Open, tmp_path: Path
) -> None:
    window = start()
    window.editor.page.insertPlainText("select 1")
    window.files.save(window.editor.page, tmp_path / "kept.sql")
    await asyncio.sleep(0)
    window.editor.page.insertPlainText(" + 1")
    await window.files.stop()
    assert (tmp_path / "kept.sql").read_text() == "select 1"
    assert tab_titles(window.editor) == ["Untitled •"]


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
