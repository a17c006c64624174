"""Copies of the store: consistent while it goes on, checked, and safe to put back.

A copy is one file, the newest form of every job in it. Two things are changed in it, so that
nothing goes wrong when it is put back in the place of the store:

- It has no epoch; the server that opens it gives it a new one. Its `seq` went back, and a client
  that went on from where it was would miss what came in between.
- What waited or ran is over. It may have run, and written, since: nothing runs twice by accident.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from longwatch.durable import sync, sync_names
from longwatch.jobs.transitions import JobEvent, next_state
from longwatch.protocol.backups import Backup
from longwatch.protocol.jobs import JobError, JobState
from longwatch.store.rows import to_us

PAGES: Final = 256
"""In one step, 1 MB: a submit waits that much longer, 2 ms."""
_CLOSED: Final = {JobState.QUEUED: JobEvent.FAILED, JobState.RUNNING: JobEvent.LOST}


class BackupFailed(Exception):
    """The copy is not sound, and was removed."""


def copy_pages(source: sqlite3.Connection, target: Path, between: Callable[[], None]) -> None:
    """Write the database behind `source` into the new file `target`, readable by its owner alone.

    `between` is called after each step, and may read and write through `source`: SQLite puts what
    changes into the copy as well. What it raises ends the copy. Raises `OSError` and
    `sqlite3.Error`; half a copy may be left.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    copy = sqlite3.connect(target)
    try:
        # Nobody sees it before it is synced as a whole.
        copy.execute("PRAGMA synchronous=OFF")
        source.backup(copy, pages=PAGES, progress=lambda *_: between(), sleep=0.001)
    finally:
        copy.close()


async def back_up(copy: Callable[[Path], Awaitable[None]], folder: Path) -> Backup:
    """Let `copy` write the store into `folder`, make it ready to be put back, check it.

    Raises what `copy` raises, `OSError`, `sqlite3.Error` or `BackupFailed`; nothing is left then.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"jobs-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}.sqlite"
    part = path.with_suffix(".part")
    try:
        await copy(part)
        return await asyncio.to_thread(finish, part, path, now)
    except BaseException:
        _discard(part)
        raise


def prune(folder: Path, kept: int) -> int:
    """Of the copies that `back_up` made in `folder`, delete all but the newest `kept`; how many."""
    copies = sorted(folder.glob("jobs-*Z-*.sqlite"), reverse=True)  # names begin with the time
    for old in copies[kept:]:
        _discard(old)
    return len(copies[kept:])


def copy_closed(store: Path, target: Path) -> Backup:
    """Copy a store that no server has open: whoever calls holds the lock of its folder.

    Raises `OSError`, `sqlite3.Error` or `BackupFailed`; nothing is left then.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        # Not read-only: after a crash the newest jobs are in the WAL, which is taken up by this.
        with contextlib.closing(sqlite3.connect(f"{store.as_uri()}?mode=rw", uri=True)) as source:
            copy_pages(source, part, lambda: None)
        return finish(part, target, datetime.now(UTC))
    except BaseException:
        _discard(part)
        raise


def finish(part: Path, path: Path, now: datetime) -> Backup:
    """Make the copy `part` ready to be put back, check it, sync it, and name it `path`.

    Raises `OSError`, `sqlite3.Error` or `BackupFailed`.
    """
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a WAL beside it
        copy.execute("BEGIN IMMEDIATE")
        unfinished = _close_unfinished(copy, now)
        copy.execute("DELETE FROM meta WHERE key = 'epoch'")
        copy.execute("COMMIT")
    made = check(part, name=path.name, made_at=now, unfinished=unfinished)
    sync(part)
    part.replace(path)
    sync_names(path.parent)
    return made


def check(path: Path, *, name: str, made_at: datetime, unfinished: int = 0) -> Backup:
    """What a copy holds, read back from the disk. Raises `BackupFailed` if it is not sound."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as copy:
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupFailed(f"it is damaged ({found}); `longwatch doctor` checks the store")
        revision = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        jobs = copy.execute("SELECT count(*) FROM jobs").fetchone()[0]
        seq = copy.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
    return Backup(
        file=name,
        bytes=path.stat().st_size,
        jobs=jobs,
        unfinished=unfinished,
        seq=seq,
        revision=revision,
        made_at=made_at,
    )


def _close_unfinished(copy: sqlite3.Connection, now: datetime) -> int:
    """Plain SQL, as the copy may be of an older schema; the states are the table's all the same."""
    error = JobError(
        code="from_backup",
        message=(
            f"The job was not over when the backup of {now:%Y-%m-%d %H:%M} UTC was made. Whether "
            "it ran after that is not known here."
        ),
        hint="Look whether it took effect, then run it again if you still need it.",
    )
    closed = 0
    for state, event in _CLOSED.items():
        after = next_state(state, event)
        copy.execute(
            "INSERT INTO events (job_id, event, attempt, at_us, detail) "
            "SELECT id, ?, attempt, ?, ? FROM jobs WHERE state = ? ORDER BY n",
            (event.value, to_us(now), error.message, state.value),
        )
        closed += copy.execute(
            "UPDATE jobs SET state = ?, error = ?, finished_us = ?, "
            "seq = (SELECT max(seq) FROM events WHERE job_id = jobs.id) WHERE state = ?",
            (after.value, msgspec.json.encode(error), to_us(now), state.value),
        ).rowcount
    return closed


def _discard(part: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            part.with_name(part.name + suffix).unlink()
