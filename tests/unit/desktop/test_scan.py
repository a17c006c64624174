"""Statements and `:name`s are found where a reader sees them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch_desktop.editor.scan import listed_names, parameter_names, statement_at, statements


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select * from t where a = :a and b in :list", ["a", "list"]),
        ("select :b, :a, :b", ["b", "a"]),
        ("select (:a), [:b], -:c, f(x=>:d), 1+:e", ["a", "b", "c", "d", "e"]),
        ("select ':a', \":b\", `:c`, $$:d$$, $x$ :e $$ $x$, 'it''s :f' -- :g\n/* :h */", []),
        ("select a::int, list[1:n], {'key':x}, t.j:field, now()::date", []),
        ("select ':unclosed", []),
        ("/* unclosed :a", []),
        (": a :1 ::b :_c", ["_c"]),
        ("", []),
    ],
)
def test_names(sql: str, names: list[str]) -> None:
    assert parameter_names(sql) == names


def test_lists_belong_behind_in() -> None:
    sql = "where a in :a and b IN  :b and c = :c and 'x in :d' and e in (:e) or begin :f"
    assert listed_names(sql) == {"a", "b"}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select 1; select 2", ["select 1", "select 2"]),
        ("-- first\nselect 1 -- one\n;;\n/* ; */ select ';' ;", ["select 1", "select ';'"]),
        ('select $$;$$; select "a;b"', ["select $$;$$", 'select "a;b"']),
        (" ; -- nothing", []),
    ],
)
def test_statements(sql: str, found: list[str]) -> None:
    assert [sql[one.start : one.end] for one in statements(sql)] == found


@pytest.mark.parametrize(
    ("marked", "found"),
    [
        ("sel|ect 1; select 2", "select 1"),
        ("select 1|; select 2", "select 1"),
        ("select 1;| select 2", "select 1"),
        ("select 1;\n|select 2", "select 2"),
        ("select 1;\n|\n-- second\nselect 2", "select 2"),
        ("select 1; sel|ect 2", "select 2"),
        ("select 1;\n\n|", "select 1"),
        ("|-- nothing", None),
        ("|", None),
    ],
)
def test_the_statement_at_the_cursor(marked: str, found: str | None) -> None:
    at = marked.index("|")
    sql = marked.replace("|", "")
    span = statement_at(sql, at)
    assert (sql[span.start : span.end] if span else None) == found


@given(st.text(alphabet="a1'\"`$;:-/* \n"))
def test_any_text_is_taken_apart(sql: str) -> None:
    """Statements follow one another, and between them is nothing that runs."""
    end = 0
    for one in statements(sql):
        assert end <= one.start < one.end <= len(sql)
        end = one.end
    for at in range(len(sql) + 1):
        assert (statement_at(sql, at) is None) == (not statements(sql))


def test_a_long_text_in_quotes_is_passed_over_at_once() -> None:
    sql = "select '" + "x" * 2_000_000 + "', :a"
    began_s = time.process_time()
    assert parameter_names(sql) == ["a"]
    took_s = time.process_time() - began_s
    assert took_s < 0.3, "a step of its own for each character took 1.1 s, and 300 MB"
