"""The beat: one task that sends every subscriber what is newer, whenever something moves.

In each round all who are due and whose last frame is through are handed the same encoded bytes;
who is not ready is passed over and gets more the next time. A round that takes long makes the next
one wait, so that feeds never take more than `SHARE` of the loop, and a thousand subscribers get
fewer frames rather than later ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from longwatch.feed.encoded import Encoded
from longwatch.feed.hub import FeedHub, Mark
from longwatch.feed.views import View
from longwatch.feed.wire import Wire

SEND_TIMEOUT_S: Final = 10.0
FAR_S: Final = 0.25
"""How often the progress of jobs out of sight is told to whoever says which are in sight."""
SLICE_S: Final = 0.004
"""After so long others have the loop in between."""
SHARE: Final = 0.6
ARRIVING_SHARE: Final = 0.3
"""While somebody is being let in: who has come back already gets fewer frames for a moment."""


class Verdict(enum.Enum):
    """Why the beat lets go of a subscriber."""

    BEHIND = "the store must be asked for what it lacks"
    SLOW = "it does not read"
    CLOSING = "the server is stopping"


@dataclass(slots=True, eq=False)
class Place:
    """Where a subscriber stands: the `seq` and the `tick` it has, and what it asked for.

    `fresh` wants a delta even if nothing is newer: the answer to who resumes. `shown` are the jobs
    in sight, `near` the tick up to which those are told.
    """

    wire: Wire
    view: View
    interval_s: float
    seq: int = 0
    tick: int = 0
    fresh: bool = False
    shown: Sequence[str] | None = None
    near: int = 0
    due_s: float = 0.0
    far_due_s: float = 0.0
    stuck_since_s: float | None = None
    verdict: asyncio.Future[Verdict] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def due(self, mark: Mark) -> float:
        """When it is to be sent something; infinity when it has all."""
        if self.fresh or self.seq < mark.seq:
            return self.due_s
        if self.shown is None:
            return self.due_s if self.tick < mark.tick else math.inf
        if self.near < mark.tick:
            return self.due_s
        return self.far_due_s if self.tick < mark.tick else math.inf

    def decide(self, verdict: Verdict) -> None:
        """Let go of it."""
        if not self.verdict.done():
            self.verdict.set_result(verdict)


class Beat:
    """Sends what the hub has to all who follow. Its task lives as long as somebody does."""

    def __init__(self, hub: FeedHub) -> None:
        self._hub = hub
        self._places: dict[Place, None] = {}
        self._moved = False
        self._woken = asyncio.Event()
        self._cleared: dict[Place, None] = {}
        """Who can be sent something sooner than the last round foresaw. They are told alone: to
        look at all thousand whenever one of them comes back took a fifth of the loop."""
        self._task: asyncio.Task[None] | None = None
        hub.on_move = self._on_move

    async def follow(self, place: Place) -> Verdict:
        """Send everything newer to a subscriber, until there is a reason not to."""
        place.wire.on_clear = partial(self._on_ready, place)
        self._places[place] = None
        self._on_ready(place)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feed-beat")
        try:
            # Not the verdict alone: if the beat fails, this must not wait for ever.
            either: set[asyncio.Future[Any]] = {place.verdict, self._task}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not place.verdict.done():
                self._task.result()
            return place.verdict.result()
        finally:
            del self._places[place]
            self._cleared.pop(place, None)
            place.verdict.cancel()
            place.wire.on_clear = _nobody
            if not self._places and self._task is not None:
                self._task.cancel()
                self._task = None

    def show(self, place: Place, job_ids: Sequence[str] | None) -> None:
        """These jobs are in sight from now on. Their progress since the last time that all were
        told is told at once: nobody knows what was in sight in between."""
        place.shown = job_ids
        place.near = place.tick
        self._on_ready(place)

    def frames(self, place: Place, mark: Mark, now_s: float = math.inf) -> list[Encoded] | None:
        """What is newer than the place, which is moved on; `None` when the store must be asked."""
        frames: list[Encoded] = []
        if place.fresh or place.seq < mark.seq:
            told = self._hub.delta(place.seq, place.view, mark)
            if told is None:
                return None
            place.seq, place.fresh = told.seq, False
            frames.append(told.frame)
        if place.shown is None or now_s >= place.far_due_s:
            progress = self._hub.progress_since(place.tick, place.view, mark)
            place.tick = place.near = mark.tick
            place.far_due_s = now_s + FAR_S
        else:
            progress = self._hub.progress_of(place.shown, place.near, place.view)
            place.near = mark.tick
        if progress is not None:
            frames.append(progress)
        return frames

    def _on_move(self) -> None:
        # Once is enough: five thousand jobs a second must not wake it as often.
        if not self._moved or self._hub.closing:
            self._moved = True
            self._woken.set()

    def _on_ready(self, place: Place) -> None:
        if place in self._places:
            self._cleared[place] = None
            self._woken.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        again_s = earliest_s = 0.0
        while True:
            self._woken.clear()
            if self._hub.closing:
                for place in self._places:
                    place.decide(Verdict.CLOSING)
                return
            began_s = loop.time()
            places = tuple(self._cleared)
            if began_s >= (min(again_s, earliest_s) if self._moved else again_s):
                self._moved = False
                places, again_s, earliest_s = tuple(self._places), math.inf, math.inf
            self._cleared.clear()
            if places:
                looked = await self._round(places, self._hub.mark)
                again_s, earliest_s = min(again_s, looked[0]), min(earliest_s, looked[1])
                arriving = self._hub.subscribers > len(self._places)
                share = ARRIVING_SHARE if arriving else SHARE
                await asyncio.sleep((loop.time() - began_s) * (1 - share) / share)
            # What moves before anybody is due is for nobody.
            await _until(self._woken, min(again_s, earliest_s) if self._moved else again_s)

    async def _round(self, places: Sequence[Place], mark: Mark) -> tuple[float, float]:
        """Send to those who are ready: when the next of the others is due, and the earliest moment
        at which anybody whose frames are through may be sent more."""
        loop = asyncio.get_running_loop()
        again_s = earliest_s = math.inf
        slice_ends_s = loop.time() + SLICE_S
        for place in places:
            now_s = loop.time()
            if now_s > slice_ends_s:
                await asyncio.sleep(0)
                now_s = loop.time()
                slice_ends_s = now_s + SLICE_S
            if place in self._places:  # it may have left meanwhile
                again_s = min(again_s, self._tell(place, mark, now_s))
                if place.stuck_since_s is None:
                    earliest_s = min(earliest_s, place.due_s)
        return again_s, min(earliest_s, again_s)

    def _tell(self, place: Place, mark: Mark, now_s: float) -> float:
        """Send what is newer, if the subscriber is ready; when to look again."""
        if place.verdict.done():
            return math.inf
        if not place.wire.clear:
            return _stuck(place, now_s)
        place.stuck_since_s = None
        due_s = place.due(mark)
        if due_s > now_s:
            return due_s
        frames = self.frames(place, mark, now_s)
        if frames is None:
            place.decide(Verdict.BEHIND)
            return math.inf
        if frames:
            place.wire.write(frames)
            # Whoever catches up in several frames goes on as soon as each is through.
            place.due_s = now_s if place.seq < mark.seq else now_s + place.interval_s
        return place.due(mark) if place.wire.clear else _stuck(place, now_s)


def _stuck(place: Place, now_s: float) -> float:
    """When a subscriber whose frames are not through is given up; gives it up if that is now."""
    if place.stuck_since_s is None:
        place.stuck_since_s = now_s
    end_s = place.stuck_since_s + SEND_TIMEOUT_S
    if now_s >= end_s:
        place.decide(Verdict.SLOW)
        return math.inf
    return end_s


async def _until(happened: asyncio.Event, moment_s: float) -> None:
    """Return when that happens, or at that moment of the loop's clock."""
    if happened.is_set() or moment_s <= asyncio.get_running_loop().time():
        return
    if moment_s == math.inf:
        await happened.wait()
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(moment_s):
            await happened.wait()


def _nobody() -> None:
    """Nobody waits for it."""
