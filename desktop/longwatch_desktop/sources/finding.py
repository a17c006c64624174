"""Finds tables and columns by words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longwatch.protocol.catalogue import Catalogue, CatalogueTable


@dataclass(frozen=True, slots=True)
class Match:
    """A table that was looked for, or `columns` of it: none of them when it is the table itself."""

    table: CatalogueTable
    columns: tuple[int, ...] = ()


def words_of(text: str) -> list[str]:
    """What somebody looks for."""
    return text.lower().split()


class Finder:
    """Looks through one catalogue. The names are put into lower case once: a source may have
    5,000 tables, and each key that is pressed looks through them all."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._tables = [
            (
                f"{table.catalog_schema or ''}.{table.name}".lower(),
                "\n".join(column.name for column in table.columns).lower(),
                table,
            )
            for table in catalogue.tables
        ]

    def find(self, words: Sequence[str]) -> Iterator[Match]:
        """The tables whose name has every word; and of those where columns have what their name
        has not, these columns."""
        for name, columns, table in self._tables:
            missing = [word for word in words if word not in name]
            if not missing:
                yield Match(table)
            elif all(word in columns for word in missing):
                found = tuple(
                    number
                    for number, column in enumerate(columns.split("\n"))
                    if all(word in column for word in missing)
                )
                if found:
                    yield Match(table, found)
