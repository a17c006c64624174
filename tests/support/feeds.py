"""A server on a socket of this loop whose attempts a test ends: many changes in little time. And a
feed as it is on the wire."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from longwatch.client.address import Address
from support.servers import TOKEN, Backend, app_over, backend


@asynccontextmanager
async def feeding(data_dir: Path, **settings: Any) -> AsyncIterator[tuple[Backend, Address]]:
    """A `Backend` that answers on a port of the loopback device, stopped at the end."""
    async with backend(data_dir, **settings) as given, listening(given) as address:
        yield given, address


@asynccontextmanager
async def listening(given: Backend, port: int = 0) -> AsyncIterator[Address]:
    """Where a backend answers, while it does."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app_over(given),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="longwatch.feed.socket:FeedSocket",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]), name="uvicorn")
    try:
        yield Address(f"http://127.0.0.1:{sock.getsockname()[1]}", TOKEN)
    finally:
        await given.hub.close()
        server.should_exit = True
        await serving
        sock.close()


@asynccontextmanager
async def feed(address: Address, **kwargs: Any) -> AsyncIterator[ClientConnection]:
    """A connection to the feed, with the hello still to be read."""
    async with connect(
        address.feed_url,
        additional_headers=address.headers(),
        compression=None,
        proxy=None,
        max_size=None,
        **kwargs,
    ) as connection:
        yield connection
