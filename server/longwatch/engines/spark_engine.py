"""Spark, by Spark Connect: a server far away, read unless its source says `writable`.

Everything that a session runs there bears the session's tag. Before a statement runs, Spark has
looked at it, with the parser and the analysis that would run it: that takes 10 to 30 ms, finds
every wrong name, and does nothing else.

Rows come as the server sends them, one partition after the other, and none is kept here. But what a
query has produced and nobody has read yet waits in Spark's driver, which ends a query when that is
more than `spark.driver.maxResultSize`. No client can change that.

The boundary is what the server may do for the source's user; see `spark_statements`.
"""

from __future__ import annotations

# ruff: noqa: E402 - PySpark's imports are made ready for first
import contextlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Final

_NEEDED: Final = ("pyspark", "pandas", "grpc", "grpc_status")
for _name in _NEEDED:
    # The full pyspark may be there without what its client needs, and says so in its own way.
    if importlib.util.find_spec(_name) is None:
        raise ModuleNotFoundError(f"No module named {_name!r}", name=_name)
if sys.modules.get("numpy", sys) is None:
    # A runner does without NumPy. The client imports pandas, and that needs it: 0.4 s, 60 MB.
    del sys.modules["numpy"]

import msgspec
import pyarrow as pa
import pyspark.sql.connect.proto as spark
from pyspark.sql.types import StructType

from longwatch.engines.contract import (
    Engine,
    EngineError,
    Interrupted,
    Session,
    Statement,
    Vitals,
    Workspace,
)
from longwatch.engines.scripts import at_place, check_values, split
from longwatch.engines.spark_catalogue import read_catalogue
from longwatch.engines.spark_client import (
    PLACEHOLDER,
    SAID,
    Connection,
    Stream,
    Undrained,
    quoted,
    sql_relation,
)
from longwatch.engines.spark_errors import is_cancel, is_syntax, to_job_error
from longwatch.engines.spark_source import SECRETS, Target, read_options
from longwatch.engines.spark_statements import Looked, as_query, look, only_read
from longwatch.engines.spark_types import readable
from longwatch.engines.streams import Canceller, even
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import Parameter

_CONFIRM_S: Final = 3.0
_EXPECTED: Final = re.compile(r"Statistics\(sizeInBytes=([\d.E+]+) (\w+), rowCount=([\d.E+]+)")
_UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


class SparkEngine(Engine):
    """Opens Spark Connect servers."""

    needs_network: ClassVar[bool] = True
    runs_elsewhere: ClassVar[bool] = True
    secrets: ClassVar[frozenset[str]] = SECRETS

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The imports are all there is to it: 0.9 s, most of them the client's own."""

    def open(self, options: dict[str, str], workspace: Workspace) -> SparkSession:
        """`options`: those of `spark_source.read_options`."""
        target = read_options(options)
        connection = Connection(target, workspace.tag)
        try:
            connection.open(target)
        except SAID as error:
            connection.close()
            raise target.unreachable(error) from None
        return SparkSession(connection, target, workspace.tag)

    def sweep(self, options: dict[str, str], tag: str) -> bool:
        from longwatch.engines.spark_control import end_session  # noqa: PLC0415 - few need it

        return end_session(read_options(options), tag)


class SparkSession(Session):
    """One session of the server."""

    def __init__(self, connection: Connection, target: Target, tag: str) -> None:
        self._connection = connection
        self._target = target
        self._tag = tag
        self._stream: Stream | None = None
        self._canceller = Canceller(connection.interrupt_calmly)
        self._planned: tuple[Looked, StructType] | None = None
        self._has_run = False
        self._unconfirmed = False
        self._closed = False

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        found = split(
            sql,
            parameters or {},
            dialect="spark",
            placeholder=f":{PLACEHOLDER}".format,
            quoted=quoted,
            kind=lambda _: StatementKind.WRITE,
        )
        statements: list[Statement] = []
        for one in found:
            shape = look(one.sql)
            looked = Looked(one.sql, one.start, one.kind, one.script, one.bound, shape)
            check_values(looked)
            if shape.refusal is not None:
                raise EngineError(at_place(shape.refusal, looked, shape.refused_at))
            kind = shape.kind or (
                StatementKind.READ if self._is_query(looked) else StatementKind.WRITE
            )
            looked = replace(looked, kind=kind)
            self._check_allowed(looked)
            statements.append(looked)
        return statements

    def _is_query(self, statement: Looked) -> bool:
        """By Spark's grammar, whatever the words seem to say."""
        try:
            self._connection.schema(sql_relation(as_query(statement.sql), statement.values))
        except SAID as error:
            return not is_syntax(error)
        return True

    def _check_allowed(self, statement: Looked) -> None:
        """Raises `EngineError` for what changes a source that is only read."""
        shape = statement.shape
        looks = statement.kind is StatementKind.READ and not shape.is_query
        if self._target.writable or shape.in_session or looks:
            return
        if shape.is_query and self._is_query(statement):
            return
        try:
            self._connection.schema(self._relation(statement))
        except SAID as error:
            if is_syntax(error):
                raise self._problem(error, statement) from error
        raise EngineError(at_place(only_read(), statement, 0))

    def _relation(self, statement: Looked) -> spark.Relation:
        return sql_relation(statement.sql, statement.values)

    def plan(self, statement: Statement) -> None:
        """Spark's parser and its look at names and types; nothing is run."""
        assert isinstance(statement, Looked)
        with self._translated(statement):
            self._planned = statement, self._connection.schema(self._relation(statement))

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        assert isinstance(statement, Looked)
        self._begin()
        try:
            if self._has_run:  # what ran may have changed how Spark reads SQL
                self._check_allowed(statement)
            self._has_run = True
            with self._translated(statement):
                self._stream = stream = self._started(statement)
        except BaseException:
            self._end()
            raise
        return stream.schema, self._batches(stream, batch_rows, statement)

    def _started(self, statement: Looked) -> Stream:
        relation = self._relation(statement)
        if not statement.shape.is_query or statement.kind is StatementKind.WRITE:
            return self._connection.command(relation)
        planned, self._planned = self._planned, None
        schema = (
            planned[1]
            if planned is not None and planned[0] is statement
            else self._connection.schema(relation)
        )
        return self._connection.stream(readable(relation, schema))

    def _batches(
        self, stream: Stream, batch_rows: int, statement: Looked
    ) -> Iterator[pa.RecordBatch]:
        try:
            with self._translated(statement):
                yield from even(stream, batch_rows)
        finally:
            if self._stream is stream:  # else it was ended for the sake of the next
                self._end()

    def _begin(self) -> None:
        """The server is about to work for a statement; what it did for one before ends."""
        if self._stream is not None:
            self._end()
        self._connection.begin()
        self._canceller.begin()

    def _end(self) -> None:
        """The statement is over, read to its end or not: see that the server has stopped."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.drain(self._connection.interrupt)
            except Undrained:
                self._unconfirmed = True
            stream.close()
        self._canceller.end()

    @contextlib.contextmanager
    def _translated(self, statement: Looked) -> Iterator[None]:
        try:
            yield
        except SAID as error:
            if is_cancel(error) and self._canceller.asked:
                raise Interrupted from error
            raise self._problem(error, statement) from error

    def _problem(self, error: Exception, statement: Looked) -> EngineError:
        problem, at = to_job_error(error, statement.sql)
        message = self._target.without_secrets(problem.message)
        problem = msgspec.structs.replace(problem, message=message)
        return EngineError(at_place(problem, statement, at))

    def estimate(self, statement: Statement) -> Estimate:
        assert isinstance(statement, Looked)
        with self._translated(statement):
            plan = self._connection.explain(self._relation(statement)).strip()
        rows = size = None
        found = _EXPECTED.search(plan.partition("\n")[2].partition("\n")[0])
        if found is not None and statement.kind is StatementKind.READ:
            # Of a query without a count of rows the size is that of its files, multiplied by joins.
            rows = round(float(found[3]))
            size = round(float(found[1]) * _UNITS[found[2]]) if found[2] in _UNITS else None
        return Estimate(kind=statement.kind, rows=rows, bytes=size, plan=plan)

    def catalogue(self) -> Catalogue:
        try:
            return read_catalogue(self._connection)
        except SAID as error:
            raise EngineError(to_job_error(error)[0]) from error

    def poll(self) -> Vitals:
        """The memory that a query takes is known to no client."""
        return Vitals(self._connection.fraction, None, None)

    def interrupt(self) -> None:
        self._canceller.request()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._canceller.close()
        self._end()
        self._connection.close()
        if self._unconfirmed:
            from longwatch.engines.spark_control import end_session  # noqa: PLC0415 - few need it

            with contextlib.suppress(EngineError):
                end_session(self._target, self._tag, within_s=_CONFIRM_S)
