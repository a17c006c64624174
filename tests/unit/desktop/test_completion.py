"""What is suggested at a place in a query."""

from __future__ import annotations

import pytest

from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn
from longwatch_desktop.editor.completion import Vocabulary
from longwatch_desktop.editor.scan import in_code


def table(name: str, *columns: str) -> CatalogueTable:
    return CatalogueTable(
        catalog_schema="main",
        name=name,
        name_in_sql=name,
        kind="table",
        columns=[TableColumn(name=one, type="INTEGER") for one in columns],
        rows=1000,
    )


KNOWN = Vocabulary(
    Catalogue(
        tables=[
            table("flights", "carrier", "flight", "dep_delay", "Odd Name"),
            table("airlines", "carrier", "name"),
            table("weather", "temp"),
        ]
    )
)


def suggested(marked: str) -> list[str]:
    at = marked.index("|")
    return [one.text for one in KNOWN.fitting(marked.replace("|", ""), at)]


def test_columns_of_the_tables_at_hand_come_first() -> None:
    assert suggested("select de| from flights")[:2] == ["dep_delay", "default"]
    assert suggested("select t| from flights f, weather w")[0] == "temp"


@pytest.mark.parametrize(
    ("marked", "columns"),
    [
        ("select f.| from flights f", ["carrier", "flight", "dep_delay", "Odd Name"]),
        ("select a.n| from flights as f join airlines as a using (carrier)", ["name"]),
        ("select flights.f| from flights", ["flight"]),
        ('select "flights".f| from main.flights', ["flight"]),
        ("select x.| from flights f", []),
    ],
)
def test_behind_a_dot(marked: str, columns: list[str]) -> None:
    assert suggested(marked) == columns


def test_tables_and_keywords() -> None:
    assert suggested("select * from fl|")[:2] == ["flight", "flights"] or suggested(
        "select * from fl|"
    )[:1] == ["flights"]
    assert "select" in suggested("sel|")
    assert suggested("from flights where delay|") == ["dep_delay"], "in the middle of a name"
    assert suggested("zzz|") == []


def test_a_column_comes_once() -> None:
    found = suggested("select carr| from flights join airlines")
    assert found.count("carrier") == 1


def test_names_are_written_as_sql_needs_them() -> None:
    found = KNOWN.fitting("select odd from flights", 10)
    assert [one.written for one in found if one.text == "Odd Name"] == ['"Odd Name"']


def test_without_a_catalogue_there_are_keywords() -> None:
    assert [one.text for one in Vocabulary().fitting("sele", 4)] == ["select"]


@pytest.mark.parametrize(
    ("marked", "inside"),
    [
        ("select a|", True),
        ("select 'a|", False),
        ("select 'a|'", False),
        ("select 'a'|", True),
        ("select 'it''s|", False),
        ("-- a|", False),
        ("-- a\n|", True),
        ("/* a| */", False),
        ("/* a */|", True),
        ('select "a|', False),
        ("select $$a|$$", False),
        ("select $$a$$|", True),
    ],
)
def test_nothing_is_suggested_in_strings_and_comments(marked: str, inside: bool) -> None:
    assert in_code(marked.replace("|", ""), marked.index("|")) is inside


def test_names_are_quoted_as_the_engine_has_them() -> None:
    odd = Catalogue(tables=[table("t", "Odd Name")])
    for engine, written in (("duckdb", '"Odd Name"'), ("spark", "`Odd Name`")):
        (found,) = Vocabulary(odd, engine).fitting("select t.", 9)
        assert found.written == written, "in double quotes it would be a text for Spark"
