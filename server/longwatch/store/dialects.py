"""What SQLite and PostgreSQL say in different words, as one expression each.

A statement made of these is built once and works for both: SQLAlchemy asks here for the words when
it compiles it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

POSTGRESQL: Final = "postgresql"


def is_shared(connection: Connection) -> bool:
    """Whether several servers may use the store at once: PostgreSQL's."""
    return connection.dialect.name == POSTGRESQL


class Numbered(FunctionElement[bool]):
    """`Numbered(column, numbers)`: whether the column has one of the numbers in a JSON list."""

    inherit_cache = True
    name = "numbered"
    # Not `Boolean`: SQLAlchemy would write `… = 1` for SQLite, which goes through the whole table
    # then, 0.5 s of a million rows.
    type = Integer()  # type: ignore[assignment]


class Unindexed(FunctionElement[str]):
    """A column that no index is to be used for, where the database has to be told."""

    inherit_cache = True
    name = "unindexed"
    type = Text()


class JoinedTexts(FunctionElement[bytes]):
    """`JoinedTexts(text, order)`: texts with a comma between, as bytes. Only PostgreSQL is told
    the order, highest first: SQLite has that of the statement."""

    inherit_cache = True
    name = "joined_texts"
    type = LargeBinary()


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, **words: Any) -> list[str]:
    return [compiler.process(part, **words) for part in element.clauses]


@compiles(Numbered)
def _numbered(element: Numbered, compiler: SQLCompiler, **words: Any) -> str:
    column, numbers = _parts(element, compiler, **words)
    these = f"SELECT value FROM json_each({numbers})"  # noqa: S608 - compiled expressions
    return f"{column} IN ({these})"


@compiles(Numbered, POSTGRESQL)
def _numbered_there(element: Numbered, compiler: SQLCompiler, **words: Any) -> str:
    column, numbers = _parts(element, compiler, **words)
    return (
        f"{column} = ANY(ARRAY(SELECT json_array_elements_text(CAST({numbers} AS json))::bigint))"
    )


@compiles(Unindexed)
def _unindexed(element: Unindexed, compiler: SQLCompiler, **words: Any) -> str:
    (column,) = _parts(element, compiler, **words)
    return f"+{column}"


@compiles(Unindexed, POSTGRESQL)
def _unindexed_there(element: Unindexed, compiler: SQLCompiler, **words: Any) -> str:
    (column,) = _parts(element, compiler, **words)
    return column  # its planner knows how many rows have a value


@compiles(JoinedTexts)
def _joined(element: JoinedTexts, compiler: SQLCompiler, **words: Any) -> str:
    text, _order = _parts(element, compiler, **words)
    return f"CAST(group_concat({text}, ',') AS BLOB)"


@compiles(JoinedTexts, POSTGRESQL)
def _joined_there(element: JoinedTexts, compiler: SQLCompiler, **words: Any) -> str:
    text, order = _parts(element, compiler, **words)
    return f"convert_to(string_agg({text}, ',' ORDER BY {order} DESC), 'UTF8')"


class Upsert:
    """Adds a row, or replaces the one that has its `keys`."""

    def __init__(self, table: Table, keys: Collection[str], columns: Collection[str] = ()) -> None:
        """`columns` are those to be replaced, or else all."""
        others = columns or [one.name for one in table.c if one.name not in keys]
        mine, theirs = sqlite.insert(table), postgresql.insert(table)
        self._mine = mine.on_conflict_do_update(
            index_elements=list(keys), set_={name: mine.excluded[name] for name in others}
        )
        self._theirs = theirs.on_conflict_do_update(
            index_elements=list(keys), set_={name: theirs.excluded[name] for name in others}
        )

    def carry_out(self, connection: Connection, row: Mapping[str, Any]) -> None:
        """Do it for `row`."""
        connection.execute(self._theirs if is_shared(connection) else self._mine, dict(row))
