"""Runs that went to their end, as they are remembered: the newest of each fingerprint.

They outlive their jobs. None of this counts as a change of a job: it has no `seq`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import AsyncGenerator, Collection
from datetime import datetime
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, case, delete, func, select, tuple_
from sqlalchemy import exists as there_is

from longwatch.jobs.errors import UnknownRun
from longwatch.protocol.attempts import Trace
from longwatch.protocol.runs import Accuracy, Run, SourceAccuracy
from longwatch.store.dialects import Upsert
from longwatch.store.errors import StoreUnusable
from longwatch.store.reading import reading
from longwatch.store.rows import from_us, to_us
from longwatch.store.store import Store
from longwatch.store.tables import runs
from longwatch.store.writer import Transaction

PER_FINGERPRINT: Final = 8
MOST_RUNS: Final = 10_000
ENOUGH: Final = 2
"""With fewer runs of its own fingerprint a query is compared with others as well."""
MOST_OTHERS: Final = 8
CONSIDERED: Final = 150
"""Of a source's newest runs so many are looked at for those with the same tables."""
BATCH: Final = 500
"""Deleted in one operation: 10 ms that a submit waits."""
PAGE: Final = 100
"""Exported at a time: 1 MB as JSON."""

_encode: Final = msgspec.json.Encoder().encode
_read_texts: Final = msgspec.json.Decoder(list[str]).decode
_read_numbers: Final = msgspec.json.Decoder(list[float]).decode
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Trace).decode

_PLAIN: Final = [one for one in runs.c if one.name != "trace"]
_NEWEST_FIRST: Final = (runs.c.ended_us.desc(), runs.c.job_id.desc())
_PUT: Final = Upsert(runs, ["job_id"])
# Built once: a job that starts waits for these.
_REPEATS: Final = select(
    there_is().where(runs.c.digest == bindparam("of"), runs.c.job_id != bindparam("but"))
)
_OWN: Final = (
    select(runs)
    .where(runs.c.digest == bindparam("of"))
    .order_by(*_NEWEST_FIRST)
    .limit(bindparam("most"))
)
_OTHERS: Final = (
    select(runs.c.job_id, runs.c.digest, runs.c.tables)
    .where(
        runs.c.source == bindparam("at"),
        runs.c.engine == bindparam("by"),
        runs.c.digest != bindparam("of"),
    )
    .order_by(*_NEWEST_FIRST)
    .limit(CONSIDERED)
)
_THESE: Final = select(runs).where(runs.c.job_id.in_(bindparam("ids", expanding=True)))

_RIGHTNESS: Final = (
    select(
        runs.c.source,
        func.count(),
        func.sum(case((runs.c.repeat, 1), else_=0)),
        func.avg(runs.c.fraction_error),
        func.avg(case((runs.c.repeat, runs.c.fraction_error))),
        func.avg(case((~runs.c.repeat, runs.c.fraction_error))),
        func.avg(runs.c.range_held),
    )
    .group_by(runs.c.source)
    .order_by(runs.c.source)
)
_WIDTHS: Final = select(runs.c.source, runs.c.range_width).where(runs.c.range_width.is_not(None))


class Place(NamedTuple):
    """A run's place in the list, which is in the order of their ends, newest first."""

    ended_us: int
    job_id: str


def add(tx: Transaction, run: Run) -> None:
    """Remember a run, in place of what was known of its job's. Whether it `repeat`s another is
    decided here."""
    known = {"of": run.digest, "but": run.job_id}
    repeat = bool(tx.connection.execute(_REPEATS, known).scalar_one())
    told = run.accuracy
    if told is not None and not math.isfinite(told.fraction_error):
        told = None
    _PUT.carry_out(
        tx.connection,
        {
            "job_id": run.job_id,
            "digest": run.digest,
            "source": run.source,
            "engine": run.engine,
            "tables": _encode(run.tables),
            "operators": _encode(run.operators),
            "numbers": _encode([_finite(one) for one in run.numbers]),
            "ended_us": to_us(run.ended_at),
            "duration_s": run.duration_s,
            "cpu_s": run.cpu_s,
            "rows": run.rows,
            "bytes": run.bytes,
            "memory_bytes": run.memory_bytes,
            "others": run.others,
            "repeat": repeat,
            "fraction_error": told.fraction_error if told else None,
            "range_held": told.range_held if told else None,
            "range_width": told.range_width if told else None,
            "trace": zlib.compress(_pack(run.trace)),
        },
    )


@reading
def get(tx: Transaction, job_id: str) -> Run:
    """What is remembered of a job's run. Raises `UnknownRun`."""
    row = None
    if "\x00" not in job_id:  # PostgreSQL takes no such text
        row = tx.connection.execute(_THESE, {"ids": [job_id]}).one_or_none()
    if row is None:
        raise UnknownRun(job_id)
    return _run(row)


@reading
def like(
    tx: Transaction,
    digest: str,
    source: str,
    engine: str,
    tables: Collection[str],
    limit: int = PER_FINGERPRINT,
) -> list[Run]:
    """The newest `limit` runs of a fingerprint, newest first.

    If there are fewer than `ENOUGH`, they are followed by one run each, the newest, of up to
    `MOST_OTHERS` other fingerprints on the same source and engine: first those that share the
    most of `tables`, the newer before the older, in the end those that share none. Only the
    newest `CONSIDERED` runs of the source are looked at for these.

    Among 10,000 runs it takes SQLite 0.8 ms, with others 1.5, PostgreSQL 1.3 and 2.2; half of
    that is unpacking eight traces of 128 points.
    """
    own = tx.connection.execute(_OWN, {"of": digest, "most": limit}).all()
    found = [_run(row) for row in own]
    return found if len(found) >= ENOUGH else found + _others(tx, digest, source, engine, tables)


def _others(
    tx: Transaction, digest: str, source: str, engine: str, tables: Collection[str]
) -> list[Run]:
    which = {"at": source, "by": engine, "of": digest}
    # As JSON has them: to read every list would take as long as the statement.
    mine = [_encode(one) for one in tables]
    newest: dict[str, tuple[int, str]] = {}
    for job_id, theirs, listed in tx.connection.execute(_OTHERS, which):
        if theirs not in newest:
            newest[theirs] = (sum(one in listed for one in mine), job_id)
    ranked = sorted(newest.values(), key=lambda one: -one[0])
    ids = [job_id for _shared, job_id in ranked[:MOST_OTHERS]]
    if not ids:
        return []
    rows = {row.job_id: row for row in tx.connection.execute(_THESE, {"ids": ids})}
    return [_run(rows[job_id]) for job_id in ids]


@reading
def page(
    tx: Transaction,
    *,
    source: str | None = None,
    digest: str | None = None,
    before: Place | None = None,
    limit: int,
    traces: bool = False,
) -> tuple[list[Run], Place | None]:
    """The newest `limit` runs, older than `before` where one is given, and where the next page
    begins. Without `traces` those are empty."""
    if not _possible(source, digest):
        return [], None
    query = select(*(runs.c if traces else _PLAIN)).where(*_of(source, digest))
    if before is not None:
        query = query.where(tuple_(runs.c.ended_us, runs.c.job_id) < tuple_(*before))
    rows = tx.connection.execute(query.order_by(*_NEWEST_FIRST).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    place = None if last is None else Place(last.ended_us, last.job_id)
    return [_run(row) for row in rows[:limit]], place


async def export(
    store: Store, *, source: str | None = None, digest: str | None = None
) -> AsyncGenerator[list[Run]]:
    """Every run with its trace, newest first, in pages that are read as they are asked for. Raises
    `StoreError`."""
    before: Place | None = None
    while True:
        found, before = await store.run(
            page, source=source, digest=digest, before=before, limit=PAGE, traces=True
        )
        if found:
            yield found
        if before is None:
            return


@reading
def accuracy(tx: Transaction) -> list[SourceAccuracy]:
    """How right what was told of each source's runs was, by the source's name."""
    widths: dict[str, list[float]] = {}
    for source, width in tx.connection.execute(_WIDTHS):
        widths.setdefault(source, []).append(width)
    return [
        SourceAccuracy(
            source=source,
            runs=count,
            repeats=int(repeats),
            fraction_error=mean,
            fraction_error_repeats=of_repeats,
            fraction_error_first=of_first,
            range_held=held,
            range_width=median(widths[source]) if source in widths else None,
        )
        for source, count, repeats, mean, of_repeats, of_first, held in tx.connection.execute(
            _RIGHTNESS
        )
    ]


def prune(
    tx: Transaction,
    *,
    per_fingerprint: int = PER_FINGERPRINT,
    total: int | None = MOST_RUNS,
    older_than: datetime | None = None,
    most: int = BATCH,
) -> int:
    """Forget runs that ended before `older_than`, all but the newest `per_fingerprint` of each
    fingerprint, and the oldest until `total` are left; how many. Never more than `most`: fewer are
    forgotten when nothing is left to do."""
    gone = 0
    if older_than is not None:
        old = select(runs.c.job_id).where(runs.c.ended_us < to_us(older_than))
        gone = _forget(tx, old, most)
    number = func.row_number().over(partition_by=runs.c.digest, order_by=_NEWEST_FIRST)
    numbered = select(runs.c.job_id, number.label("number")).subquery()
    spare = select(numbered.c.job_id).where(numbered.c.number > per_fingerprint)
    gone += _forget(tx, spare, most - gone)
    if total is not None:
        there = tx.connection.execute(select(func.count()).select_from(runs)).scalar_one()
        oldest = select(runs.c.job_id).order_by(runs.c.ended_us, runs.c.job_id)
        gone += _forget(tx, oldest, min(most - gone, there - total))
    return gone


def remove(
    tx: Transaction, *, source: str | None = None, digest: str | None = None, most: int = BATCH
) -> int:
    """Forget the runs of a source, of a fingerprint, or all; how many, `most` at a time."""
    if not _possible(source, digest):
        return 0
    return _forget(tx, select(runs.c.job_id).where(*_of(source, digest)), most)


def _forget(tx: Transaction, which: Select[Any], most: int) -> int:
    if most <= 0:
        return 0
    return tx.connection.execute(delete(runs).where(runs.c.job_id.in_(which.limit(most)))).rowcount


def _of(source: str | None, digest: str | None) -> list[ColumnElement[bool]]:
    given = ((runs.c.source, source), (runs.c.digest, digest))
    return [column == value for column, value in given if value is not None]


def _possible(*given: str | None) -> bool:
    return not any("\x00" in one for one in given if one is not None)


def _run(row: Any) -> Run:
    ended_at = from_us(row.ended_us)
    assert ended_at is not None
    told = None
    if row.fraction_error is not None:
        told = Accuracy(
            fraction_error=row.fraction_error,
            range_held=row.range_held,
            range_width=row.range_width,
        )
    packed: bytes | None = getattr(row, "trace", None)
    return Run(
        job_id=row.job_id,
        digest=row.digest,
        source=row.source,
        engine=row.engine,
        tables=_read_texts(row.tables),
        operators=_read_texts(row.operators),
        numbers=_read_numbers(row.numbers),
        ended_at=ended_at,
        duration_s=row.duration_s,
        cpu_s=row.cpu_s,
        rows=row.rows,
        bytes=row.bytes,
        memory_bytes=row.memory_bytes,
        others=row.others,
        repeat=bool(row.repeat),
        accuracy=told,
        trace=Trace() if packed is None else _trace(row.job_id, packed),
    )


def _trace(job_id: str, packed: bytes) -> Trace:
    try:
        return _unpack(zlib.decompress(packed))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise StoreUnusable(
            f"What is remembered of the run of the job {job_id} is damaged ({error}). "
            "`longwatch runs --delete` forgets runs; `longwatch doctor` checks the store."
        ) from error


def _finite(number: float) -> float:
    """JSON has no word for the others, which a literal such as 'nan' becomes."""
    return number if math.isfinite(number) else 0.0
