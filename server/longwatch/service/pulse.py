"""Notices attempts that are not heard of any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

from longwatch.background import Background
from longwatch.service.running import Running

LOOK_S: Final = 2.0
REST_S: Final = 10.0
"""Between looks while nothing runs."""


class Pulse:
    """Looks at all that runs every two seconds: a runner reports once a second at least, or a
    worker for it. `tell` is called for each attempt that has fallen silent, at each look."""

    def __init__(
        self, running: Mapping[str, Running], tell: Callable[[str, Running], None]
    ) -> None:
        self._running = running
        self._tell = tell
        self._looking = Background("pulse")

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(self._run())

    async def stop(self) -> None:
        """Look no more."""
        await self._looking.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S if self._running else REST_S)
            now_s = time.monotonic()
            for job_id, one in tuple(self._running.items()):
                if one.fell_silent(now_s):
                    self._tell(job_id, one)
