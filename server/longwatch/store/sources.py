"""Sources and saved queries in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select

from longwatch.jobs.errors import SourceInUse
from longwatch.protocol.jobs import FINAL_STATES, ResultInfo
from longwatch.protocol.sources import QueryParameter, SavedQuery, Source, SourceOrigin
from longwatch.store.dialects import Upsert
from longwatch.store.reading import reading
from longwatch.store.rows import read_result, to_us
from longwatch.store.tables import jobs, saved_queries, sources
from longwatch.store.writer import Transaction

_read_parameters = msgspec.json.Decoder(list[QueryParameter]).decode
_PUT_SOURCE: Final = Upsert(sources, ["name"])
_PUT_QUERY: Final = Upsert(saved_queries, ["id"])


class _Options(msgspec.Struct):
    options: dict[str, str]
    references: dict[str, str]
    sealed: list[str]
    """The names of those that are encrypted."""
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A source that was added: what may be told, its sealed secrets, and by option the environment
    variables that have others."""

    source: Source
    sealed: bytes | None = field(default=None, repr=False)
    references: Mapping[str, str] = field(default_factory=dict)


@reading
def all_sources(tx: Transaction) -> list[StoredSource]:
    """Every source that was added."""
    return [_source(row) for row in tx.connection.execute(select(sources).order_by("name"))]


def put_source(tx: Transaction, stored: StoredSource, now: datetime) -> None:
    """Add a source, or replace the one of its name."""
    source = stored.source
    sealed = [name for name in source.secrets if name not in stored.references]
    values: dict[str, Any] = {
        "engine": source.engine,
        "title": source.title,
        "description": source.description,
        "options": msgspec.json.encode(
            _Options(source.options, dict(stored.references), sealed, source.queue)
        ),
        "secrets": stored.sealed,
        "max_running": source.max_running,
        "changed_us": to_us(now),
    }
    _PUT_SOURCE.carry_out(tx.connection, {"name": source.name, **values})
    tx.changes.reload = True


def delete_idle_source(tx: Transaction, name: str) -> None:
    """Forget a source. Raises `SourceInUse` while jobs wait for it or run on it."""
    over = [state.value for state in FINAL_STATES]
    busy = select(func.count()).where(jobs.c.source == name, jobs.c.state.not_in(over))
    count = int(tx.connection.execute(busy.select_from(jobs)).scalar_one())
    if count:
        raise SourceInUse(name, count)
    tx.connection.execute(delete(sources).where(sources.c.name == name))
    tx.changes.reload = True


@reading
def all_queries(tx: Transaction) -> list[SavedQuery]:
    """Every saved query, by folder and title."""
    rows = tx.connection.execute(select(saved_queries))
    return sorted(map(_query, rows), key=lambda one: (one.folder.casefold(), one.title.casefold()))


@reading
def get_query(tx: Transaction, query_id: str) -> SavedQuery | None:
    """One saved query."""
    row = tx.connection.execute(
        select(saved_queries).where(saved_queries.c.id == query_id)
    ).one_or_none()
    return None if row is None else _query(row)


def put_query(tx: Transaction, query: SavedQuery, now: datetime) -> None:
    """Add a saved query, or replace the one of its name."""
    values: dict[str, Any] = {
        "folder": query.folder,
        "title": query.title,
        "description": query.description,
        "source": query.source,
        "sql": query.sql,
        "parameters": msgspec.json.encode(query.parameters),
        "owner": query.owner,
        "changed_us": to_us(now),
    }
    _PUT_QUERY.carry_out(tx.connection, {"id": query.name, **values})


def delete_query(tx: Transaction, query_id: str) -> bool:
    """Forget a saved query; false when there is none."""
    found = tx.connection.execute(delete(saved_queries).where(saved_queries.c.id == query_id))
    return found.rowcount > 0


@dataclass(frozen=True, slots=True)
class PastRuns:
    """Runs of a query that succeeded: the seconds each took, and what the newest returned."""

    took_s: list[float]
    last: ResultInfo | None


@reading
def past_runs(
    tx: Transaction, source: str, preview: str, sql: str, owner: str | None = None
) -> PastRuns:
    """The newest 20 runs of the same query, of one owner or of all. Looks at the newest 20,000
    jobs: 15 ms."""
    newest = select(func.max(jobs.c.n)).scalar_subquery()
    found = (
        select(jobs.c.started_us, jobs.c.finished_us, jobs.c.result)
        .where(
            jobs.c.n > newest - 20_000,
            jobs.c.preview == preview,
            jobs.c.source == source,
            jobs.c.state == "succeeded",
            jobs.c.sql == sql,
        )
        .order_by(jobs.c.n.desc())
        .limit(20)
    )
    if owner is not None:
        found = found.where(jobs.c.owner == owner)
    rows = tx.connection.execute(found).all()
    last = rows[0].result if rows else None
    return PastRuns(
        [(row.finished_us - row.started_us) / 1e6 for row in rows],
        read_result(last) if last else None,
    )


def _source(row: Any) -> StoredSource:
    kept = msgspec.json.decode(row.options, type=_Options)
    return StoredSource(
        Source(
            name=row.name,
            title=row.title,
            engine=row.engine,
            description=row.description,
            is_default=False,
            origin=SourceOrigin.ADDED,
            options=kept.options,
            secrets=sorted({*kept.sealed, *kept.references}),
            max_running=row.max_running,
            queue=kept.queue,
        ),
        row.secrets,
        kept.references,
    )


def _query(row: Any) -> SavedQuery:
    return SavedQuery(
        name=row.id,
        title=row.title,
        folder=row.folder,
        description=row.description,
        source=row.source,
        sql=row.sql,
        parameters=_read_parameters(row.parameters) if row.parameters else [],
        owner=row.owner,
    )
