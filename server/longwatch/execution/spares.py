"""Runner processes in waiting, so that a query starts in milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from longwatch.execution.processes import OwnRunner
from longwatch.runner.spec import Order

QUIET_S: Final = 0.2


class Spares:
    """Up to `most` of them, each about 100 MB of memory, most of it shared, and no processor time.

    Making one takes 0.3-0.4 s of a core, which a query that has just begun would feel, and whoever
    fetches the result of one that has just ended: while anything runs only the last spare is
    replaced at once, the others when all has been quiet for a moment.
    """

    def __init__(self, spawn: Callable[[], Awaitable[OwnRunner]], *, most: int) -> None:
        self.likely: dict[str, str] | None = None
        """Options of the source that was asked for last: new spares make ready for it."""
        self._spawn = spawn
        self._most = most
        self._waiting: deque[OwnRunner] = deque()
        self._filling: asyncio.Task[None] | None = None
        self._wanted = 0
        self._hurry = asyncio.Event()

    def take(self) -> OwnRunner | None:
        """The one that has waited longest; `None` when there is none. It may have died since."""
        return self._waiting.popleft() if self._waiting else None

    def fill(self, *, idle: bool) -> None:
        """Begin to make what is missing; with `idle` all of it, else only the last one."""
        self._wanted = self._most if idle else min(self._most, 1)
        if not self._waiting:
            self._hurry.set()
        if self._lacks() and (self._filling is None or self._filling.done()):
            self._filling = asyncio.create_task(self._fill(), name="spares")

    async def _fill(self) -> None:
        with contextlib.suppress(OSError):  # none then: each attempt starts its own
            while self._lacks():
                if self._waiting and not (await self._quiet() and self._lacks()):
                    continue
                spare = await self._spawn()
                self._waiting.append(spare)
                if self.likely is not None:
                    spare.order(Order(options=self.likely))

    def _lacks(self) -> bool:
        return len(self._waiting) < self._wanted

    async def _quiet(self) -> bool:
        """Wait a moment; false when things have changed meanwhile."""
        self._hurry.clear()
        try:
            async with asyncio.timeout(QUIET_S):
                await self._hurry.wait()
        except TimeoutError:
            return True
        return False

    async def close(self) -> list[OwnRunner]:
        """Make no more, and let those in waiting go; they are the caller's to reap."""
        self._most = self._wanted = 0
        self._hurry.set()
        if self._filling is not None:
            await asyncio.gather(self._filling, return_exceptions=True)
        spares = list(self._waiting)
        self._waiting.clear()
        for spare in spares:
            spare.dismiss()
        return spares
