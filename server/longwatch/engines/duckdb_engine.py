"""DuckDB: a folder of Parquet, CSV or JSON files, or a database file, in a jail.

The jail keeps a query to its source: opened read-only, no other file, no network, no
extensions, no settings but the progress bar's. SQL is code all the same; the process is the
boundary.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import duckdb
import pyarrow as pa

from longwatch.engines import duckdb_source as source
from longwatch.engines.contract import (
    Engine,
    EngineError,
    Interrupted,
    Session,
    Statement,
    Vitals,
    Workspace,
)
from longwatch.engines.duckdb_catalogue import expected_rows, read_catalogue, table_sizes
from longwatch.engines.duckdb_errors import INTERRUPTED, to_job_error
from longwatch.engines.duckdb_plan import has_tables, stages_of
from longwatch.engines.duckdb_statements import PLACEHOLDER, Classified, classify
from longwatch.engines.duckdb_types import in_arrows_words
from longwatch.engines.parameters import Bound, bind
from longwatch.engines.text import quoted
from longwatch.protocol.attempts import Stage
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import Parameter

_EXPLAIN: Final = "EXPLAIN "
_AS_JSON: Final = "(FORMAT json) "


@dataclass(slots=True)
class _Spare:
    """A connection in waiting, and the views that were made on it in advance."""

    connection: duckdb.DuckDBPyConnection
    path: str | None = None
    views: source.Views | None = None


class DuckDBEngine(Engine):
    """Opens folders and database files with the embedded DuckDB."""

    def __init__(self) -> None:
        self._spare: _Spare | None = None

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """The first connection of a process takes 20-30 ms, the first Arrow reader 5-15, the views
        of the sample 10. A database file is not opened in advance: that would lock it."""
        if self._spare is None:
            warnings.filterwarnings("ignore", category=UserWarning, module="duckdb")
            self._spare = _Spare(source.connect())
            self._spare.connection.sql("SELECT 1").to_arrow_reader(1).read_all()
        path = (options or {}).get("path")
        if path is not None and path != self._spare.path and not source.is_database(Path(path)):
            try:
                _make_views(self._spare, path)
            except (EngineError, duckdb.Error):
                self._spare = _Spare(source.connect())

    def open(self, options: dict[str, str], workspace: Workspace) -> DuckDBSession:
        """`options`: `path`, a folder or a database file; without it, an empty database."""
        self.warm_up()
        spare, self._spare = self._spare, None
        assert spare is not None
        given = options.get("path")
        path = None if given is None else Path(given)
        try:
            source.bound(spare.connection, workspace)
            if path is not None:
                source.check(path)
            if path is not None and source.is_database(path):
                source.attach_database(spare.connection, path)
            else:
                _make_views(spare, given)
            source.lock(spare.connection, path)
        except duckdb.Error as error:
            raise EngineError(to_job_error(error)) from error
        views = spare.views or source.Views({}, [], [])
        for line in views.left_out:
            print(line, flush=True)  # noqa: T201 - a runner's output is its attempt's log
        return DuckDBSession(spare.connection, views)


class DuckDBSession(Session):
    """One jailed connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, views: source.Views) -> None:
        self._connection = connection
        self._views = views
        # While a query runs its connection is busy; a second one reads memory and spill (1.6 ms).
        self._observer = connection.cursor()
        self._bound = Bound("", "", [])
        self._plan = ""

    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        self._bound = bound = bind(
            sql, parameters or {}, dialect="duckdb", placeholder=_placeholder, quoted=quoted
        )
        try:
            found = self._connection.extract_statements(bound.sql)
        except duckdb.Error as error:
            raise EngineError(to_job_error(error, bound)) from error
        return [*classify(bound, found)]

    def plan(self, statement: Statement) -> None:
        """EXPLAIN binds every name, in 2-3 ms, and alone reports places: a relation's own
        errors carry none."""
        assert isinstance(statement, Classified)
        self._plan = self._explained(statement, _AS_JSON) if statement.explainable else ""

    def stages(self) -> list[Stage]:
        sizes: dict[str, int] = {}
        if has_tables(self._plan):
            with contextlib.suppress(duckdb.Error, MemoryError):  # then by what the planner guesses
                sizes = table_sizes(self._observer)
        return stages_of(self._plan, sizes)

    def _explained(self, statement: Classified, how: str = "") -> str:
        """The plan. Raises `EngineError` or `Interrupted`."""
        before = f"{_EXPLAIN}{how}"
        try:
            found = self._connection.execute(before + statement.sql, statement.values).fetchall()
        except duckdb.Error as error:
            raise self._problem(error, statement, prefix=len(before)) from error
        return str(found[0][1])

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        assert isinstance(statement, Classified)
        try:
            # `sql` streams, also with values, where `execute` would gather all rows in memory.
            # SET and the like return nothing, though the driver's types say otherwise.
            relation = cast(
                "duckdb.DuckDBPyRelation | None",
                self._connection.sql(statement.sql, params=statement.values or None),
            )
            if relation is None:
                return pa.schema([]), iter(())
            reader = in_arrows_words(relation).to_arrow_reader(batch_rows)
        except duckdb.Error as error:
            raise self._problem(error, statement) from error
        return reader.schema, self._batches(reader, statement)

    def _batches(
        self, reader: pa.RecordBatchReader, statement: Statement
    ) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise self._problem(error, statement) from error
            yield batch

    def _problem(
        self, error: Exception, statement: Statement, *, prefix: int = 0
    ) -> EngineError | Interrupted:
        problem = to_job_error(error, self._bound, start=statement.start, prefix=prefix)
        return Interrupted() if problem.code == INTERRUPTED else EngineError(problem)

    def estimate(self, statement: Statement) -> Estimate:
        assert isinstance(statement, Classified)
        if not statement.explainable:
            return Estimate(kind=statement.kind)
        plan = self._explained(statement)
        rows = None
        if statement.kind is StatementKind.READ:
            rows = expected_rows(self._explained(statement, _AS_JSON))
        return Estimate(kind=statement.kind, rows=rows, plan=plan)

    def catalogue(self) -> Catalogue:
        try:
            return read_catalogue(self._connection, self._views.files, self._views.left_out)
        except duckdb.Error as error:
            raise EngineError(to_job_error(error)) from error

    def poll(self) -> Vitals:
        percent = -1.0
        memory = spill = None
        try:
            percent = self._connection.query_progress()
            row = self._observer.execute(
                "SELECT (SELECT sum(memory_usage_bytes) FROM duckdb_memory()), "
                "(SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files())"
            ).fetchone()
            if row is not None:
                memory, spill = int(row[0] or 0), int(row[1] or 0)
        except (duckdb.Error, MemoryError):
            pass  # out of memory, interrupted with the query, or closed: no news then
        return Vitals(percent / 100 if percent >= 0 else None, memory, spill)

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._observer.close()
        self._connection.close()


def _placeholder(number: int) -> str:
    return "$" + PLACEHOLDER.format(number)


def _make_views(spare: _Spare, path: str | None) -> None:
    """See to it that the connection has the views of the files there are now, and no others."""
    stamps = [] if path is None else source.files_of(Path(path))
    if spare.views is not None:
        if spare.path == path and spare.views.stamps == stamps:
            return
        source.drop_views(spare.connection, spare.views)
    spare.path, spare.views = path, source.make_views(spare.connection, stamps)
