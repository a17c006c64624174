"""uvicorn's WebSocket, with a short way out for frames that many are sent.

By ASGI's way a frame of a thousand subscribers is decoded, encoded, framed and copied a thousand
times: 35 µs each, and 52 µs where each of them has a task that is woken, which took the whole core
for 19,000 frames a second. Here the same bytes are written to every transport, in one task: 20 µs,
most of them the system's, so that another event loop (uvloop) would gain little.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.transports import BaseTransport
from collections.abc import Callable, Sequence
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from longwatch.feed.encoded import Encoded
from longwatch.feed.limited import LimitedHttp
from longwatch.feed.wire import Gone

EXTENSION: Final = "longwatch.feed"
"""In a WebSocket's scope, among `extensions`: the `FeedSocket` itself."""


UNSENT_BYTES: Final = 32 * 1024
"""What the system takes of a reader that does not keep up. Left to itself it takes megabytes, and a
client that is slow for a moment is then told for seconds what was true before."""
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


class FeedSocket(WebSocketsSansIOProtocol):
    """Serves any WebSocket like its parent; `feed` may also write to it directly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_clear: Callable[[], None] = _nobody
        self._ends = 0
        self._door = _doors.setdefault(self.config, asyncio.Lock())

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # Without a reserve: what is newer is sent when the last frame is through, not behind it.
        self.transport.set_write_buffer_limits(high=0)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in _INTERNET and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # else there is no scope
            cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self

    async def run_asgi(self) -> None:
        """Serve it, when those who came before have been let in: a thousand that come back at once
        would hold the loop for a second and more, and everybody else would wait that long."""
        async with self._door:
            await asyncio.sleep(0)
        await super().run_asgi()

    def send_receive_event_to_app(self) -> None:
        """Hand a message over, as bytes always. The parent decodes text, and logs an error with its
        traceback where that is not UTF-8: whoever is let in could fill the disk so. The feed
        refuses it with a word."""
        self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self._over()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.on_clear()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.on_clear()
        self._over()

    def _over(self) -> None:
        """Let go of what holds this, once the connection is lost and nobody serves it any more: a
        thousand of them left to the collector of garbage hold the loop for 0.7 s."""
        self._ends += 1
        if self._ends == 2:
            self.conn.parser.close()  # a generator of its own, which holds it
            del self.conn, self.scope

    @property
    def clear(self) -> bool:
        """Whether everything written has been handed to the system."""
        return self.writable.is_set() and not self.gone

    @property
    def gone(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.disconnected or self.close_sent or self.transport.is_closing()

    def write(self, frames: Sequence[Encoded]) -> None:
        """Send text frames."""
        if not self.gone:
            # Not `writelines`: from Python 3.12 to 3.13.0 at least it tells nobody that the buffer
            # is full, and whoever stops reading would be sent more for ever.
            self.transport.write(b"".join([frame.framed for frame in frames]))

    async def through(self) -> None:
        """Return once it is `clear`. Raises `Gone`."""
        await self.writable.wait()
        if self.gone:
            raise Gone

    def abort(self) -> None:
        """Drop the connection, and what has not been sent."""
        self.transport.abort()


class FeedHttp(LimitedHttp):
    """Serves HTTP like its parent, and is gone once it has become a WebSocket."""

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        del self.parser  # which holds this


_doors: WeakKeyDictionary[Config, asyncio.Lock] = WeakKeyDictionary()
"""The door of each server."""


def _nobody() -> None:
    """Nobody waits for it."""
