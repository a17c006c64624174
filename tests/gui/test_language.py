"""Every text of the window goes through `tr`, and the window speaks the language that was chosen.

A language in which every text stands in ⟦ and ⟧ shows what does not: walk through the window, and
look at all that a person reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QPoint, Qt, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QTabWidget,
    QTreeWidget,
    QWidget,
)

from longwatch.client.address import Address
from longwatch.protocol.jobs import JobState
from longwatch_desktop import dialogs, words
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.language import speak
from longwatch_desktop.mirror.text import short_count
from longwatch_desktop.preferences import Preferences
from longwatch_desktop.results.grid import Grid
from longwatch_desktop.theme import Theme
from longwatch_desktop.translation import plain, tr, translate_by
from support.reading import Reader
from support.waiting import eventually
from support.windows import Desk, child
from support.windows import desk as open_desk
from support.windows import program as run_program

ROWS = "select i as n, 'w' || (i % 3) as w from range(2000) t(i)"
WRONG = "select nothing_at_all"
ENDLESS = "select count(*) from range(2000000) a, range(2000000) b where hash(a.range, b.range) = 1"
SETTLE_S = 0.3


def bracketed(text: str, comment: str, n: int) -> str:
    return f"⟦{plain(text, comment, n)}⟧"


@pytest.fixture
def pseudo() -> Iterator[None]:
    translate_by(bracketed)
    yield
    translate_by(plain)


@pytest.fixture
def german(application: QApplication) -> Iterator[None]:
    before = QLocale()
    assert speak(application, "de") == "de"
    yield
    translate_by(plain)
    for translator in application.findChildren(QTranslator):
        QCoreApplication.removeTranslator(translator)
        translator.deleteLater()
    QLocale.setDefault(before)


@pytest.fixture
async def strange(
    pseudo: None, address: Address, theme: Theme, tmp_path: Path
) -> AsyncIterator[Desk]:
    """A window in the language of brackets."""
    async with open_desk(address, theme, tmp_path / "window.ini") as given:
        await given.connected()
        given.window.resize(1500, 1000)
        yield given


@pytest.fixture
async def reader(strange: Desk) -> Reader:
    given = Reader()
    given.know(strange)
    return given


async def submit(desk: Desk, sql: str, *states: JobState) -> str:
    job = await desk.session.submit(sql, source=None, name=f"job_{len(desk.jobs())}")
    await desk.state(job.id, *states)
    desk.window.table.select_job(job.id)
    return job.id


async def read_menu(reader: Reader, root: QWidget, open_: Callable[[], object]) -> None:
    """Open a context menu, read it, and close it again."""
    open_()
    await asyncio.sleep(0)
    menus = [menu for menu in root.window().findChildren(QMenu) if menu.isVisible()]
    assert menus
    for menu in menus:
        reader.look(menu)
        menu.close()


@pytest.mark.slow
async def test_jobs_and_their_details(strange: Desk, reader: Reader) -> None:
    window = strange.window
    running = await submit(strange, ENDLESS, JobState.RUNNING)
    for sql, state in (
        (ENDLESS, JobState.RUNNING),
        (WRONG, JobState.FAILED),
        (ROWS, JobState.SUCCEEDED),
    ):
        job_id = running if sql == ENDLESS else await submit(strange, sql, state)
        window.table.select_job(job_id)
        reader.know(strange)
        tabs = strange.detail_tabs()
        for number in range(tabs.count()):
            tabs.setCurrentIndex(number)
            await asyncio.sleep(SETTLE_S)
            reader.look(window)
        model = window.model
        row = model.row_of(job_id)
        assert row is not None
        for name in ("progress", "submitted"):
            assert "⟦" in str(model.index(row, BY_ID[name]).data())
    await strange.session.cancel(running)
    await strange.state(running, JobState.CANCELLED)
    window.table.select_job(running)
    await asyncio.sleep(SETTLE_S)
    reader.look(window)
    assert reader.count > 200
    assert not reader.left, "\n".join(sorted(reader.left))


async def test_menus(strange: Desk, reader: Reader) -> None:
    window = strange.window
    window.resize(1500, 1000)
    await submit(strange, ROWS, JobState.SUCCEEDED)
    window.details.show_result()
    await strange.result_cell(0, 0)
    reader.know(strange)
    for action in window.menuBar().actions():
        inner = action.menu()
        assert isinstance(inner, QMenu)
        inner.aboutToShow.emit()
        for deeper in inner.findChildren(QMenu):
            deeper.aboutToShow.emit()
    reader.look(window.menuBar())
    reader.look(window.tools)
    at = QPoint(5, 5)
    header = window.table.horizontalHeader()
    await read_menu(reader, window, lambda: window.table.customContextMenuRequested.emit(at))
    await read_menu(reader, window, lambda: header.customContextMenuRequested.emit(at))
    grid = child(window.details.result, Grid)
    await read_menu(reader, window, lambda: grid.header_menu_wanted.emit(0, at))
    cell = grid.model().index(0, 0)
    await read_menu(reader, window, lambda: grid.menu_wanted.emit(cell, at))
    for tree in window.panel.findChildren(QTreeWidget):
        first = tree.topLevelItem(0)
        assert first is not None
        tree.setCurrentItem(first)
        middle = tree.visualItemRect(first).center()
        await read_menu(reader, window, partial(tree.customContextMenuRequested.emit, middle))
    assert not reader.left, "\n".join(sorted(reader.left))


async def test_bars_and_panels(strange: Desk, reader: Reader) -> None:
    window = strange.window
    await submit(strange, ROWS, JobState.SUCCEEDED)
    window.details.show_result()
    await strange.result_cell(0, 0)
    reader.know(strange)
    window.editor.open_new()
    window.editor.page.setPlainText("select :first, nope from nowhere where x = :second")
    window.editor.finder.open(replace=True)
    window.filter_bar.focus_box()
    box = child(window.filter_bar, QLineEdit)
    for text in ("stat:failed", "state:nonsense", "older:soon", "nothing like it", "mine:x"):
        box.setText(text)
        reader.look(window.filter_bar)
        assert all("⟦" in one for one in window.table.empty_text if one)
    box.clear()
    window.details.result.show_statistics(0)
    window.details.result.ask_filter(1)
    for _ in range(4):
        await asyncio.sleep(SETTLE_S)
        reader.look(window)
    for popup in QApplication.topLevelWidgets():
        if popup.isVisible():
            reader.look(popup)
    window.actions_.run.trigger()  # its parameters have no values
    await asyncio.sleep(SETTLE_S)
    reader.look(window)
    window.editor.page.document().setModified(True)
    window.editor.close_page(window.editor.page)
    await asyncio.sleep(0)
    reader.look(window)
    assert not reader.left, "\n".join(sorted(reader.left))


@pytest.mark.slow
async def test_dialogs(strange: Desk, reader: Reader) -> None:
    window, actions = strange.window, strange.window.actions_
    await submit(strange, ROWS, JobState.SUCCEEDED)
    reader.know(strange)
    window.details.show_result()
    await strange.result_cell(0, 0)
    await reader.know_engines(strange)
    window.editor.open_new()
    window.editor.page.setPlainText("select 1 where 2 = :number")
    await eventually(actions.delete.isEnabled)
    seen = set()
    export = next(
        one for one in window.details.result.findChildren(QAbstractButton) if "Export" in one.text()
    )
    for act in (
        actions.preferences.trigger,
        actions.shortcuts.trigger,
        actions.about.trigger,
        actions.delete.trigger,
        actions.save_query.trigger,
        actions.add_source.trigger,
        actions.open_file.trigger,
        export.click,
        actions.manage.trigger,
        window.servers.add,
        lambda: dialogs.ask_to_quit(window, 2, 1, keep=_nothing, cancel=_nothing),
        lambda: dialogs.ask_to_quit(window, 1, 0, keep=_nothing, cancel=_nothing),
        lambda: dialogs.ask(window, tr("Delete"), tr("Delete"), tr("Delete"), tr("Delete")).open(),
    ):
        act()
        dialog = await eventually(lambda: _open_dialog(window))
        assert isinstance(dialog, QDialog)
        seen.add(type(dialog))
        await asyncio.sleep(SETTLE_S)
        for tabs in dialog.findChildren(QTabWidget):
            for number in range(tabs.count()):
                tabs.setCurrentIndex(number)
        for combo in dialog.findChildren(QComboBox):
            for number in range(combo.count()):
                if not isinstance(dialog, (QFileDialog, Preferences)):
                    combo.setCurrentIndex(number)
                    reader.look(dialog)
        reader.look(dialog)
        dialog.reject()
        await asyncio.sleep(0)
    assert len(seen) == 8, seen
    assert not reader.left, "\n".join(sorted(reader.left))


def _nothing() -> None:
    pass


def _open_dialog(window: QWidget) -> QDialog | None:
    return next((one for one in window.findChildren(QDialog) if one.isVisible()), None)


@pytest.mark.slow
async def test_server_report_and_end(pseudo: None, theme: Theme, tmp_path: Path) -> None:
    reader = Reader()
    async with run_program(tmp_path / "data", theme) as given:
        await eventually(lambda: given.session.connected)
        window = given.window
        reader.look(window.tools)
        reader.look(window.statusBar())
        given.reports.tell(LookupError("a slip"), "in a test")
        dialog = await eventually(lambda: _open_dialog(window))
        assert isinstance(dialog, QDialog)
        reader.look(dialog)
        dialog.reject()
        window.notice.say(tr("Something went wrong in Longwatch itself."), "", None)
        reader.look(window.notice)
        given.session.failed("⟦the reason⟧")
        await asyncio.sleep(0)
        reader.look(window.statusBar())
        reader.look(window.notice)
        assert all("⟦" in one for one in window.table.empty_text if one)
    assert not reader.left, "\n".join(sorted(reader.left))


async def test_german(german: None, address: Address, theme: Theme, tmp_path: Path) -> None:
    async with open_desk(address, theme, tmp_path / "window.ini") as desk:
        await desk.connected()
        window = desk.window
        assert window.actions_.run.text() == "Ausführen"
        job_id = await desk.run(ROWS)
        await desk.state(job_id, JobState.SUCCEEDED)
        model = window.model
        across = Qt.Orientation.Horizontal
        titles = [model.headerData(at, across) for at in range(model.columnCount())]
        assert titles[BY_ID["rows"]] == "Zeilen"
        assert titles[BY_ID["elapsed"]] == "Dauer"
        row = model.row_of(job_id)
        assert row is not None
        assert model.index(row, BY_ID["progress"]).data() == "fertig"
        assert model.index(row, BY_ID["rows"]).data() == "2.000"
        wrong = await submit(desk, WRONG, JobState.FAILED)
        row = model.row_of(wrong)
        assert row is not None
        said = model.index(row, BY_ID["progress"]).data()
        assert said.startswith("fehlgeschlagen: ")


def test_buttons_of_a_box_have_room_for_their_words(german: None, theme: Theme) -> None:
    window = QWidget()
    window.show()
    box = dialogs.ask_to_quit(window, 2, 1, keep=_nothing, cancel=_nothing)
    QApplication.processEvents()
    for button in box.buttons():
        assert button.width() >= button.sizeHint().width(), button.text()
    box.reject()


def test_german_numbers(german: None) -> None:
    assert words.count(1_234_567) == "1.234.567"
    assert words.size(4_200_000) == "4,2 MB"
    assert words.took(0.64) == "0,6 s"
    assert words.share(0.123, 1) == "12,3 %"
    assert short_count(8_123_456) == "8,1 Mio."
    assert tr("%n row(s)", "", 12_345) == "12.345 Zeilen"


def test_numbers_are_english_where_the_language_is(application: QApplication) -> None:
    assert speak(application, "en") == "en"
    assert (words.count(1_234_567), words.size(4_200_000)) == ("1,234,567", "4.2 MB")
    assert short_count(8_123_456) == "8.1 M"


def test_signs_of_numbers() -> None:
    translate_by(plain, "\N{NARROW NO-BREAK SPACE}", ",")
    try:
        assert words.count(1_234) == "1\N{NARROW NO-BREAK SPACE}234"
        assert short_count(1_250_000_000) == "1,2 bn"
    finally:
        translate_by(plain)
    assert short_count(1_250_000_000) == "1.2 bn"
