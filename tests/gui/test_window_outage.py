"""The server goes away under the window, or cannot be started: told, survived, put right."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton

from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.host import LOCK_FILE, ServerThread
from longwatch.protocol.jobs import JobState
from longwatch_desktop.program import Program
from longwatch_desktop.session import Link
from longwatch_desktop.theme import LIGHT, Theme
from support.proxies import Proxy
from support.servers import TOKEN
from support.waiting import eventually
from support.windows import child, colors_of, desk, named, picture, press, program


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def server_at(data_dir: Path, port: int) -> Iterator[Address]:
    """A server at a known place, with a token that is the same at each start."""
    thread = ServerThread(
        data_dir,
        configured_token=True,
        host="127.0.0.1",
        port=port,
        token=TOKEN,
        threads=1,
        memory_bytes=2**30,
        warm_spare=False,
    )
    address = thread.start()
    try:
        yield address
    finally:
        assert thread.stop(10.0)


async def test_a_server_that_goes_and_comes_back(theme: Theme, tmp_path: Path) -> None:
    port = free_port()
    address = Address(f"http://127.0.0.1:{port}", TOKEN)
    data_dir = tmp_path / "data"
    with server_at(data_dir, port), Client(address) as client:
        done = client.submit("select 1", name="Before").id
        opened = desk(address, theme, tmp_path / "window.ini")
        given = await opened.__aenter__()
        try:
            await given.connected()
            await given.state(done, JobState.SUCCEEDED)
            given.window.table.select_job(done)
            given.window.editor.page.setPlainText("select 'typed'")
            alive = picture(given.window.table.viewport())
            assert LIGHT.success in colors_of(alive)
        except BaseException:
            await opened.__aexit__(None, None, None)
            raise
    try:
        window = given.window
        await eventually(lambda: given.session.health.link is Link.RECONNECTING)
        assert LIGHT.success not in colors_of(picture(window.table.viewport())), "greyed"
        await eventually(lambda: window.connection.text.startswith("No connection for 0:0"))
        await eventually(
            lambda: (
                " · next try in " in window.connection.text
                or "trying now" in window.connection.text
            )
        )
        assert not window.actions_.run.isEnabled()
        assert window.editor.page.toPlainText() == "select 'typed'"
        assert [job.id for job in given.jobs()] == [done], "what was known stays in view"
        with server_at(data_dir, port):
            with Client(address) as client:
                meanwhile = client.submit("select 2", name="Meanwhile").id
            press(window, window.actions_.retry)
            await eventually(lambda: given.session.connected)
            await given.state(meanwhile, JobState.SUCCEEDED)
            assert [job.id for job in given.jobs()] == [meanwhile, done]
            current = window.table.current_job()
            assert current is not None
            assert current.id == done, "still selected"
            assert LIGHT.success in colors_of(picture(window.table.viewport()))
            assert window.connection.text.startswith(f"Connected · 127.0.0.1:{port}")
            window.editor.page.setFocus()
            press(window, window.actions_.run)
            again = await given.new_job({done, meanwhile})
            await given.state(again, JobState.SUCCEEDED)
    finally:
        await opened.__aexit__(None, None, None)


async def connected(given: Program) -> None:
    await eventually(lambda: given.session.connected, patience_s=30.0)


async def cannot_start(given: Program) -> str:
    """Wait until the start has failed: what the notice says."""
    await eventually(lambda: given.session.health.link is Link.FAILED, patience_s=30.0)
    assert given.window.connection.text == "No server"
    assert given.window.table.empty_text[0] == "There is no server to show jobs of."
    return given.window.notice.text


def try_again(given: Program) -> None:
    button = named(given.window.notice, QToolButton, "Try again")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def test_the_embedded_server_is_started_again(theme: Theme, tmp_path: Path) -> None:
    async with program(tmp_path / "data", theme) as given:
        await connected(given)
        job = await given.session.submit("select 1", source=None, name=None)
        before = given.session.address
        thread = given.server._thread
        assert thread is not None
        assert await asyncio.to_thread(thread.stop, 10.0)
        await eventually(lambda: given.session.address != before, patience_s=30.0)
        await connected(given)
        await eventually(lambda: given.session.mirror.counts[JobState.SUCCEEDED] == 1)
        assert list(given.session.mirror.ids()) == [job.id]
        assert given.window.notice.text == ""


async def test_a_data_folder_that_cannot_be_used(theme: Theme, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.write_text("a file is in the way")
    async with program(data_dir, theme) as given:
        told = await cannot_start(given)
        assert str(data_dir) in told
        heard: list[Link] = []
        given.session.health_changed.connect(lambda health: heard.append(health.link))
        try_again(given)
        await eventually(lambda: heard == [Link.STARTING, Link.FAILED])
        assert given.window.notice.text == told, "nothing has changed yet"
        data_dir.unlink()
        try_again(given)
        await connected(given)
        assert given.window.notice.text == ""


async def test_a_damaged_store(theme: Theme, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    store = data_dir / "jobs.sqlite"
    store.write_bytes(b"this was never a database, whatever its name " * 100)
    async with program(data_dir, theme) as given:
        told = await cannot_start(given)
        assert "jobs.sqlite" in told
        assert "Traceback" not in told
        assert store.read_bytes().startswith(b"this was never"), "it is left for the user"
        store.rename(tmp_path / "damaged")
        try_again(given)
        await connected(given)


@pytest.mark.slow
async def test_a_data_folder_that_a_silent_process_holds(theme: Theme, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    other = FileLock(data_dir / LOCK_FILE)
    other.acquire()
    async with program(data_dir, theme) as given:
        told = await cannot_start(given)
        assert "does not answer" in told
        other.release()
        try_again(given)
        await connected(given)


async def test_quitting_while_the_server_starts(theme: Theme, tmp_path: Path) -> None:
    async with program(tmp_path / "data", theme) as given:
        assert given.session.health.link is Link.STARTING
        assert given.window.connection.text.startswith("Starting the server")
        given.window.close()
    assert not given.server.is_ours


async def test_a_second_window_shares_the_first_ones_server(theme: Theme, tmp_path: Path) -> None:
    async with program(tmp_path / "data", theme) as first:
        await connected(first)
        async with program(tmp_path / "data", theme) as second:
            await connected(second)
            assert second.session.address == first.session.address
            assert not second.server.is_ours
            job = await second.session.submit("select 1", source=None, name=None)
            await eventually(lambda: job.id in first.session.mirror)
        assert first.session.connected, "closing the second leaves the first alone"


async def test_where_no_websocket_gets_through_the_window_says_so(
    theme: Theme, tmp_path: Path
) -> None:
    port = free_port()
    with server_at(tmp_path / "data", port):
        async with Proxy(port, random.Random(1), upgrades=False) as proxy:
            proxy.calm()
            address = Address(f"http://127.0.0.1:{proxy.port}", TOKEN)
            async with desk(address, theme, tmp_path / "w.ini") as there:
                connection = there.window.connection
                await eventually(
                    lambda: (
                        f"Connected without WebSocket · 127.0.0.1:{proxy.port}" in connection.text
                    )
                )
                assert "every two seconds" in child(connection, QLabel).toolTip()
                job_id = await there.run("select 42")
                await there.state(job_id, JobState.SUCCEEDED)
