"""`:name`s, which reach the engine as values and never as SQL."""

from __future__ import annotations

from typing import Any

import pytest

from longwatch.engines.contract import Session
from longwatch.engines.parameters import bind
from longwatch.engines.text import quoted
from longwatch.protocol.parameters import Given, Parameter, ParameterType, typed
from support.engines import EngineCase, problem, rows, run

NASTY = "x'; DROP TABLE people; -- \" :other \\ $1 ?"


def param(kind: str, value: Any, choices: list[str] | None = None) -> Parameter:
    return Parameter(type=ParameterType(kind), value=value, choices=choices)


@pytest.mark.parametrize(
    ("sql", "given", "expected"),
    [
        ("SELECT name FROM people WHERE id = :id", {"id": 2}, [("Zoë",)]),
        ("SELECT id FROM people WHERE name = :n", {"n": "Zoë"}, [(2,)]),
        ("SELECT count(*) FROM people WHERE name = :n", {"n": NASTY}, [(0,)]),
        ("SELECT id FROM people WHERE id IN :ids ORDER BY id", {"ids": [1, 2, 9]}, [(1,), (2,)]),
        ("SELECT id FROM people WHERE id IN (:ids)", {"ids": [2]}, [(2,)]),
        ("SELECT id FROM people WHERE id IN :ids", {"ids": []}, []),
        ("SELECT count(*) FROM people WHERE id NOT IN (:ids)", {"ids": []}, [(2,)]),
        ("SELECT :a + :b * :a FROM people WHERE id = 1", {"a": 2, "b": 3}, [(8,)]),
        ("SELECT id FROM people WHERE :n IS NULL AND id = 1", {"n": None}, [(1,)]),
        ("SELECT id, ':id' FROM people WHERE id = :id -- :id", {"id": 1}, [(1, ":id")]),
        ("/* :id */ SELECT 7 AS \":id\"; SELECT id FROM people WHERE id=:id", {"id": 1}, [(1,)]),
        ("SELECT :a + 1; SELECT :b + 0 WHERE :b > 1", {"a": 1, "b": 2}, [(2,)]),
        ("SELECT id FROM people WHERE id = :order", {"order": 1, "unused": "x"}, [(1,)]),
        ("SELECT :n + 1", {"n": param("number", "41")}, [(42,)]),
        ("SELECT name FROM :t WHERE id = 1", {"t": param("identifier", "people")}, [("Ada",)]),
        ("SELECT :c FROM people WHERE id = 1", {"c": param("identifier", "name", ["name"])},
         [("Ada",)]),
    ],
)  # fmt: skip
def test_values_take_the_place_of_names(
    shared: Session, sql: str, given: dict[str, Given], expected: list[tuple[object, ...]]
) -> None:
    assert rows(run(shared, sql, batch_rows=1000, **given)) == expected
    assert rows(run(shared, "SELECT count(*) FROM people")) == [(2,)]


BOUND = [
    ("EXPLAIN SELECT :a", "EXPLAIN SELECT <1>"),
    ("EXPLAIN QUERY PLAN SELECT :a, :b", "EXPLAIN QUERY PLAN SELECT <1>, <2>"),
    ("SELECT 1; CALL f(:a)", "SELECT 1; CALL f(<1>)"),
    ("SELECT 1 WHERE 5 BETWEEN :a AND :b", "SELECT 1 WHERE 5 BETWEEN <1> AND <2>"),
    ("SELECT 1 WHERE id=:a LIMIT:b", "SELECT 1 WHERE id=<1> LIMIT <2>"),
    ("SELECT f(:a,:b), (:a)", "SELECT f(<1>,<2>), (<3>)"),
    ("SELECT day AT TIME ZONE :a", "SELECT day AT TIME ZONE <1>"),
    ("SELECT CASE WHEN :a THEN 'x'||:b END", "SELECT CASE WHEN <1> THEN 'x'||<2> END"),
    ("SELECT x:a, (x):a, 'x':a, x::a", None),
    ("SELECT {x:a, 'x':b, date:a, x:{date:b}}", None),
    ("SELECT {x: :a, date: f(1,:b)}", "SELECT {x: <1>, date: f(1,<2>)}"),
]
SLICES = [
    ("SELECT x[1:a], x[f(1):a], x[1][2:b], x[y:a]", None),
    ("SELECT [:a, :b]", "SELECT [<1>, <2>]"),
]


@pytest.mark.parametrize(
    ("dialect", "sql", "expected"),
    [(dialect, *one) for dialect in ("duckdb", "sqlite", "postgres", "") for one in BOUND]
    + [(dialect, *one) for dialect in ("duckdb", "postgres") for one in SLICES],
)
def test_only_a_colon_that_begins_an_operand_makes_a_parameter(
    dialect: str, sql: str, expected: str | None
) -> None:
    given = {name: typed(1) for name in ("a", "b")}
    bound = bind(sql, given, dialect=dialect, placeholder="<{}>".format, quoted=quoted)
    assert bound.sql == (sql if expected is None else expected)
    assert bound.missing == []


def test_a_query_that_is_explained_has_parameters_too(shared: Session) -> None:
    assert run(shared, "EXPLAIN SELECT name FROM people WHERE id = :id", id=1).num_rows


def test_a_slice_and_a_key_are_none(case: EngineCase, shared: Session) -> None:
    if case.name == "duckdb":
        sql = "SELECT ([1, 2, 3])[1:n] AS l, {k:n} AS s, [:n, n] AS b FROM (SELECT 2 AS n)"
        assert rows(run(shared, sql, n=9)) == [([1, 2], {"k": 2}, [9, 2])]


def test_text_stays_what_it_is(shared: Session) -> None:
    for text in (NASTY, "", "Zoë 日本", "line\nbreak", "'", '"', "%s {0} :x"):
        found = run(
            shared, "SELECT name FROM people WHERE :t = :t AND id = 1", batch_rows=1000, t=text
        )
        assert found.num_rows == 1


def test_days_and_moments(case: EngineCase, shared: Session) -> None:
    given = {"day": param("date", "2013-05-01"), "at": param("timestamp", "2013-05-01T12:00:00")}
    sql = f"SELECT CAST(:day AS {case.text}) AS day, CAST(:at AS {case.text}) AS at"
    assert rows(run(shared, sql, batch_rows=1000, **given)) == [
        ("2013-05-01", "2013-05-01 12:00:00")
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (param("number", "forty"), "x is 'forty', which is not a number"),
        (param("number", True), "x is True, which is not a number"),
        (param("text", 5), "x is 5, which is not text"),
        (param("boolean", "yes"), "which is not true or false"),
        (param("date", "2013-02-30"), "which is not a date such as"),
        (param("timestamp", "noon"), "which is not a time such as"),
        (param("date", ["2013-02-01", "soon"]), "which is not a date"),
        (param("identifier", 5), "which is not the name of a table or a column"),
        (param("identifier", "secret", ["id", "name"]), "which is not one of 'id', 'name'"),
        ([1] * 10_001, "has 10,001 values; at most 10,000 can be given"),
    ],
)
def test_values_that_are_not_of_their_type(shared: Session, given: Given, said: str) -> None:
    error = problem(shared, "SELECT :x", x=given)
    assert error.code == "invalid_parameter"
    assert said in error.message
    assert error.hint


def test_identifiers_are_quoted(shared: Session) -> None:
    for name in ("nope; DELETE FROM people", 'a" FROM people; --', "no\nsuch"):
        assert problem(shared, "SELECT :c FROM people", c=param("identifier", name)).message
    assert rows(run(shared, "SELECT count(*) FROM people")) == [(2,)]


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("SELECT :longer_than_its_place, nme FROM people", "nme"),
        ("SELECT :n,\n :longer_than_its_place, nme FROM people", "nme"),
        ("SELECT nme, :n FROM people", "nme"),
        ("SELECT :n;\nSELECT 'é', id IN :ids, nme FROM people", "nme"),
    ],
)
def test_places_are_those_of_the_sql_as_it_was_given(shared: Session, sql: str, at: str) -> None:
    error = problem(shared, sql, longer_than_its_place=1, n=1, ids=list(range(50)))
    before = sql[: sql.index(at)]
    assert (error.line, error.column) == (
        before.count("\n") + 1,
        len(before) - before.rfind("\n"),
    )


def test_a_name_without_a_value_is_asked_for(shared: Session) -> None:
    error = problem(shared, "SELECT id FROM people WHERE id = :idd", id=1)
    assert ":idd" in f"{error.message} {error.hint}"
