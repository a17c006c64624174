"""A second start shows the first window, with its files, and ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket

from longwatch_desktop.single import SingleWindow, _name, hand_over
from longwatch_desktop.theme import Theme
from support.waiting import eventually
from support.windows import program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def start(folder: Path, *files: Path) -> subprocess.Popen[bytes]:
    """A second start, in a process of its own."""
    command = [sys.executable, "-m", "longwatch_desktop.app", *map(str, files)]
    env = {**os.environ, "LONGWATCH_DATA_DIR": str(folder)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


async def test_a_second_start_hands_its_files_over(folder: Path) -> None:
    first = SingleWindow(folder)
    called: list[list[Path]] = []
    first.called.connect(called.append)
    file = folder / "a query.sql"
    file.write_text("select 1")
    second = start(folder, file)
    try:
        await eventually(lambda: second.poll() is not None)
        assert second.returncode == 0
        await eventually(lambda: called == [[file]])
    finally:
        second.kill()
        second.communicate()
        first.close()


def crash(folder: Path) -> None:
    """A window that ends without a word, and leaves its socket."""
    code = (
        "import os, sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication;"
        "from longwatch_desktop.single import SingleWindow; app = QCoreApplication([]);"
        "SingleWindow(Path(sys.argv[1])); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=False)


def test_there_is_none(folder: Path) -> None:
    assert not hand_over(folder, [])


async def test_one_that_crashed_is_in_nobodys_way(folder: Path) -> None:
    """Its socket is still there, and nobody listens."""
    crash(folder)
    assert not hand_over(folder, [])
    first = SingleWindow(folder)
    called: list[list[Path]] = []
    first.called.connect(called.append)
    second = start(folder)
    try:
        await eventually(lambda: second.poll() == 0)
        await eventually(lambda: called == [[]])
    finally:
        second.kill()
        second.communicate()
        first.close()


async def test_nonsense_is_hung_up_on(folder: Path) -> None:
    first = SingleWindow(folder)
    called: list[list[Path]] = []
    first.called.connect(called.append)
    socket = QLocalSocket()
    socket.connectToServer(_name(folder))
    assert socket.waitForConnected(1_000)
    socket.write(b"no json\n")
    await eventually(lambda: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)
    assert called == []
    first.close()


async def test_a_window_that_ends_takes_no_calls(folder: Path, theme: Theme) -> None:
    single = SingleWindow(folder)
    called: list[object] = []
    async with program(folder, theme) as given:
        single.called.connect(called.append)
        given.ending = single.close
        await eventually(lambda: given.session.connected)
        given.end()
        await asyncio.sleep(0)
        await eventually(lambda: not single.is_listening)
        assert not await asyncio.to_thread(hand_over, folder, [])
        assert called == []


def test_what_somebody_else_listens_at_is_told_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication;"
        "from longwatch_desktop.single import SingleWindow; app = QCoreApplication([]);"
        "one = SingleWindow(Path(sys.argv[1])); print(flush=True); app.exec()"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        assert hand_over(folder, [])
        assert not hand_over(folder, [Path(os.fsdecode(b"/tmp/\xff.sql"))]), "no text"
        monkeypatch.setattr(os, "getuid", lambda: -1)
        assert not hand_over(folder, [])
    finally:
        other.kill()
        other.communicate()
