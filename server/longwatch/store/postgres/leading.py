"""Which of several servers on one store starts jobs: whoever has PostgreSQL's lock for it.

The lock belongs to a connection, and PostgreSQL lets it go when that ends, however it ends. Who
loses the connection leads no more from that moment; that another may lead before it notices does no
harm, since a leader writes its name into the store, and starts a job only in a transaction that
finds it there (`is_leader`).
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import psycopg

from longwatch.store import markers
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import LEADING, LOCKS
from longwatch.store.reading import reading
from longwatch.store.thread import Transaction

_RETRY_S: Final = 0.5
GRACE_S: Final = 3.0
"""After PostgreSQL was away who led before comes first: its queries still run."""
_TRY: Final = "SELECT pg_try_advisory_lock(%s, %s)"
_TAKE: Final = "SELECT pg_advisory_lock(%s, %s)"


class Place(msgspec.Struct, frozen=True):
    """Where other servers reach one: its URL, and the certificate (PEM) that it shows if it speaks
    TLS itself."""

    url: str
    certificate: str = ""


def lead(tx: Transaction, name: str, place: Place) -> None:
    """Write down who leads from now on, and where."""
    markers.put(tx.connection, markers.LEADER, name)
    markers.put(tx.connection, markers.LEADER_PLACE, msgspec.json.encode(place).decode())


def move(tx: Transaction, name: str, place: Place) -> None:
    """The server of this name is reached elsewhere, which matters if it leads."""
    if is_leader(tx, name):
        markers.put(tx.connection, markers.LEADER_PLACE, msgspec.json.encode(place).decode())


@reading
def leader(tx: Transaction) -> tuple[str, Place] | None:
    """Who leads, or did last, and where; `None` before anybody did."""
    name = markers.get(tx.connection, markers.LEADER)
    place = markers.get(tx.connection, markers.LEADER_PLACE)
    if name is None or place is None:
        return None
    return name, msgspec.json.decode(place, type=Place)


def is_leader(tx: Transaction, name: str) -> bool:
    """Whether the server of this name leads: to be asked in the transaction that relies on it."""
    return markers.get(tx.connection, markers.LEADER) == name


class Candidate:
    """A thread that waits for the lock, and holds it. Both functions are called on it."""

    def __init__(
        self,
        address: StoreAddress,
        on_gained: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._address = address
        self._on_gained = on_gained
        self._on_lost = on_lost
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="longwatch-lead", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._wake, self._woken = socket.socketpair()
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Let the lock go, or wait for it no more."""
        if self._thread.ident is None:
            return
        self._stopping.set()
        self._wake.send(b"x")
        ends_s = time.monotonic() + timeout_s
        while self._thread.is_alive() and time.monotonic() < ends_s:
            # Again and again: it may not have begun to wait when it is told to end.
            with self._lock:
                if self._connection is not None:
                    with contextlib.suppress(psycopg.Error):
                        self._connection.cancel_safe(timeout=1.0)
            self._thread.join(0.1)
        self._wake.close()
        self._woken.close()

    def _run(self) -> None:
        before_others = True
        while not self._stopping.is_set():
            if not before_others:
                self._stopping.wait(GRACE_S)
            led = False
            try:
                with self._address.connect("longwatch leader", autocommit=True) as connection:
                    # A candidate waits for as long as another leads.
                    connection.execute("SET lock_timeout = 0")
                    with self._lock:
                        self._connection = connection
                    if self._stopping.is_set():
                        return
                    taken = connection.execute(_TRY, [LOCKS, LEADING]).fetchone()
                    if taken != (True,):
                        before_others = False
                        connection.execute(_TAKE, [LOCKS, LEADING])
                    led = before_others = True
                    self._on_gained()
                    self._hold(connection)
            except psycopg.Error:
                self._stopping.wait(_RETRY_S)
            finally:
                with self._lock:
                    self._connection = None
                if led:
                    self._on_lost()

    def _hold(self, connection: psycopg.Connection[Any]) -> None:
        """Return when the lock is to be let go. Raises `psycopg.Error` when it was lost."""
        while True:
            select.select([connection.fileno(), self._woken.fileno()], [], [])
            if self._stopping.is_set():
                return
            connection.execute("SELECT 1")
