"""Files and folders dropped on the window, over a real server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from longwatch.client.address import Address
from support.waiting import eventually
from support.windows import Desk, named, tab_titles


@pytest.fixture
async def ready(desk: Desk) -> Desk:
    await desk.connected()
    return desk


def drop(desk: Desk, paths: Sequence[Path | str]) -> None:
    """Drag them over the editor and let go: what it does not take comes to the window."""
    data = QMimeData()
    data.setUrls([QUrl(one) if isinstance(one, str) else QUrl.fromLocalFile(one) for one in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    assert not desk.window.editor.page.canInsertFromMimeData(data)
    enter = QDragEnterEvent(QPoint(400, 200), copy, data, left, none)
    QApplication.sendEvent(desk.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(desk.window, QDropEvent(QPointF(400, 200), copy, data, left, none))


def names(desk: Desk) -> set[str]:
    return {one.name for one in desk.session.sources}


async def test_a_file_becomes_a_source_and_is_taken_back(ready: Desk, tmp_path: Path) -> None:
    file = tmp_path / "late_flights.csv"
    file.write_text("x\n1\n")
    drop(ready, [file])
    await eventually(lambda: "Added the source Late flights: 1 table." in ready.window.notice.text)
    tree = ready.window.panel.sources
    await eventually(lambda: "late-flights" in names(ready))
    flags = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    await eventually(lambda: tree.findItems("late_flights", flags))
    drop(ready, [file])
    await eventually(lambda: "is a source already" in ready.window.notice.text)
    drop(ready, [tmp_path])
    await eventually(lambda: "Added the source" in ready.window.notice.text)
    QTest.mouseClick(named(ready.window.notice, QToolButton, "Undo"), Qt.MouseButton.LeftButton)
    await eventually(lambda: "again" in ready.window.notice.text)
    await eventually(lambda: names(ready) == {"sample", "late-flights"})
    await ready.session.client().remove_source("late-flights")


async def test_several_at_once(ready: Desk, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n1\n")
    (tmp_path / "q.sql").write_text("select 'dropped'")
    drop(ready, [tmp_path / name for name in ("a.csv", "b.csv", "q.sql")])
    await eventually(lambda: "Added 2 sources: A, B." in ready.window.notice.text)
    assert "q" in tab_titles(ready.window.editor)
    await eventually(lambda: {"a", "b"} <= names(ready))
    for name in ("a", "b"):
        await ready.session.client().remove_source(name)


async def test_what_cannot_be_a_source_says_so(ready: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    drop(ready, [tmp_path / "a.pdf"])
    await eventually(lambda: "Nothing here reads a.pdf. Drop Parquet" in ready.window.notice.text)
    (tmp_path / "bad.parquet").write_bytes(b"no such thing")
    drop(ready, [tmp_path / "bad.parquet"])
    await eventually(lambda: "bad.parquet was not added" in ready.window.notice.text)
    drop(ready, ["https://example.com/a.csv"])
    await eventually(lambda: "no file of this computer" in ready.window.notice.text)
    assert names(ready) == {"sample"}


async def test_a_file_is_sent_where_the_server_is_elsewhere(ready: Desk, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text("x\n1\n")
    # Only where the server is said to be differs: what is asked of it still arrives.
    ready.session._address = Address("http://far.example:1", "token")
    drop(ready, [tmp_path])
    await eventually(lambda: "no folder can be sent" in ready.window.notice.text)
    drop(ready, [tmp_path / "sent.csv"])
    await eventually(lambda: "Added the source Sent: 1 table." in ready.window.notice.text)
    await eventually(lambda: "sent" in names(ready))
    (found,) = [one for one in ready.session.sources if one.name == "sent"]
    assert found.options["path"].startswith("file:")
    await ready.session.client().remove_source("sent")
