"""What a source holds, and what a query of it would cost."""

from __future__ import annotations

from typing import Literal

from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.wire import Wire


class TableColumn(Wire, frozen=True, kw_only=True):
    """A column of a table: its name and its type in the engine's own words."""

    name: str
    type: str


class CatalogueTable(Wire, frozen=True, kw_only=True):
    """A table or a view. `name_in_sql` is how to write it in a query, quoted where it has to be.
    `rows` is `None` where counting would cost something; `rows_exact` says whether it was counted
    or is the engine's own guess."""

    catalog_schema: str | None
    name: str
    name_in_sql: str
    kind: Literal["table", "view", "file"]
    columns: list[TableColumn]
    rows: int | None = None
    rows_exact: bool = False


class Catalogue(Wire, frozen=True, kw_only=True):
    """The tables of a source, by schema and name. `truncated` when there are more than are
    listed; `left_out` says what could not be read, and why."""

    tables: list[CatalogueTable]
    truncated: bool = False
    left_out: tuple[str, ...] = ()


class Estimate(Wire, frozen=True, kw_only=True):
    """What to expect of a query that has not been run.

    `rows` and `bytes` of the result are those of the last run of the same query if `rows_known`,
    else the planner's guess, `None` where it makes none. `low_s` and `high_s` bound the seconds it
    may take, from earlier runs of the same query; `basis` says what they rest on. `plan` is the
    engine's own text. With an `error` the query would not start, and nothing else is known.
    """

    statements: int = 0
    kind: StatementKind | None = None
    rows: int | None = None
    bytes: int | None = None
    rows_known: bool = False
    low_s: float | None = None
    high_s: float | None = None
    runs: int = 0
    basis: Literal["history", "none"] = "none"
    plan: str | None = None
    error: JobError | None = None
