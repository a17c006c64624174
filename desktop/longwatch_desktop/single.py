"""One window for a data folder: a second start shows the first one, and opens its files there."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCryptographicHash, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

WITHIN_MS: Final = 1_000
"""A program that does not answer in this time hangs: the second start opens a window of its own."""
MOST_BYTES: Final = 1_000_000


def hand_over(folder: Path, files: Sequence[Path]) -> bool:
    """Ask the window over `folder` to come to the front with `files`; false when there is none.
    Before a window is shown, since it waits."""
    socket = QLocalSocket()
    socket.connectToServer(_name(folder))
    if not socket.waitForConnected(WITHIN_MS) or not _is_ours(socket):
        return False
    try:
        whole = [str(file.absolute()) for file in files]
        call = json.dumps({"files": whole}, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a name that is no text; it can be opened in a window of its own
        return False
    socket.write(call + b"\n")
    answered = socket.waitForBytesWritten(WITHIN_MS) and socket.waitForReadyRead(WITHIN_MS)
    socket.disconnectFromServer()
    return bool(answered)


class SingleWindow(QObject):
    """Takes the calls of later starts. `called` carries the paths of files to open."""

    called = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        name = _name(folder)
        if not self._server.listen(name):
            # Left behind by one that crashed: whoever lives has answered `hand_over`.
            QLocalServer.removeServer(name)
            self._server.listen(name)

    @property
    def is_listening(self) -> bool:
        """Whether it takes calls."""
        return self._server.isListening()

    def close(self) -> None:
        """Take no more calls: the program ends."""
        self._server.close()
        for socket in self._server.findChildren(QLocalSocket):
            socket.abort()

    def _connected(self) -> None:
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        try:
            files = json.loads(bytes(socket.readLine().data()))["files"]
        except (ValueError, TypeError, LookupError, RecursionError):
            files = None
        if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.called.emit([Path(file) for file in files])


def _is_ours(socket: QLocalSocket) -> bool:
    """Whether nobody else made what is connected to: the folder of such files is everybody's, and
    the name can be guessed."""
    if os.name == "nt":
        return True
    try:
        return Path(socket.fullServerName()).stat().st_uid == os.getuid()
    except OSError:
        return False


def _name(folder: Path) -> str:
    """The same for every spelling of a folder; short, as names of sockets must be."""
    # Qt's own: Python's `hashlib` loads OpenSSL, 8 ms before the first frame.
    digest = QCryptographicHash.hash(
        str(folder.resolve()).encode("utf-8", "surrogateescape"),
        QCryptographicHash.Algorithm.Sha256,
    )
    return f"longwatch-{digest.toHex().toStdString()[:24]}"
