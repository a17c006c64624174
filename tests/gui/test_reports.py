"""Unexpected errors: each gives a report to copy, and the program goes on."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import (
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qDebug,
    qInstallMessageHandler,
    qWarning,
)
from PySide6.QtGui import QGuiApplication, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QListWidget, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch_desktop.program import Program
from longwatch_desktop.reports import desk as report_desk
from longwatch_desktop.reports.catching import catching
from longwatch_desktop.reports.collecting import MOST, Reports
from longwatch_desktop.reports.dialog import ReportDialog
from longwatch_desktop.tasks import Mistake, Tasks
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import child, named
from support.windows import program as run_program

Records = list[logging.LogRecord]


class Button(QObject):
    clicked = Signal()


def slip(message: str = "a slip") -> None:
    raise LookupError(message)


def fail_in_slot(act: Callable[[], None] = slip) -> None:
    """As a click would, from the event loop."""
    QTimer.singleShot(0, act)


@contextmanager
def expected(qtbot: QtBot, program: Program) -> Iterator[list[Any]]:
    """As in `main`: what is raised comes to the program's reports, and fails no test."""
    with qtbot.captureExceptions() as raised, catching(program.reports, program.log.write):
        yield raised


@pytest.fixture
async def program(tmp_path: Path, theme: Theme) -> AsyncIterator[Program]:
    async with run_program(tmp_path / "data", theme) as given:
        yield given


def dialogs(program: Program) -> list[ReportDialog]:
    """Those that are seen."""
    return [one for one in program.window.findChildren(ReportDialog) if one.isVisible()]


async def shown(program: Program) -> ReportDialog:
    found = await eventually(lambda: dialogs(program))
    assert isinstance(found, list)
    assert len(found) == 1
    dialog = found[0]
    assert isinstance(dialog, ReportDialog)
    return dialog


def text_of(dialog: ReportDialog) -> str:
    return named(dialog, QPlainTextEdit, "Report").toPlainText()


async def goes_on(program: Program) -> None:
    """A query is run, and its row ends well."""
    window, session = program.window, program.session
    await eventually(lambda: session.connected and session.saved_queries, patience_s=30)
    window.editor.open("Afterwards", "select 42")
    window.actions_.run.trigger()

    def job() -> JobSummary | None:
        jobs = [window.model.job(row) for row in range(window.model.rowCount())]
        return next((one for one in jobs if one.name == "Afterwards"), None)

    found = await eventually(
        lambda: (one := job()) is not None and one.state.is_final and one, patience_s=30
    )
    assert isinstance(found, JobSummary)
    assert found.state is JobState.SUCCEEDED


async def test_a_slot_that_raises(program: Program, qtbot: QtBot) -> None:
    action = program.window.actions_.show_report
    assert not action.isEnabled(), "nothing to show yet"
    with expected(qtbot, program) as raised:
        fail_in_slot()
        dialog = await shown(program)
    assert len(raised) == 1, "the terminal shows it as well"
    assert not dialog.isModal()
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "a mistake in the program, not in a query" in said
    text = text_of(dialog)
    assert text.startswith("LookupError: a slip\n")
    assert "in slip" in text
    assert "raise LookupError(message)" in text
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialogs(program) == []
    await goes_on(program)
    assert action.isEnabled()
    action.trigger()
    assert text_of(await shown(program)) == text


async def test_a_task_that_raises(
    program: Program, qtbot: QtBot, no_unhandled_errors: Records
) -> None:
    """Who looks after the task tidies up; the mistake itself goes into a report."""
    told: list[str] = []
    tasks = Tasks(lambda error: told.append(str(error)))

    async def work() -> None:
        slip("in a task")

    tasks.start(work(), name="work")
    dialog = await shown(program)
    assert text_of(dialog).startswith("LookupError: in a task\n")
    assert told == [Mistake.__doc__]
    assert len(no_unhandled_errors) == 1
    no_unhandled_errors.clear()
    await goes_on(program)
    await tasks.close()


async def test_a_callback_that_raises(program: Program, no_unhandled_errors: Records) -> None:
    asyncio.get_running_loop().call_soon(slip, "in a callback")
    assert text_of(await shown(program)).startswith("LookupError: in a callback\n")
    no_unhandled_errors.clear()
    await goes_on(program)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_raises(program: Program, qtbot: QtBot) -> None:
    with expected(qtbot, program):
        thread = threading.Thread(target=slip, args=("in a thread",), name="counting")
        thread.start()
        dialog = await shown(program)
    thread.join()
    text = text_of(dialog)
    assert text.startswith("LookupError: in a thread\n")
    assert "in the thread counting" in text
    await goes_on(program)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_what_cannot_be_raised(program: Program, qtbot: QtBot) -> None:
    class Thing:
        def __del__(self) -> None:
            slip("in a finalizer")

    with expected(qtbot, program):
        Thing()
        gc.collect()
        dialog = await shown(program)
    assert text_of(dialog).startswith("LookupError: in a finalizer\n")
    await goes_on(program)


async def test_the_same_again_is_counted(program: Program, qtbot: QtBot) -> None:
    with expected(qtbot, program):
        for number in range(40):
            fail_in_slot(lambda number=number: slip(f"job {number}"))  # type: ignore[misc]
        dialog = await shown(program)
        await eventually(lambda: "40 times" in text_of(dialog))
        assert child(dialog, QListWidget).isHidden(), "there is only one"


async def test_repeats_do_not_open_it_again(program: Program, qtbot: QtBot) -> None:
    with expected(qtbot, program):
        fail_in_slot()
        (await shown(program)).close()
        fail_in_slot()
        await eventually(lambda: program.reports.all[0].count == 2)
        await asyncio.sleep(3 * report_desk.RENEW_MS / 1000)
    assert dialogs(program) == []
    assert program.window.notice.text == ""


async def test_many_different_ones_are_one_dialog(program: Program, qtbot: QtBot) -> None:
    kinds = [type(f"Number{number}", (Exception,), {}) for number in range(MOST + 5)]

    def throw(kind: type[Exception]) -> None:
        raise kind

    with expected(qtbot, program):
        for kind in kinds:
            fail_in_slot(lambda kind=kind: throw(kind))  # type: ignore[misc]
        dialog = await shown(program)
        entries = named(dialog, QListWidget, "What went wrong")
        await eventually(lambda: entries.count() == MOST)
    assert entries.isVisible()
    entries.setCurrentRow(7)
    assert text_of(dialog).startswith("Number7")
    named(dialog, QAbstractButton, "Copy all reports").click()
    copied = QGuiApplication.clipboard().text()
    assert "Number0" in copied
    assert f"Number{MOST - 1}" in copied
    assert "5 other errors came after these" in copied


async def test_soon_after_another_a_line_says_so(program: Program, qtbot: QtBot) -> None:
    """Whoever closed the dialog a moment ago does not want it back at once."""
    with expected(qtbot, program):
        fail_in_slot()
        (await shown(program)).close()
        fail_in_slot(lambda: slip("another"))
        notice = program.window.notice
        await eventually(lambda: "went wrong in Longwatch itself" in notice.text)
        assert dialogs(program) == []
        named(notice, QAbstractButton, "Show report").click()
        assert text_of(await shown(program)).startswith("LookupError: another")


async def test_the_text_to_copy_and_to_save(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    await eventually(lambda: program.session.connected, patience_s=30)
    address = program.session.address
    assert address is not None
    message = f"GET {address.url} with {address.token} from {Path.home() / 'notes.sql'}"
    with expected(qtbot, program):
        fail_in_slot(lambda: slip(message))
        dialog = await shown(program)
    named(dialog, QAbstractButton, "Copy report").click()
    copied = QGuiApplication.clipboard().text()
    assert address.token not in copied
    assert str(Path.home()) not in copied
    assert "with [left out] from ~/notes.sql" in copied
    for part in (
        "Longwatch report",
        "Longwatch 0",
        "server ",
        "Python 3",
        "PySide6 6",
        "Qt 6",
        "Traceback",
    ):
        assert part in copied
    named(dialog, QAbstractButton, "Copied")
    target = tmp_path / "report.txt"
    dialog.save(target)
    await eventually(lambda: target.exists() and target.read_text("utf-8") == copied)
    dialog.save(tmp_path / "nowhere" / "report.txt")
    await eventually(
        lambda: [one for one in dialog.findChildren(QLabel) if "could not be saved" in one.text()]
    )


async def test_an_error_in_the_report_itself_ends_there(program: Program, qtbot: QtBot) -> None:
    asked = 0

    def facts() -> list[str]:
        nonlocal asked
        asked += 1
        raise ZeroDivisionError("in the report")

    with expected(qtbot, program) as raised:
        fail_in_slot()
        dialog = await shown(program)
        dialog._facts = facts
        named(dialog, QAbstractButton, "Copy report").click()
        await asyncio.sleep(3 * report_desk.RENEW_MS / 1000)
    assert asked == 1
    assert [kind.__name__ for kind, _, _ in raised] == ["LookupError", "ZeroDivisionError"]
    assert [one.title for one in program.reports.all] == ["LookupError: a slip"]
    await goes_on(program)


async def test_an_error_in_painting(program: Program, qtbot: QtBot) -> None:
    """Comes again with every repainting, which the report brings about."""

    class Crooked(QWidget):
        def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
            slip("in painting")

    crooked = Crooked(program.window)
    crooked.resize(30, 30)
    with expected(qtbot, program):
        crooked.show()
        dialog = await shown(program)
        for _ in range(5):
            crooked.update()
            await asyncio.sleep(0.02)
        await eventually(lambda: program.reports.all[0].count >= 5)
        crooked.hide()
    assert text_of(dialog).startswith("LookupError: in painting")
    await goes_on(program)


def test_an_error_that_cannot_be_told() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    reports = Reports()
    reports.tell(Mute(), "here")
    assert reports.all[0].title == "Mute: (without a message that can be read)"

    def broken(_text: str) -> None:
        raise OSError("the disk is full")

    reports = Reports(broken)
    reports.tell(ValueError("x"), "here")  # raises nothing


@dataclass
class Wrote:
    lines: list[str] = field(default_factory=list)


@pytest.mark.qt_log_ignore("crooked")
def test_what_qt_warns_of_is_only_written_down() -> None:
    wrote = Wrote()
    reports = Reports()
    heard: list[tuple[QtMsgType, str]] = []
    before = qInstallMessageHandler(lambda kind, _context, text: heard.append((kind, text)))
    try:
        with catching(reports, wrote.lines.append):
            for _ in range(10):
                qWarning("crooked")
            qDebug("crooked, but nobody minds")
        qWarning("crooked, and not listened to")
    finally:
        qInstallMessageHandler(before)
    assert wrote.lines == ["Qt, warning: crooked"] * 3
    assert len(heard) == 12, "who listened before hears everything"
    assert reports.all == []


async def test_the_log_has_it(program: Program, qtbot: QtBot, tmp_path: Path) -> None:
    with expected(qtbot, program):
        fail_in_slot(lambda: slip("for the log"))
        await shown(program)
    log = tmp_path / "data" / "window.log"
    await eventually(lambda: log.exists() and "LookupError: for the log" in log.read_text("utf-8"))
    program.log.close()
