"""Stores with many jobs, as `feed` measures them: a year's history, all of it over."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from longwatch.protocol.jobs import Column, JobError, Limits, Progress, ProgressBasis, ResultInfo
from longwatch.store.database import open_engine
from longwatch.store.encoded import TEXT
from longwatch.store.tables import HEAD

_encode = msgspec.json.encode
_STATES = ["succeeded"] * 90 + ["failed"] * 6 + ["cancelled"] * 3 + ["lost"]
_SOURCES = ("sample", "warehouse", "billing", "events", "crm")
JOB_COLUMNS = (
    *("id", "name", "preview", "source", "owner", "state", "kind", "priority", "attempt"),
    *("submitted_us", "started_us", "finished_us", "limits", "progress", "error", "result"),
    *("seq", "sql"),
)
WHEN_US = 1_760_000_000_000_000
EVERY_US = 31_000_000
"""Between two jobs: a million of them in a year."""


def kept(folder: Path, count: int) -> Path:
    """A store of so many jobs in `folder`, made if it is not there: 100 s for a million."""
    path = folder / f"feed-{HEAD}-{count}" / "jobs.sqlite"
    if not path.exists():
        print(f"Making a store of {count:,} jobs in .bench", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name("part.sqlite")
        part.unlink(missing_ok=True)
        fill(part, count)
        part.rename(path)
    return path


def fill(path: Path, count: int) -> None:
    """Make a store of so many jobs, by a way that takes each trigger's work together."""
    open_engine(path).dispose()
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous=OFF")
    store.execute("BEGIN")
    triggers = dict(store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name in triggers:
        store.execute(f"DROP TRIGGER {name}")
    places = ", ".join("?" * len(JOB_COLUMNS))
    store.executemany(
        f"INSERT INTO jobs ({', '.join(JOB_COLUMNS)}) VALUES ({places})", job_rows(count)
    )
    store.execute(
        "INSERT INTO job_counts SELECT state, source, owner, count(*) FROM jobs GROUP BY 1, 2, 3"
    )
    index = triggers["jobs_indexed"].partition("BEGIN ")[2].partition(" WHERE n > (")[0]
    store.execute(index)
    store.execute(f"INSERT INTO job_json SELECT n, {TEXT} FROM jobs ORDER BY n")
    store.execute("UPDATE meta SET value = (SELECT max(n) FROM jobs) WHERE key = 'indexed_n'")
    last = (3 * count, f"{count - 1:016x}", "succeeded", 1, WHEN_US)
    store.execute(
        "INSERT INTO events (seq, job_id, event, attempt, at_us) VALUES (?, ?, ?, ?, ?)", last
    )
    for sql in triggers.values():
        store.execute(sql)
    store.execute("COMMIT")
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


def job_rows(count: int) -> Iterator[tuple[Any, ...]]:
    """The jobs, in the order of `JOB_COLUMNS`."""
    dice = random.Random(7)
    limits = _encode(Limits())
    progress = _encode(
        Progress(fraction=1.0, basis=ProgressBasis.MEASURED, rows=12345, bytes=987_654)
    )
    columns = [Column(name="carrier", type="string"), Column(name="n", type="int64")]
    result = _encode(ResultInfo(rows=12345, bytes=987_654, columns=columns, complete=True))
    error = _encode(JobError(code="syntax_error", message="There is no column foo.", line=1))
    for n in range(count):
        sql = (
            f"select {dice.choice(('carrier', 'origin', 'dest'))}, count(*), avg(dep_delay) "
            f"from flights where month = {dice.randrange(12)} and tag = 'run-{n}' group by 1"
        )
        state = dice.choice(_STATES)
        at_us = WHEN_US + n * EVERY_US
        yield (
            *(f"{n:016x}", f"Flights {n}", sql, dice.choice(_SOURCES)),
            f"user{min(dice.randrange(20), dice.randrange(20))}",
            *(state, "read", 0, 1, at_us, at_us + 10_000, at_us + 2_000_000, limits, progress),
            error if state == "failed" else None,
            result if state == "succeeded" else None,
            *(3 * n + 3, sql),
        )
