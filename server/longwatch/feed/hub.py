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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from longwatch.protocol.frames import Delta, ProgressFrame
from longwatch.protocol.jobs import JobState, JobSummary, Phase, Progress

KEEP_CHANGES: Final = 10_000
"""Jobs whose last change is remembered here; who is further behind is answered by the store."""
CACHED_FRAMES: Final = 64
CACHED_BYTES: Final = 16 * 2**20
"""A delta of 10,000 jobs takes 5 MB: slow readers at many places must not pile them up."""
_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Live:
    """The newest progress of one running attempt."""

    tick: int
    attempt: int
    phase: Phase
    progress: Progress


class FeedHub:
    """Sequenced changes and the newest progress, with a signal for those who wait."""

    def __init__(self) -> None:
        self.seq = 0
        self.tick = 0
        self._floor = 0
        self._changes: OrderedDict[str, tuple[int, JobSummary | None]] = OrderedDict()
        self._live: dict[str, Live] = {}
        self._frames: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._cached_bytes = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._end = asyncio.Event()
        self._subscribers = 0
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()

    @property
    def subscribers(self) -> int:
        """How many are being served."""
        return self._subscribers

    def begin(self, seq: int) -> None:
        """Stand at the store's newest `seq`; changes before it are the store's to tell."""
        self.seq = self._floor = seq

    def publish(self, changed: Iterable[JobSummary], removed: Iterable[str], seq: int) -> None:
        """Announce one commit. `seq` is its newest number, above every earlier one."""
        for job in sorted(changed, key=lambda job: job.seq):
            self._remember(job.id, job.seq, job)
            if job.state is not JobState.RUNNING:
                self._live.pop(job.id, None)
        for job_id in removed:
            self._remember(job_id, seq, None)
            self._live.pop(job_id, None)
        while len(self._changes) > KEEP_CHANGES:
            _, (forgotten, _) = self._changes.popitem(last=False)
            self._floor = max(self._floor, forgotten)
        self.seq = max(self.seq, seq)
        self._wake()

    def progress(self, job_id: str, attempt: int, phase: Phase, progress: Progress) -> None:
        """Announce progress of a running attempt."""
        self.tick += 1
        self._live[job_id] = Live(self.tick, attempt, phase, progress)
        self._wake()

    def with_progress(self, job: JobSummary) -> JobSummary:
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
        self._wake()
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

    async def rest(self, seconds: float) -> None:
        """Sleep, but not through the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()

    async def moved(self, seq: int, tick: int) -> None:
        """Return once there is something newer than `seq` or `tick`, or the hub is closing."""
        while not self.closing and self.seq <= seq and self.tick <= tick:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                await waiter
            finally:
                self._waiting.discard(waiter)

    def delta(self, since: int) -> bytes | None:
        """The encoded delta from `since` to now; `None` when the hub does not reach back so far
        and the store must be asked."""
        if since < self._floor:
            return None
        key = (since, self.seq, self.tick)
        frame = self._frames.get(key)
        if frame is None:
            changed: list[JobSummary] = []
            removed: list[str] = []
            for job_id in reversed(self._changes):
                seq, job = self._changes[job_id]
                if seq <= since:
                    break
                if job is None:
                    removed.append(job_id)
                else:
                    changed.append(self.with_progress(job))
            changed.reverse()
            delta = Delta(from_=since, to=self.seq, changed=changed, removed=removed)
            frame = self._cache(key, _encode(delta))
        return frame

    def progress_since(self, tick: int) -> bytes | None:
        """The encoded progress newer than `tick`; `None` when there is none."""
        key = (tick, self.tick)
        frame = self._frames.get(key)
        if frame is None:
            newer = [(job_id, one) for job_id, one in self._live.items() if one.tick > tick]
            if not newer:
                return None
            frame = self._cache(key, _encode(_columns(self.tick, newer)))
        return frame

    def _remember(self, job_id: str, seq: int, job: JobSummary | None) -> None:
        self._changes[job_id] = (seq, job)
        self._changes.move_to_end(job_id)

    def _cache(self, key: tuple[int, ...], frame: bytes) -> bytes:
        self._frames[key] = frame
        self._cached_bytes += len(frame)
        while len(self._frames) > CACHED_FRAMES or self._cached_bytes > CACHED_BYTES:
            _, forgotten = self._frames.popitem(last=False)
            self._cached_bytes -= len(forgotten)
        return frame

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)


def _columns(tick: int, newer: list[tuple[str, Live]]) -> ProgressFrame:
    progress = [live.progress for _, live in newer]
    return ProgressFrame(
        tick=tick,
        ids=[job_id for job_id, _ in newer],
        attempts=[live.attempt for _, live in newer],
        phases=[live.phase for _, live in newer],
        fractions=[one.fraction for one in progress],
        bases=[one.basis for one in progress],
        rows=[one.rows for one in progress],
        bytes=[one.bytes for one in progress],
        memory_bytes=[one.memory_bytes for one in progress],
        spill_bytes=[one.spill_bytes for one in progress],
        eta_low_s=[one.eta_low_s for one in progress],
        eta_high_s=[one.eta_high_s for one in progress],
        stalled_s=[one.stalled_s for one in progress],
        statement=[one.statement for one in progress],
        statements=[one.statements for one in progress],
    )
