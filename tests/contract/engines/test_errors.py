"""What is wrong with a query, and where."""

from __future__ import annotations

import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.protocol.jobs import JobError
from support.engines import run


def problem(session: Session, sql: str) -> JobError:
    with pytest.raises(EngineError) as caught:
        run(session, sql)
    return caught.value.error


@pytest.mark.parametrize(
    ("sql", "code", "at"),
    [
        ("SELEKT 1", "syntax_error", "SELEKT"),
        ("SELECT 1 FROM people WHERE ORDER BY 1", "syntax_error", "ORDER"),
        ("SELECT nme FROM people", "name_error", "nme"),
        ("SELECT\n  id,\n  nme\nFROM people", "name_error", "nme"),
        ("SELECT id FROM peeple", "name_error", "peeple"),
        ("SELECT 'Zoë日本' AS a, nme FROM people", "name_error", "nme"),
        ("-- Zoë 日本\nSELECT 'é', nme FROM people", "name_error", "nme"),
        ("SELECT 'é'; SELECT nme FROM people", "name_error", "nme"),
        ("SELECT 'é';\n\nSELECT\n  'ü', nme FROM people", "name_error", "nme"),
        ("SELECT 1;\nSELECT 'é' FROM people WHERE nme = 2; SELECT 3", "name_error", "nme"),
        ("SELECT no_such_function(1)", "name_error", "no_such_function"),
        ("CREATE TABLE t AS SELECT nme FROM people", "name_error", "nme"),
        ("EXPLAIN SELECT 1, nme FROM people", "name_error", "nme"),
        ("SELECT 1;\n  COPY people TO 'x.csv'", "permission_denied", "COPY"),
    ],
)
def test_the_place_of_a_mistake(session: Session, sql: str, code: str, at: str) -> None:
    error = problem(session, sql)
    assert error.code == code
    before = sql[: sql.index(at)]
    assert error.line == before.count("\n") + 1
    assert error.column == len(before) - before.rfind("\n")


def test_a_misspelt_name_is_answered_with_the_right_one(session: Session) -> None:
    error = problem(session, "SELECT nam FROM people")
    assert error.hint == "Did you mean name?"
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT name::INTEGER FROM people", "conversion_error"),
        ("SELECT (id * 100000)::INTEGER::SMALLINT FROM people", "conversion_error"),
        ("SELECT 9223372036854775807 + id FROM people", "out_of_range"),
        ("SELECT error('no luck: INTERRUPT') FROM people", "invalid_input"),
        ("SELECT $1", "invalid_input"),
        ("SELECT ?::INTEGER", "invalid_input"),
        ("ALTER TABLE people ADD COLUMN x INTEGER", "name_error"),
    ],
)
def test_mistakes_that_show_late(session: Session, sql: str, code: str) -> None:
    error = problem(session, sql)
    assert error.code == code
    assert error.message
    assert "exception_type" not in error.message, "the engine's own wrapping is not for users"
    assert not error.message.startswith(("Invalid Input Error", "Conversion Error"))


def test_a_mistake_in_the_middle_of_the_rows(session: Session) -> None:
    sql = "SELECT CASE WHEN range = 90000 THEN 'x' ELSE '1' END::INTEGER FROM range(100000)"
    statement = session.parse(sql)[0]
    session.plan(statement)
    _, batches = session.execute(statement, 1000)
    with pytest.raises(EngineError) as caught:
        for _ in batches:
            pass
    assert caught.value.error.code == "conversion_error"
    assert "exception_type" not in caught.value.error.message


def test_a_session_goes_on_after_a_mistake(session: Session) -> None:
    problem(session, "SELECT nme FROM people")
    assert run(session, "SELECT 7").num_rows == 1
