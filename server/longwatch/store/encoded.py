"""The JSON of the feed's jobs, which SQLite itself writes, and keeps of those that are over.

Read as records and encoded here, 100,000 jobs take 4 s on a busy machine, all of it Python's, in
the way of the server's loop; written by SQLite, which lets the interpreter go meanwhile, 0.9; and
0.13 where what was written before is only put together. That makes the file nearly twice as
large (650 bytes a job). A trigger forgets what was written of a job that changes.
"""

from __future__ import annotations

import zlib
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
)

from longwatch.protocol.jobs import FINAL_STATES, JobSummary
from longwatch.store import markers
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


def keep(connection: Connection, job_id: str) -> None:
    """Keep the JSON of a job that has just ended."""
    connection.execute(_WRITE_ONE, {"job_id": job_id})


def keep_some(connection: Connection, low: int, high: int) -> None:
    """Keep that of all that are over, from above number `low` up to `high`; 12 µs each."""
    connection.execute(_WRITE_SOME, {"low": low, "high": high})


def renew(connection: Connection) -> None:
    """Forget what another version has kept: it is written anew, bit by bit."""
    if markers.get(connection, markers.JSON_FORMAT) == _FORMAT:
        return
    connection.execute(delete(job_json))
    newest = connection.execute(select(func.coalesce(func.max(jobs.c.n), 0))).scalar_one()
    markers.put(connection, markers.UNWRITTEN_N, str(newest))
    markers.put(connection, markers.JSON_FORMAT, _FORMAT)
