"""Threads that only read, beside the one that writes.

Each operation has one moment of the store to itself (`REPEATABLE READ`). Another server's changes
may be in it that were not announced here yet: then that is done before the answer is given, since
the feed relies on the hub never being behind what somebody read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from longwatch.store import repository
from longwatch.store.errors import StoreClosed
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.errors import explain, is_lost
from longwatch.store.thread import Changes, Transaction

T = TypeVar("T")
THREADS: Final = 4
PATIENCE_S: Final = 2.0


class Readers:
    """Carries out operations that only read."""

    def __init__(self, address: StoreAddress, make_sure: Callable[[int], None]) -> None:
        """`make_sure` returns when all changes up to a `seq` are announced."""
        self._address = address
        self._make_sure = make_sure
        self._engine = address.engine("longwatch reader", pooled=THREADS)
        self._threads = ThreadPoolExecutor(THREADS, "longwatch-reader")
        self._closed = False

    def submit(self, operation: Callable[[Transaction], T]) -> Future[T]:
        """Queue `operation`. Raises `StoreClosed`."""
        if self._closed:
            raise StoreClosed
        return self._threads.submit(self._read, operation)

    def close(self) -> None:
        """Finish what is queued, then close the connections."""
        self._closed = True
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _read(self, operation: Callable[[Transaction], T]) -> T:
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer, seq = self._once(operation)
            except DBAPIError as error:
                if not is_lost(error) or self._closed or time.monotonic() > until_s:
                    raise explain(error, self._address) from error
                self._engine.dispose()  # the others were lost with it
                time.sleep(0.05)
            else:
                self._make_sure(seq)
                return answer

    def _once(self, operation: Callable[[Transaction], T]) -> tuple[T, int]:
        with self._engine.begin() as connection:
            tx = Transaction(connection, Changes())
            return operation(tx), repository.newest_seq(tx)
