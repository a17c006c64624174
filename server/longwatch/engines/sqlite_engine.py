"""SQLite: one database file, opened to be read.

Temporary tables may be made, so that scripts work in steps; nothing else can be changed, no other
file attached, no extension loaded. APSW rather than the standard library's module: it tells
statements that read from those that write by SQLite's own parser, and where an error is.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import apsw
import apsw.ext
import pyarrow as pa

from longwatch.engines.contract import (
    Engine,
    EngineError,
    Interrupted,
    Session,
    Statement,
    Vitals,
    Workspace,
)
from longwatch.engines.parameters import as_sqlite_keeps
from longwatch.engines.scripts import BoundStatement, at_place, check_values, split
from longwatch.engines.sqlite_catalogue import read_catalogue
from longwatch.engines.sqlite_columns import Columns, Overflow
from longwatch.engines.sqlite_rules import to_job_error
from longwatch.engines.sqlite_source import Unchanging, connect, spilled_bytes, unavailable
from longwatch.engines.text import quoted
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.parameters import Parameter

_MISSING: Final = re.compile(r"no such table: (?:main\.|temp\.)?(.+)")
_BATCH_S: Final = 1.0
"""A slow query's rows are handed on after so long, however few they are."""
_BATCH_BYTES: Final = 10 * 2**20
"""Text and blobs that end a batch, which may have thousands of rows of megabytes each."""


class SQLiteEngine(Engine):
    """Opens SQLite database files."""

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The import is all there is to it."""

    def open(self, options: dict[str, str], workspace: Workspace) -> SQLiteSession:
        """`options`: `path`, a database file."""
        path = Path(options["path"])
        workspace.spill.mkdir(parents=True, exist_ok=True)
        os.environ["SQLITE_TMPDIR"] = str(workspace.spill)
        apsw.hard_heap_limit(workspace.memory_bytes)
        try:
            connection, unchanging = connect(path)
        except (apsw.Error, OSError) as error:
            raise EngineError(unavailable(path, str(error))) from error
        return SQLiteSession(connection, unchanging, workspace.spill.resolve())


class SQLiteSession(Session):
    """One connection that only reads."""

    def __init__(
        self, connection: apsw.Connection, unchanging: Unchanging | None, spill: Path
    ) -> None:
        self._connection = connection
        self._unchanging = unchanging
        self._spill = spill

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        return [
            *split(
                sql,
                parameters or {},
                dialect="sqlite",
                placeholder="?{}".format,
                quoted=quoted,
                kind=self._kind,
            )
        ]

    def _kind(self, sql: str) -> StatementKind | None:
        """By SQLite's own word, which is to be had while the statement's names are known: those of
        a table that an earlier statement makes are not yet."""
        try:
            reads = apsw.ext.query_info(self._connection, sql).is_readonly
        except (apsw.Error, UnicodeDecodeError):
            return None
        return StatementKind.READ if reads else StatementKind.WRITE

    def plan(self, statement: Statement) -> None:
        assert isinstance(statement, BoundStatement)
        check_values(statement)
        try:
            info = apsw.ext.query_info(self._connection, statement.sql)
        except (apsw.Error, UnicodeDecodeError) as error:
            raise self._problem(error, statement) from error
        if info.query_remaining:
            raise EngineError(_not_closed(statement, info.query_remaining))

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        assert isinstance(statement, BoundStatement)
        described: list[tuple[Any, ...]] = []

        def trace(cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            # The only moment when a query without rows tells its columns.
            described.extend(cursor.get_description())
            return True

        cursor = self._connection.cursor()
        cursor.exec_trace = trace
        try:
            cursor.execute(statement.sql, [as_sqlite_keeps(value) for value in statement.values])
            columns = Columns([(str(one[0]), one[1] and str(one[1])) for one in described])
            first = self._rows(cursor, columns, batch_rows) if described else []
        except Overflow as error:
            raise EngineError(error.error) from None
        except (apsw.Error, MemoryError, OverflowError, UnicodeDecodeError) as error:
            raise self._problem(error, statement) from error
        if self._unchanging is not None:
            self._unchanging.check()
        if not described:
            return pa.schema([]), iter(())
        schema = columns.settle(first)
        return schema, self._batches(cursor, first, columns, batch_rows, statement)

    def _batches(
        self,
        cursor: apsw.Cursor,
        rows: Sequence[tuple[Any, ...]],
        columns: Columns,
        batch_rows: int,
        statement: BoundStatement,
    ) -> Iterator[pa.RecordBatch]:
        try:
            while rows:
                yield columns.batch(rows)
                rows = self._rows(cursor, columns, batch_rows)
                if self._unchanging is not None:
                    self._unchanging.check()
        except Overflow as error:
            raise EngineError(error.error) from None
        except (apsw.Error, MemoryError) as error:
            raise self._problem(error, statement) from error

    @staticmethod
    def _rows(cursor: apsw.Cursor, columns: Columns, most: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        size = 0
        until_s = time.monotonic() + _BATCH_S
        try:
            for row in cursor:
                rows.append(row)
                for value in row:
                    kind = type(value)
                    if kind is str or kind is bytes:
                        size += len(value)
                if len(rows) >= most or size >= _BATCH_BYTES or time.monotonic() > until_s:
                    break
        except UnicodeDecodeError as error:
            raise Overflow(columns.not_utf8(rows, error.object)) from None
        return rows

    def estimate(self, statement: Statement) -> Estimate:
        assert isinstance(statement, BoundStatement)
        self.plan(statement)
        try:
            found: list[Any] = self._connection.execute(
                "EXPLAIN QUERY PLAN " + statement.sql,
                [as_sqlite_keeps(value) for value in statement.values],
            ).fetchall()
        except (apsw.Error, OverflowError) as error:
            raise self._problem(error, statement) from error
        depths = {0: -1}
        lines = []
        for number, parent, _, detail in found:
            depths[number] = depths.get(parent, -1) + 1
            lines.append("  " * depths[number] + detail)
        return Estimate(kind=statement.kind, plan="\n".join(lines))

    def catalogue(self) -> Catalogue:
        try:
            return read_catalogue(self._connection)
        except (apsw.Error, UnicodeDecodeError) as error:
            raise EngineError(to_job_error(error)) from error

    def _problem(self, error: Exception, statement: BoundStatement) -> EngineError | Interrupted:
        if isinstance(error, apsw.InterruptError):
            return Interrupted()
        if self._unchanging is not None and self._unchanging.changed():
            return EngineError(self._unchanging.error())  # what is half new may look damaged
        return EngineError(at_place(to_job_error(error), statement, _offset(error, statement)))

    def poll(self) -> Vitals:
        return Vitals(None, apsw.memory_used(), spilled_bytes(self._spill))

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


def _not_closed(statement: BoundStatement, rest: str) -> JobError:
    """What is wrong with text that could not be split, and that SQLite sees several statements in:
    it would take an open comment for one that ends with the text, and run them all as one."""
    error = JobError(
        code="syntax_error",
        message="A comment or a quote that begins here or further on is not closed.",
        hint="Close it: */ ends a comment.",
    )
    return at_place(error, statement, statement.sql.rfind(rest))


def _offset(error: Exception, statement: BoundStatement) -> int | None:
    """The character of the statement's text that an error points at; SQLite counts bytes."""
    at = getattr(error, "error_offset", -1)
    if isinstance(at, int) and at >= 0:
        return len(statement.sql.encode()[:at].decode(errors="ignore"))
    missing = _MISSING.match(str(error))
    if missing is None:
        return None
    # For a missing table SQLite gives no place: the only one that its name stands at will be it.
    places = [one.start() for one in re.finditer(rf"\b{re.escape(missing[1])}\b", statement.sql)]
    return places[0] if len(places) == 1 else None
