"""Which queries count as the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.progress.fingerprint import MOST_NUMBERS, fingerprint
from longwatch.protocol.parameters import Parameter, ParameterType


def digest(sql: str, engine: str = "duckdb", source: str = "sales") -> str:
    return fingerprint(sql, engine, source).digest


SAME = [
    ("select a from t where b = 3", "SELECT a\nFROM t -- all of it\nWHERE b = 40"),
    ("select a from t where d < date '2020-01-31'", "select a from t where d < date '2021-12-01'"),
    ("select a from t where b in (1, 2, 3)", "select a from t where b in (5)"),
    ("select a from t limit 10", "select a from t limit 100000"),
    ("select A from T", "select a from t"),
    ("selekt a frm t where x = 'one'", "selekt  a frm t where x = 'it''s two' /* no */"),
]
OTHER = [
    ("select a from t where b = 3", "select a from t where b > 3"),
    ("select a from t", "select a from u"),
    ("select a from t", "select a from t; select a from t"),
    ("select a from t order by a", "select a from t"),
    ('select "a b" from t', 'select "a c" from t'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_literals_and_white_space_make_no_difference(one: str, other: str) -> None:
    assert digest(one) == digest(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_anything_else_does(one: str, other: str) -> None:
    assert digest(one) != digest(other)


def test_so_do_the_engine_and_the_source() -> None:
    sql = "select a from t"
    assert len({digest(sql), digest(sql, engine="sqlite"), digest(sql, source="other")}) == 3


def test_what_a_query_is_like() -> None:
    found = fingerprint(
        """with recent as (select * from main.orders where day > date '2026-01-02')
        select region, sum(price) over (partition by region) from recent join shops using (shop)
        where name like 'A%' order by 1 limit 7""",
        "duckdb",
        "sales",
    )
    assert found.tables == ("orders", "shops")
    assert found.operators == ("aggregate", "join", "limit", "sort", "text", "window")
    assert sorted(found.numbers) == [1.0, 7.0, 739_618.0]


def test_a_recursive_query_and_one_that_writes() -> None:
    sql = "with recursive r as (select 1 as n union all select n + 1 from r) select * from r"
    assert "recursive" in fingerprint(sql, "duckdb", "s").operators
    assert fingerprint("create table t as select 1", "duckdb", "s").operators == ("write",)


def test_parameters_are_numbers_like_literals() -> None:
    def with_day(day: str) -> tuple[float, ...]:
        given = {"d": Parameter(type=ParameterType.DATE, value=day)}
        return fingerprint("select * from t where d > :d", "duckdb", "s", given).numbers

    assert with_day("2026-01-31")[0] - with_day("2026-01-01")[0] == 30


def test_what_is_no_number_is_left_out() -> None:
    sql = "select * from t where a = 'nan' and b = 'inf' and c = 7 and d = 'x'"
    assert fingerprint(sql, "duckdb", "s").numbers == (7.0,)


def test_a_long_list_of_keys_is_kept_in_part() -> None:
    keys = ", ".join(map(str, range(5_000)))
    assert len(fingerprint(f"select * from t where k in ({keys})", "duckdb", "s").numbers) == (
        MOST_NUMBERS
    )


@given(st.text(max_size=200), st.sampled_from(["duckdb", "sqlite", "postgresql", "odd"]))
def test_never_fails(sql: str, engine: str) -> None:
    found = fingerprint(sql, engine, "s")
    assert len(found.digest) == 16
    assert found == fingerprint(sql, engine, "s")


def test_depth_is_no_trouble() -> None:
    random.seed(7)
    assert len(digest("select " + "(" * 5_000 + "1" + ")" * 5_000)) == 16
