"""What stands in the tree of sources."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidgetItem

from longwatch.protocol.catalogue import Catalogue, CatalogueTable, TableColumn
from longwatch.protocol.sources import Source
from longwatch_desktop import roles, tips
from longwatch_desktop.mirror.text import short_count
from longwatch_desktop.sources import rows
from longwatch_desktop.sources.written import column_in_sql
from longwatch_desktop.translation import tr

Key = tuple[str, ...]
"""The names of what leads to a node, from its source on."""


class Kind(enum.Enum):
    """What a node is. A `NOTE` is a word about its source, `AGAIN` offers to ask once more."""

    SOURCE = "database"
    SCHEMA = "folder"
    TABLE = "table"
    COLUMN = "column"
    NOTE = "info"
    AGAIN = "refresh"


_WITHIN = frozenset({Kind.COLUMN, Kind.NOTE, Kind.AGAIN})
"""Those that have nothing in them."""


@dataclass(frozen=True, slots=True)
class Node:
    """One of them; `text` is what it is called or says, `tone` the colour of a note."""

    kind: Kind
    source: Source
    text: str
    schema: str = ""
    table: CatalogueTable | None = None
    column: TableColumn | None = None
    tone: str = ""
    more: str = ""

    @property
    def key(self) -> Key:
        """What it is found by again after a change."""
        table = self.table.name if self.table else ""
        inside = self.text if self.kind in _WITHIN else ""
        return (self.source.name, self.schema, table, inside)

    @property
    def can_open(self) -> bool:
        """Whether there may be something in it."""
        if self.table is not None and not self.table.columns:
            return False
        return self.kind not in _WITHIN

    @property
    def in_sql(self) -> str:
        """How a query names it; empty for what has no name there."""
        if self.column is not None:
            return column_in_sql(self.column.name, self.source.engine)
        return self.table.name_in_sql if self.table is not None else ""

    @property
    def icon(self) -> str:
        """The name of its icon."""
        if self.kind is Kind.NOTE:
            return "" if self.tone == "muted" else "warning"
        is_view = self.kind is Kind.TABLE and self.table is not None and self.table.kind == "view"
        return "view" if is_view else self.kind.value

    @property
    def about(self) -> str:
        """What is known of it, in a word or two."""
        if self.column is not None:
            return self.column.type
        table = self.table
        if table is None or table.rows is None:
            return self.more if self.kind is Kind.SOURCE else ""
        return ("" if table.rows_exact else "~") + short_count(table.rows)

    @property
    def spoken(self) -> str:
        """What a screen reader says."""
        if self.table is not None and self.column is None:
            return f"{self.text}, {_of_table(self.table)}"
        return ", ".join(part for part in (self.text, self.about) if part)

    @property
    def tip(self) -> str:
        """Everything that is known of it."""
        if self.column is not None:
            return f"{self.text}  {self.column.type}"
        if self.table is not None:
            return f"{self.in_sql}\n{_of_table(self.table)}"
        if self.kind is Kind.SOURCE:
            path = self.source.options.get("path", "")
            lines = (self.source.description, path, f"{self.source.engine}: {self.source.name}")
            return "\n".join(line for line in lines if line)
        return self.more or self.text


class Row(QTreeWidgetItem):
    """A node in the tree. What it shows is made when it is shown: of 5,000 tables some thirty."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.filled = False
        policy = QTreeWidgetItem.ChildIndicatorPolicy
        self.setChildIndicatorPolicy(
            policy.ShowIndicator if node.can_open else policy.DontShowIndicator
        )
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if node.in_sql:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        self.setFlags(flags)

    def data(self, _column: int, role: int) -> Any:
        """What Qt asks for."""
        node = self.node
        if role == roles.DISPLAY:
            return node.text
        if role == rows.ICON:
            return node.icon
        if role == rows.ABOUT:
            return node.about
        if role == rows.TONE:
            return node.tone
        if role == roles.ACCESSIBLE:
            return node.spoken
        return tips.wrapped(node.tip) if role == roles.TOOL_TIP else None


def schemas_of(catalogue: Catalogue) -> list[str]:
    """The schemas that are worth a level of the tree: none where there is only one."""
    found = list(dict.fromkeys(table.catalog_schema or "" for table in catalogue.tables))
    return found if len(found) > 1 else []


def table_nodes(
    source: Source, tables: Sequence[CatalogueTable], *, qualified: bool = False
) -> list[Node]:
    """The tables of a source; with their schema in their name where it does not stand above."""
    found = []
    for table in tables:
        schema = table.catalog_schema or ""
        text = f"{schema}.{table.name}" if qualified and schema else table.name
        found.append(Node(Kind.TABLE, source, text, schema, table))
    return found


def column_nodes(of: Node) -> list[Node]:
    """The columns of a table."""
    table = of.table
    columns = table.columns if table is not None else []
    return [
        Node(Kind.COLUMN, of.source, column.name, of.schema, table, column) for column in columns
    ]


def notes_on(source: Source, catalogue: Catalogue) -> list[Node]:
    """What is to be told of a catalogue beside its tables."""
    notes = []
    if catalogue.truncated:
        listed = len(catalogue.tables)
        said = tr("Only the first %n tables are listed", "", listed)
        more = tr(
            "Only the first %n tables are listed. Queries can read the others all the same.",
            "",
            listed,
        )
        notes.append(Node(Kind.NOTE, source, said, tone="warning", more=more))
    if catalogue.left_out:
        said = tr("%n thing(s) could not be read", "", len(catalogue.left_out))
        more = "\n".join(catalogue.left_out)
        notes.append(Node(Kind.NOTE, source, said, tone="warning", more=more))
    if not catalogue.tables:
        of_files = source.engine == "duckdb" and source.options.get("path")
        said = (
            tr("No tables here. Put Parquet, CSV or JSON files there, then press F5.")
            if of_files
            else tr("No tables here.")
        )
        notes.append(Node(Kind.NOTE, source, said, tone="muted"))
    return notes


def kind_in_words(table: CatalogueTable) -> str:
    """Whether it is a table, a view or a file."""
    match table.kind:
        case "table":
            return tr("table")
        case "view":
            return tr("view")
        case "file":
            return tr("file")


def _of_table(table: CatalogueTable) -> str:
    parts = [kind_in_words(table)]
    if table.rows is not None:
        exact = tr("%n row(s)", "", table.rows)
        parts.append(exact if table.rows_exact else tr("about %n row(s)", "", table.rows))
    parts.append(tr("%n column(s)", "", len(table.columns)))
    return ", ".join(parts)
