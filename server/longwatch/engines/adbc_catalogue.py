"""The tables that an ADBC driver tells of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import adbc_driver_manager as adbc
import pyarrow as pa

from longwatch.engines.contract import MAX_TABLES
from longwatch.engines.text import quoted
from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn

_SYSTEM: Final = frozenset({"information_schema", "pg_catalog", "pg_toast", "sys"})
_DEFAULT: Final = frozenset({"", "main", "public"})
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")


def read_catalogue(connection: adbc.AdbcConnection) -> Catalogue:
    """Every table and view outside of the system's own schemas. Raises `adbc.Error`."""
    handle: Any = connection.get_objects(adbc.GetObjectsDepth.ALL)  # not known to pyarrow's stubs
    found = sorted(_tables(pa.RecordBatchReader.from_stream(handle)), key=_order)
    return Catalogue(tables=found[:MAX_TABLES], truncated=len(found) > MAX_TABLES)


def _order(table: CatalogueTable) -> tuple[str, str]:
    return table.catalog_schema or "", table.name


def _tables(reader: pa.RecordBatchReader) -> Iterator[CatalogueTable]:
    for batch in reader:
        for catalog in batch.to_pylist():
            for schema in catalog["catalog_db_schemas"] or ():
                name = schema["db_schema_name"] or ""
                if name.lower() not in _SYSTEM:
                    for table in schema["db_schema_tables"] or ():
                        yield _table(name, table)


def _table(schema: str, found: dict[str, Any]) -> CatalogueTable:
    name = found["table_name"]
    before = "" if schema in _DEFAULT else _name_in_sql(schema) + "."
    columns = sorted(found["table_columns"] or (), key=lambda one: one["ordinal_position"] or 0)
    return CatalogueTable(
        catalog_schema=schema or None,
        name=name,
        name_in_sql=before + _name_in_sql(name),
        kind="view" if "view" in found["table_type"].lower() else "table",
        columns=[
            TableColumn(name=one["column_name"], type=one["xdbc_type_name"] or "unknown")
            for one in columns
        ],
    )


def _name_in_sql(name: str) -> str:
    from sqlglot import Tokenizer  # noqa: PLC0415 - 0.24 s, and few runners list tables

    is_word = name.upper() in Tokenizer.KEYWORDS
    return name if _PLAIN.fullmatch(name) and not is_word else quoted(name)
