"""`Records`: the jobs of a mirror, packed.

A job as a record takes 1.1 KB: a hundred thousand of them are what the window's memory is. What
`Columns` have is taken from there, and the rest is kept as MessagePack: 200 bytes, of which the
SQL's start is most. To make a record takes 5 µs, and the ones in sight are few.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from longwatch.protocol.jobs import (
    JobError,
    JobSummary,
    Phase,
    Progress,
    ResultSummary,
    StatementKind,
    StoppedAt,
)
from longwatch_desktop.mirror.columns import STATE_CODE, STATES, Columns
from longwatch_desktop.mirror.searching import search_text


class Kept(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a job has beside its columns. `phase` and `progress` are those of a running one's
    record: its columns have newer ones."""

    name: str
    preview: str
    seq: int
    state: int
    kind: StatementKind | None
    cancel_requested_at: datetime | None
    cancel_confirmed: bool | None
    error: JobError | None
    complete: bool | None
    stopped_at: StoppedAt | None
    phase: Phase | None = None
    progress: Progress | None = None


_pack_into: Final = msgspec.msgpack.Encoder().encode_into
_packed: Final = bytearray()
_unpack: Final = msgspec.msgpack.Decoder(Kept).decode


class Records:
    """The job in each slot. Its `columns` must have been committed before it is read."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._packed: list[bytes | None] = []
        self.ids: list[str] = []
        """By slot; stale where no job is."""

    def __len__(self) -> int:
        return len(self.ids)

    def put(self, slot: int, job: JobSummary) -> None:
        """Keep a job; 1 µs."""
        result = job.result
        own = (job.phase, job.progress) if job.phase is not None else ()
        _pack_into(
            (
                job.name,
                job.preview,
                job.seq,
                STATE_CODE[job.state],
                job.kind,
                job.cancel_requested_at,
                job.cancel_confirmed,
                job.error,
                None if result is None else result.complete,
                None if result is None else result.stopped_at,
                *own,
            ),
            _packed,
        )
        self._packed[slot] = bytes(_packed)  # the encoder's own would have room to spare

    def drop(self, slot: int) -> None:
        """There is no job in the slot any more."""
        self._packed[slot] = None

    def take(self, slot: int, job_id: str) -> None:
        """A slot is for this job, which is still to be put: one that was free, or the next."""
        if slot == len(self.ids):
            self.ids.append(job_id)
            self._packed.append(None)
        else:
            self.ids[slot] = job_id

    def kept(self, slot: int) -> Kept:
        """What is kept of the job in a slot; 1 µs. Raises `KeyError` if none is."""
        packed = self._packed[slot] if 0 <= slot < len(self._packed) else None
        if packed is None:
            raise KeyError(slot)
        return _unpack(packed)

    def get(self, slot: int) -> JobSummary:
        """The job in a slot. Raises `KeyError` if none is."""
        kept, columns = self.kept(slot), self._columns
        phase, progress = kept.phase, kept.progress
        if progress is None:
            phase, progress = columns.newest(slot)
        result = None
        if kept.complete is not None:
            result = ResultSummary(
                rows=int(columns.result_rows[slot]),
                bytes=int(columns.result_bytes[slot]),
                complete=kept.complete,
                stopped_at=kept.stopped_at,
            )
        source, owner = columns.names(slot)
        submitted_at = _moment(float(columns.submitted[slot]))
        assert submitted_at is not None
        return JobSummary(
            id=self.ids[slot],
            name=kept.name,
            preview=kept.preview,
            source=source,
            owner=owner,
            state=STATES[kept.state],
            phase=phase,
            progress=progress,
            kind=kept.kind,
            priority=int(columns.priority[slot]),
            attempt=int(columns.attempt[slot]),
            submitted_at=submitted_at,
            started_at=_moment(float(columns.started[slot])),
            finished_at=_moment(float(columns.finished[slot])),
            cancel_requested_at=kept.cancel_requested_at,
            cancel_confirmed=kept.cancel_confirmed,
            error=kept.error,
            result=result,
            seq=kept.seq,
        )

    def text(self, slot: int) -> str:
        """What words are looked for in; empty where no job is."""
        if self._packed[slot] is None:
            return ""
        kept = self.kept(slot)
        source, owner = self._columns.names(slot)
        return search_text(kept.name, kept.preview, source, owner, self.ids[slot], kept.error)


def _moment(seconds: float) -> datetime | None:
    """The moment, exact to the microsecond until 2255."""
    return datetime.fromtimestamp(seconds, UTC) if seconds == seconds else None  # noqa: PLR0124 - NaN
