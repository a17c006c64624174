"""What is wrong with a query, and where."""

from __future__ import annotations

import pytest

from longwatch.engines.contract import Session
from support.engines import ENGINES, problem, run

MISTAKES = (
    ("SELEKT 1", "syntax_error", "SELEKT"),
    ("SELECT 1 FROM people WHERE ORDER BY 1", "syntax_error", "ORDER"),
    ("SELECT nme FROM people", "name_error", "nme"),
    ("SELECT\n  id,\n  nme\nFROM people", "name_error", "nme"),
    ("SELECT id FROM peeple", "name_error", "peeple"),
    ("SELECT 'Zoë日本' AS a, nme FROM people", "name_error", "nme"),
    ("-- Zoë 日本\nSELECT 'é', nme FROM people", "name_error", "nme"),
    ("SELECT 'é';\n\nSELECT\n  'ü', nme FROM people", "name_error", "nme"),
    ("SELECT 1;\nSELECT 'é' FROM people WHERE nme = 2; SELECT 3", "name_error", "nme"),
    ("SELECT no_such_function(1)", "name_error", "no_such_function"),
)


@pytest.mark.parametrize(
    ("case", "sql", "code", "at"),
    [(case, *mistake) for case in ENGINES for mistake in (*MISTAKES, *case.mistakes)],
    indirect=["case"],
    scope="module",  # of the session they share
)
def test_the_place_of_a_mistake(shared: Session, sql: str, code: str, at: str) -> None:
    error = problem(shared, sql)
    assert error.code == code
    before = sql[: sql.index(at)]
    assert error.line == before.count("\n") + 1
    assert error.column == len(before) - before.rfind("\n")


def test_a_session_goes_on_after_a_mistake(shared: Session) -> None:
    problem(shared, "SELECT nme FROM people")
    assert run(shared, "SELECT 7").num_rows == 1
