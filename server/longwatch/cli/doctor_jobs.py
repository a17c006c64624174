"""What `longwatch doctor` says about the jobs: the store, and what is left of queries that died."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from longwatch.cli.backup import STORE, locked
from longwatch.cli.exits import Failure
from longwatch.cli.findings import Finding
from longwatch.cli.shared_store import findings, shared_store
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.execution.folders import JobFolder, Leftover
    from longwatch.store.checkup import Checkup

_BATCH: Final = 500
_SECOND_LOOK_S: Final = 2.0


@dataclass(slots=True)
class _Left:
    """What nobody needs: folders of unknown jobs, leftovers of known ones; and processes that
    work on what is over."""

    strange: list[JobFolder] = field(default_factory=list)
    leftovers: list[Leftover] = field(default_factory=list)
    copies: list[Path] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    result_bytes: int = 0

    @property
    def things(self) -> int:
        return len(self.strange) + len(self.leftovers) + len(self.copies)


def jobs(data_dir: Path, *, fix: bool) -> Iterator[Finding]:
    """The store, and then what lies around it. With `fix`, what is safe to remove is removed, if
    no server runs."""
    try:
        address = shared_store(data_dir)
    except Failure as error:
        yield Finding("job store", "cannot be found", False, str(error))
        return
    if address is not None:
        yield from findings(address)
        return
    if not (data_dir / STORE).exists():
        yield Finding("jobs", "none yet")
        return
    from longwatch.store import checkup

    found = checkup.examine(data_dir / STORE)
    yield _store(data_dir, found)
    if found.damage is not None:
        return
    with locked(data_dir) as free:
        yield from _processes(data_dir, found, served=not free)
        yield from _leftovers(data_dir, free=free, fix=fix)


def _store(data_dir: Path, found: Checkup) -> Finding:
    if found.damage is not None:
        return Finding(
            "jobs",
            f"{STORE} is damaged: {found.damage}",
            False,
            f"Stop the server, move {data_dir / STORE} and its -wal aside, and put a copy made by "
            "`longwatch backup` in its place. Results in the folder jobs are not affected.",
        )
    text = f"{words.count(found.jobs)} in {STORE}, schema {found.revision}"
    if found.is_too_new:
        return Finding(
            "jobs", text, False, "A newer Longwatch wrote it: install that version again."
        )
    if not found.is_current:
        text += ", which the next start brings up to date"
    if found.is_copy:
        text += "; put back from a backup"
    return Finding("jobs", text, True)


def _processes(data_dir: Path, found: Checkup, *, served: bool) -> Iterator[Finding]:
    """Jobs that run without a process. Where no server runs that is what the next start is for."""
    dead = _without_process(data_dir, found)
    if dead and served:
        from longwatch.store import checkup

        # A job may have been about to start, or had just ended.
        time.sleep(_SECOND_LOOK_S)
        again = _without_process(data_dir, checkup.examine(data_dir / STORE))
        dead = [one for one in dead if one in again]
    if not found.running:
        return
    text = f"{words.count(len(found.running))}, {words.count(len(dead))} of them without a process"
    if not dead:
        yield Finding("running jobs", words.count(len(found.running)), True)
    elif served:
        advice = f"The server has lost sight of {', '.join(dead[:5])}: start it again."
        yield Finding("running jobs", text, False, advice)
    else:
        yield Finding("running jobs", f"{text}; the next start sees to them")


def _without_process(data_dir: Path, found: Checkup) -> list[str]:
    from longwatch.execution.folders import look

    dead = []
    for job_id, attempt in found.running:
        folder = look(data_dir / "jobs" / job_id)
        if folder is None or not any(
            one.is_run() or one.is_claimed for one in folder.attempts if one.number == attempt
        ):
            dead.append(job_id)
    return dead


def _leftovers(data_dir: Path, *, free: bool, fix: bool) -> Iterator[Finding]:
    left = _search(data_dir)
    yield Finding("results", f"{words.size(left.result_bytes)} on the disk")
    if free and left.processes:
        pids = " ".join(map(str, left.processes))
        yield Finding(
            "processes",
            f"{pids}: at work on jobs that are over or unknown",
            False,
            f"They were started by a server that is gone: kill {pids}",
        )
    text = f"{words.count(left.things)} folders and files that dead queries left"
    if not left.things:
        yield Finding("leftovers", "none", True)
    elif not free:
        yield Finding("leftovers", f"{text}; the server removes them within a day", None)
    elif not fix:
        yield Finding("leftovers", text, False, "longwatch doctor --fix removes them")
    else:
        removed = _remove(left)
        yield Finding(
            "leftovers",
            f"removed {words.count(removed)} of {text}",
            removed == left.things,
            "The rest cannot be removed: look at who owns them.",
        )


def _search(data_dir: Path) -> _Left:
    from longwatch.execution import folders
    from longwatch.store import checkup

    left = _Left(copies=sorted((data_dir / "backups").glob("*.part*")))
    surveyed = folders.survey(data_dir / "jobs")
    while batch := list(islice(surveyed, _BATCH)):
        # The folders first: a job is stored before it has one.
        known = checkup.attempts(data_dir / STORE, [one.job_id for one in batch])
        for folder in batch:
            left.result_bytes += folder.bytes
            newest = known.get(folder.job_id)
            if folder.job_id in known and newest is None:
                continue  # it waits or runs
            living = [pid for one in folder.attempts if (pid := one.runner()) is not None]
            left.processes += living
            if newest is not None:
                left.leftovers += folders.leftovers(folder, newest)
            elif not living:
                left.strange.append(folder)
    return left


def _remove(left: _Left) -> int:
    from longwatch.execution import folders

    removed = sum(folders.remove(one.path) for one in left.strange)
    removed += sum(map(folders.remove_leftover, left.leftovers))
    for copy in left.copies:
        copy.unlink(missing_ok=True)
        removed += 1
    return removed
