"""The engines there are, each with what the contract suite needs to know of its dialect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from longwatch.engines.contract import EngineError, Session, Statement, Workspace
from longwatch.engines.registry import load_engine
from longwatch.protocol.jobs import JobError
from longwatch.protocol.parameters import Given, typed
from support.postgres import cluster
from support.spark import server

MIB: Final = 2**20
PEOPLE: Final = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)",
    "INSERT INTO people VALUES (1, 'Ada'), (2, 'Zoë')",
)


@dataclass(frozen=True, slots=True)
class EngineCase:
    """One engine. The source that `make_source` fills has a table `people (id, name)` with the
    rows (1, 'Ada'), (2, 'Zoë'). SQL with `{n}` is formatted with a number of rows."""

    name: str
    make_source: Callable[[Path], dict[str, str]]
    numbers: str
    """n rows with one column `n`, 0 to n - 1, streamed rather than gathered."""
    wide: str
    """n rows of 1,000 bytes of text."""
    endless: dict[str, str]
    """Queries that run for minutes and report what they do, by what keeps them busy."""
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    mistakes: tuple[tuple[str, str, str], ...] = ()
    """SQL, the code of its error, and the text that the error points at, beside what every engine
    must find."""
    create: str = "CREATE TABLE"
    """What makes a table that lives as long as the session."""
    measures: bool = False
    """Whether it reports a fraction of its own."""
    tells_memory: bool = True
    """Whether it knows the memory that a query holds."""
    plans: bool = True
    """Whether it shows a plan."""
    stops: bool = True
    """Whether what runs can be interrupted."""
    nothing: str = "BEGIN; COMMIT"
    """What returns neither rows nor columns, beside making a table."""
    text: str = "text"
    """The type of text."""
    odd_names: tuple[str, ...] = ('we"ird 日本', "select", "Upper")
    """Names of tables that have to be quoted, or kept as they are."""
    keeps_tables: bool = False
    """Whether what `create` makes is there for other sessions too, and stays."""
    slow: bool = False
    """Whether its tests are left to `make test-all`."""
    label: str = ""
    """What tells it from another case of the same engine."""

    def __str__(self) -> str:
        return f"{self.name} {self.label}".strip()


def _folder_with_people(folder: Path) -> dict[str, str]:
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ada\n2,Zoë\n", encoding="utf-8")
    return {"path": str(folder)}


def _sqlite_with_people(folder: Path) -> dict[str, str]:
    folder.mkdir()
    path = folder / "people.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO people VALUES (1, 'Ada'), (2, 'Zoë')")
        connection.commit()
    return {"path": str(path)}


def _adbc_to_sqlite(folder: Path) -> dict[str, str]:
    path = Path(_sqlite_with_people(folder)["path"])
    return {"driver": "adbc_driver_sqlite", "uri": path.as_uri(), "writable": "true"}


def _adbc_to_postgres(folder: Path) -> dict[str, str]:
    options = _postgres_with_people(folder)
    address = " ".join(f"{name}={value}" for name, value in options.items())
    return {"driver": "adbc_driver_postgresql", "uri": address, "writable": "true"}


def _postgres_with_people(folder: Path) -> dict[str, str]:
    folder.mkdir()
    running = cluster()
    return running.options(running.create_database(*PEOPLE))


def _spark_with_people(folder: Path) -> dict[str, str]:
    folder.mkdir()
    running = server()
    return running.options(
        schema=running.create_schema(
            "CREATE TABLE people (id INTEGER, name STRING)",
            "INSERT INTO people VALUES (1, 'Ada'), (2, 'Zoë')",
        ),
        writable="true",
        # Names in double quotes are the suite's way, and not Spark's.
        **{"spark.sql.ansi.doubleQuotedIdentifiers": "true"},
    )


_COUNT: Final = (
    "WITH RECURSIVE counted (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM counted WHERE i + 1 < {n})"
)

_OTHERS: Final = (
    EngineCase(
        name="duckdb",
        make_source=_folder_with_people,
        numbers="SELECT range AS n FROM range({n})",
        wide="SELECT repeat(chr(65 + (range % 26)::INTEGER), 1000) AS t FROM range({n})",
        endless={
            "scan": "SELECT count(*) FROM range(1000000000000) AS t (i) WHERE i % 7 = 3",
            "join": "SELECT count(*) FROM range(10000000) AS a (i), range(10000000) AS b (j) "
            "WHERE (i * j) % 1000003 = 17",
        },
        reads=(
            "SELECT 1",
            "FROM people",
            "VALUES (1), (2)",
            "WITH p AS (FROM people) SELECT * FROM p",
            "DESCRIBE people",
            "SUMMARIZE people",
            "SHOW TABLES",
            "EXPLAIN SELECT * FROM people",
            "EXPLAIN ANALYZE SELECT * FROM people",
            "EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM people",
            "/* 'é */ EXPLAIN -- why ANALYZE\n /* é */ ANALYZE FROM people",
            "PIVOT people ON name USING count(*)",
        ),
        writes=(
            "CREATE TABLE t AS SELECT 1 AS a",
            "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)",
            "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1 AS a",
            "SET VARIABLE x = 1",
            "PRAGMA database_list",
            "BEGIN; COMMIT",
        ),
        mistakes=(
            ("SELECT 'é'; SELECT nme FROM people", "name_error", "nme"),
            ("CREATE TABLE t AS SELECT nme FROM people", "name_error", "nme"),
            ("EXPLAIN SELECT 1, nme FROM people", "name_error", "nme"),
            ("SELECT 1;\n  COPY people TO 'x.csv'", "permission_denied", "COPY"),
        ),
        measures=True,
    ),
    EngineCase(
        name="sqlite",
        make_source=_sqlite_with_people,
        numbers=f"{_COUNT} SELECT i AS n FROM counted",
        wide=f"{_COUNT} SELECT printf('%.1000c', char(65 + i % 26)) AS t FROM counted",
        endless={
            "scan": _COUNT.format(n=10**12) + " SELECT count(*) FROM counted WHERE i % 7 = 3",
            "join": _COUNT.format(n=10**6) + " SELECT count(*) FROM counted AS a, counted AS b "
            "WHERE (a.i * b.i) % 1000003 = 17",
        },
        reads=(
            "SELECT 1",
            "VALUES (1), (2)",
            "WITH p AS (SELECT * FROM people) SELECT * FROM p",
            "EXPLAIN SELECT * FROM people",
            "EXPLAIN QUERY PLAN SELECT * FROM people",
            "PRAGMA table_info(people)",
            "/* 'é */ SELECT -- why DELETE\n * FROM people",
        ),
        writes=(
            "CREATE TEMP TABLE t AS SELECT 1 AS a",
            "CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1)",
            "DELETE FROM people",
            "WITH p AS (SELECT 1) INSERT INTO people SELECT 3, 'Eve'",
        ),
        mistakes=(("SELECT 1;\n SELECT 'ü'; SELECT nme FROM people", "name_error", "nme"),),
        create="CREATE TEMP TABLE",
    ),
    EngineCase(
        name="postgres",
        make_source=_postgres_with_people,
        numbers="SELECT generate_series(0::bigint, {n} - 1) AS n",
        wide="SELECT repeat(chr(65 + (i % 26)::int), 1000) AS t "
        "FROM (SELECT generate_series(1::bigint, {n}) AS i) AS s",
        endless={
            "scan": "SELECT count(*) FROM (SELECT generate_series(1, 1000000000000) AS i) AS s "
            "WHERE i % 7 = 3",
            "join": "SELECT count(*) FROM generate_series(1, 1000000) AS a (i), "
            "generate_series(1, 1000000) AS b (j) WHERE (i::bigint * j) % 1000003 = 17",
        },
        reads=(
            "SELECT 1",
            "VALUES (1), (2)",
            "TABLE people",
            "(SELECT 1) UNION (SELECT 2)",
            "WITH p AS (SELECT * FROM people) SELECT * FROM p",
            "SHOW server_version",
            "EXPLAIN SELECT * FROM people",
            "EXPLAIN ANALYZE SELECT * FROM people",
            "EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM people",
            "/* 'é /* */ */ SELECT -- why DELETE\n * FROM people",
            'SELECT id AS update, 1 AS "INSERT", $$DELETE$$ FROM people',
        ),
        writes=(
            "CREATE TEMP TABLE t AS SELECT 1 AS a",
            "CREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES (1)",
            "DELETE FROM people",
            "WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone",
            "SELECT * INTO t FROM people",
            "SELECT * FROM people FOR UPDATE",
            "EXPLAIN ANALYZE DELETE FROM people",
            "SET work_mem = '8MB'",
            "BEGIN; COMMIT",
        ),
        mistakes=(
            ("CREATE TEMP TABLE t AS SELECT nme FROM people", "name_error", "nme"),
            ("EXPLAIN SELECT 1, nme FROM people", "name_error", "nme"),
            ("SELECT 1;\n  COPY people TO STDOUT", "permission_denied", "COPY"),
            ("SELECT $$;$$, /* ; /* */ ; */ E'\\';', nme FROM people", "name_error", "nme"),
        ),
        create="CREATE TEMP TABLE",
        tells_memory=False,
    ),
    EngineCase(
        name="spark",
        make_source=_spark_with_people,
        numbers="SELECT id AS n FROM range({n})",
        # Spark sends a partition once it is whole, and its driver keeps what nobody has read: here
        # it is at most 100 of 6 MB.
        wide="SELECT repeat(char(65 + id % 26), 1000) AS t "
        "FROM range(0, least({n}, 600000), 1, 100)",
        endless={
            "scan": "SELECT count(*) FROM range(1000000000000) AS t (i) WHERE i % 7 = 3",
            "join": "SELECT count(*) FROM range(100000000) AS a (i), range(1000) AS b (j) "
            "WHERE (i * j) % 1000003 = 17",
        },
        reads=(
            "SELECT 1",
            "VALUES (1), (2)",
            "TABLE people",
            "FROM people SELECT *",
            "FROM people |> WHERE id = 1 |> SELECT name",
            "(SELECT 1) UNION (SELECT 2)",
            "WITH p AS (SELECT * FROM people) SELECT * FROM p",
            "SHOW TABLES",
            "DESCRIBE people",
            "EXPLAIN SELECT * FROM people",
            "EXPLAIN INSERT INTO people SELECT 3, 'Eve'",
            "/* 'é /* */ */ SELECT -- why DELETE\n * FROM people",
            "SELECT id AS update, 1 AS \"INSERT\", r'\\DELETE' AS t FROM people",
        ),
        writes=(
            "CREATE TABLE t AS SELECT 1 AS a",
            "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)",
            "DELETE FROM people",
            "WITH p AS (SELECT 3, 'Eve') INSERT INTO people SELECT * FROM p",
            "FROM people INSERT INTO people SELECT * INSERT INTO people SELECT 3, 'Eve'",
            "CREATE TEMPORARY VIEW v AS SELECT 1",
            "CACHE TABLE people",
            "SET spark.sql.shuffle.partitions = 3",
        ),
        mistakes=(
            ("CREATE TABLE t AS SELECT nme FROM people", "name_error", "nme"),
            ("SELECT 1;\n  ADD JAR '/x.jar'", "permission_denied", "ADD"),
            ("SELECT '🎉', /* ; /* */ ; */ 'a\\';', nme FROM people", "name_error", "nme"),
        ),
        nothing="USE default",
        text="string",
        odd_names=("select", "Upper"),
        measures=True,
        tells_memory=False,
        keeps_tables=True,
        slow=True,
    ),
)


_SQLITE, _POSTGRES = _OTHERS[1:3]
_BY_ADBC: Final = (
    replace(
        _SQLITE,
        name="adbc",
        label="sqlite",
        make_source=_adbc_to_sqlite,
        reads=(
            "SELECT 1",
            "VALUES (1), (2)",
            "WITH p AS (SELECT * FROM people) SELECT * FROM p",
            "/* 'é */ SELECT -- why DELETE\n * FROM people",
        ),
        tells_memory=False,
        plans=False,
        stops=False,
    ),
    replace(
        _POSTGRES,
        name="adbc",
        label="postgres",
        make_source=_adbc_to_postgres,
        reads=(
            "SELECT 1",
            "VALUES (1), (2)",
            "TABLE people",
            "WITH p AS (SELECT * FROM people) SELECT * FROM p",
        ),
        mistakes=(("SELECT 1;\n SELECT 'ü'; SELECT nme FROM people", "name_error", "nme"),),
        plans=False,
        slow=True,
    ),
)
ENGINES: Final = (*_OTHERS, *_BY_ADBC)


@contextmanager
def opened(
    case: EngineCase, options: dict[str, str], folder: Path, *, memory_bytes: int = 512 * MIB
) -> Iterator[Session]:
    """A session over the source that `options` describe, which spills to `folder`."""
    workspace = Workspace(
        spill=folder / "spill", memory_bytes=memory_bytes, spill_bytes=1024 * MIB, threads=2
    )
    session = load_engine(case.name).open(options, workspace)
    try:
        yield session
    finally:
        session.close()


def run(session: Session, sql: str, *, batch_rows: int = 1000, **parameters: Given) -> pa.Table:
    """What the last statement of `sql` returns. Raises as the session does."""
    table = pa.table({})
    for statement in session.parse(sql, {name: typed(one) for name, one in parameters.items()}):
        session.plan(statement)
        table = _execute(session, statement, batch_rows)
    return table


def problem(session: Session, sql: str, **parameters: Given) -> JobError:
    """What is wrong with `sql`."""
    with pytest.raises(EngineError) as caught:
        run(session, sql, batch_rows=1000, **parameters)
    return caught.value.error


def _execute(session: Session, statement: Statement, batch_rows: int) -> pa.Table:
    schema, batches = session.execute(statement, batch_rows)
    return pa.Table.from_batches(list(batches), schema)


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table by position: two columns may have one name."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
