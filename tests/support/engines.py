"""The engines there are, each with what the contract suite needs to know of its dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from longwatch.engines.contract import Session, Statement, Workspace
from longwatch.engines.registry import load_engine

MIB: Final = 2**20


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


def _folder_with_people(folder: Path) -> dict[str, str]:
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ada\n2,Zoë\n", encoding="utf-8")
    return {"path": str(folder)}


ENGINES: Final = (
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
    ),
)


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


def run(session: Session, sql: str, *, batch_rows: int = 1000) -> pa.Table:
    """What the last statement of `sql` returns. Raises as the session does."""
    table = pa.table({})
    for statement in session.parse(sql):
        session.plan(statement)
        table = _execute(session, statement, batch_rows)
    return table


def _execute(session: Session, statement: Statement, batch_rows: int) -> pa.Table:
    schema, batches = session.execute(statement, batch_rows)
    return pa.Table.from_batches(list(batches), schema)


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table by position: two columns may have one name."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
