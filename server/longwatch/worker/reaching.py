"""Patience with a server that is away: it comes back, and wants to know how things went."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from longwatch.client.backoff import Backoff
from longwatch.client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    LongwatchClientError,
    ServerFault,
    TooManyRequests,
    Unauthorized,
)

T = TypeVar("T")
GIVE_UP_S: Final = 3_600.0
"""A worker that was out of touch for so long ends what it runs: nobody waits for it any more."""
BACKOFF: Final = Backoff(0.1, 2.0)
_NOT_OURS: Final = frozenset({"attempt_over", "not_offered", "no_workers_here"})
_PASSING: Final = (ServerFault, TooManyRequests, Unauthorized, Forbidden)
"""Refusals that may pass: a restart, a disk that is full, a token that is being replaced."""


class NotOurs(Exception):
    """The attempt is not this worker's, or not any more."""


class OutOfReach(Exception):
    """The server could not be reached for too long."""


class NoRoom(Exception):
    """The server's disk has no room for the result, or it is larger than it may be."""


def sort_out(error: LongwatchClientError) -> None:
    """Return when it is worth another try. Raises `NotOurs`, `NoRoom`, or the error itself."""
    if isinstance(error, Conflict) and error.problem.code in _NOT_OURS:
        raise NotOurs from error
    if isinstance(error, ApiError):
        if error.problem.code in {"no_room", "too_large", "result_too_large"}:
            raise NoRoom(str(error)) from error
        if not isinstance(error, _PASSING):
            raise error


async def insist(call: Callable[[], Awaitable[T]], give_up_s: float = GIVE_UP_S) -> T:
    """Call until the server answers. Raises `NotOurs`, `OutOfReach`, `NoRoom`, and the refusal of
    a request that is wrong in itself."""
    dice = random.Random()  # noqa: S311 - spreads tries, hides nothing
    until_s = time.monotonic() + give_up_s
    failures = 0
    while True:
        try:
            return await call()
        except LongwatchClientError as error:
            sort_out(error)
            failures += 1
            if time.monotonic() > until_s:
                raise OutOfReach from error
        await asyncio.sleep(BACKOFF.delay_s(failures, dice))
