"""A task that goes on beside everything else, from a start to a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Background:
    """One task at a time, which ends by being cancelled. If it fails, asyncio's handler of
    exceptions tells of that when it is stopped."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin to `work`, in the loop that runs."""
        self._task = asyncio.create_task(work, name=self._name)

    async def stop(self) -> None:
        """Work no more, and wait for what that takes. Does nothing before the start, nor twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
