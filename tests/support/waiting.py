"""Waiting for a condition, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 10.0


def wait_until(condition: Callable[[], T | None], *, patience_s: float = PATIENCE_S) -> T:
    """What `condition` returns once that is true. Fails after `patience_s`."""
    deadline_s = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline_s, f"not so within {patience_s:g} s: {condition}"
        time.sleep(0.005)
    return value


async def eventually(condition: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Any:
    """The same in an event loop; `condition` may be a coroutine function."""
    deadline_s = time.monotonic() + patience_s
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline_s, f"not so within {patience_s:g} s: {condition}"
        await asyncio.sleep(0.005)
