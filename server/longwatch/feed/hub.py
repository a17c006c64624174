"""The hub: what has changed, for subscribers that are two integers each.

A subscriber remembers the newest `seq` and `tick` it was sent, and nothing is queued for it: when
either has moved on it is sent one frame of what is newer. A slow reader gets fewer and fuller
frames, and the hub's memory is bounded by the number of jobs that changed lately. Frames are
encoded once for all who stand at the same place. Everything happens in one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import msgspec

from longwatch.feed.encoded import Cache, Encoded
from longwatch.feed.views import EVERYTHING, View
from longwatch.protocol.frames import Delta, ProgressFrame
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress

T = TypeVar("T")
AnyJob = TypeVar("AnyJob", bound=JobSummary)
KEEP_CHANGES: Final = 10_000
"""Jobs whose last change is remembered here; who is further behind is answered by the store."""
MOST_TOLD: Final = 1_000
"""Jobs in one delta, 350 KB of JSON: a reader that stops in the middle of one holds up no more."""
KEEP_LOOKED_UP: Final = 32
"""Places from which the changes have been looked up, 60 KB each: a thousand clients that come back
together come back to one place, and to look for each took half as long as letting it in."""
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Live:
    """The newest progress of one running attempt."""

    tick: int
    attempt: int
    phase: Phase
    progress: Progress


class Mark(NamedTuple):
    """A moment of the hub: what was the newest then."""

    seq: int
    tick: int


class Told(NamedTuple):
    """A delta, and the `seq` at which its reader stands then."""

    frame: Encoded
    seq: int


@dataclass(slots=True)
class Traffic:
    """What was sent since the start, to all readers together."""

    frames: int = 0
    bytes: int = 0
    evicted: int = 0
    """Readers that were let go because they did not read."""

    def sent(self, frames: Sequence[Encoded]) -> None:
        """Frames have been handed to one reader's connection."""
        self.frames += len(frames)
        for frame in frames:
            self.bytes += frame.size


class _Change(NamedTuple):
    """The newest of one job: `job` is `None` once it is removed, `owner` where nobody knows it."""

    seq: int
    job: JobSummary | None
    owner: str | None


class _Newer(NamedTuple):
    """Changes in their order, the `seq` at which they end, and whether any of the jobs runs."""

    changes: list[tuple[str, _Change]]
    to: int
    runs: bool


class FeedHub:
    """Sequenced changes and the newest progress, and a call for whoever sends them on."""

    def __init__(self) -> None:
        self.seq = 0
        self.tick = 0
        self.traffic = Traffic()
        self.on_move: Callable[[], None] = lambda: None
        """Called whenever there is something newer, and once the hub is closing."""
        self._floor = 0
        self._changes: OrderedDict[str, _Change] = OrderedDict()
        # Both in the order of their last change, so that what is newer is read from the end.
        self._live: dict[str, Live] = {}
        self._running: dict[str, JobSummary] = {}
        self._cache = Cache()
        self._newer: dict[tuple[int, int], _Newer] = {}
        """What was looked up since the last change."""
        self._end = asyncio.Event()
        self._subscribers = 0
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()

    @property
    def subscribers(self) -> int:
        """How many are being served."""
        return self._subscribers

    @property
    def mark(self) -> Mark:
        """This moment."""
        return Mark(self.seq, self.tick)

    def begin(self, seq: int) -> None:
        """Stand at the store's newest `seq`; changes before it are the store's to tell."""
        self.seq = self._floor = seq

    def runs(self, job: JobSummary) -> None:
        """Know a job that ran before this hub began: its progress will be told."""
        self._running[job.id] = job

    def publish(
        self, changed: Iterable[JobSummary], removed: Mapping[str, str | None], seq: int
    ) -> None:
        """Announce one commit. `seq` is its newest number, above every earlier one; `removed` says
        whose each removed job was."""
        for job in sorted(changed, key=lambda job: job.seq):
            self._remember(job.id, _Change(job.seq, job, job.owner))
            if job.state is JobState.RUNNING:
                self._running[job.id] = job
            else:
                self._live.pop(job.id, None)
                self._running.pop(job.id, None)
        for job_id, owner in removed.items():
            self._remember(job_id, _Change(seq, None, owner))
            self._live.pop(job_id, None)
            self._running.pop(job_id, None)
        while len(self._changes) > KEEP_CHANGES:
            _, forgotten = self._changes.popitem(last=False)
            self._floor = max(self._floor, forgotten.seq)
        self._newer.clear()
        self.seq = max(self.seq, seq)
        self.on_move()

    def recall(
        self, since: int, changed: Iterable[JobSummary], removed: Mapping[str, str | None]
    ) -> None:
        """Remember what the store told of the changes after `since`: a thousand clients that come
        back to a server just started are answered by one look into the store, not a thousand.
        Does nothing when it is too much, or nothing that the hub lacks."""
        floor = self._floor
        older: list[tuple[str, _Change]] = [
            (job.id, _Change(job.seq, job, job.owner))
            for job in sorted(changed, key=lambda job: job.seq)
            if job.seq <= floor and job.id not in self._changes
        ]
        # Nobody knows which of the changes up to here these were: who is behind hears of them all.
        older += [
            (job_id, _Change(floor, None, owner))
            for job_id, owner in removed.items()
            if job_id not in self._changes
        ]
        if since >= floor or len(older) + len(self._changes) > KEEP_CHANGES:
            return
        for job_id, change in reversed(older):
            self._changes[job_id] = change
            self._changes.move_to_end(job_id, last=False)
        self._newer.clear()
        self._floor = since

    def progress(self, job_id: str, attempt: int, phase: Phase, progress: Progress) -> None:
        """Announce progress of a running attempt."""
        self.tick += 1
        self._live.pop(job_id, None)
        self._live[job_id] = Live(self.tick, attempt, phase, progress)
        self.on_move()

    def with_progress(self, job: AnyJob) -> AnyJob:
        """The job with the newest progress of its attempt. The store keeps none while it runs:
        without this a change of a running job would set its bar back to nothing."""
        live = self._live.get(job.id)
        if live is None or job.state is not JobState.RUNNING or live.attempt != job.attempt:
            return job
        return msgspec.structs.replace(job, phase=live.phase, progress=live.progress)

    @property
    def closing(self) -> bool:
        """Whether the server is stopping."""
        return self._end.is_set()

    async def close(self, timeout_s: float = 1.0) -> None:
        """The server is stopping: let every waiter go, and wait until all have said goodbye."""
        self._end.set()
        self.on_move()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._nobody_left.wait()

    @contextlib.contextmanager
    def subscriber(self) -> Iterator[None]:
        """Counts one subscriber for as long as it is served."""
        self._subscribers += 1
        self._nobody_left.clear()
        try:
            yield
        finally:
            self._subscribers -= 1
            if self._subscribers == 0:
                self._nobody_left.set()

    async def ended(self) -> None:
        """Return once the hub is closing."""
        await self._end.wait()

    def reaches(self, since: int) -> bool:
        """Whether the changes after `since` are known here; else the store must be asked."""
        return self._floor <= since <= self.seq

    def delta(self, since: int, view: View = EVERYTHING, mark: Mark | None = None) -> Told | None:
        """The encoded delta from `since` to `mark` (or now), of `MOST_TOLD` jobs at most: then it
        ends earlier. `None` when the hub does not reach back so far.

        Who did not see a job leave a view for another state is told that it is removed.
        """
        mark = mark or self.mark
        if since < self._floor:
            return None
        newer = self._newer.get((since, mark.seq))
        if newer is None:
            if len(self._newer) >= KEEP_LOOKED_UP:
                self._newer.clear()
            newer = self._newer[since, mark.seq] = self._look_up(since, mark.seq)

        def make() -> bytes:
            changed: list[JobSummary] = []
            removed: list[str] = []
            for job_id, (_, job, owner) in newer.changes:
                if job is None:
                    if view.hears_of(owner):
                        removed.append(job_id)
                elif view.shows(job):
                    changed.append(self.with_progress(job))
                elif view.concerns(job):
                    removed.append(job_id)
            return _encode(Delta(from_=since, to=newer.to, changed=changed, removed=removed))

        # Where nothing runs it stays as it is however much progress there is meanwhile.
        tick = mark.tick if newer.runs else -1
        return Told(self._cache.get((view, since, newer.to, mark.seq, tick), make), newer.to)

    def _look_up(self, since: int, seq: int) -> _Newer:
        """What changed after `since` up to `seq`."""
        newer: list[tuple[str, _Change]] = []
        for job_id in reversed(self._changes):
            change = self._changes[job_id]
            if change.seq <= since:
                break
            if change.seq <= seq:
                newer.append((job_id, change))
        newer.reverse()
        to = seq
        if len(newer) > MOST_TOLD and newer[MOST_TOLD - 1][1].seq < newer[-1][1].seq:
            to = newer[MOST_TOLD - 1][1].seq
            newer = [one for one in newer if one[1].seq <= to]
        runs = any(job is not None and job.state is JobState.RUNNING for _, (_, job, _) in newer)
        return _Newer(newer, to, runs)

    def progress_since(
        self, tick: int, view: View = EVERYTHING, mark: Mark | None = None
    ) -> Encoded | None:
        """The encoded progress newer than `tick`; `None` when there is none."""
        mark = mark or self.mark
        if view.states is not None and JobState.RUNNING not in view.states:
            return None
        if not self._live or next(reversed(self._live.values())).tick <= tick:
            return None

        def make() -> bytes:
            newer: list[tuple[str, Live]] = []
            for job_id in reversed(self._live):
                live = self._live[job_id]
                if live.tick <= tick:
                    break
                if view is EVERYTHING or self._shows(view, job_id):
                    newer.append((job_id, live))
            return _encode(_columns(mark.tick, newer[::-1]))

        return self._cache.get((view, tick, mark.tick), make)

    def progress_of(
        self, job_ids: Collection[str], tick: int, view: View = EVERYTHING
    ) -> Encoded | None:
        """The encoded progress of these jobs newer than `tick`, as far as they are in the view;
        `None` when there is none."""
        newer = [
            (job_id, live)
            for job_id in job_ids
            if (live := self._live.get(job_id)) is not None
            and live.tick > tick
            and (view is EVERYTHING or self._shows(view, job_id))
        ]
        return Encoded(_encode(_columns(self.tick, newer))) if newer else None

    def _shows(self, view: View, job_id: str) -> bool:
        job = self._running.get(job_id)
        return job is not None and view.shows(job)

    def _remember(self, job_id: str, change: _Change) -> None:
        self._changes[job_id] = change
        self._changes.move_to_end(job_id)


def _columns(tick: int, newer: list[tuple[str, Live]]) -> ProgressFrame:
    progress = [live.progress for _, live in newer]
    return ProgressFrame(
        tick=tick,
        ids=[job_id for job_id, _ in newer],
        attempts=_short([live.attempt for _, live in newer]),
        phases=_short([live.phase for _, live in newer]),
        fractions=_short([one.fraction for one in progress]),
        bases=_short([one.basis for one in progress]),
        rows=_short([one.rows for one in progress]),
        bytes=_short([one.bytes for one in progress]),
        memory_bytes=_short([one.memory_bytes for one in progress]),
        spill_bytes=_short([one.spill_bytes for one in progress]),
        eta_low_s=_short([one.eta_low_s for one in progress]),
        eta_high_s=_short([one.eta_high_s for one in progress]),
        stalled_s=_short([one.stalled_s for one in progress]),
        activities=_short([one.activity for one in progress]),
        statement=_short([one.statement for one in progress]),
        statements=_short([one.statements for one in progress]),
    )


def _short(column: list[T]) -> list[T]:
    """A column whose values are all alike as one of them: as most phases and bases are, which
    makes a third of a frame."""
    return column[:1] if column and column.count(column[0]) == len(column) else column
