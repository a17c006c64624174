"""Words find tables and columns."""

from __future__ import annotations

import pytest

from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn
from longwatch_desktop.sources.finding import Finder, words_of


def table(name: str, *columns: str, schema: str = "main") -> CatalogueTable:
    return CatalogueTable(
        catalog_schema=schema,
        name=name,
        name_in_sql=name,
        kind="table",
        columns=[TableColumn(name=column, type="BIGINT") for column in columns],
    )


CATALOGUE = Catalogue(
    tables=[
        table("flights", "carrier", "Dep_Delay", "arr_delay"),
        table("weather", "temp", "dep_point"),
        table("Orders", "total", schema="sales"),
    ]
)


def found(text: str) -> list[tuple[str, tuple[str, ...]]]:
    finder = Finder(CATALOGUE)
    return [
        (one.table.name, tuple(one.table.columns[number].name for number in one.columns()))
        for one in finder.find(words_of(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flig", [("flights", ())]),
        ("DEP", [("flights", ("Dep_Delay",)), ("weather", ("dep_point",))]),
        ("flights delay", [("flights", ("Dep_Delay", "arr_delay"))]),
        ("delay dep", [("flights", ("Dep_Delay",))]),
        ("sales.ord", [("Orders", ())]),
        ("carrier total", []),
        ("arr dep", []),
        ("nothing", []),
    ],
)
def test_what_words_find(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert found(text) == expected


def test_words_in_two_columns_are_no_match() -> None:
    """Each is in the table, but no column has both."""
    assert found("carrier arr_delay") == []
