"""The tables of a Spark source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pyspark.errors import PySparkException

from longwatch.engines.contract import MAX_TABLES
from longwatch.engines.spark_client import Connection, quoted
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COLUMN: Final = re.compile(r"^ \|-- (.*): (.+?) \(nullable = (?:true|false)\)$", re.MULTILINE)
_ROWS: Final = re.compile(r"^Statistics: .*?(\d+) rows", re.MULTILINE)
_TYPE: Final = re.compile(r"^Type: (\S+)", re.MULTILINE)


def read_catalogue(connection: Connection) -> Catalogue:
    """Every table and view of the session's catalogue, and its temporary views: a question for
    each schema. Rows are those that the last ANALYZE counted. Raises what a `Connection` does."""
    here = str(connection.fetch("SELECT current_schema() AS here")[0]["here"])
    schemas = [next(iter(row.values())) for row in connection.fetch("SHOW SCHEMAS")]
    found: list[CatalogueTable] = []
    left_out: list[str] = []
    for schema in sorted(schemas):
        try:
            found += _tables(connection, schema, here)
        except PySparkException as error:
            left_out.append(f"{schema}: {error.getCondition() or 'it cannot be read'}")
        if len(found) > MAX_TABLES:
            break
    found += _temporary(connection)
    found.sort(key=lambda table: (table.catalog_schema or "", table.name))
    return Catalogue(
        tables=found[:MAX_TABLES], truncated=len(found) > MAX_TABLES, left_out=tuple(left_out)
    )


def _tables(connection: Connection, schema: str, here: str) -> Iterator[CatalogueTable]:
    before = "" if schema == here else _in_sql(schema) + "."
    for row in connection.fetch(f"SHOW TABLE EXTENDED IN {quoted(schema)} LIKE '*'"):
        if not row["isTemporary"]:
            yield _table(row, schema, before + _in_sql(row["tableName"]))


def _temporary(connection: Connection) -> Iterator[CatalogueTable]:
    """Temporary views stand with the tables of every schema."""
    for row in connection.fetch("SHOW TABLE EXTENDED LIKE '*'"):
        if row["isTemporary"]:
            yield _table(row, None, _in_sql(row["tableName"]))


def _table(row: dict[str, Any], schema: str | None, name_in_sql: str) -> CatalogueTable:
    told = str(row["information"])
    head, _, columns = told.partition("\nSchema: root\n")
    kind, rows = _TYPE.search(head), _ROWS.search(head)
    return CatalogueTable(
        catalog_schema=schema,
        name=row["tableName"],
        name_in_sql=name_in_sql,
        kind="view" if kind is not None and "VIEW" in kind[1] else "table",
        columns=[TableColumn(name=name, type=kind) for name, kind in _COLUMN.findall(columns)],
        rows=int(rows[1]) if rows is not None else None,
    )


def _in_sql(name: str) -> str:
    from sqlglot.dialects.dialect import Dialect  # noqa: PLC0415 - 0.24 s, few runners list tables

    words = Dialect.get_or_raise("spark").tokenizer_class.KEYWORDS
    return name if _PLAIN.fullmatch(name) and name.upper() not in words else quoted(name)
