"""What a process of the pool left that was killed: its runner has ended with it, and the server is
told so at once, rather than when the lease has run out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import psutil

from longwatch.client.errors import LongwatchClientError
from longwatch.client.worker import Claimed, WorkerClient
from longwatch.durable import replace
from longwatch.execution.processes import AdoptedRunner
from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.worker import AttemptEnd
from longwatch.runner.mailbox import Mailbox
from longwatch.worker.reaching import NoRoom, NotOurs, OutOfReach, insist

_CLAIM: Final = "claim.json"
_GONE_S: Final = 5.0


class _Noted(msgspec.Struct, frozen=True, kw_only=True):
    job_id: str
    attempt: int
    key: str


def own_folder(work_dir: Path) -> Path:
    """A folder for this process, made anew; its name says whose it is. Raises `OSError`."""
    started = int(psutil.Process().create_time())
    folder = work_dir / "pool" / f"{os.getpid()}-{started}"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    return folder


def note_claim(folder: Path, of: Claimed) -> None:
    """Write down whose attempt lies in this folder, for the case that we are killed."""
    noted = _Noted(job_id=of.job_id, attempt=of.attempt, key=of.key)
    replace(folder / _CLAIM, msgspec.json.encode(noted), mode=0o600)


async def report_leftovers(work_dir: Path, own: Path, client: WorkerClient) -> None:
    """Tell the server of every attempt whose process is gone, and delete what it left."""
    for folder in await asyncio.to_thread(lambda: list(_abandoned(work_dir))):
        mine = own / f"left-{folder.name}"
        try:
            folder.rename(mine)  # one of the pool's processes has it now, and no other
        except OSError:
            continue
        for mailbox in await asyncio.to_thread(_mailboxes, mine):
            with contextlib.suppress(NotOurs, OutOfReach, NoRoom, LongwatchClientError, OSError):
                await _report(mailbox, client)
        await asyncio.to_thread(shutil.rmtree, mine, ignore_errors=True)


async def _report(mailbox: Mailbox, client: WorkerClient) -> None:
    noted = msgspec.json.decode((mailbox.folder / _CLAIM).read_bytes(), type=_Noted)
    of = Claimed(noted.job_id, noted.attempt, noted.key)
    is_gone = await _ended(mailbox)
    last = before_leave(mailbox.report(), mailbox)
    end = AttemptEnd(died="ended with its worker's process", last=last, confirmed=is_gone)
    await insist(lambda: client.end(of, end))


def before_leave(last: Report | None, mailbox: Mailbox) -> Report | None:
    """The last report of a runner that died. A statement that still waited for leave to write has
    run nothing: it may be run again like any that nobody knows the kind of."""
    if last is None or last.kind is not StatementKind.WRITE or mailbox.may_write():
        return last
    return msgspec.structs.replace(last, kind=None)


async def _ended(mailbox: Mailbox) -> bool:
    """End the runner, if it has not ended by itself; whether it is gone."""
    identity = mailbox.identity()
    if identity is None:
        return True
    runner = AdoptedRunner(identity)
    runner.kill()
    return await runner.gone(_GONE_S)


def _abandoned(work_dir: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        for folder in (work_dir / "pool").iterdir():
            pid, _, started = folder.name.partition("-")
            if pid.isdecimal() and started.isdecimal() and not _lives(int(pid), int(started)):
                yield folder


def _mailboxes(folder: Path) -> list[Mailbox]:
    return [Mailbox(found.parent) for found in folder.glob(f"**/jobs/*/*/{_CLAIM}")]


def _lives(pid: int, started: int) -> bool:
    try:
        process = psutil.Process(pid)
        return int(process.create_time()) == started and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
