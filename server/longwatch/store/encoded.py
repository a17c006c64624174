"""The JSON of the feed's jobs, which SQLite itself writes, and keeps of those that are over.

Read as records and encoded here, 100,000 jobs take 4 s on a busy machine, all of it Python's, in
the way of the server's loop; written by SQLite, which lets the interpreter go meanwhile, 0.9; and
0.13 where what was written before is only put together. That makes the file nearly twice as
large (650 bytes a job). A trigger forgets what was written of a job that changes.

PostgreSQL only keeps it: there what a job's end is recorded with is encoded here, 5 µs each.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql

from longwatch.jobs.model import summary
from longwatch.protocol.jobs import FINAL_STATES, Job, JobSummary
from longwatch.store import markers
from longwatch.store.dialects import is_shared
from longwatch.store.rows import to_summary
from longwatch.store.tables import job_json, jobs


def _moment(column: str) -> str:
    """A moment as RFC 3339 has it, or `null`. Half of what a job takes is its moments: SQLite 3.40
    takes 1 µs for each, 3.54 half of that."""
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
    "result": "coalesce(json_remove(CAST(result AS TEXT), '$.columns'), 'null')",
    "seq": "seq",
}
assert tuple(_FIELDS) == JobSummary.__struct_fields__
_PATTERN: Final = "{" + ",".join(f'"{name}":%s' for name in _FIELDS) + "}"
_TEXT: Final = f"printf('{_PATTERN}', {', '.join(_FIELDS.values())})"
TEXT: Final[ColumnElement[str]] = literal_column(_TEXT)
"""The JSON of a job that does not run."""
_FORMAT: Final = f"{zlib.crc32(_TEXT.encode()):08x}"
"""Tells what another version wrote, which a client of this one may not read."""

# With a plus: by the index of states SQLite would go through those of all jobs each time.
_STATE: Final[ColumnElement[str]] = literal_column("+jobs.state")
_OVER: Final = _STATE.in_([state.value for state in FINAL_STATES])
_WRITE: Final = insert(job_json).prefix_with("OR REPLACE", dialect="sqlite")
_WRITE_ONE: Final = _WRITE.from_select(
    ["n", "text"], select(jobs.c.n, TEXT).where(jobs.c.id == bindparam("job_id"))
)
_WRITE_SOME: Final = _WRITE.from_select(
    ["n", "text"],
    select(jobs.c.n, TEXT).where(jobs.c.n > bindparam("low"), jobs.c.n <= bindparam("high"), _OVER),
)


_encode: Final = msgspec.json.Encoder().encode
_KEPT: Final = postgresql.insert(job_json)
_KEEP: Final = _KEPT.from_select(
    ["n", "text"],
    select(jobs.c.n, bindparam("job", type_=Text())).where(jobs.c.id == bindparam("job_id")),
).on_conflict_do_update(index_elements=["n"], set_={"text": _KEPT.excluded.text})
_KEEP_SOME: Final = _KEPT.on_conflict_do_nothing()
_UNKEPT: Final = (
    select(jobs)
    .with_only_columns(*(one for one in jobs.c if one.name not in {"sql", "parameters"}))
    .where(jobs.c.n > bindparam("low"), jobs.c.n <= bindparam("high"))
    .where(jobs.c.state.in_([state.value for state in FINAL_STATES]))
)


def keep(connection: Connection, job: Job) -> None:
    """Keep the JSON of a job that has just ended."""
    if is_shared(connection):
        connection.execute(_KEEP, {"job": text_of([summary(job)]).decode(), "job_id": job.id})
    else:
        connection.execute(_WRITE_ONE, {"job_id": job.id})


def text_of(these: Sequence[JobSummary]) -> bytes:
    """The JSON of jobs, one after another with a comma between."""
    return b",".join(map(_encode, these))


def keep_some(connection: Connection, low: int, high: int) -> None:
    """Keep that of all that are over, from above number `low` up to `high`; 12 µs each, and 40
    where PostgreSQL keeps it."""
    these = {"low": low, "high": high}
    if not is_shared(connection):
        connection.execute(_WRITE_SOME, these)
        return
    rows = connection.execute(_UNKEPT, these).all()
    kept = [{"n": row.n, "text": _encode(to_summary(row)).decode()} for row in rows]
    if kept:
        connection.execute(_KEEP_SOME, kept)


def renew(connection: Connection) -> None:
    """Forget what another version has kept: it is written anew, bit by bit."""
    if markers.get(connection, markers.JSON_FORMAT) == _FORMAT:
        return
    connection.execute(delete(job_json))
    newest = connection.execute(select(func.coalesce(func.max(jobs.c.n), 0))).scalar_one()
    markers.put(connection, markers.UNWRITTEN_N, str(newest))
    markers.put(connection, markers.JSON_FORMAT, _FORMAT)
