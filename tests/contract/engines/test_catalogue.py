"""What a source holds, and what a query of it would cost."""

from __future__ import annotations

import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.parameters import typed
from support.engines import EngineCase, rows, run


def test_tables_and_columns(shared: Session) -> None:
    catalogue = shared.catalogue()
    (people,) = [table for table in catalogue.tables if table.name_in_sql == "people"]
    assert [column.name for column in people.columns] == ["id", "name"]
    assert all(column.type for column in people.columns)
    assert not catalogue.truncated
    found = rows(run(shared, f"SELECT count(*) FROM {people.name_in_sql}"))
    assert found == [(2,)]
    assert people.rows in {2, None}


def test_names_are_quoted_where_they_have_to_be(case: EngineCase, session: Session) -> None:
    for name in case.odd_names:
        quoted = '"' + name.replace('"', '""') + '"'
        run(session, f"{case.create} {quoted} (a INTEGER)")
    for table in session.catalogue().tables:
        run(session, f"SELECT * FROM {table.name_in_sql}")


def test_an_estimate_runs_nothing(case: EngineCase, shared: Session) -> None:
    for kind, sql in (
        (StatementKind.READ, "SELECT * FROM people WHERE id = :id"),
        (StatementKind.WRITE, f"{case.create} made AS SELECT * FROM people"),
    ):
        (statement,) = shared.parse(sql, {"id": typed(1)})
        estimate = shared.estimate(statement)
        assert estimate.kind is kind
        assert estimate.error is None
    with pytest.raises(EngineError):
        run(shared, "SELECT * FROM made")


def test_an_estimate_shows_the_plan(case: EngineCase, shared: Session) -> None:
    (statement,) = shared.parse("SELECT name, count(*) FROM people GROUP BY name")
    plan = shared.estimate(statement).plan
    if not case.plans:
        assert plan is None
        return
    assert plan
    assert "people" in plan.lower() or "csv" in plan.lower()


def test_an_estimate_of_an_endless_query_comes_at_once(case: EngineCase, shared: Session) -> None:
    (statement,) = shared.parse(case.endless["join"])
    assert shared.estimate(statement).plan or not case.plans


def test_an_estimate_finds_mistakes(shared: Session) -> None:
    (statement,) = shared.parse("SELECT nme FROM people")
    with pytest.raises(EngineError) as caught:
        shared.estimate(statement)
    assert caught.value.error.code == "name_error"
    assert (caught.value.error.line, caught.value.error.column) == (1, 8)
