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
    NO_VITALS,
    Engine,
    EngineError,
    Interrupted,
    Session,
    Statement,
    Vitals,
    Workspace,
)
from longwatch.engines.scripts import BoundStatement, at_place, check_values, split
from longwatch.engines.sqlite_catalogue import read_catalogue
from longwatch.engines.sqlite_columns import Columns, Overflow
from longwatch.engines.sqlite_rules import authorize, to_job_error
from longwatch.engines.text import quoted
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.parameters import Parameter

_MAGIC: Final = b"SQLite format 3\x00"
_MISSING: Final = re.compile(r"no such table: (?:main\.|temp\.)?(.+)")
_BATCH_S: Final = 1.0
"""A slow query's rows are handed on after so long, however few they are."""


class SQLiteEngine(Engine):
    """Opens SQLite database files."""

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The import is all there is to it."""

    def open(self, options: dict[str, str], workspace: Workspace) -> SQLiteSession:
        """`options`: `path`, a database file."""
        path = Path(options["path"])
        _check(path)
        workspace.spill.mkdir(parents=True, exist_ok=True)
        os.environ["SQLITE_TMPDIR"] = str(workspace.spill)
        apsw.hard_heap_limit(workspace.memory_bytes)
        try:
            connection = _connect(path)
        except apsw.Error as error:
            raise EngineError(_unavailable(path, str(error))) from error
        return SQLiteSession(connection)


class SQLiteSession(Session):
    """One connection that only reads."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._interrupted = False

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
        except apsw.Error:
            return None
        return StatementKind.READ if reads else StatementKind.WRITE

    def plan(self, statement: Statement) -> None:
        assert isinstance(statement, BoundStatement)
        check_values(statement)
        try:
            apsw.ext.query_info(self._connection, statement.sql)
        except apsw.Error as error:
            raise self._problem(error, statement) from error

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
            cursor.execute(statement.sql, [_bindable(value) for value in statement.values])
            columns = Columns([(str(one[0]), one[1] and str(one[1])) for one in described])
            if not described:
                return pa.schema([]), iter(())
            first = self._rows(cursor, batch_rows)
        except (apsw.Error, MemoryError, OverflowError) as error:
            raise self._problem(error, statement) from error
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
                rows = self._rows(cursor, batch_rows)
        except Overflow as error:
            raise EngineError(error.error) from None
        except (apsw.Error, MemoryError) as error:
            raise self._problem(error, statement) from error

    @staticmethod
    def _rows(cursor: apsw.Cursor, most: int) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        until_s = time.monotonic() + _BATCH_S
        for row in cursor:
            rows.append(row)
            if len(rows) >= most or (len(rows) % 64 == 0 and time.monotonic() > until_s):
                break
        return rows

    def estimate(self, statement: Statement) -> Estimate:
        assert isinstance(statement, BoundStatement)
        self.plan(statement)
        try:
            found: list[Any] = self._connection.execute(
                "EXPLAIN QUERY PLAN " + statement.sql,
                [_bindable(value) for value in statement.values],
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
        except apsw.Error as error:
            raise EngineError(to_job_error(error)) from error

    def _problem(self, error: Exception, statement: BoundStatement) -> EngineError | Interrupted:
        if isinstance(error, apsw.InterruptError):
            return Interrupted()
        return EngineError(at_place(to_job_error(error), statement, _offset(error, statement)))

    def poll(self) -> Vitals:
        return Vitals(None, apsw.memory_used(), None) if self._connection else NO_VITALS

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


def _connect(path: Path) -> apsw.Connection:
    """A connection that reads. A database in WAL mode wants a file of shared memory beside it,
    which a runner may not make: with nobody else at work it is opened as one that cannot change."""
    try:
        return _opened(path, "mode=ro")
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            raise
        return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, how: str) -> apsw.Connection:
    connection = apsw.Connection(
        f"{path.absolute().as_uri()}?{how}",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )
    try:
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        # "nme" would otherwise be the text nme where there is no such column.
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        connection.authorizer = authorize
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path) -> None:
    try:
        if path.is_dir() or not (path.is_file() or path.is_block_device()):
            kind = "a folder" if path.is_dir() else "no file" if path.exists() else "not there"
            raise EngineError(_unavailable(path, f"it is {kind}"))
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise EngineError(_unavailable(path, error.strerror or str(error))) from error
    if start and start != _MAGIC:
        raise EngineError(_unavailable(path, "it is not an SQLite database"))


def _unavailable(path: Path, reason: str) -> JobError:
    return JobError(
        code="source_unavailable",
        message=f"The source's data cannot be opened: {path}: {reason}.",
        hint="Put the database back, or change the source's path.",
    )


def _bindable(value: Any) -> Any:
    match value:
        case None | str() | bytes() | float():
            return value
        case bool() | int():
            return int(value)
        case _ if hasattr(value, "isoformat"):
            return value.isoformat(" ") if hasattr(value, "hour") else value.isoformat()
        case _:
            return float(value)


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
