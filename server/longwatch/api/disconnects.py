"""Ends what nobody waits for any more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")


class TokenEnded(Exception):
    """The token was revoked, or has expired: the argument says which."""


async def until_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; it is cancelled, and `ClientDisconnect` raised, when the client of a
    request without a body hangs up first."""
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await one


async def unless_ended(work: Coroutine[Any, Any, T], ending: asyncio.Future[str]) -> T:
    """What `work` returns; it is cancelled, and `TokenEnded` raised, when the token in whose name
    it goes on is no good any more."""
    task = asyncio.create_task(work)
    try:
        either: set[asyncio.Future[Any]] = {task, ending}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TokenEnded(ending.result())
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
