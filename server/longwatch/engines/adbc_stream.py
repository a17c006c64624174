"""What engines that speak ADBC share: rows as they come.

Below the driver manager's DB-API: its cursors import pandas where that is installed, ask for Python
values, and hand out a reader whose errors have lost their SQLSTATE.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import adbc_driver_manager as adbc
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader

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
