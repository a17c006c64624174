"""The mirror and the listing once more, slow and obvious: what the quick ones must agree with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cmp_to_key
from typing import Final

from msgspec import structs

from longwatch.client import words
from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress
from longwatch_desktop.mirror.listing import SortKey
from longwatch_desktop.mirror.query import JobFilter


class PlainMirror:
    """Records and live progress in dicts, by id."""

    def __init__(self) -> None:
        self.records: dict[str, JobSummary] = {}
        self.live: dict[str, tuple[Phase | None, Progress]] = {}
        self.seq: int | None = None
        self.loading = False
        self._mentioned: set[str] = set()
        self._gone: set[str] = set()
        self._void: set[str] = set()
        self._ahead = -1
        self._highest = -1

    def jobs(self) -> dict[str, JobSummary]:
        """Every job with its newest progress."""
        return {job_id: self._newest(record) for job_id, record in self.records.items()}

    def line(self) -> list[str]:
        """The ids of queued jobs, the next one first."""
        queued = [job for job in self.records.values() if job.state is JobState.QUEUED]
        queued.sort(key=lambda job: (-job.priority, job.submitted_at, job.id))
        return [job.id for job in queued]

    def apply(self, event: Snapshot | Delta | ProgressFrame) -> None:
        """Take in one event."""
        match event:
            case Snapshot():
                self._snapshot(event)
            case Delta():
                self._delta(event)
            case ProgressFrame():
                self._progress(event)

    def _newest(self, record: JobSummary) -> JobSummary:
        if record.id not in self.live:
            return record
        phase, progress = self.live[record.id]
        return structs.replace(record, phase=phase, progress=progress)

    def _snapshot(self, chunk: Snapshot) -> None:
        if chunk.offset == 0:
            self._mentioned, self._gone, self._ahead = set(), set(), -1
            if chunk.seq < self._highest:
                self._void = set(self.records)
                self._highest = chunk.seq
            self.loading = True
        for job in chunk.jobs:
            if job.id not in self._gone:
                self._take(job)
        if not chunk.more and self.loading:
            for job_id in set(self.records) - self._mentioned:
                self._drop(job_id)
            self.seq = max(chunk.seq, self._ahead)
            self._highest = max(self._highest, self.seq)
            self.loading = False

    def _delta(self, delta: Delta) -> None:
        if self.loading:
            self._gone |= set(delta.removed)
            self._ahead = max(self._ahead, delta.to)
        elif self.seq is not None and delta.to <= self.seq:
            return
        else:
            self.seq = delta.to
        self._highest = max(self._highest, delta.to)
        for job in delta.changed:
            if job.id not in delta.removed and not (self.loading and job.id in self._gone):
                self._take(job)
        for job_id in delta.removed:
            self._drop(job_id)

    def _progress(self, frame: ProgressFrame) -> None:
        newest = {job_id: place for place, job_id in enumerate(frame.ids)}
        for job_id, place in newest.items():
            record = self.records.get(job_id)
            if record is None or record.state is not JobState.RUNNING:
                continue
            if frame.attempts[place] != record.attempt:
                continue
            progress = Progress(
                fraction=frame.fractions[place],
                basis=frame.bases[place],
                rows=frame.rows[place],
                bytes=frame.bytes[place],
                memory_bytes=frame.memory_bytes[place],
                spill_bytes=frame.spill_bytes[place],
                eta_low_s=frame.eta_low_s[place],
                eta_high_s=frame.eta_high_s[place],
                stalled_s=frame.stalled_s[place],
                activity=frame.activities[place],
                statement=frame.statement[place],
                statements=frame.statements[place],
            )
            progress = _further(self._newest(record).progress, progress, progress)
            told = frame.phases[place], progress
            before = self._newest(record)
            if told != (before.phase, before.progress):
                self.live[job_id] = told

    def _take(self, job: JobSummary) -> None:
        self._mentioned.add(job.id)
        self._highest = max(self._highest, job.seq)
        before = self.records.get(job.id)
        if before is not None:
            stale = job.seq <= before.seq
            if stale and (job.id not in self._void or job == before):
                self._void.discard(job.id)
                return
        self._void.discard(job.id)
        self.records[job.id] = job
        live = self.live.pop(job.id, None)
        if (
            before is not None
            and before.state is job.state is JobState.RUNNING
            and before.attempt == job.attempt
        ):
            phase, base = live or (job.phase, job.progress)
            was = before.progress if live is None else live[1]
            newest = phase, _further(was, base, job.progress)
            if live is not None or newest != (job.phase, job.progress):
                self.live[job.id] = newest

    def _drop(self, job_id: str) -> None:
        self.records.pop(job_id, None)
        self.live.pop(job_id, None)
        self._void.discard(job_id)


def _further(before: Progress, base: Progress, new: Progress) -> Progress:
    ahead = before.fraction is not None and (new.fraction is None or new.fraction < before.fraction)
    if new.statement != before.statement:
        ahead = new.statement < before.statement
    source = before if ahead else new
    return structs.replace(
        base,
        fraction=source.fraction,
        basis=source.basis,
        statement=max(before.statement, new.statement),
        rows=max(before.rows, new.rows),
        bytes=max(before.bytes, new.bytes),
    )


Key = float | str | None


def _once_started(job: JobSummary, value: float) -> float | None:
    return None if job.started_at is None else value


def _left(job: JobSummary) -> float | None:
    low, high = job.progress.eta_low_s, job.progress.eta_high_s
    if job.state is not JobState.RUNNING or low is None or high is None:
        return None
    return (low + high) / 2


def _time(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


_URGENCY: Final = ["running", "queued", "failed", "lost", "cancelled", "succeeded"]

KEYS: Final[dict[SortKey, Callable[[JobSummary, datetime], Key]]] = {
    SortKey.SUBMITTED: lambda job, now: _time(job.submitted_at),
    SortKey.NAME: lambda job, now: job.name.casefold(),
    SortKey.STATE: lambda job, now: _URGENCY.index(job.state.value),
    SortKey.PROGRESS: lambda job, now: job.progress.fraction,
    SortKey.ETA: lambda job, now: _left(job),
    SortKey.ELAPSED: lambda job, now: _once_started(job, words.elapsed_s(job, now)),
    SortKey.ROWS: lambda job, now: _once_started(job, words.rows(job)),
    SortKey.SIZE: lambda job, now: None if job.result is None else job.result.bytes,
    SortKey.MEMORY: lambda job, now: _once_started(job, job.progress.memory_bytes),
    SortKey.SPILL: lambda job, now: _once_started(job, job.progress.spill_bytes),
    SortKey.SOURCE: lambda job, now: job.source.casefold(),
    SortKey.OWNER: lambda job, now: job.owner.casefold(),
    SortKey.PRIORITY: lambda job, now: job.priority,
    SortKey.ATTEMPT: lambda job, now: job.attempt,
    SortKey.STARTED: lambda job, now: _time(job.started_at),
    SortKey.FINISHED: lambda job, now: _time(job.finished_at),
}


def in_order(
    jobs: Iterable[JobSummary], key: SortKey, descending: bool, query: JobFilter, now: datetime
) -> list[str]:
    """The ids of the jobs that `query` takes, sorted."""
    value = KEYS[key]

    def compare(one: JobSummary, other: JobSummary) -> int:
        a, b = value(one, now), value(other, now)
        if a != b:
            if a is None or b is None:
                return 1 if a is None else -1
            smaller: bool = a < b  # type: ignore[operator]  # one key, so one type
            return -1 if smaller is not descending else 1
        if one.submitted_at != other.submitted_at:
            return -1 if one.submitted_at > other.submitted_at else 1
        return -1 if one.id < other.id else 1

    shown = [job for job in jobs if query.matches(job, now)]
    return [job.id for job in sorted(shown, key=cmp_to_key(compare))]
