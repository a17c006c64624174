"""A TCP proxy before PostgreSQL that cuts a connection at its commit, on either side of it."""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from typing import Self

_COMMIT = b"COMMIT"


class Cut(enum.Enum):
    """Where the connection is cut whose client says COMMIT."""

    BEFORE = "the server never hears it"
    AFTER = "the server does, and the client never hears the answer"


class CommitProxy:
    """Forwards connections to a port of this machine; `cut` says what becomes of the next one."""

    def __init__(self, target: int) -> None:
        self.cut: Cut | None = None
        self.cuts = 0
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in list(self._open):
            self._close(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._open |= {client, server}
            for way in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and _COMMIT in data and self.cut is not None:
                    cut, self.cut = self.cut, None
                    self.cuts += 1
                    if cut is Cut.AFTER:
                        # Nothing comes back any more, and the server has all the time it needs.
                        self._close(source)
                        target.sendall(data)
                        target.recv(1)
                    break
                target.sendall(data)
        self._close(source)
        self._close(target)

    def _close(self, one: socket.socket) -> None:
        self._open.discard(one)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
