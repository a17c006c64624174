"""DuckDB: a folder of Parquet, CSV or JSON files, or a database file, in a jail.

The jail keeps a query to its source: opened read-only, no other file, no network, no
extensions, no settings but the progress bar's. SQL is code all the same; the process is the
boundary.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
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
from longwatch.engines.duckdb_errors import to_job_error
from longwatch.protocol.jobs import JobError, StatementKind

_CONNECT: Final = {
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
READERS: Final = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
DATABASES: Final = frozenset({".duckdb", ".db", ".ddb"})
# Everything not named here counts as writing: a statement may be rerun only when that is safe.
_READS: Final = frozenset({"SELECT", "EXPLAIN"})
# A folder's files could be overwritten from within: DuckDB's allowed_directories knows no
# read-only. So the statements that write files are refused by type.
_EXPORTS: Final = frozenset({"COPY", "EXPORT", "COPY_DATABASE"})
_NO_EXPORT: Final = JobError(
    code="permission_denied",
    message="COPY and EXPORT are not allowed here: a query cannot write files.",
    hint="Run the SELECT alone and save its result.",
)
_EXPLAINABLE: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"})
_EXPLAIN: Final = "EXPLAIN "


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """`value` as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


class DuckDBEngine(Engine):
    """Opens folders and database files with the embedded DuckDB."""

    def __init__(self) -> None:
        self._spare: duckdb.DuckDBPyConnection | None = None

    def warm_up(self) -> None:
        """The first connection of a process takes 20 ms; the first Arrow reader 15."""
        self._spare = _connect()
        self._spare.sql("SELECT 1").to_arrow_reader(1).read_all()

    def open(self, options: dict[str, str], workspace: Workspace) -> DuckDBSession:
        """`options`: `path`, a folder or a database file; without it, an empty database."""
        connection, self._spare = self._spare or _connect(), None
        try:
            _prepare(connection, workspace)
            _attach(connection, options.get("path"))
            _lock(connection)
        except duckdb.Error as error:
            raise EngineError(to_job_error(error)) from error
        return DuckDBSession(connection)


class DuckDBSession(Session):
    """One jailed connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # While a query runs its connection is busy; a second one reads memory and spill (1.6 ms).
        self._observer = connection.cursor()
        self._sql = ""
        self._explainable: dict[int, bool] = {}

    def parse(self, sql: str) -> list[Statement]:
        self._sql = sql
        try:
            found = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            raise EngineError(to_job_error(error, sql)) from error
        statements: list[Statement] = []
        at = 0
        for one in found:
            at = max(sql.find(one.query, at), at)
            kind = StatementKind.READ if one.type.name in _READS else StatementKind.WRITE
            if one.type.name == "EXPLAIN" and re.search(r"\banalyze\b", one.query, re.IGNORECASE):
                kind = StatementKind.WRITE  # EXPLAIN ANALYZE runs what it explains
            self._explainable[at] = one.type.name in _EXPLAINABLE
            statements.append(Statement(one.query, at, kind))
            at += len(one.query)
            if one.type.name in _EXPORTS:
                raise EngineError(_NO_EXPORT)
        if not statements:
            raise EngineError(
                JobError(
                    code="empty_sql",
                    message="There is no statement in this SQL, only space and comments.",
                    hint="Write a query, then run it.",
                )
            )
        return statements

    def plan(self, statement: Statement) -> None:
        """EXPLAIN binds every name, in 2-3 ms, and alone reports places: a relation's own
        errors carry none."""
        if not self._explainable.get(statement.start):
            return
        try:
            self._connection.execute(_EXPLAIN + statement.sql)
        except duckdb.Error as error:
            problem = to_job_error(error, self._sql, start=statement.start, prefix=len(_EXPLAIN))
            raise EngineError(problem) from error

    def execute(
        self, statement: Statement, batch_rows: int
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        try:
            relation = self._connection.sql(statement.sql)
            if relation is None:  # SET and the like return nothing
                return pa.schema([]), iter(())
            reader = relation.to_arrow_reader(batch_rows)
        except duckdb.InterruptException as error:
            raise Interrupted from error
        except duckdb.Error as error:
            raise EngineError(to_job_error(error, self._sql, start=statement.start)) from error
        return reader.schema, self._batches(reader, statement)

    def _batches(
        self, reader: pa.RecordBatchReader, statement: Statement
    ) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except duckdb.InterruptException as error:
                raise Interrupted from error
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                if "INTERRUPT" in str(error):
                    raise Interrupted from error
                if not isinstance(error, duckdb.Error):
                    # Errors met while streaming arrive wrapped by Arrow, as text.
                    error = duckdb.Error(str(error))
                raise EngineError(to_job_error(error, self._sql, start=statement.start)) from error
            yield batch

    def poll(self) -> Vitals:
        percent = self._connection.query_progress()
        memory = spill = None
        try:
            row = self._observer.execute(
                "SELECT (SELECT sum(memory_usage_bytes) FROM duckdb_memory()), "
                "(SELECT coalesce(sum(size), 0) FROM duckdb_temporary_files())"
            ).fetchone()
            if row is not None:
                memory, spill = int(row[0] or 0), int(row[1] or 0)
        except duckdb.Error:  # out of memory, or interrupted with the query: no news then
            pass
        return Vitals(percent / 100 if percent >= 0 else None, memory, spill)

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._observer.close()
        self._connection.close()


def _connect() -> duckdb.DuckDBPyConnection:
    warnings.filterwarnings("ignore", category=UserWarning, module="duckdb")
    connection = duckdb.connect(":memory:", config=_CONNECT)
    # Both: in a child process printing is on by default, and would write to stdout.
    connection.execute("SET enable_progress_bar=true")
    connection.execute("SET enable_progress_bar_print=false")
    connection.execute("SET errors_as_json=true")
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    spill = workspace.folder / "spill"
    spill.mkdir(exist_ok=True)
    for setting in (
        f"temp_directory={text(spill)}",
        # Shown but not enforced when given to connect(config=); by SET it holds.
        f"max_temp_directory_size='{workspace.spill_bytes // 2**20 + 1}MiB'",
        f"memory_limit='{workspace.memory_bytes // 2**20}MiB'",
        f"threads={workspace.threads}",
        "preserve_insertion_order=true",
    ):
        connection.execute("SET " + setting)


def _attach(connection: duckdb.DuckDBPyConnection, given: str | None) -> None:
    if given is None:
        return
    path = Path(given)
    if path.is_dir():
        _attach_folder(connection, path)
    elif path.is_file() and path.suffix in DATABASES:
        connection.execute(f"ATTACH {text(path)} AS source (READ_ONLY)")
        connection.execute("USE source")
    elif path.is_file() and path.suffix in READERS:
        _view(connection, path.stem, READERS[path.suffix], path)
        connection.execute(f"SET allowed_paths=[{text(path)}]")
    else:
        raise EngineError(
            JobError(
                code="source_unavailable",
                message=f"The source's data is not there: {path}.",
                hint="Put the file or folder back, or change the source's path.",
            )
        )


def _attach_folder(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """A view a file, named after it. Files that share a stem keep their suffix in the name."""
    files = sorted(file for file in folder.iterdir() if file.suffix in READERS)
    stems = [file.stem for file in files]
    for file in files:
        name = file.stem if stems.count(file.stem) == 1 else file.name
        _view(connection, name, READERS[file.suffix], file)
    connection.execute(f"SET allowed_directories=[{text(folder)}]")


def _view(connection: duckdb.DuckDBPyConnection, name: str, reader: str, file: Path) -> None:
    connection.execute(f"CREATE VIEW {quoted(name)} AS FROM {reader}({text(file)})")


def _lock(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET allowed_configs=['enable_progress_bar', 'enable_progress_bar_print']")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
