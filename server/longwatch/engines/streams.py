"""What engines share that hand on rows as another program sends them: batches of one size, and
stopping what runs there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyarrow as pa

_FLUSH_S: Final = 1.0
"""A slow query's rows are handed on after so long, however few they are."""
_AGAIN_S: Final = 0.25
"""Between two cancels of one statement: each is a connection of its own in some drivers."""
_LAST_S: Final = 5.0
"""How long a cancel that is on its way is waited for."""


def even(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of `rows`; fewer in the last, and where they come slowly."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    handed_s = time.monotonic()
    for batch in batches:
        at = 0
        while at < batch.num_rows:
            piece = batch.slice(at, rows - count)
            at += piece.num_rows
            waiting.append(piece)
            count += piece.num_rows
            if count == rows:
                yield _joined(waiting)
                waiting, count, handed_s = [], 0, time.monotonic()
        if waiting and time.monotonic() - handed_s > _FLUSH_S:
            yield _joined(waiting)
            waiting, count, handed_s = [], 0, time.monotonic()
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


class Canceller:
    """Cancels what runs, from a thread of its own: a cancel takes a round trip or more, and whoever
    asks must not wait for it.

    A cancel holds for the statement that ran when it was asked for: the next one is not harmed.
    """

    def __init__(self, cancel: Callable[[], None]) -> None:
        self._cancel = cancel
        self._lock = threading.Lock()
        self._asked = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._number = 0
        self._running = False
        self._wanted = 0
        self._closed = False

    def begin(self) -> None:
        """A statement starts."""
        with self._lock:
            self._number += 1
            self._running = True

    def end(self) -> None:
        """It is over; waits for a cancel that is on its way."""
        with self._asked:
            self._running = False
            self._asked.notify_all()

    @property
    def asked(self) -> bool:
        """Whether the newest statement was to be cancelled."""
        return self._wanted == self._number > 0

    def request(self) -> None:
        """Cancel what runs now, if anything does; any thread; returns at once."""
        # Without the lock, which a cancel on its way holds: numbers only grow.
        if not self._running or self._closed or self._wanted == self._number:
            return
        self._wanted = self._number
        thread = threading.Thread(
            target=self._run, args=(self._number,), name="cancel", daemon=True
        )
        self._thread = thread
        thread.start()

    def _run(self, number: int) -> None:
        """Until the statement is over: one cancel may come before the engine has begun with it."""
        with self._asked:
            while self._running and self._number == number and not self._closed:
                with contextlib.suppress(Exception):  # it cannot be reached: again, or a kill
                    self._cancel()
                self._asked.wait(_AGAIN_S)

    def close(self) -> None:
        """No cancel is sent after this returns."""
        with self._asked:
            self._closed = True
            self._asked.notify_all()
        if self._thread is not None:
            self._thread.join(_LAST_S)
