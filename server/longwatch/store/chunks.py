"""Jobs of the feed's snapshots, which SQLite itself writes as JSON.

Read as records and encoded here they take four times as long (100,000 jobs 4 s on a busy machine,
where this takes 0.9), and all of it is Python's, in the way of the server's loop: one statement
returns the text of 2,000 jobs, and SQLite lets the interpreter go meanwhile. Half of what is left
is the moments: SQLite 3.40 takes 1 µs for each, 3.54 half of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, LargeBinary, and_, cast, func, literal_column, select

from longwatch.protocol.jobs import JobState, JobSummary
from longwatch.store.finding import Filter, among, newest, totals
from longwatch.store.listing import SUMMARIES
from longwatch.store.rows import to_summary
from longwatch.store.tables import jobs
from longwatch.store.writer import Transaction


def _moment(column: str) -> str:
    """A moment as RFC 3339 has it, or `null`."""
    return (
        f"""coalesce('"' || strftime('%Y-%m-%dT%H:%M:%S.', {column} / 1000000, 'unixepoch') """
        f"""|| substr({column}, -6) || 'Z"', 'null')"""
    )


_RECORD: Final = "coalesce(CAST({0} AS TEXT), 'null')"
_FIELDS: Final = {
    "id": "json_quote(id)",
    "name": "json_quote(name)",
    "preview": "json_quote(preview)",
    "source": "json_quote(source)",
    "owner": "json_quote(owner)",
    "state": "json_quote(state)",
    "phase": "'null'",
    "progress": "coalesce(CAST(progress AS TEXT), '{}')",
    "kind": "json_quote(kind)",
    "priority": "priority",
    "attempt": "attempt",
    "submitted_at": _moment("submitted_us"),
    "started_at": _moment("started_us"),
    "finished_at": _moment("finished_us"),
    "cancel_requested_at": _moment("cancel_requested_us"),
    "cancel_confirmed": "CASE cancel_confirmed WHEN 0 THEN 'false' WHEN 1 THEN 'true' "
    "ELSE 'null' END",
    "error": _RECORD.format("error"),
    "result": _RECORD.format("result"),
    "seq": "seq",
}
assert tuple(_FIELDS) == JobSummary.__struct_fields__
_PATTERN: Final = "{" + ",".join(f'"{name}":%s' for name in _FIELDS) + "}"
_TEXT: Final[ColumnElement[str]] = literal_column(
    f"printf('{_PATTERN}', {', '.join(_FIELDS.values())})"
)
_STILL: Final = jobs.c.state != JobState.RUNNING.value
_RUNS: Final = jobs.c.state == JobState.RUNNING.value


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


def chunk(
    tx: Transaction, which: Filter, *, before_n: int | None, limit: int, count: bool
) -> Chunk:
    """The newest `limit` jobs that match, older than number `before_n` where one is given."""
    total = totals(tx, which).of(which) if count else None
    these: ColumnElement[bool]
    if which == Filter():
        these, next_n = _below(tx, before_n, limit)
    else:
        numbers, next_n = newest(tx, which, before_n=before_n, limit=limit)
        these = among(numbers)
    inner = select(_TEXT.label("job")).where(these, _STILL).order_by(jobs.c.n.desc()).subquery()
    text = cast(func.group_concat(inner.c.job, ","), LargeBinary)
    told = tx.connection.execute(select(text, func.count()).select_from(inner)).one()
    running = tx.connection.execute(SUMMARIES.where(these, _RUNS).order_by(jobs.c.n.desc())).all()
    return Chunk(told[0] or b"", told[1], [to_summary(row) for row in running], next_n, total)


def _below(
    tx: Transaction, before_n: int | None, limit: int
) -> tuple[ColumnElement[bool], int | None]:
    """The newest `limit` of all jobs, and where the next ones begin."""
    below = jobs.c.n < (2**62 if before_n is None else before_n)
    query = select(jobs.c.n).where(below).order_by(jobs.c.n.desc()).offset(limit - 1).limit(2)
    last = list(tx.connection.execute(query).scalars())
    if len(last) < 2:
        return below, None
    return and_(below, jobs.c.n >= last[0]), last[0]
