"""uvicorn, as it carries Longwatch: on a socket that is bound already, and with few wake-ups.

Imported in the server's thread: uvicorn takes 0.15 s.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

ACCEPTED: Final = 8
"""Connections that are accepted in one step of the loop, 0.7 ms each with all that comes of it.
asyncio takes all that wait, and a thousand that come back at once held everybody up for 0.4 s."""


def config_of(
    app: FastAPI, context: ssl.SSLContext | None, *, waiting: int, behind_proxy: bool
) -> uvicorn.Config:
    """How uvicorn serves `app`: with TLS where there is a `context`, and so many connections
    `waiting` to be accepted."""
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=behind_proxy,
        http="longwatch.feed.socket:FeedHttp",
        ws="longwatch.feed.socket:FeedSocket",
        ssl_context_factory=None if context is None else lambda *_: context,
        ws_max_size=2**20,
        ws_per_message_deflate=False,  # 100 feeds: 77 % of a core, and it falls behind
        timeout_graceful_shutdown=1,
        # For asyncio both: how many may wait, and how many it accepts at once.
        backlog=ACCEPTED if os.name == "posix" else waiting,
    )


class Server(uvicorn.Server):
    """Serves on one socket until it is told to leave."""

    def __init__(
        self,
        config: uvicorn.Config,
        sock: socket.socket,
        *,
        waiting: int,
        leaving: asyncio.Event,
        on_ready: Callable[[], None],
        farewell: Callable[[], Awaitable[None]],
    ) -> None:
        """It looks whether `should_exit` is set when `leaving` is. `farewell` comes before the
        connections go."""
        super().__init__(config)
        self._sock = sock
        self._waiting = waiting
        self._leaving = leaving
        self._on_ready = on_ready
        self._farewell = farewell

    async def main_loop(self) -> None:
        """Once a second, for the date that answers carry, and when it is told to leave; uvicorn's
        own looks every 0.1 s."""
        tenths = 0
        while not await self.on_tick(tenths):
            tenths += 10
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._leaving.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if os.name == "posix":
            self._sock.listen(self._waiting)  # asyncio made it as many as it accepts at once
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Clients hear what becomes of their jobs, and goodbye, before their connections go."""
        await self._farewell()
        await super().shutdown(sockets)


def note_failure(app: FastAPI, failed: Callable[[BaseException], None]) -> None:
    """uvicorn only logs what a lifespan raises: tell it to whoever starts the server."""
    original = app.router.lifespan_context

    @asynccontextmanager
    async def noted(served: FastAPI) -> AsyncIterator[Any]:
        try:
            async with original(served) as state:
                yield state
        except BaseException as error:
            failed(error)
            raise

    app.router.lifespan_context = noted
