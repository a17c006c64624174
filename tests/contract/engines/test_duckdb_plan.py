"""What is made of DuckDB's plans, as DuckDB itself tells them."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import pytest

from longwatch.engines import duckdb_plan
from longwatch.engines.contract import Workspace
from longwatch.engines.duckdb_catalogue import table_sizes
from longwatch.engines.duckdb_engine import DuckDBEngine
from longwatch.engines.duckdb_plan import stages_of
from longwatch.protocol.attempts import Report, Stage
from longwatch.protocol.jobs import Phase

ROWS = 100_000


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE facts AS SELECT i AS id, i % 1000 AS part, i % 7 AS kind, "
            f"'text ' || i AS note FROM range({ROWS}) AS r(i)"
        )
        connection.execute(
            "CREATE TABLE parts AS SELECT i AS part, 'p' || i AS name FROM range(1000) AS r(i)"
        )
        yield connection


def planned(
    database: duckdb.DuckDBPyConnection, sql: str, sizes: dict[str, int] | None = None
) -> list[Stage]:
    """The stages of a query."""
    (row,) = database.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
    return stages_of(row[1], table_sizes(database) if sizes is None else sizes)


def test_a_scan_into_a_total_is_one_stage(database: duckdb.DuckDBPyConnection) -> None:
    stages = planned(database, "SELECT sum(id), max(kind) FROM facts")
    assert stages[0].told > 0.99
    assert stages[0].work_s > 0.9 * sum(one.work_s for one in stages)


def test_a_sort_stands_at_half_of_what_it_reads_and_then_is_read(
    database: duckdb.DuckDBPyConnection,
) -> None:
    stages = planned(database, "SELECT * FROM facts ORDER BY note")
    assert [round(one.told, 2) for one in stages] == [0.25, 0.0, 0.25, 0.5]
    assert stages[1].work_s > 0


def test_what_a_join_waits_for_comes_first(database: duckdb.DuckDBPyConnection) -> None:
    stages = planned(database, "SELECT count(name) FROM facts JOIN parts USING (part)")
    # 1,000 parts, 100,000 facts, and what a join is expected to give, which takes no time.
    assert stages[0].told == pytest.approx(1_000 / (ROWS + 1_000 + ROWS), rel=0.5)
    assert max(stages, key=lambda one: one.work_s) is stages[2]
    assert stages[2].work_s > 10 * stages[0].work_s


def test_rows_of_a_shared_part_cost_where_they_are_read(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """Two counts of distinct values read their table once, and fill both as it is read."""
    sql = "SELECT count(DISTINCT note), count(DISTINCT id) FROM facts WHERE kind > 1"
    (row,) = database.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
    assert "PIPELINE" in row[1], "DuckDB has another plan for this now"
    first, *rest = stages_of(row[1], table_sizes(database))
    assert first.work_s > sum(one.work_s for one in rest)


def test_tables_are_as_large_as_they_are_and_filters_let_something_through(
    database: duckdb.DuckDBPyConnection,
) -> None:
    sql = "SELECT max(note) FROM facts WHERE id % 3 = 0"
    known, unknown = planned(database, sql), planned(database, sql, {})
    assert sum(one.work_s for one in known) > 10 * sum(one.work_s for one in unknown)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 42",
        "SELECT * FROM facts WHERE note LIKE '%9%' LIMIT 10",
        "SELECT kind, count(*) FROM facts GROUP BY kind",
        "SELECT note, count(*) FROM facts GROUP BY note",
        "SELECT *, rank() OVER (PARTITION BY kind ORDER BY note) FROM facts",
        "SELECT *, lag(id) OVER () FROM facts",
        "SELECT * FROM facts UNION SELECT * FROM facts",
        "SELECT * FROM facts WHERE part IN (SELECT part FROM parts WHERE name > 'p5')",
        "SELECT (SELECT count(*) FROM parts WHERE parts.part < facts.part) FROM facts",
        "SELECT * FROM facts ASOF JOIN parts ON facts.part >= parts.part",
        "SELECT * FROM facts, parts WHERE facts.id < parts.part",
        "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 9) FROM r",
        "PIVOT facts ON kind USING count(*)",
        "SELECT unnest([1, 2])",
        "CREATE TABLE more AS FROM facts ORDER BY note",
        "INSERT INTO parts SELECT id, note FROM facts",
    ],
)
def test_every_plan_comes_to_one_whole(database: duckdb.DuckDBPyConnection, sql: str) -> None:
    stages = planned(database, sql)
    assert sum(one.told for one in stages) == pytest.approx(1.0, abs=0.001)
    assert all(0 <= one.told <= 1 and 0 <= one.work_s < math.inf for one in stages)
    assert len(stages) <= 40


@pytest.mark.parametrize(
    "plan",
    [
        *("", "no plan", "[]", "{}", '[{"name": 5}]'),
        '[{"name": "SEQ_SCAN", "children": [{}]}]',
        "[" + '{"name": "X", "children": [' * 5_000,
    ],
)
def test_a_plan_in_other_words_has_no_stages(plan: str) -> None:
    assert stages_of(plan, {}) == []


@pytest.mark.parametrize("around", ["HASH_JOIN", "CTE", "HASH_GROUP_BY"])
def test_a_plan_of_any_depth_is_walked_through_or_left(around: str) -> None:
    """To decode it goes as deep as to walk it, or not quite."""
    leaf = '{"name": "SEQ_SCAN", "extra_info": {"Estimated Cardinality": "9"}}'
    begin, end = f'{{"name": "{around}", "children": [', "]}"
    if around != "HASH_GROUP_BY":
        end = f", {leaf}{end}"
    least = sys.getrecursionlimit() // 2 - 60
    for depth in (2, *range(least, least + 120), 10_000):
        stages = stages_of(f"[{begin * depth}{leaf}{end * depth}]", {})
        assert depth > 2 or stages


def test_whatever_is_expected_can_be_told() -> None:
    plan = scan = '{"name": "SEQ_SCAN", "extra_info": {"Estimated Cardinality": "20"}}'
    for power in range(2, 300):
        rows = f'"extra_info": {{"Estimated Cardinality": "{20**power}"}}'
        plan = f'{{"name": "CROSS_PRODUCT", {rows}, "children": [{plan}, {scan}]}}'
    stages = stages_of(f"[{plan}]", {})
    report = Report(phase=Phase.EXECUTING, elapsed_s=1.0, stages=stages)
    assert stages
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_a_plan_that_expects_nonsense_is_read_all_the_same() -> None:
    plan = '[{"name": "SEQ_SCAN", "extra_info": {"Estimated Cardinality": "many", "Filters": 7}}]'
    assert [one.told for one in stages_of(plan, {})] == [1.0]


def test_a_session_tells_its_stages_while_the_statement_runs(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE facts AS SELECT i AS id FROM range({ROWS}) AS r(i)")
    workspace = Workspace(
        spill=tmp_path / "spill", memory_bytes=2**30, spill_bytes=2**30, threads=1
    )
    session = DuckDBEngine().open({"path": str(path)}, workspace)
    try:
        (statement,) = session.parse("SELECT count(*) FROM facts WHERE id % 3 = 0")
        assert session.stages() == []
        session.plan(statement)
        _, batches = session.execute(statement, 1_000)
        (stage, *_) = session.stages()
        assert stage.work_s >= duckdb_plan.ROW * ROWS / 1e9
        for _ in batches:
            pass
    finally:
        session.close()
