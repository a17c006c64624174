"""Splitting and classifying SQL, which runs nothing."""

from __future__ import annotations

import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.protocol.jobs import StatementKind
from support.engines import EngineCase, rows, run


def kinds(session: Session, sql: str) -> set[StatementKind]:
    return {statement.kind for statement in session.parse(sql)}


def test_what_only_reads_may_be_run_again(case: EngineCase, shared: Session) -> None:
    for sql in case.reads:
        assert kinds(shared, sql) == {StatementKind.READ}, sql
        run(shared, sql)


def test_all_else_counts_as_writing(case: EngineCase, shared: Session) -> None:
    for sql in case.writes:
        assert StatementKind.WRITE in kinds(shared, sql), sql


def test_parsing_runs_nothing(case: EngineCase, shared: Session) -> None:
    assert len(shared.parse(f"{case.create} made (a INTEGER)")) == 1
    with pytest.raises(EngineError):
        run(shared, "SELECT * FROM made")


@pytest.mark.parametrize(
    "sql", ["", " \n\t ", ";", "-- only a comment", "/* one */ ; -- and another\n;"]
)
def test_sql_without_a_statement(shared: Session, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        shared.parse(sql)
    assert caught.value.error.code == "empty_sql"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 7;",
        "SELECT 7 ;\n-- the end\n",
        "/* ';' */ SELECT 7",
        "SELECT 7 -- ; SELECT 8",
        "\n\n  SELECT 7;;\n;",
        "SELECT 1; SELECT 7",
        "SELECT ';' AS s; -- é ü 日本\nSELECT 7",
        "SELECT '日本;' AS \"spalte é\"; SELECT 7;",
    ],
)
def test_the_last_statement_is_the_result(shared: Session, sql: str) -> None:
    assert rows(run(shared, sql)) == [(7,)]


def test_each_statement_knows_where_it_begins(shared: Session) -> None:
    sql = "SELECT 'é' AS a;\n  SELECT 'é' AS a; SELECT 2"
    starts = [statement.start for statement in shared.parse(sql)]
    assert [sql[start:].lstrip()[:10] for start in starts] == [
        "SELECT 'é'",
        "SELECT 'é'",
        "SELECT 2",
    ]
    assert starts == sorted(set(starts))


def test_statements_see_what_earlier_ones_made(case: EngineCase, session: Session) -> None:
    sql = f"{case.create} t (a INTEGER); INSERT INTO t VALUES (1), (2); SELECT sum(a) FROM t"
    assert rows(run(session, sql)) == [(3,)]
