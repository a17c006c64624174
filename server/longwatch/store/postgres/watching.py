"""A thread that waits at a connection of its own to PostgreSQL, and can be told to end."""

from __future__ import annotations

import select
import socket
import threading
from typing import Any

import psycopg


class Watcher:
    """Started once; a subclass says in `_run` what it waits for, until `_stopping` is set."""

    def __init__(self, name: str) -> None:
        """`name` is the thread's."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._wake, self._woken = socket.socketpair()
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End, and wait for it, no longer than that."""
        if self._thread.ident is None:
            return
        self._stopping.set()
        self._wake.send(b"x")
        self._join(timeout_s)
        self._wake.close()
        self._woken.close()

    def _join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def _wait(self, connection: psycopg.Connection[Any]) -> None:
        """Return when something comes over the connection, or the thread is to end."""
        select.select([connection.fileno(), self._woken.fileno()], [], [])

    def _run(self) -> None:
        raise NotImplementedError
