"""What engines that speak ADBC share: rows as they come, in batches of one size, and stopping them.

Below the driver manager's DB-API: its cursors import pandas where that is installed, ask for Python
values, and hand out a reader whose errors have lost their SQLSTATE.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import adbc_driver_manager as adbc
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader

_FLUSH_S: Final = 1.0
"""A slow query's rows are handed on after so long, however few they are."""
_AGAIN_S: Final = 0.25
"""Between two cancels of one statement: each is a connection of its own in some drivers."""
_DRAIN_S: Final = 5.0


class Undrained(Exception):
    """A statement that was cancelled goes on sending rows."""


class Stream:
    """One statement that is being executed. Raises `adbc.Error` in every method but `close`."""

    def __init__(
        self,
        connection: adbc.AdbcConnection,
        sql: str,
        options: Mapping[str, str] | None = None,
        values: pa.RecordBatch | None = None,
    ) -> None:
        """`options` are the driver's own of a statement; `values` one row for its placeholders."""
        self._statement = adbc.AdbcStatement(connection)
        self._reader: AdbcRecordBatchReader | None = None
        self._over = True
        try:
            self._statement.set_sql_query(sql)
            if options:
                self._statement.set_options(**options)
            if values is not None:
                self._statement.bind(values)
        except BaseException:
            self.close()
            raise

    def check(self) -> None:
        """Have it looked at, as far as the driver can without executing it."""
        try:
            self._statement.execute_schema()
        except adbc.NotSupportedError:
            with contextlib.suppress(adbc.NotSupportedError):  # then executing it will tell
                self._statement.prepare()

    def start(self) -> Self:
        """Execute it."""
        handle, _ = self._statement.execute_query()
        self._reader = AdbcRecordBatchReader._import_from_c(handle.address)
        self._over = False
        return self

    @property
    def schema(self) -> pa.Schema:
        """Of its rows, once it was started."""
        assert self._reader is not None
        return self._reader.schema

    def cancel(self) -> None:
        """Ask the engine to stop; any thread, while it is not closed."""
        self._statement.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        assert self._reader is not None
        while True:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                self._over = True
                return
            except adbc.Error:
                self._over = True
                raise
            yield batch

    def drain(self, cancel: Callable[[], None]) -> None:
        """Unless it is over: cancel, and read on until the engine has stopped, since its connection
        is taken until then. Raises `Undrained` when it does not within 5 s."""
        deadline_s = time.monotonic() + _DRAIN_S
        asked_s = 0.0
        while not self._over and time.monotonic() < deadline_s:
            if time.monotonic() - asked_s > _AGAIN_S:
                try:
                    cancel()
                except adbc.NotSupportedError:
                    return  # then it produces rows only while it is asked for them
                except adbc.Error:
                    pass
                asked_s = time.monotonic()
            with contextlib.suppress(adbc.Error):
                next(iter(self), None)
        if not self._over:
            raise Undrained

    def close(self) -> None:
        """Let go of it; never raises. What still runs goes on."""
        with contextlib.suppress(adbc.Error):
            if self._reader is not None:
                self._reader.close()
        self._reader = None
        with contextlib.suppress(adbc.Error):
            self._statement.close()


def fetch(
    connection: adbc.AdbcConnection, sql: str, options: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """All rows of a statement of ours. Raises `adbc.Error`."""
    with Stream(connection, sql, options) as stream:
        stream.start()
        return pa.Table.from_batches(list(stream), stream.schema).to_pylist()


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type without a driver's remarks on it."""
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if pa.types.is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind


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
            self._thread.join(_DRAIN_S)
