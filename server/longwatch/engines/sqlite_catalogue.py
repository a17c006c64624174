"""The tables of an SQLite database."""

from __future__ import annotations

from typing import Any, Literal

import apsw

from longwatch.engines.contract import MAX_TABLES
from longwatch.engines.text import quoted, text
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn


def read_catalogue(connection: apsw.Connection) -> Catalogue:
    """Every table and view. Rows are a guess, from the highest row number: SQLite keeps no count.
    Raises `apsw.Error`."""
    found: list[Any] = connection.execute(
        "SELECT name, type FROM pragma_table_list "
        "WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY lower(name)"
    ).fetchall()
    tables = []
    left_out = []
    for name, kind in found[:MAX_TABLES]:
        try:
            columns: list[Any] = connection.execute(
                f"SELECT name, type FROM pragma_table_xinfo({text(name)}) WHERE hidden <> 1"  # noqa: S608
            ).fetchall()
        except apsw.Error as error:  # a view of what is not there any more
            left_out.append(f"{name} is left out: {error}")
            continue
        is_view: Literal["view", "table"] = "view" if kind == "view" else "table"
        tables.append(
            CatalogueTable(
                catalog_schema=None,
                name=name,
                name_in_sql=name if _is_plain(name) else quoted(name),
                kind=is_view,
                columns=[TableColumn(name=one, type=declared or "") for one, declared in columns],
                rows=_rows(connection, name, columns) if kind == "table" else None,
            )
        )
    return Catalogue(tables=tables, truncated=len(found) > MAX_TABLES, left_out=tuple(left_out))


def _rows(connection: apsw.Connection, table: str, columns: list[Any]) -> int | None:
    taken = {str(name).lower() for name, _ in columns}
    number = next((name for name in _ROW_NUMBERS if name not in taken), None)
    if number is None:
        return None
    try:
        row: Any = connection.execute(f"SELECT max({number}) FROM {quoted(table)}").fetchone()  # noqa: S608
    except apsw.Error:  # a table without row numbers
        return None
    highest = row[0] or 0
    return max(highest, 0) if isinstance(highest, int) else None


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name.upper() not in _KEYWORDS


_KEYWORDS = frozenset(apsw.keywords)
_ROW_NUMBERS = ("rowid", "_rowid_", "oid")
"""Names of a table's row number, as far as no column bears them."""
