"""What comes from SQL, a server or another person is shown as it is, whatever signs are in it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox

from longwatch.client.feed import Disconnected
from longwatch.protocol.jobs import JobState
from longwatch.protocol.parameters import ParameterType
from longwatch.protocol.sources import QueryParameter
from longwatch_desktop import dialogs
from longwatch_desktop.editor.foot import Foot
from longwatch_desktop.servers.status import ConnectionStatus
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import Desk, named, open_box

MARKUP = "where a <b and c> 1"
"""Qt would take this for bold text, and swallow a part of it."""


def plain(widget: QLabel | QMessageBox) -> bool:
    return widget.textFormat() is Qt.TextFormat.PlainText


def test_what_an_engine_says_of_a_query(theme: Theme) -> None:
    foot = Foot(theme)
    foot.say(MARKUP, bad=True)
    assert foot.text == MARKUP
    assert plain(named(foot, QLabel, "Before running"))


def test_the_title_of_a_parameter(theme: Theme) -> None:
    foot = Foot(theme)
    declared = QueryParameter(name="x", type=ParameterType.TEXT, title=f"R&D {MARKUP}")
    foot.form.show_fields(["x"], {}, {"x": declared})
    (label,) = foot.form.findChildren(QLabel)
    assert plain(label)
    assert label.text() == f"R&&D {MARKUP}", "one & would mark a letter"


async def test_why_a_server_left(desk: Desk) -> None:
    await desk.connected()
    status = desk.window.findChild(ConnectionStatus)
    assert status is not None
    desk.session._lost(Disconnected(MARKUP, 1.0, unauthorized=False))
    (label,) = [one for one in status.findChildren(QLabel) if MARKUP in one.text()]
    assert plain(label)
    assert "&lt;b" in label.toolTip()


async def test_the_name_of_a_job_in_a_question(desk: Desk) -> None:
    await desk.connected()
    job = await desk.session.submit("select 1", source=None, name=MARKUP)
    await desk.state(job.id, JobState.SUCCEEDED)
    desk.window.table.select_job(job.id)
    await eventually(desk.window.actions_.delete.isEnabled)
    desk.window.actions_.delete.trigger()
    box = open_box(desk.window)
    assert MARKUP in box.text()
    assert plain(box)
    box.reject()


async def test_other_questions(desk: Desk) -> None:
    box = dialogs.ask(desk.window, "Remove?", MARKUP, "", "Remove")
    assert plain(box)
