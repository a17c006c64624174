"""A query with `:name`s asks for them, and what is known of it before a run is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QScrollArea, QTabWidget, QToolButton

from longwatch.client.address import Address
from longwatch.protocol.jobs import JobState
from longwatch.protocol.parameters import Parameter, ParameterType
from longwatch.protocol.sources import QueryParameter, SourceDraft
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, child, desk, named, press

SQL = "select :month + 1 as next, :carrier as carrier"


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    desk.window.editor.open("Untitled", "")
    return desk


def box(ready: Desk, name: str) -> QLineEdit:
    return named(ready.window.editor.foot.form, QLineEdit, name)


async def ask(ready: Desk, sql: str) -> None:
    """Type a query, and wait for its fields."""
    ready.window.editor.page.setPlainText(sql)
    await eventually(ready.window.editor.foot.form.isVisible)


def choose_kind(ready: Desk, name: str, title: str) -> None:
    """Choose how a value is read."""
    button = named(ready.window.editor.foot.form, QToolButton, f"Type of {name}")
    next(action for action in button.menu().actions() if action.text() == title).trigger()


async def test_values_are_asked_for_and_bound(ready: Desk) -> None:
    await ask(ready, SQL)
    QTest.keyClicks(box(ready, "month"), "7")
    QTest.keyClicks(box(ready, "carrier"), "O'Hare; --")
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    job_id = await ready.new_job(known)
    await ready.state(job_id, JobState.SUCCEEDED)
    job = await ready.session.job(job_id)
    assert job.parameters == {
        "month": Parameter(type=ParameterType.NUMBER, value="7"),
        "carrier": Parameter(type=ParameterType.TEXT, value="O'Hare; --"),
    }
    ready.window.details.show_result()
    assert await ready.result_cell(0, 0) == "8"
    assert await ready.result_cell(0, 1) == "O'Hare; --"


async def test_running_again_keeps_the_values(ready: Desk) -> None:
    await ask(ready, "select :word as word")
    QTest.keyClicks(box(ready, "word"), "same")
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    first = await ready.new_job(known)
    await ready.state(first, JobState.SUCCEEDED)
    press(ready.window, ready.window.actions_.again)
    again = await ready.new_job(known | {first})
    await ready.state(again, JobState.SUCCEEDED)
    assert (await ready.session.job(again)).parameters["word"].value == "same"
    ready.window.editor.page.setPlainText("")
    ready.window.actions_.open_sql.trigger()
    await eventually(lambda: ready.window.editor.page.toPlainText() == "select :word as word")
    await eventually(lambda: "word" in ready.window.editor.foot.form.typed())
    assert box(ready, "word").text() == "same"


async def test_a_missing_value_is_asked_for_before_anything_runs(ready: Desk) -> None:
    await ask(ready, SQL)
    QTest.keyClicks(box(ready, "month"), "7")
    before = len(ready.session.mirror)
    press(ready.window, ready.window.actions_.run)
    assert ready.window.editor.foot.text == "Give :carrier a value."
    assert box(ready, "carrier").property("wrong")
    assert QApplication.focusWidget() is box(ready, "carrier")
    QTest.keyClicks(box(ready, "carrier"), "UA")
    assert not box(ready, "carrier").property("wrong")
    assert len(ready.session.mirror) == before


async def test_fields_can_be_named_at_once(ready: Desk) -> None:
    """A query that is run before its fields were shown has them when it is refused."""
    ready.window.editor.page.setPlainText("select :late")
    press(ready.window, ready.window.actions_.run)
    assert ready.window.editor.foot.text == "Give :late a value."
    assert QApplication.focusWidget() is box(ready, "late")


async def test_a_list_belongs_behind_in(ready: Desk) -> None:
    """Without being told, it is no text that happens to hold what is looked for."""
    sql = "select n from (values (1), (2), (12)) v(n) where n in :some order by n"
    await ask(ready, sql)
    QTest.keyClicks(box(ready, "some"), "1, 2, ")
    known = set(ready.session.mirror.ids())
    QTest.keyClick(box(ready, "some"), Qt.Key.Key_Return)
    job_id = await ready.new_job(known)
    await ready.state(job_id, JobState.SUCCEEDED)
    assert (await ready.session.job(job_id)).parameters["some"].value == ["1", "2"]
    ready.window.details.show_result()
    assert await ready.result_cell(1, 0) == "2"


async def test_many_fields_can_be_reached_in_a_small_window(ready: Desk) -> None:
    ready.window.resize(900, 640)
    await ask(ready, "select " + ", ".join(f":field_{number}" for number in range(12)))
    last = box(ready, "field_11")
    last.setFocus(Qt.FocusReason.TabFocusReason)
    foot = ready.window.editor.foot
    await eventually(lambda: foot.height() <= 110)
    area = child(foot, QScrollArea)
    area.ensureWidgetVisible(last)
    at = last.mapTo(area.viewport(), last.rect().center())
    assert area.viewport().rect().contains(at)


async def test_a_tab_remembers_its_source(ready: Desk, tmp_path: Path) -> None:
    desk = ready
    (tmp_path / "mine.csv").write_text("a\n1\n")
    client = desk.session.client()
    await client.add_source(
        SourceDraft(name="mine", engine="duckdb", options={"path": str(tmp_path / "mine.csv")})
    )
    try:
        desk.session.look_again()
        await eventually(lambda: len(desk.session.sources) == 2)
        editor, tools = desk.window.editor, desk.window.tools
        editor.open("First", "select 1")
        first = editor.page
        first.document().setModified(True)
        editor.open("Second", "from mine")
        tools.choose_source("mine")
        child(editor, QTabWidget).setCurrentWidget(first)
        assert tools.source == "sample"
        editor.open("Second", "from mine")
        assert tools.source == "mine"
    finally:
        await client.remove_source("mine")
        desk.session.look_again()
        await eventually(lambda: len(desk.session.sources) == 1)


async def test_a_type_is_chosen(ready: Desk) -> None:
    await ask(ready, "select typeof(:a) as t, [:b] as l, :c is null as n")
    QTest.keyClicks(box(ready, "a"), "42")
    choose_kind(ready, "a", "Text")
    QTest.keyClicks(box(ready, "b"), "1, 2")
    choose_kind(ready, "c", "NULL")
    assert not box(ready, "c").isEnabled()
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    job_id = await ready.new_job(known)
    await ready.state(job_id, JobState.SUCCEEDED)
    ready.window.details.show_result()
    assert await ready.result_cell(0, 0) == "VARCHAR"
    assert await ready.result_cell(0, 2) == "true"


async def test_a_saved_query_says_what_to_ask_for(ready: Desk) -> None:
    declared = [
        QueryParameter(name="month", type=ParameterType.NUMBER, title="Month", default=7),
        QueryParameter(name="carriers", type=ParameterType.TEXT, many=True, default=["UA", "AA"]),
    ]
    ready.window.editor.open(
        "Asked",
        "select :month, n from (values ('UA')) v(n) where n in :carriers",
        declared=declared,
    )
    await eventually(ready.window.editor.foot.form.isVisible)
    assert box(ready, "Month").text() == "7"
    assert box(ready, "carriers").text() == "UA, AA"
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    await ready.state(await ready.new_job(known), JobState.SUCCEEDED)


async def test_values_belong_to_their_tab(ready: Desk) -> None:
    await ask(ready, "select :first")
    ready.window.editor.page.document().setModified(True)
    QTest.keyClicks(box(ready, "first"), "1")
    ready.window.editor.open("Other", "select :second")
    await eventually(lambda: list(ready.window.editor.foot.form.typed()) == ["second"])
    ready.window.editor.open("Untitled", "select :first")
    await eventually(lambda: list(ready.window.editor.foot.form.typed()) == ["first"])
    assert box(ready, "first").text() == "1"
    ready.window.editor.open("Plain", "select 1")
    await eventually(lambda: not ready.window.editor.foot.form.isVisible())


async def test_values_survive_a_restart(address: Address, theme: Theme, tmp_path: Path) -> None:
    file = tmp_path / "kept.ini"
    async with desk(address, theme, file) as first:
        await first.connected()
        first.window.editor.open("Kept", "select :a")
        await eventually(first.window.editor.foot.form.isVisible)
        QTest.keyClicks(box(first, "a"), "2013-05-01")
        choose_kind(first, "a", "Text")
        assert first.window.editor.saved().tabs[-1].source == "sample"
    async with desk(address, theme, file) as second:
        await eventually(second.window.editor.foot.form.isVisible)
        assert box(second, "a").text() == "2013-05-01"
        known: set[str] = set()
        await second.connected()
        known = set(second.session.mirror.ids())
        press(second.window, second.window.actions_.run)
        job = await second.session.job(await second.new_job(known))
        assert job.parameters["a"].type is ParameterType.TEXT


async def test_what_is_expected_is_said(ready: Desk) -> None:
    ready.window.editor.page.setPlainText("select * from flights")
    await eventually(lambda: "expects 336,776 rows" in ready.window.editor.foot.text)
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run)
    await ready.state(await ready.new_job(known), JobState.SUCCEEDED)
    await eventually(lambda: "336,776 rows last time" in ready.window.editor.foot.text)
    assert "as before" in ready.window.editor.foot.text
    ready.window.editor.page.setPlainText("create table t (a int)")
    await eventually(lambda: "changes data" in ready.window.editor.foot.text)
    ready.window.editor.page.setPlainText("")
    await eventually(lambda: not ready.window.editor.foot.text)


async def test_a_mistake_is_marked_before_a_run(ready: Desk) -> None:
    page = ready.window.editor.page
    page.setPlainText("select *\nfrom flihgts")
    cursor = page.textCursor().position()
    await eventually(lambda: page.error_line == 2)
    assert "flihgts" in ready.window.editor.foot.text
    assert page.textCursor().position() == cursor, "nobody is moved while typing"
    QTest.keyClick(page, Qt.Key.Key_End)
    page.setPlainText("select *\nfrom flights")
    await eventually(lambda: page.error_line is None)


async def test_a_statement_of_a_script_is_run(ready: Desk) -> None:
    page = ready.window.editor.page
    page.setPlainText("select 1 as one;\n\nselect nope\nfrom flights;")
    cursor = page.textCursor()
    cursor.setPosition(3)
    page.setTextCursor(cursor)
    known = set(ready.session.mirror.ids())
    press(ready.window, ready.window.actions_.run_statement)
    first = await ready.new_job(known)
    assert (await ready.session.job(first)).sql == "select 1 as one"
    cursor.setPosition(len(page.toPlainText()))
    page.setTextCursor(cursor)
    press(ready.window, ready.window.actions_.run_statement)
    second = await ready.new_job(known | {first})
    await ready.state(second, JobState.FAILED)
    await eventually(lambda: page.error_line == 3)
