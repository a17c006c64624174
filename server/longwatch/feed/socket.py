"""uvicorn's WebSocket, with a short way out for frames that many are sent.

By ASGI's way a frame of a thousand subscribers is decoded, encoded, framed and copied a thousand
times, and each of them has a task that is woken: 95 µs a frame, 10,500 frames a second on a core.
Here the same bytes are written to every transport: 25 µs with the system call, in one task.
"""

from __future__ import annotations

from asyncio.transports import BaseTransport
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from longwatch.feed.encoded import Encoded
from longwatch.feed.wire import Gone

EXTENSION: Final = "longwatch.feed"
"""In a WebSocket's scope, among `extensions`: the `FeedSocket` itself."""


class FeedSocket(WebSocketsSansIOProtocol):
    """Serves any WebSocket like its parent; `feed` may also write to it directly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_clear: Callable[[], None] = _nobody

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        # Without a reserve: what is newer is sent when the last frame is through, not behind it.
        self.transport.set_write_buffer_limits(high=0)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # else there is no scope
            cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = self

    def resume_writing(self) -> None:
        super().resume_writing()
        self.on_clear()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.on_clear()

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
            self.transport.writelines([frame.framed for frame in frames])

    async def through(self) -> None:
        """Return once it is `clear`. Raises `Gone`."""
        await self.writable.wait()
        if self.gone:
            raise Gone

    def abort(self) -> None:
        """Drop the connection, and what has not been sent."""
        self.transport.abort()


def _nobody() -> None:
    """Nobody waits for it."""
