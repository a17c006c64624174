"""SQL is laid out anew, and stays the same query."""

from __future__ import annotations

import duckdb
import pytest

from longwatch_desktop.editor.formatting import MOST_CHARS, CannotFormat, formatted


def test_a_line_for_each_clause() -> None:
    sql = "select a,b::int from t where a=:limit and c = 'x  y' order by b -- last"
    lines = formatted(sql).splitlines()
    assert lines[0] == "select"
    assert [line.strip() for line in lines[1:3]] == ["a,", "b::int"]
    assert "where a=:limit" in lines
    assert lines[-1] == "order by b -- last"


def test_nothing_but_blanks_is_changed() -> None:
    sql = """with x as (select 1 as a /* c */, count(*) filter (where b>1) from t group by all)
    select case when a then 'x;  y' else "B  " end, list[1:n], {'k': :v} from x; select $$ $$;"""
    assert "".join(formatted(sql).split()) == "".join(sql.split())
    assert "'x;  y'" in formatted(sql)


def test_it_means_the_same() -> None:
    sql = "select i%3 as k, sum(i) filter (i > 4) as s from range(20) t(i) group by all order by 1"
    with duckdb.connect() as connection:
        before = connection.execute(sql).fetchall()
        assert connection.execute(formatted(sql)).fetchall() == before


@pytest.mark.parametrize("sql", ["select (", "", "no sql at all", "'", "((" * 500])
def test_any_text_is_taken_or_refused(sql: str) -> None:
    try:
        text = formatted(sql)
    except CannotFormat as error:
        text, why = sql, str(error)
        assert why
    assert "".join(text.split()) == "".join(sql.split())


def test_a_long_text_is_refused() -> None:
    with pytest.raises(CannotFormat, match="100,000 characters"):
        formatted("select 1;" * MOST_CHARS)
