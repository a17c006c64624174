"""Plans as trees, from the texts of the engines themselves."""

from __future__ import annotations

import duckdb

from longwatch.resources import resource_path
from longwatch_desktop.results.plan_tree import Step, parse

JOINS = """
explain select a.name, count(*) from flights f join airlines a using (carrier)
join (select * from planes union all select * from planes) p using (tailnum)
where dep_delay > 10 group by 1 order by 2 desc limit 5
"""
POSTGRES = """\
Sort  (cost=10.50..11.00 rows=200 width=40)
  Sort Key: (count(*)) DESC
  ->  HashAggregate  (cost=5.00..7.00 rows=200 width=40)
        Group Key: f.carrier
        ->  Hash Join  (cost=1.00..4.00 rows=1000 width=32)
              Hash Cond: (f.carrier = a.carrier)
              ->  Seq Scan on flights f  (cost=0.00..2.00 rows=1000 width=32)
                    Filter: (dep_delay > 10)
              ->  Hash  (cost=1.00..1.00 rows=16 width=32)
                    ->  Seq Scan on airlines a  (cost=0.00..1.00 rows=16 width=32)"""
SQLITE = """\
SCAN flights
USE TEMP B-TREE FOR GROUP BY
  LIST SUBQUERY 1
    SCAN airlines"""


def shape(step: Step) -> str:
    inner = ", ".join(shape(child) for child in step.children)
    return f"{step.name}({inner})" if inner else step.name


def duckdb_plan(sql: str) -> str:
    with duckdb.connect() as engine:
        for name in ("flights", "airlines", "planes"):
            file = resource_path("samples/nycflights13") / f"{name}.parquet"
            engine.execute(f"create view {name} as from '{file}'")
        row = engine.execute(sql).fetchone()
    assert row is not None
    return str(row[1])


def steps(step: Step) -> list[Step]:
    return [step, *(one for child in step.children for one in steps(child))]


def test_duckdb_draws_boxes() -> None:
    text = duckdb_plan(JOINS)
    root = parse(text, "duckdb")
    assert root is not None
    assert root.count() == text.count("╭─ "), "a box was lost"
    names = [step.name for step in steps(root)]
    assert names[0] == "Top N"
    (union,) = [step for step in steps(root) if step.name == "Union"]
    assert [child.name for child in union.children] == ["Parquet Scan", "Parquet Scan"]
    joins = [step for step in steps(root) if step.name == "Hash Join"]
    assert all(len(join.children) == 2 for join in joins)
    assert root.rows == 5
    assert "Top: 5" in root.details
    leaves = [step for step in steps(root) if not step.children]
    assert {step.name for step in leaves} == {"Parquet Scan"}
    assert any("Filters: dep_delay > 10" in step.details for step in leaves)


def test_one_box() -> None:
    root = parse(duckdb_plan("explain select * from flights"), "duckdb")
    assert root is not None
    assert (root.rows, root.children) == (336_776, [])


def test_three_branches() -> None:
    root = parse(duckdb_plan(
        "explain select 1 union all select 2 union all (select carrier::int from flights) "
        "union all select 3"
    ), "duckdb")  # fmt: skip
    assert root is not None
    assert root.count() > 4


def test_postgresql_writes_arrows() -> None:
    root = parse(POSTGRES, "postgres")
    assert root is not None
    assert shape(root) == (
        "Sort(HashAggregate(Hash Join(Seq Scan on flights f, Hash(Seq Scan on airlines a))))"
    )
    assert root.rows == 200
    assert root.details == ["Sort Key: (count(*)) DESC"]
    assert steps(root)[3].details == ["Filter: (dep_delay > 10)"]


def test_sqlite_goes_further_in() -> None:
    root = parse(SQLITE, "sqlite")
    assert root is not None
    tree = "Query(SCAN flights, USE TEMP B-TREE FOR GROUP BY(LIST SUBQUERY 1(SCAN airlines)))"
    assert shape(root) == tree
    alone = parse("SCAN flights", "sqlite")
    assert alone is not None
    assert shape(alone) == "SCAN flights"


def test_what_is_no_tree_stays_a_text() -> None:
    assert parse("== Physical Plan ==\n*(1) Scan", "spark") is None
    assert parse("", "duckdb") is None
