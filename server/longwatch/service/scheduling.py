"""Whose turn it is: priority, then fair share between owners, then age, within the limits.

Fair share: among jobs of one priority the owner with the fewest running goes first, and among
those the one who was served longest ago. So a hundred queries of one person never keep another's
first one waiting for more than what runs already.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from longwatch.jobs.turns import Waiting
from longwatch.settings import Settings
from longwatch.store.errors import StoreError

MOST_RUNNING: Final = 256
"""No setting allows more jobs at once."""
RETRY_S: Final = 2.0
"""How long to leave a store alone that could not be read or written, before the next try."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Jobs at once: in all, for one owner, on one source (by name). `None`: as many as in all."""

    total: int
    per_owner: int | None = None
    per_source: Callable[[], Mapping[str, int]] = dict


@dataclass(frozen=True, slots=True)
class Slot:
    """A job that takes up room: whose it is, and on what it runs."""

    owner: str
    source: str


class Fairness:
    """Chooses among those who wait. Remembers who was served last, and nothing else."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._served: dict[str, int] = {}
        self._turn = 0

    def has_room(self, running: int) -> bool:
        """Whether one more may run beside so many, whosesoever it is."""
        return running < self.limits.total

    def choose(
        self,
        waiting: Collection[Waiting],
        taken: Collection[Slot],
        may: Callable[[Waiting], bool] = lambda _one: True,
    ) -> Waiting | None:
        """The oldest of the group whose turn it is, of those that `may`; `None` when nobody may
        start now."""
        if not self.has_room(len(taken)):
            return None
        owners = Counter(slot.owner for slot in taken)
        sources = Counter(slot.source for slot in taken)
        most = self.limits.per_source()
        able = [one for one in waiting if may(one) and self._may(one, owners, sources, most)]
        return min(
            able,
            key=lambda one: (
                -one.priority,
                owners[one.owner],
                self._served.get(one.owner, 0),
                one.n,
            ),
            default=None,
        )

    def served(self, owner: str) -> None:
        """One of this owner's jobs was started."""
        self._turn += 1
        self._served[owner] = self._turn

    def _may(
        self,
        one: Waiting,
        owners: Counter[str],
        sources: Counter[str],
        per_source: Mapping[str, int],
    ) -> bool:
        per_owner = self.limits.per_owner
        if per_owner is not None and owners[one.owner] >= per_owner:
            return False
        most = per_source.get(one.source)
        return most is None or sources[one.source] < most


def turn_limits(settings: Settings, per_source: Callable[[], Mapping[str, int]]) -> Limits:
    """What the settings and the sources say about jobs at once; sources come and go. What is meant
    for this machine alone (the default of `max_running`) does not bind workers elsewhere."""
    total = settings.max_running
    if settings.executor == "celery" and "max_running" not in settings.model_fields_set:
        total = MOST_RUNNING
    return Limits(total, settings.max_running_per_owner, per_source)


class Scheduler:
    """The loop that starts jobs. `start_next` starts one, and says whether there was one."""

    def __init__(
        self,
        start_next: Callable[[], Awaitable[bool]],
        timeout_s: Callable[[], float | None],
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        """`timeout_s` says when to look again though nobody called: seconds, `None` for never."""
        self._start_next = start_next
        self._timeout_s = timeout_s
        self._log = log
        self._called = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def stopping(self) -> bool:
        """Whether nothing more is started."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin to start jobs."""
        self._called.set()
        self._task = asyncio.create_task(self._run(), name="scheduler")

    def call(self) -> None:
        """Something changed: look for jobs to start."""
        self._called.set()

    async def stop(self) -> None:
        """Start nothing more. Waits for a start that is under way: between its claim and its
        launch a job would be left half started."""
        self._stopping.set()
        self._called.set()
        if self._task is not None:
            await self._task

    async def pause(self, seconds: float) -> None:
        """Sleep, but not through the server's stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timeout_s()):
                    await self._called.wait()
            self._called.clear()
            try:
                while not self._stopping.is_set() and await self._start_next():
                    pass
            except Exception as error:
                # Whatever it was, the next job deserves its turn.
                known = isinstance(error, StoreError | OSError)  # the latter: of a broker
                self._log.warning("no job could be started", error=str(error), exc_info=not known)
                await self.pause(RETRY_S)
                self._called.set()
