"""Lists of jobs: which match a filter, how many there are, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from longwatch.protocol.jobs import Job, JobState, JobSummary
from longwatch.store.finding import Filter, Totals, among, first, newest, totals
from longwatch.store.reading import reading
from longwatch.store.rows import to_job, to_summary
from longwatch.store.tables import jobs
from longwatch.store.writer import Transaction

__all__ = ["Filter", "Found", "Listed", "among", "find", "page", "whole"]

_IN_FULL_ONLY: Final = frozenset({"sql", "parameters", "limits", "retry_of", "worker", "task_id"})
SUMMARIES: Final = select(*(column for column in jobs.c if column.name not in _IN_FULL_ONLY))
"""A list never reads the SQL: 2,000 jobs may hold 2 GB of it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: the jobs newest first, where the next page begins, how many match, and how
    many of each state would match if none were asked for (`None` if not counted). There may be
    more if `at_least`."""

    jobs: list[JobSummary]
    next_n: int | None
    total: int | None
    totals: dict[JobState, int] | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The ids and numbers of jobs that match, newest first, where the next ones begin, how many
    match (`None` if not counted)."""

    ids: list[str]
    numbers: list[int]
    next_n: int | None
    total: int | None


@reading
def page(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int, count: bool = True
) -> Listed:
    """The newest `limit` jobs that match, older than number `before_n` where one is given; `count`
    asks for the totals too."""
    counted: Totals | None
    if count and before_n is None:
        numbers, next_n, counted = first(tx, which, limit)
    else:
        numbers, next_n = newest(tx, which, before_n=before_n, limit=limit)
        counted = totals(tx, which) if count else None
    found = [to_summary(row) for row in _rows(tx, SUMMARIES, numbers)]
    if counted is None:
        return Listed(found, next_n, None)
    return Listed(found, next_n, counted.of(which), counted.by_state, counted.at_least)


@reading
def find(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int, count: bool = True
) -> Found:
    """The newest `limit` jobs that match, older than number `before_n` where one is given; `count`
    asks for the exact number of all."""
    rows, next_n = _newest(tx, select(jobs.c.n, jobs.c.id), which, before_n, limit)
    total = totals(tx, which, exact=True).of(which) if count else None
    return Found([row.id for row in rows], [row.n for row in rows], next_n, total)


@reading
def whole(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int
) -> tuple[list[Job], int | None]:
    """A page of jobs with their SQL, for an export, and where the next one begins."""
    rows, next_n = _newest(tx, select(jobs), which, before_n, limit)
    return [to_job(row) for row in rows], next_n


def _newest(
    tx: Transaction, query: Select[Any], which: Filter, before_n: int | None, limit: int
) -> tuple[list[Any], int | None]:
    numbers, next_n = newest(tx, which, before_n=before_n, limit=limit)
    return _rows(tx, query, numbers), next_n


def _rows(tx: Transaction, query: Select[Any], numbers: list[int]) -> list[Any]:
    rows = {row.n: row for row in tx.connection.execute(query.where(among(numbers)))}
    return [rows[n] for n in numbers]
