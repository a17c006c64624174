"""PostgreSQL: one database, read unless its source says `writable`.

Everything that a query says goes over one ADBC connection: only ADBC hands rows on as they come
without making Python values of them, temporary tables belong to one session of the server, and its
errors carry SQLSTATE, place and hint. psycopg comes in where a second connection is needed: to see
that a session has ended, and to end those of others (`postgres_control`).

Values of parameters become literals, quoted by libpq's rules: with values bound to placeholders the
driver gathers the whole result in memory (456 MB for 200,000 rows of 1,000 bytes), and a cursor on
the server, the other way to stream then, gets no parallel plan. A literal is planned for, and takes
the type that its place wants, as one that was typed in would.

The boundary is what the source's role may do on the server; see `postgres_statements`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import adbc_driver_manager as adbc
import msgspec
import pyarrow as pa

from longwatch.engines.adbc_stream import Stream, Undrained, fetch
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
from longwatch.engines.parameters import bind
from longwatch.engines.postgres_catalogue import QUERY, to_catalogue
from longwatch.engines.postgres_errors import CANCELLED, state_of, to_job_error
from longwatch.engines.postgres_lexer import pieces
from longwatch.engines.postgres_literals import literal
from longwatch.engines.postgres_plan import stages_of, writes
from longwatch.engines.postgres_source import SECRETS, Target, read_options, session_name
from longwatch.engines.postgres_statements import Shape, look, temporary_table
from longwatch.engines.postgres_types import Columns, Unfit, in_arrows_words
from longwatch.engines.scripts import BoundStatement, at_place, nothing_to_run
from longwatch.engines.streams import Canceller, even
from longwatch.engines.text import quoted
from longwatch.protocol.attempts import Stage
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import Parameter

_DRIVER: Final = importlib.import_module("adbc_driver_postgresql")  # it says nothing of its types
if importlib.util.find_spec("psycopg") is None:
    # Imported where it is needed, 0.15 s; that it is missing should show at once.
    raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")

_PLAIN: Final = {"adbc.postgresql.use_copy": "false"}
_BATCH_BYTES: Final = {"adbc.postgresql.batch_size_hint_bytes": str(2**20)}
"""The driver's own 16 MiB took the same processor time, and show a slow query's rows later."""
_TRANSACTION: Final = "adbc.postgresql.transaction_status"
_CONFIRM_S: Final = 3.0
# What the grammar or the server's own functions say, and does not change anything.
_UNKNOWN_CALLS: Final = """
SELECT called FROM unnest(ARRAY[{}]::text[]) AS called
WHERE called NOT IN ('filter', 'materialized', 'over')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_get_keywords() WHERE word = called AND catcode <> 'U')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc
        WHERE proname = called AND pronamespace = 'pg_catalog'::regnamespace
            AND (provolatile <> 'v' OR proname IN (
                'clock_timestamp', 'gen_random_uuid', 'pg_sleep', 'random', 'timeofday'))
    )
"""


class PostgresEngine(Engine):
    """Opens PostgreSQL databases."""

    needs_network: ClassVar[bool] = True
    runs_elsewhere: ClassVar[bool] = True
    secrets: ClassVar[frozenset[str]] = SECRETS

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The imports are all there is to it: a connection in waiting would take one of the
        server's."""

    def open(self, options: dict[str, str], workspace: Workspace) -> PostgresSession:
        """`options`: libpq's parameters `host`, `port`, `dbname`, `user`, `password`, `sslmode` …
        or `url`, or both; `writable`, true for a source that queries may change."""
        target = read_options(options)
        try:
            database: adbc.AdbcDatabase = _DRIVER.connect(
                target.conninfo(session_name(workspace.tag))
            )
            try:
                connection = adbc.AdbcConnection(database)
            except BaseException:
                database.close()
                raise
        except adbc.Error as error:
            raise target.unreachable(error) from None
        try:
            return PostgresSession(database, connection, target)
        except BaseException as error:
            connection.close()
            database.close()
            if isinstance(error, adbc.Error):
                raise target.unreachable(error) from None
            raise

    def sweep(self, options: dict[str, str], tag: str) -> bool:
        from longwatch.engines.postgres_control import end_sessions  # noqa: PLC0415 - psycopg

        return end_sessions(read_options(options), tag)


@dataclass(frozen=True, slots=True)
class _Looked(BoundStatement):
    """A statement with what its words tell."""

    shape: Shape


class PostgresSession(Session):
    """One session of the server."""

    def __init__(
        self, database: adbc.AdbcDatabase, connection: adbc.AdbcConnection, target: Target
    ) -> None:
        """Raises `adbc.Error`."""
        self._database = database
        self._connection = connection
        self._target = target
        self._stream: Stream | None = None
        self._canceller = Canceller(connection.cancel)
        self._reads_only = True
        self._has_run = False
        self._closed = False
        self._unconfirmed = False
        self._stages: list[Stage] = []
        (row,) = fetch(
            connection,
            # As a parameter of the connection already, where a source's `options` may undo it.
            "SELECT set_config('default_transaction_read_only', 'on', false), pid, "
            "backend_start::text AS started FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        )
        self._pid, self._started = int(row["pid"]), str(row["started"])
        # A server whose client was killed would go on with the query for as long as that takes.
        # Servers before 14 have no such setting, and some systems cannot do it.
        with contextlib.suppress(adbc.Error):
            fetch(connection, "SET client_connection_check_interval = 1000")

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        statements: list[Statement] = []
        for start, text in pieces(sql):
            bound = bind(
                text,
                parameters or {},
                dialect="postgres",
                placeholder="${}".format,
                quoted=quoted,
                literal=literal,
                nothing=("= ANY ('{}')", "<> ALL ('{}')"),
            )
            shape = look(bound.sql, writable=self._target.writable)
            kind = self._kind(bound.sql, shape)
            statement = _Looked(bound.sql, start, kind, sql, bound, shape)
            if shape.refusal is not None:
                raise EngineError(at_place(shape.refusal, statement, shape.refused_at))
            statements.append(statement)
        if not statements:
            raise nothing_to_run()
        return statements

    def _kind(self, sql: str, shape: Shape) -> StatementKind:
        """What counts as reading is run in a transaction that only reads, so a mistake here is an
        error of the server's and not a change."""
        kind = shape.kind
        try:
            if kind is None and shape.is_query:
                # INSERT and the like are no reserved words, and may name a column.
                (row,) = fetch(self._connection, f"EXPLAIN (FORMAT json) {sql}", _PLAIN)
                kind = StatementKind.WRITE if writes(row["QUERY PLAN"]) else StatementKind.READ
            if kind is StatementKind.READ and self._target.writable and shape.calls:
                names = ", ".join(literal(name) for name in sorted(shape.calls))
                if fetch(self._connection, _UNKNOWN_CALLS.format(names)):
                    kind = StatementKind.WRITE
        except adbc.Error:  # of what is not there yet; in doubt it writes
            kind = StatementKind.WRITE
        return kind or StatementKind.WRITE

    def plan(self, statement: Statement) -> None:
        """The server's parser and its look at names and types; nothing is run."""
        assert isinstance(statement, _Looked)
        with self._working(statement, placed=True):
            self._describe(statement.sql)
            self._stages = self._planned(statement)

    def stages(self) -> list[Stage]:
        return self._stages

    def _planned(self, statement: _Looked) -> list[Stage]:
        """What the server expects to spend; nothing where it does not say: the statement itself
        meets what is wrong then."""
        if not statement.shape.is_query or not self._is_idle():  # an error would end a transaction
            return []
        try:
            # Functions that are declared to be constant are called for a plan, whatever they do.
            self._set_reads_only(True, again=self._has_run)
            (row,) = fetch(self._connection, f"EXPLAIN (FORMAT json)\n{statement.sql}", _PLAIN)
        except adbc.Error as error:
            if state_of(error) == CANCELLED and self._canceller.asked:
                raise
            return []
        return stages_of(str(row["QUERY PLAN"]))

    def _describe(self, sql: str) -> pa.Schema:
        statement = adbc.AdbcStatement(self._connection)
        try:
            statement.set_sql_query(sql)
            handle: Any = statement.execute_schema()  # which pyarrow's stubs do not know
            return pa.schema(handle)
        finally:
            statement.close()

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        assert isinstance(statement, _Looked)
        shape = statement.shape
        with self._working(statement, placed=True):
            described = self._describe(statement.sql)
        self._begin()
        try:
            with self._translated(statement, placed=not shape.is_query):
                sql = self._prepared(statement, described)
                if sql is None:
                    self._end()
                    return pa.schema([]), iter(())
                how = _BATCH_BYTES if shape.is_query else _PLAIN
                self._stream = Stream(self._connection, sql, how)
                self._stream.start()
                columns = Columns(described, self._stream.schema)
        except BaseException:
            self._end()
            raise
        batches = self._batches(self._stream, columns, batch_rows, statement)
        if not len(described):
            for _ in batches:
                pass
        return columns.schema, batches

    def _prepared(self, statement: _Looked, described: pa.Schema) -> str | None:
        """What to send for a statement, if anything is left to be sent."""
        reads = statement.kind is StatementKind.READ or not self._target.writable
        self._set_reads_only(reads, again=self._has_run)
        self._has_run = True
        steps = None if self._target.writable else temporary_table(statement.sql)
        if steps is not None and self._is_idle():
            # A transaction that only reads may fill a temporary table, though not make one.
            self._set_reads_only(False)
            try:
                fetch(self._connection, steps.define, _PLAIN)
            finally:
                self._set_reads_only(True)
            return steps.fill
        if statement.shape.is_query and len(described):
            return in_arrows_words(statement.sql, described, changes=statement.shape.changes)
        return statement.sql

    def _set_reads_only(self, wanted: bool, *, again: bool = False) -> None:
        """For the next transaction; within one nothing is said. `again` says it though it should be
        so already: a function may have changed it."""
        if (again or wanted is not self._reads_only) and self._is_idle():
            word = "on" if wanted else "off"
            fetch(self._connection, f"SET default_transaction_read_only = {word}", _PLAIN)
            self._reads_only = wanted

    def _is_idle(self) -> bool:
        return self._connection.get_option(_TRANSACTION) == "idle"

    def _batches(
        self, stream: Stream, columns: Columns, batch_rows: int, statement: _Looked
    ) -> Iterator[pa.RecordBatch]:
        try:
            with self._translated(statement, placed=not statement.shape.is_query):
                yield from even(map(columns.batch, stream), batch_rows)
        finally:
            if self._stream is stream:  # else it was ended for the sake of the next
                self._end()

    def _begin(self) -> None:
        """The server is about to work for a statement; what it did for one before ends."""
        if self._stream is not None:
            self._end()
        self._canceller.begin()

    def _end(self) -> None:
        """The statement is over, read to its end or not: see that the server has stopped."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.drain(self._connection.cancel)
            except Undrained:
                self._unconfirmed = True
            stream.close()
        self._canceller.end()

    @contextlib.contextmanager
    def _working(self, statement: _Looked, *, placed: bool) -> Iterator[None]:
        self._begin()
        try:
            with self._translated(statement, placed=placed):
                yield
        finally:
            self._end()

    @contextlib.contextmanager
    def _translated(self, statement: _Looked, *, placed: bool) -> Iterator[None]:
        """`placed` when what the server got is the statement's own text."""
        try:
            yield
        except Unfit as error:
            raise EngineError(error.error) from None
        except (adbc.Error, pa.ArrowException) as error:
            if state_of(error) == CANCELLED and self._canceller.asked:
                raise Interrupted from error
            raise self._problem(error, statement, placed=placed) from error

    def _problem(self, error: Exception, statement: _Looked, *, placed: bool) -> EngineError:
        problem, at = to_job_error(error)
        message = self._target.without_secrets(problem.message)
        problem = msgspec.structs.replace(problem, message=message)
        return EngineError(at_place(problem, statement, at if placed else None))

    def estimate(self, statement: Statement) -> Estimate:
        assert isinstance(statement, _Looked)
        with self._working(statement, placed=True):
            self._describe(statement.sql)
        try:
            with self._working(statement, placed=False):
                (row,) = fetch(self._connection, f"EXPLAIN (FORMAT json)\n{statement.sql}", _PLAIN)
                lines = fetch(self._connection, f"EXPLAIN\n{statement.sql}", _PLAIN)
        except EngineError:
            if statement.shape.is_query:
                raise
            return Estimate(kind=statement.kind)  # it knows no plan for most other statements
        plan = json.loads(row["QUERY PLAN"])[0].get("Plan", {})
        rows = plan.get("Plan Rows") if statement.kind is StatementKind.READ else None
        return Estimate(
            kind=statement.kind,
            rows=rows,
            bytes=None if rows is None else rows * plan.get("Plan Width", 0),
            plan="\n".join(str(line["QUERY PLAN"]) for line in lines),
        )

    def catalogue(self) -> Catalogue:
        self._begin()
        try:
            return to_catalogue(fetch(self._connection, QUERY))
        except adbc.Error as error:
            raise EngineError(to_job_error(error)[0]) from error
        finally:
            self._end()

    def poll(self) -> Vitals:
        """SELECT tells nothing of its progress, and a session's memory is told only to itself."""
        return NO_VITALS

    def interrupt(self) -> None:
        self._canceller.request()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._canceller.close()
        self._end()
        self._connection.close()
        self._database.close()
        if self._unconfirmed:
            from longwatch.engines.postgres_control import end_session  # noqa: PLC0415 - psycopg

            with contextlib.suppress(EngineError):
                end_session(self._target, self._pid, self._started, within_s=_CONFIRM_S)
