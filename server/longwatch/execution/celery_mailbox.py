"""The server's side of an attempt that a worker carries out: its mailbox, filled over the wire.

Everything here blocks, and may be said twice: an answer that was lost on its way is asked for
again.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import msgspec

from longwatch.durable import replace, sync
from longwatch.execution.contract import Claimant
from longwatch.jobs.errors import AttemptOver, ResultTooLarge, WrongOffset
from longwatch.protocol.attempts import AttemptSpec, Report
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.wire import UNREADABLE
from longwatch.protocol.worker import SEGMENT_PATTERN
from longwatch.results.disk import SYNCED_BYTES
from longwatch.results.index import INDEX, Index
from longwatch.runner.mailbox import Mailbox

CLAIM: Final = "claim.json"
_SLACK_BYTES: Final = 256 * 2**20
"""A result ends at its limit or a batch later, compressed or not."""


class _Claim(msgspec.Struct, frozen=True, kw_only=True):
    """`claim.json`: who has the attempt."""

    worker: str
    task_id: str
    key: str


def write_claim(mailbox: Mailbox, claimant: Claimant) -> None:
    """Say who has the attempt; on the disk before it is told so. Raises `OSError`."""
    claim = _Claim(worker=claimant.worker, task_id=claimant.task_id, key=claimant.key)
    replace(mailbox.folder / CLAIM, msgspec.json.encode(claim), durable=True, mode=0o600)


def read_claim(folder: Path) -> Claimant | None:
    """Who has the attempt; `None` while nobody does. Raises `OSError`."""
    try:
        found = msgspec.json.decode((folder / CLAIM).read_bytes(), type=_Claim)
    except (FileNotFoundError, *UNREADABLE):
        return None
    return Claimant(found.worker, found.task_id, found.key)


def write_report(mailbox: Mailbox, report: Report, before: Report | None) -> None:
    """Keep a report: the first that says it writes is on the disk when this returns."""
    first = report.kind is StatementKind.WRITE and (before is None or before.kind != report.kind)
    replace(mailbox.folder / "progress.json", msgspec.json.encode(report), durable=first)


def append_log(mailbox: Mailbox, offset: int, data: bytes) -> int:
    """Add to the log what follows what is there; how much is there then."""
    with mailbox.log.open("ab") as file:
        size = file.tell()
        if offset == size and data:
            file.write(data)
            size += len(data)
    return size


def segment_bytes(mailbox: Mailbox, file: str) -> int:
    """How much of a segment is there; 0 of one that is not."""
    try:
        return _segment(mailbox, file).stat().st_size
    except FileNotFoundError:
        return 0


def append_segment(
    mailbox: Mailbox, file: str, offset: int, data: bytes, most_bytes: int | None
) -> int:
    """Add to a segment what follows what is there; how much is there then. Raises `WrongOffset`,
    `ResultTooLarge` or `OSError`."""
    path = _segment(mailbox, file)
    if most_bytes is not None:
        there = sum(one.stat().st_size for one in mailbox.result.iterdir())
        if there + len(data) > most_bytes + _SLACK_BYTES:
            raise ResultTooLarge(most_bytes)
    with path.open("ab") as segment:
        size = segment.tell()
        if size != offset:
            raise WrongOffset(file, size)
        try:
            segment.write(data)
            segment.flush()
        except OSError:
            os.truncate(path, size)  # half a piece would be taken for a whole one
            raise
    return size + len(data)


def put_index(mailbox: Mailbox, data: bytes) -> None:
    """Replace the index, once every segment in it is whole. Of a complete result of up to 64 MB
    all is on the disk when this returns. Raises `WrongOffset`, `OSError` or one of `UNREADABLE`.
    """
    index = msgspec.json.decode(data, type=Index)
    for segment in index.segments:
        have_bytes = segment_bytes(mailbox, segment.file)
        if have_bytes != segment.bytes:
            raise WrongOffset(segment.file, have_bytes)
    if index.complete and index.bytes <= SYNCED_BYTES:
        for segment in index.segments:
            sync(mailbox.result / segment.file)
    replace(mailbox.result / INDEX, msgspec.json.encode(index), durable=index.complete)


def result_is_whole(mailbox: Mailbox) -> bool:
    """Whether the index says that no more is to come. Raises `OSError`."""
    try:
        return msgspec.json.decode((mailbox.result / INDEX).read_bytes(), type=Index).complete
    except (FileNotFoundError, *UNREADABLE):
        return False


def spec_of(folder: Path, job_id: str, attempt: int) -> AttemptSpec:
    """What to run. Raises `AttemptOver` when it is not there any more, `OSError`."""
    try:
        return Mailbox(folder).spec()
    except (FileNotFoundError, *UNREADABLE):
        raise AttemptOver(job_id, attempt) from None


def _segment(mailbox: Mailbox, file: str) -> Path:
    # The route has checked it; what becomes a path is checked where it does.
    if re.match(SEGMENT_PATTERN, file) is None:
        raise ValueError(f"{file!r} is no segment")
    return mailbox.result / file
