"""Any database that an ADBC driver is installed for.

The driver decides what a query can reach, and so do the rights of the account that it logs in with:
there is no jail here but the process. Without `writable` only what reads by its words is run, and
in doubt nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, Final

import adbc_driver_manager as adbc
import msgspec
import pyarrow as pa

from longwatch.engines.adbc_catalogue import read_catalogue
from longwatch.engines.adbc_errors import is_cancel, to_job_error
from longwatch.engines.adbc_source import Target, read_options
from longwatch.engines.adbc_stream import Stream, Undrained, plain_type
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
from longwatch.engines.parameters import as_sqlite_keeps
from longwatch.engines.scripts import BoundStatement, at_place, check_values, split
from longwatch.engines.streams import Canceller, even
from longwatch.engines.text import quoted
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.parameters import Parameter

_NEVER: Final = frozenset({"attach", "copy", "detach", "export", "import", "install", "load"})
"""How statements begin that reach files and other databases."""


class AdbcEngine(Engine):
    """Opens whatever a driver can."""

    needs_network: ClassVar[bool] = True
    secrets: ClassVar[frozenset[str]] = frozenset({"uri", "password"})

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The imports are all there is to it."""

    def open(self, options: dict[str, str], workspace: Workspace) -> AdbcSession:
        """`options`: `driver`, the Python package of one; `uri`, `username`, `password` and any
        other the driver has, with or without `db.` before it; `entrypoint`; `dialect`, sqlglot's
        name of its SQL; `writable`, true for a source that queries may change."""
        target = read_options(options)
        try:
            database = adbc.AdbcDatabase(**target.database)
            try:
                connection = adbc.AdbcConnection(database)
            except BaseException:
                database.close()
                raise
        except adbc.Error as error:
            problem, _ = to_job_error(error)
            raise EngineError(
                JobError(
                    code="source_unavailable",
                    message="The source cannot be opened: "
                    + target.without_secrets(problem.message),
                    hint="Check its driver, its address and its other options.",
                )
            ) from None
        return AdbcSession(database, connection, target)


class AdbcSession(Session):
    """One connection of a driver's."""

    def __init__(
        self, database: adbc.AdbcDatabase, connection: adbc.AdbcConnection, target: Target
    ) -> None:
        self._database = database
        self._connection = connection
        self._target = target
        self._stream: Stream | None = None
        self._canceller = Canceller(self._cancel)
        self._closed = False

    def _cancel(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.cancel()

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        is_postgres = self._target.dialect == "postgres"
        statements = split(
            sql,
            parameters or {},
            dialect=self._target.dialect,
            placeholder=("${}" if is_postgres else "?").format,
            quoted=_quoted_for_sqlite if self._target.dialect == "sqlite" else quoted,
            kind=lambda _: None,
            nothing=("= ANY ('{}')", "<> ALL ('{}')") if is_postgres else None,
        )
        for statement in statements:
            refusal = self._refusal(statement)
            if refusal is not None:
                raise EngineError(at_place(refusal, statement, 0))
        return [*statements]

    def _refusal(self, statement: BoundStatement) -> JobError | None:
        word = statement.sql.split(maxsplit=1)[0]
        if word.lower() in _NEVER:
            return JobError(
                code="permission_denied",
                message=f"{word.upper()} is not allowed here: a query reads its source, no more.",
                hint="Ask for another source to be added, and query that.",
            )
        if statement.kind is StatementKind.WRITE and not self._target.writable:
            return JobError(
                code="permission_denied",
                message="This source is only read, and this statement may change something.",
                hint="Ask for it to be made writable, if it is meant to be changed.",
            )
        return None

    def plan(self, statement: Statement) -> None:
        """As far as the driver can prepare a statement."""
        assert isinstance(statement, BoundStatement)
        if self._target.dialect == "sqlite":
            check_values(statement)
        self._begin()
        try:
            with self._translated(statement):
                values = self._row(statement.values)
                with Stream(self._connection, statement.sql, values=values) as stream:
                    stream.check()
        finally:
            self._end()

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        assert isinstance(statement, BoundStatement)
        self._begin()
        try:
            with self._translated(statement):
                self._stream = stream = Stream(
                    self._connection, statement.sql, values=self._row(statement.values)
                )
                stream.start()
                schema = pa.schema(
                    [pa.field(one.name, plain_type(one.type)) for one in stream.schema]
                )
        except BaseException:
            self._end()
            raise
        batches = self._batches(stream, schema, batch_rows, statement)
        if not len(schema):
            for _ in batches:
                pass
        return schema, batches

    def _row(self, values: list[Any]) -> pa.RecordBatch | None:
        if not values:
            return None
        simply = self._target.dialect == "sqlite"
        arrays = [_array(as_sqlite_keeps(value) if simply else value) for value in values]
        return pa.record_batch(arrays, names=[str(number) for number in range(len(arrays))])

    def _batches(
        self, stream: Stream, schema: pa.Schema, batch_rows: int, statement: BoundStatement
    ) -> Iterator[pa.RecordBatch]:
        try:
            with self._translated(statement):
                yield from even((_plain(batch, schema) for batch in stream), batch_rows)
        finally:
            if self._stream is stream:  # else it was ended for the sake of the next
                self._end()

    def _begin(self) -> None:
        if self._stream is not None:
            self._end()
        self._canceller.begin()

    def _end(self) -> None:
        """The statement is over, read to its end or not."""
        self._canceller.end()
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(Undrained):  # then the next statement says that the connection is taken
                stream.drain(stream.cancel)
            stream.close()

    @contextmanager
    def _translated(self, statement: BoundStatement) -> Iterator[None]:
        try:
            yield
        except (adbc.Error, pa.ArrowException) as error:
            if is_cancel(error) and self._canceller.asked:
                raise Interrupted from error
            raise self._problem(error, statement) from error

    def _problem(self, error: Exception, statement: BoundStatement) -> EngineError:
        problem, at = to_job_error(error, statement.sql)
        message = self._target.without_secrets(problem.message)
        return EngineError(
            at_place(msgspec.structs.replace(problem, message=message), statement, at)
        )

    def estimate(self, statement: Statement) -> Estimate:
        """No driver tells a plan."""
        self.plan(statement)
        return Estimate(kind=statement.kind)

    def catalogue(self) -> Catalogue:
        try:
            return read_catalogue(self._connection)
        except adbc.Error as error:
            raise EngineError(to_job_error(error)[0]) from error

    def poll(self) -> Vitals:
        """Drivers tell nothing of what runs."""
        return NO_VITALS

    def interrupt(self) -> None:
        """By the driver's own means, which not every one has: then ending the process must do."""
        self._canceller.request()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._canceller.close()
            self._end()
            self._connection.close()
            self._database.close()


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if batch.schema.equals(schema):
        return batch
    columns = [
        (one.storage if isinstance(one, pa.ExtensionArray) else one).cast(field.type)
        for one, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.record_batch(columns, schema=schema) if columns else batch


def _array(value: Any) -> pa.Array[Any]:
    return pa.array([value], pa.string() if value is None else None)


def _quoted_for_sqlite(name: str) -> str:
    """`"nme"` would be the text nme where there is no such column."""
    return "`" + name.replace("`", "``") + "`"
