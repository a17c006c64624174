"""What a DuckDB session can see, and what its planner expects of a query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import duckdb

from longwatch.engines.contract import MAX_TABLES
from longwatch.engines.duckdb_source import pattern
from longwatch.engines.text import quoted
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn

_COLUMNS: Final = """
SELECT c.schema_name, c.table_name, t.table_name IS NOT NULL, t.estimated_size,
       c.column_name, c.data_type
FROM duckdb_columns() AS c
LEFT JOIN duckdb_tables() AS t USING (database_oid, schema_oid, table_oid)
WHERE NOT c.internal AND c.database_name = current_database()
ORDER BY lower(c.schema_name), lower(c.table_name), c.table_oid, c.column_index
"""

TABLE_SIZES: Final = """
SELECT replace(database_name || '.' || schema_name || '.' || table_name, '"', ''),
       coalesce(estimated_size, 0)
FROM duckdb_tables()
"""


def read_catalogue(
    connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path], left_out: list[str]
) -> Catalogue:
    """Every table and view, and of a folder's `files` (by the name of their view) how many rows
    they have, where their own metadata says so. Raises `duckdb.Error`."""
    found = connection.execute(_COLUMNS).fetchall()
    tables: list[CatalogueTable] = []
    truncated = False
    for (schema, name, is_table, size), columns in groupby(found, key=lambda row: row[:4]):
        if len(tables) == MAX_TABLES:
            truncated = True
            break
        file = files.get(name)
        rows = size if file is None else _rows_of(connection, file)
        in_sql = quoted(name) if schema == "main" else f"{quoted(schema)}.{quoted(name)}"
        tables.append(
            CatalogueTable(
                catalog_schema=schema,
                name=name,
                name_in_sql=name if schema == "main" and _is_plain(name) else in_sql,
                kind="file" if file is not None else "table" if is_table else "view",
                columns=[TableColumn(name=row[4], type=row[5]) for row in columns],
                rows=rows,
                rows_exact=file is not None and rows is not None,
            )
        )
    return Catalogue(tables=tables, truncated=truncated, left_out=tuple(left_out))


def table_sizes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows tables have, about, by the names that plans give them, without their quotes;
    1 ms for a hundred. Raises `duckdb.Error`."""
    return dict(connection.execute(TABLE_SIZES).fetchall())


def expected_rows(plan: str) -> int | None:
    """What the root of a plan (EXPLAIN's JSON) is expected to return; `None` where it says
    nothing, as do operators with as many rows as what they are made of."""
    node: Any = json.loads(plan)
    while node:
        top = node[0]
        guess = top.get("extra_info", {}).get("Estimated Cardinality")
        if guess is not None:
            return int(str(guess).lstrip("~"))
        if top.get("name") not in _KEEPS_ROWS:
            return None
        node = top.get("children")
    return None


_KEEPS_ROWS: Final = frozenset({"PROJECTION", "ORDER_BY", "WINDOW", "STREAMING_WINDOW"})


def _rows_of(connection: duckdb.DuckDBPyConnection, file: Path) -> int | None:
    if file.suffix.lower() != ".parquet":
        return None
    try:
        row = connection.execute(
            "SELECT sum(num_rows) FROM parquet_file_metadata($file)", {"file": pattern(file)}
        ).fetchone()
    except duckdb.Error:
        return None
    return None if row is None or row[0] is None else int(row[0])


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name.islower() and not _is_keyword(name)


def _is_keyword(name: str) -> bool:
    return duckdb.tokenize(name)[0][1] == duckdb.token_type.keyword
