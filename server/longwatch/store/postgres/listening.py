"""Hears what other servers on the store tell, and tells them.

A notification only rings: what was committed is read from the store, by `seq`. So nothing is missed
while the connection is away; it rings when it is back. Progress is the exception, as it is written
nowhere: what gets lost of it is told again by the next report.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import psycopg
from sqlalchemy import text

from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.errors import explain
from longwatch.store.postgres.watching import Watcher
from longwatch.store.postgres.writer import CHANGED
from longwatch.store.reading import reading
from longwatch.store.thread import Transaction

PROGRESS: Final = "longwatch_progress"
"""The channel of progress: what `service.team` makes of it."""
MOST_BYTES: Final = 7_900
"""What PostgreSQL takes in one notification, and a little less."""
_RETRY_S: Final = 1.0
_NOTIFY: Final = text("SELECT pg_notify(:channel, :payload)")


@reading
def notify(tx: Transaction, payload: str) -> None:
    """Tell progress, of at most `MOST_BYTES`, to all servers, this one included."""
    tx.connection.execute(_NOTIFY, {"channel": PROGRESS, "payload": payload})


class Listener(Watcher):
    """A thread that hears notifications. All functions are called on it."""

    def __init__(
        self,
        address: StoreAddress,
        on_change: Callable[[int, bool], None],
        on_progress: Callable[[str], None],
        on_away: Callable[[str], None],
    ) -> None:
        """`on_change` gets the `seq` of a commit and whether sources or tokens changed in it; 0 and
        true when anything may have happened. `on_away` is told why nothing can be heard now."""
        super().__init__("longwatch-listen")
        self._address = address
        self._on_change = on_change
        self._on_progress = on_progress
        self._on_away = on_away
        self._away = False

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._address.connect("longwatch listener", autocommit=True) as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                if not self._away:
                    self._away = True
                    self._on_away(str(explain(error, self._address)))
                self._stopping.wait(_RETRY_S)

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"LISTEN {CHANGED}".encode())
        connection.execute(f"LISTEN {PROGRESS}".encode())
        self._away = False
        self._on_change(0, True)
        while not self._stopping.is_set():
            for told in connection.notifies(timeout=0):
                if told.channel == PROGRESS:
                    self._on_progress(told.payload)
                else:
                    seq, _, more = told.payload.partition(" ")
                    self._on_change(int(seq), more == "reload")
            self._wait(connection)
