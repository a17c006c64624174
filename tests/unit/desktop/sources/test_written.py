"""Names as SQL needs them, and names for sources."""

from __future__ import annotations

import re

import pytest

from longwatch_desktop.sources.written import column_in_sql, source_name, title_of


@pytest.mark.parametrize(
    ("name", "engine", "expected"),
    [
        ("carrier", "duckdb", "carrier"),
        ("Total Price", "duckdb", '"Total Price"'),
        ("order", "postgres", '"order"'),
        ("Total", "postgres", '"Total"'),
        ('a"b', "sqlite", '"a""b"'),
        ("1st", "duckdb", '"1st"'),
        ("Total", "spark", "`Total`"),
        ("a`b", "spark", "`a``b`"),
    ],
)
def test_columns(name: str, engine: str, expected: str) -> None:
    assert column_in_sql(name, engine) == expected


@pytest.mark.parametrize(
    ("title", "taken", "expected"),
    [
        ("Sales 2020–2026", [], "sales-2020-2026"),
        ("Größe", [], "grosse"),
        ("売上", [], "source"),
        ("Trips", ["trips", "trips-2"], "trips-3"),
        ("x" * 300, [], "x" * 60),
        ("../..", [], "source"),
    ],
)
def test_names_of_sources(title: str, taken: list[str], expected: str) -> None:
    name = source_name(title, taken)
    assert name == expected
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]*", name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/trips_2024.parquet", "Trips 2024"),
        ("/data/log.csv.gz", "Log"),
        ("/data/sales/", "Sales"),
        ("C:\\x", "C:\\x"),
        ("/data/.hidden", ".hidden"),
    ],
)
def test_titles(path: str, expected: str) -> None:
    assert title_of(path) == expected
