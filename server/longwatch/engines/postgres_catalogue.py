"""The tables of a PostgreSQL database."""

from __future__ import annotations

from typing import Any, Final

from longwatch.engines.contract import MAX_TABLES
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn

QUERY: Final = f"""
SELECT
    n.nspname::text AS schema,
    c.relname::text AS name,
    CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END
        || quote_ident(c.relname) AS name_in_sql,
    c.relkind IN ('v', 'm') AS is_view,
    CASE WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN c.reltuples::int8 END AS rows,
    ARRAY(
        SELECT a.attname::text FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS columns,
    ARRAY(
        SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS types
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND NOT pg_catalog.pg_is_other_temp_schema(n.oid)
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND (
        pg_catalog.has_table_privilege(c.oid, 'SELECT')
        OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    )
ORDER BY 1, 2
LIMIT {MAX_TABLES + 1}
"""  # noqa: S608 - a number
"""What the role may read, without the parts of partitioned tables. Rows are those that the last
ANALYZE or VACUUM counted."""


def to_catalogue(rows: list[dict[str, Any]]) -> Catalogue:
    """What `QUERY` returned, as a catalogue."""
    tables = [
        CatalogueTable(
            catalog_schema=row["schema"],
            name=row["name"],
            name_in_sql=row["name_in_sql"],
            kind="view" if row["is_view"] else "table",
            columns=[
                TableColumn(name=name, type=kind)
                for name, kind in zip(row["columns"], row["types"], strict=True)
            ],
            rows=row["rows"],
        )
        for row in rows[:MAX_TABLES]
    ]
    return Catalogue(tables=tables, truncated=len(rows) > MAX_TABLES)
