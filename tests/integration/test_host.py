"""The server's thread: ready or raises, one a data folder, gone when stopped."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from longwatch.client.discovery import find_local, read_server_file
from longwatch.client.sync import Client
from longwatch.host import (
    AlreadyServing,
    BindFailed,
    DataDirBusy,
    DataDirUnusable,
    ServerThread,
    StartFailed,
)
from longwatch.protocol.routes import SERVER_FILE
from support.processes import is_alive, runners_in, serve
from support.servers import ENDLESS
from support.waiting import wait_until

WARM: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 0,
    "threads": 1,
    "memory_bytes": 2**30,
    "warm_spare": True,
}
LOCAL: dict[str, Any] = {**WARM, "warm_spare": False}
"""Without runners in waiting: to begin with them is most of what a start costs."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No thread of ours, no child process and no socket more than before."""
    me = psutil.Process()

    def listening() -> int:
        return sum(one.status == psutil.CONN_LISTEN for one in me.net_connections("tcp"))

    def threads() -> list[str]:
        return [one.name for one in threading.enumerate() if one.name.startswith("longwatch")]

    children, sockets = {child.pid for child in me.children()}, listening()
    yield
    wait_until(lambda: not threads())
    assert {child.pid for child in me.children() if is_alive(child)} <= children
    assert listening() == sockets


def test_it_starts_answers_and_stops(data_dir: Path) -> None:
    server = ServerThread(data_dir, **WARM)
    address = server.start()
    assert find_local(data_dir) == address
    with Client(address) as client:
        assert client.submit("SELECT 7").result(30).fetchall() == [(7,)]
    assert server.stop()
    assert not server.running
    assert not (data_dir / SERVER_FILE).exists()
    assert server.stop(), "stopping again does nothing"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.url.rsplit(":", 1)[1])))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_cannot_read_its_files(data_dir: Path) -> None:
    before = os.umask(0)
    try:
        server = ServerThread(data_dir, **LOCAL)
        server.start()
    finally:
        os.umask(before)
    try:
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / SERVER_FILE).stat().st_mode) == 0o600
    finally:
        server.stop()


def test_each_start_has_a_token_of_its_own(data_dir: Path) -> None:
    tokens = set()
    for _ in range(2):
        server = ServerThread(data_dir, **LOCAL)
        tokens.add(server.start().token)
        server.stop()
    assert len(tokens) == 2


def test_a_port_that_is_taken_shows_at_once(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ServerThread(data_dir, **{**LOCAL, "port": port})
        begun_s = time.monotonic()
        with pytest.raises(BindFailed, match=f"Port {port} of 127.0.0.1"):
            server.start()
        assert time.monotonic() - begun_s < 1
    again = ServerThread(data_dir, **LOCAL)
    again.start()
    assert again.stop()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine(data_dir: Path, host: str) -> None:
    with pytest.raises(BindFailed, match="cannot be listened on"):
        ServerThread(data_dir, **{**LOCAL, "host": host}).start()


def test_whoever_connects_before_it_is_ready_is_answered(data_dir: Path) -> None:
    """The socket listens before the server is imported: early requests wait in the backlog."""
    server = ServerThread(data_dir, **LOCAL)
    sock, host = server._bind()
    with sock:
        early = socket.create_connection((host, sock.getsockname()[1]))
    early.close()


def test_a_second_server_of_one_folder(data_dir: Path) -> None:
    first = ServerThread(data_dir, **LOCAL)
    address = first.start()
    try:
        with pytest.raises(AlreadyServing) as caught:
            ServerThread(data_dir, **LOCAL).start()
        assert caught.value.address == address
        assert first.running
    finally:
        first.stop()


def test_a_server_in_another_process(data_dir: Path) -> None:
    with serve(data_dir, LONGWATCH_WARM_SPARE="false") as served:
        with pytest.raises(AlreadyServing) as caught:
            ServerThread(data_dir, **LOCAL).start()
        assert caught.value.address == served.address
        assert served.stop() == 0
    server = ServerThread(data_dir, **LOCAL)
    server.start()
    assert server.stop()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_what_a_killed_server_left_is_no_hindrance(data_dir: Path) -> None:
    with serve(data_dir, LONGWATCH_WARM_SPARE="true") as served:
        wait_until(lambda: runners_in(data_dir))
        served.kill()
    assert read_server_file(data_dir / SERVER_FILE) is not None
    wait_until(lambda: not runners_in(data_dir))  # their standard input ended
    server = ServerThread(data_dir, **LOCAL)
    address = server.start()
    assert address.token != served.address.token
    assert server.stop()


def test_a_folder_that_somebody_holds_and_does_not_serve(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.mkdir()
    monkeypatch.setattr("longwatch.host.OTHERS_START_S", 0.2)
    script = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir / "server.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataDirBusy, match="does not answer"):
            ServerThread(data_dir, **LOCAL).start()
        holder.kill()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirUnusable, match="choose another with --data-dir"):
        ServerThread(tmp_path / "file" / "data", **LOCAL).start()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DataDirUnusable):
            ServerThread(tmp_path, **LOCAL).start()
    finally:
        tmp_path.chmod(0o700)


def test_a_damaged_store(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "jobs.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StartFailed, match=r"jobs\.sqlite cannot be used"):
        ServerThread(data_dir, **LOCAL).start()


def test_a_store_of_a_newer_version(data_dir: Path) -> None:
    first = ServerThread(data_dir, **LOCAL)
    first.start()
    first.stop()
    with closing(sqlite3.connect(data_dir / "jobs.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_the_future'")
    connection.close()
    with pytest.raises(StartFailed, match="newer"):
        ServerThread(data_dir, **LOCAL).start()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("max_running = 0\n", "max_running"),
        ("no_such_setting = 1\n", "no_such_setting"),
        ("this is not toml", "is not TOML"),
        ('default_source = "nowhere"\n', "nowhere"),
    ],
)
def test_settings_that_are_wrong(data_dir: Path, content: str, says: str) -> None:
    data_dir.mkdir()
    (data_dir / "config.toml").write_text(content)
    with pytest.raises(StartFailed, match=says) as caught:
        ServerThread(data_dir, **LOCAL).start()
    assert "Traceback" not in str(caught.value)


def test_wrong_settings_show_without_a_port_too(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "config.toml").write_text("port = 'many'\n")
    with pytest.raises(StartFailed, match="port"):
        ServerThread(data_dir).start()


def test_a_start_that_takes_too_long(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever, and the folder is free again once the thread has given up."""
    goes_on = threading.Event()
    monkeypatch.setattr("longwatch.settings.getpass.getuser", lambda: goes_on.wait() and "ada")
    server = ServerThread(data_dir, **LOCAL)
    try:
        with pytest.raises(StartFailed, match=r"within 0\.3 seconds"):
            server.start(timeout_s=0.3)
    finally:
        goes_on.set()
    monkeypatch.undo()
    wait_until(lambda: server.stop(0.1))
    again = ServerThread(data_dir, **LOCAL)
    again.start()
    assert again.stop()


def test_stopping_ends_a_running_query(data_dir: Path) -> None:
    server = ServerThread(data_dir, **WARM)
    with Client(server.start()) as client:
        job = client.submit(ENDLESS)
        wait_until(lambda: job.status().phase == "executing")
        begun_s = time.monotonic()
        assert server.stop()
        assert time.monotonic() - begun_s < 3
    assert runners_in(data_dir) == []


def test_stopping_does_not_wait_for_clients(data_dir: Path) -> None:
    """Neither for an open feed, nor for a reader that reads no more, nor for half a request."""
    server = ServerThread(data_dir, **WARM)
    address = server.start()
    host, port = "127.0.0.1", int(address.url.rsplit(":", 1)[1])
    handshake = (
        f"GET /v1/feed HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: longwatch.v1\r\n"
        f"Authorization: Bearer {address.token}\r\n\r\n"
    )
    sockets = [socket.create_connection((host, port)) for _ in range(3)]
    try:
        sockets[0].sendall(handshake.encode())
        assert b"101" in sockets[0].recv(100)
        sockets[1].sendall(b"POST /v1/jobs HTTP/1.1\r\nContent-Length: 1000\r\n")
        begun_s = time.monotonic()
        assert server.stop()
        assert time.monotonic() - begun_s < 4
    finally:
        for one in sockets:
            one.close()


def test_a_stop_from_another_thread_frees_the_folder(data_dir: Path) -> None:
    server = ServerThread(data_dir, **LOCAL)
    server.start()
    thread = threading.Thread(target=server.stop)
    thread.start()
    thread.join()
    with serve(data_dir, LONGWATCH_WARM_SPARE="false") as served:
        assert served.stop() == 0


def test_the_file_of_a_later_server_is_left_alone(data_dir: Path) -> None:
    server = ServerThread(data_dir, **LOCAL)
    server.start()
    other = {"url": "http://127.0.0.1:1", "token": "x" * 43, "pid": 1}
    (data_dir / SERVER_FILE).write_text(json.dumps(other))
    assert server.stop()
    assert json.loads((data_dir / SERVER_FILE).read_text()) == other


def test_ten_servers_one_after_the_other_leave_no_file_open(tmp_path: Path) -> None:
    me = psutil.Process()

    def start_and_stop(number: int) -> None:
        server = ServerThread(tmp_path / str(number), **LOCAL)
        server.start()
        assert server.stop()

    start_and_stop(0)
    before = me.num_fds()
    for number in range(1, 6):
        start_and_stop(number)
    assert me.num_fds() <= before
