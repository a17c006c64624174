"""Jobs of the feed's snapshots, as the text of JSON (see `encoded`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, LargeBinary, and_, bindparam, cast, func, select

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch.store.dialects import JoinedTexts, is_shared
from longwatch.store.encoded import TEXT, text_of
from longwatch.store.finding import Filter, newest, numbered, totals
from longwatch.store.listing import SUMMARIES
from longwatch.store.reading import reading
from longwatch.store.rows import to_summary
from longwatch.store.tables import job_json, jobs
from longwatch.store.writer import Transaction

_JSON_OF: Final = JoinedTexts(job_json.c.text, job_json.c.n)
_Condition = Callable[[Column[int]], ColumnElement[bool]]


class _Query:
    """The statements for jobs whose numbers fulfil a condition: building them for each chunk would
    take as long as SQLite does, and Python's time is the loop's."""

    def __init__(self, these: _Condition) -> None:
        self.kept = select(_JSON_OF, func.count()).where(these(job_json.c.n))
        others = (
            these(jobs.c.n),
            jobs.c.n.not_in(select(job_json.c.n).where(these(job_json.c.n))),
        )
        still, runs = (
            jobs.c.state != JobState.RUNNING.value,
            jobs.c.state == JobState.RUNNING.value,
        )
        inner = select(TEXT.label("job")).where(*others, still).order_by(jobs.c.n.desc()).subquery()
        text = cast(func.group_concat(inner.c.job, ","), LargeBinary)
        self.others = select(text, func.count()).select_from(inner)
        self.running = SUMMARIES.where(*others, runs).order_by(jobs.c.n.desc())
        self.unkept = SUMMARIES.where(*others).order_by(jobs.c.n.desc())


_WITHIN: Final = _Query(lambda n: and_(n < bindparam("high"), n >= bindparam("low")))
_AMONG: Final = _Query(lambda n: numbered(n, bindparam("numbers")))
_BELOW: Final = (
    select(jobs.c.n)
    .where(jobs.c.n < bindparam("high"))
    .order_by(jobs.c.n.desc())
    .offset(bindparam("offset"))
    .limit(2)
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some jobs, newest first: those that run as records, the others as text, one after another
    with a comma between; where the next chunk begins, and how many jobs there are in all (`None`
    if not counted)."""

    text: bytes
    count: int
    running: Sequence[JobSummary]
    next_n: int | None
    total: int | None


@reading
def chunk(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int, count: bool
) -> Chunk:
    """The newest `limit` jobs that match, older than number `before_n` where one is given."""
    total = totals(tx, which).of(which) if count else None
    query, these, next_n, there_are = _these(tx, which, before_n, limit)
    text, found = tx.connection.execute(query.kept, these).one()
    if found == there_are:
        return Chunk(text or b"", found, (), next_n, total)
    more, further, running = _others(tx, query, these)
    texts = [one for one in (more, text) if one]
    return Chunk(b",".join(texts), found + further, running, next_n, total)


def _others(
    tx: Transaction, query: _Query, these: dict[str, Any]
) -> tuple[bytes | None, int, list[JobSummary]]:
    """Those whose JSON is not kept: as text, and how many; and those that run."""
    if not is_shared(tx.connection):
        text, count = tx.connection.execute(query.others, these).one()
        return text, count, [to_summary(row) for row in tx.connection.execute(query.running, these)]
    found = [to_summary(row) for row in tx.connection.execute(query.unkept, these)]
    still = [job for job in found if job.state is not JobState.RUNNING]
    return text_of(still), len(still), [job for job in found if job.state is JobState.RUNNING]


def _these(
    tx: Transaction, which: Filter, before_n: int | None, limit: int
) -> tuple[_Query, dict[str, Any], int | None, int | None]:
    """The newest `limit` that match: how to ask for them, where the next ones begin, and how many
    these are (`None`: fewer than `limit`)."""
    if which != Filter():
        numbers, next_n = newest(tx, which, before_n=before_n, limit=limit)
        return _AMONG, {"numbers": json.dumps(numbers)}, next_n, len(numbers)
    high = 2**62 if before_n is None else before_n
    found = tx.connection.execute(_BELOW, {"high": high, "offset": limit - 1})
    last = list(found.scalars())
    low = last[0] if last else 0
    next_n = low if len(last) == 2 else None
    return _WITHIN, {"high": high, "low": low}, next_n, limit if last else None
