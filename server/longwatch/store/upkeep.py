"""What an upgrade leaves to be done while the server serves: a little at a time.

A million jobs take a minute to be indexed by their texts, and twelve seconds to be written as
JSON: too long to wait for at a start. The newest come first. Until all is done searching looks at
the jobs that are not indexed one by one, and snapshots write the JSON that is not kept.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, text

from longwatch.store import encoded, markers
from longwatch.store.tables import jobs
from longwatch.store.writer import Transaction

INDEXED: Final = 200
WRITTEN: Final = 800
"""Jobs in a step, each of which takes about 10 ms: a submit waits that much longer."""
_BELOW: Final = (
    select(jobs.c.n)
    .where(jobs.c.n <= bindparam("high"))
    .order_by(jobs.c.n.desc())
    .limit(1)
    .offset(bindparam("count"))
)
# As the triggers have it: what is deleted from the index must be what was put in.
INDEX: Final = (
    "INSERT INTO jobs_text (rowid, text) SELECT n, "
    "CASE jobs.name WHEN substr(jobs.preview, 1, 80) THEN '' ELSE jobs.name || char(10) END "
    "|| jobs.source || char(10) || jobs.owner || char(10) || jobs.id || char(10) "
    "|| substr(jobs.sql, 1, 10000) FROM jobs"
)
_INDEX_SOME: Final = text(f"{INDEX} WHERE n > :low AND n <= :high ORDER BY n")


def step(tx: Transaction) -> bool:
    """Do a little of what is left; false when nothing is."""
    high = markers.number(tx.connection, markers.UNWRITTEN_N)
    if high:
        low = _low(tx, high, WRITTEN)
        encoded.keep_some(tx.connection, low, high)
        markers.put(tx.connection, markers.UNWRITTEN_N, str(low))
        return True
    high = markers.number(tx.connection, markers.UNINDEXED_N)
    if high:
        low = _low(tx, high, INDEXED)
        tx.connection.execute(_INDEX_SOME, {"low": low, "high": high})
        markers.put(tx.connection, markers.UNINDEXED_N, str(low))
        return True
    return False


def _low(tx: Transaction, high: int, count: int) -> int:
    """The number below which a step over so many jobs ends; 0 when it is the last."""
    found = tx.connection.execute(_BELOW, {"high": high, "count": count}).scalar_one_or_none()
    return found or 0
