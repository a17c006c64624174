"""What attempts left on disk, seen as a whole: for retention, backups and `longwatch doctor`.

Everything here blocks: a look at 10,000 job folders takes about a second.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longwatch.execution.celery_mailbox import CLAIM
from longwatch.execution.processes import AdoptedRunner
from longwatch.results.index import INDEX
from longwatch.runner.mailbox import Mailbox

_JOB_ID: Final = re.compile(r"[a-z0-9]{16}")


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """The mailbox of one attempt. `result_bytes` is 0 where nothing was written, or it expired."""

    path: Path
    number: int
    result_bytes: int
    has_result: bool
    has_spill: bool

    def is_run(self) -> bool:
        """Whether the process that was given the attempt still lives."""
        try:
            return self.runner() is not None
        except OSError:
            return True  # no word: better to leave it alone

    @property
    def is_claimed(self) -> bool:
        """Whether it was given to a worker: its process is on the worker's machine."""
        return (self.path / CLAIM).exists()

    def runner(self) -> int | None:
        """The pid of the process that was given the attempt; `None` when that is gone. Raises
        `OSError` when nothing can be opened."""
        identity = Mailbox(self.path).identity()
        return None if identity is None or AdoptedRunner(identity).is_gone else identity.pid


@dataclass(frozen=True, slots=True)
class JobFolder:
    """A job's folder and its attempts, the oldest first. `changed_s` is when an attempt was last
    added, in seconds since 1970."""

    job_id: str
    path: Path
    attempts: tuple[AttemptFolder, ...]
    changed_s: float

    @property
    def bytes(self) -> int:
        """What the results in it take up."""
        return sum(attempt.result_bytes for attempt in self.attempts)

    def is_run(self) -> bool:
        """Whether a process works in it."""
        return any(attempt.is_run() for attempt in self.attempts)


def survey(jobs_folder: Path) -> Iterator[JobFolder]:
    """Every job's folder, in no order. What goes away meanwhile is left out; what is no job's
    folder is none of ours."""
    try:
        entries = os.scandir(jobs_folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            found = look(Path(entry.path)) if _JOB_ID.fullmatch(entry.name) else None
            if found is not None:
                yield found


def look(folder: Path) -> JobFolder | None:
    """One job's folder; `None` when it has none."""
    try:
        attempts = sorted(_attempts(str(folder)), key=lambda one: one.number)
        return JobFolder(folder.name, folder, tuple(attempts), folder.stat().st_mtime)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _attempts(folder: str) -> Iterator[AttemptFolder]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.isdecimal():
                continue
            size, has_result = _size(os.path.join(entry.path, "result"))  # noqa: PTH118 - 5 × Path
            has_spill = os.path.exists(os.path.join(entry.path, "spill"))  # noqa: PTH110, PTH118
            yield AttemptFolder(Path(entry.path), int(entry.name), size, has_result, has_spill)


def _size(folder: str) -> tuple[int, bool]:
    total, found = 0, False
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            total += entry.stat(follow_symlinks=False).st_size
            found = True
    return total, found


def remove_result(attempt: AttemptFolder) -> bool:
    """Delete an attempt's result; its log stays. True when it is gone."""
    result = Mailbox(attempt.path).result
    # First: half a result must not look whole to whoever opens it now.
    with contextlib.suppress(OSError):
        (result / INDEX).unlink()
    shutil.rmtree(result, ignore_errors=True)
    return not result.exists()


def remove_spill(attempt: AttemptFolder) -> bool:
    """Delete what an attempt left of its spill. True when it is gone."""
    mailbox = Mailbox(attempt.path)
    mailbox.remove_spill()
    return not mailbox.spill.exists()


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something a dead attempt left: its spill, or the whole of an attempt that was followed by
    another."""

    attempt: AttemptFolder
    whole: bool


def leftovers(folder: JobFolder, newest: int) -> Iterator[Leftover]:
    """What may go of a job that is over with its attempt `newest`, beside its result."""
    for attempt in folder.attempts:
        earlier = attempt.number < newest
        if (earlier or attempt.has_spill) and not attempt.is_run():
            yield Leftover(attempt, earlier)


def remove_leftover(one: Leftover) -> bool:
    """Delete it. True when it is gone."""
    return remove(one.attempt.path) if one.whole else remove_spill(one.attempt)


def remove(folder: Path) -> bool:
    """Delete the folder of a job or of an attempt. True when it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
