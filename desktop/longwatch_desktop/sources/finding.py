"""Finds tables and columns by words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longwatch.protocol.catalogue import Catalogue, CatalogueTable


@dataclass(frozen=True, slots=True)
class Match:
    """A table that was looked for, or columns of it, with the words that its own name has not."""

    table: CatalogueTable
    missing: tuple[str, ...] = ()

    def columns(self) -> tuple[int, ...]:
        """The numbers of the columns that have them; none when it is the table itself. To name
        them for thousands of tables takes a tenth of a second: ask for those that are shown."""
        if not self.missing:
            return ()
        return tuple(
            number
            for number, column in enumerate(self.table.columns)
            if all(word in column.name.lower() for word in self.missing)
        )


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
            match = Match(table, tuple(word for word in words if word not in name))
            if all(word in columns for word in match.missing) and (
                # One word that is somewhere in them is in one of them.
                len(match.missing) < 2 or match.columns()
            ):
                yield match
