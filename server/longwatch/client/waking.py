"""Noticing that the computer has slept: no packet says so, and the server has long hung up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

ASLEEP_S: Final = 5.0
"""A shorter sleep breaks no connection; and a wall clock may be put right by as much."""


class SleepWatch:
    """Compares a clock that stands still in sleep with one that goes on.

    Where there is no such clock (outside Linux) the wall clock serves: somebody who sets it causes
    one needless look whether the connection is alive.
    """

    def __init__(
        self, awake: Callable[[], float] | None = None, always: Callable[[], float] | None = None
    ) -> None:
        self._awake = awake or time.monotonic
        self._always = always or _since_boot
        self._apart_s = self._always() - self._awake()

    def slept_s(self) -> float:
        """Seconds slept since the last call, or 0.0 if that is less than `ASLEEP_S`."""
        before_s, self._apart_s = self._apart_s, self._always() - self._awake()
        slept_s = self._apart_s - before_s
        return slept_s if slept_s >= ASLEEP_S else 0.0


def _since_boot() -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time()


async def drop_if_dead(socket: ClientConnection, within_s: float) -> None:
    """Drop a connection whose other side does not answer a ping in time: whoever reads from it
    learns of it then, and not after the keepalive's patience."""
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - there is a connection

    try:
        async with asyncio.timeout(within_s):
            await (await socket.ping())
    except ConnectionClosed:
        return
    except TimeoutError:
        socket.transport.abort()
