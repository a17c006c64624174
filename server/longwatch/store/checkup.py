"""A look at the store from outside, for `longwatch doctor`.

Through a connection that only reads, so that it may be taken while a server runs: SQLite before
3.51.3 can damage a WAL file when two connections write or checkpoint, and reading is neither.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from longwatch.protocol.jobs import JobState
from longwatch.store.tables import HEAD


class OfRevision:
    """What was found of a store of either kind: how its `revision` stands to this program."""

    __slots__ = ()
    revision: str | None

    @property
    def is_current(self) -> bool:
        """Whether it has the schema of this program."""
        return self.revision == HEAD

    @property
    def is_too_new(self) -> bool:
        """Whether this program does not know its schema."""
        if self.is_current or self.revision is None:
            return False
        # Alembic costs 0.2 s to import.
        from longwatch.store.upgrade import known_revisions  # noqa: PLC0415

        return self.revision not in known_revisions()


@dataclass(frozen=True, slots=True)
class Checkup(OfRevision):
    """What was found. `damage` is what SQLite says of a file that is not sound; nothing else is
    known then. `running` are the jobs that should have a process, with their attempts."""

    damage: str | None = None
    revision: str | None = None
    jobs: int = 0
    running: tuple[tuple[str, int], ...] = ()
    is_copy: bool = False
    """It has no epoch: a backup that no server has opened yet."""


def examine(path: Path) -> Checkup:
    """Look at the store in `path`, which is there; 1 s a gigabyte. Never raises."""
    try:
        with closing(_reading(path)) as store:
            found = store.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                return Checkup(damage=found)
            revision = store.execute("SELECT version_num FROM alembic_version").fetchone()
            running = store.execute(
                "SELECT id, attempt FROM jobs WHERE state = ? ORDER BY n", (JobState.RUNNING.value,)
            ).fetchall()
            return Checkup(
                revision=revision[0] if revision else None,
                jobs=store.execute("SELECT count(*) FROM jobs").fetchone()[0],
                running=tuple((job_id, attempt) for job_id, attempt in running),
                is_copy=store.execute("SELECT 1 FROM meta WHERE key = 'epoch'").fetchone() is None,
            )
    except sqlite3.Error as error:
        return Checkup(damage=str(error))


def attempts(path: Path, ids: Iterable[str]) -> dict[str, int | None]:
    """The newest attempt of each job that is over, `None` for one that is not; unknown ids are
    left out. Raises `sqlite3.Error`."""
    found: dict[str, int | None] = {}
    with closing(_reading(path)) as store:
        for job_id in ids:
            row = store.execute(
                "SELECT attempt, state FROM jobs WHERE id = ?", (job_id,)
            ).fetchone()
            if row is not None:
                found[job_id] = row[0] if JobState(row[1]).is_final else None
    return found


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
