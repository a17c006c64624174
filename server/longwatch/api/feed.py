"""`/v1/feed`: the WebSocket over which a client follows jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from longwatch.api import cursors
from longwatch.api.dependencies import PartsDep
from longwatch.api.rights import PermittedDep
from longwatch.feed.encoded import Encoded
from longwatch.feed.session import ChunkOfJobs, FeedSession, History, HistoryUnavailable, Missed
from longwatch.feed.socket import EXTENSION, FeedSocket
from longwatch.feed.views import View
from longwatch.feed.wire import Gone, Wire
from longwatch.protocol import routes
from longwatch.protocol.frames import SUBPROTOCOL
from longwatch.protocol.jobs import FINAL_STATES, JobState
from longwatch.store import chunks, repository
from longwatch.store.errors import StoreError
from longwatch.store.listing import Filter
from longwatch.store.store import Store
from longwatch.version import version

router: Final = APIRouter()
MOST_RESUMED: Final = 20_000
"""Changed jobs a resume brings at most; beyond it a snapshot in chunks is kinder to both sides."""
_OPEN: Final = frozenset(JobState) - FINAL_STATES


@router.websocket(routes.FEED)
async def feed(socket: WebSocket, server: PartsDep, who: PermittedDep) -> None:
    """Serve one subscriber. The token was checked before the handshake is accepted."""
    with server.feeds.one_of(who.name), server.tokens.ending(who) as ending:
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        session = FeedSession(
            wire_of(socket),
            server.hub,
            server.beat,
            history_of(server.store, server.epoch),
            server=server.server_name,
            version=version(),
            user=who.name,
            only_of=who.only_of,
            ending=ending,
        )
        await session.run()


def history_of(store: Store, epoch: str) -> History:
    """What the store knows, as the feed asks for it."""

    async def chunk(view: View, before_n: int | None, limit: int, open_only: bool) -> ChunkOfJobs:
        which = Filter(states=view.states, source=view.source, owner=view.owner)
        if open_only:
            which = which.among(_OPEN)
        first = before_n is None
        try:
            found = await store.run(
                chunks.chunk, which, before_n=before_n, limit=limit, count=first
            )
        except StoreError as error:
            raise HistoryUnavailable(str(error)) from error
        return ChunkOfJobs(
            found.text,
            found.count,
            found.running,
            found.total,
            found.next_n,
            cursors.encode(found.next_n),
        )

    async def since(seq: int) -> Missed | None:
        try:
            found = await store.run(repository.since, seq, most=MOST_RESUMED)
        except StoreError as error:
            raise HistoryUnavailable(str(error)) from error
        return None if found is None else Missed(found.changed, found.removed, found.seq)

    return History(epoch, chunk, since)


def wire_of(socket: WebSocket) -> Wire:
    """What carries the frames of an accepted WebSocket: straight to the transport where the server
    is our own, else by ASGI's way."""
    direct = socket.scope.get("extensions", {}).get(EXTENSION)
    return _Direct(socket, direct) if isinstance(direct, FeedSocket) else _Asgi(socket)


class _Asgi:
    """A Starlette WebSocket as the feed's wire."""

    def __init__(self, socket: WebSocket) -> None:
        self.on_clear: Callable[[], None] = lambda: None
        self._socket = socket
        self._sending: asyncio.Task[None] | None = None
        self._gone = False

    @property
    def clear(self) -> bool:
        return self._sending is None and not self._gone

    def write(self, frames: Sequence[Encoded]) -> None:
        if not self._gone:
            before = self._sending
            self._sending = asyncio.create_task(self._send(before, frames), name="feed-send")

    async def through(self) -> None:
        while self._sending is not None:
            await asyncio.wait({self._sending})
        if self._gone:
            raise Gone

    async def receive(self) -> str | bytes:
        try:
            message = await self._socket.receive()
        except (WebSocketDisconnect, RuntimeError) as error:
            raise Gone from error
        if message["type"] == "websocket.disconnect":
            raise Gone
        text: str | None = message.get("text")
        data: bytes = message.get("bytes") or b""
        return data if text is None else text

    async def close(self, code: int, reason: str) -> None:
        await self.through()
        if self._socket.client_state is WebSocketState.CONNECTED:
            # A close frame holds 123 bytes of reason (RFC 6455, 5.5).
            await self._socket.close(code, reason.encode()[:120].decode(errors="ignore"))

    def abort(self) -> None:
        self._gone = True
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self, before: asyncio.Task[None] | None, frames: Sequence[Encoded]) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            for frame in frames:
                await self._socket.send_text(frame.text.decode())
        except (WebSocketDisconnect, RuntimeError, OSError):
            self._gone = True
        finally:
            if self._sending is asyncio.current_task():
                self._sending = None
                self.on_clear()


class _Direct(_Asgi):
    """The same over our own server's WebSocket, past Starlette."""

    def __init__(self, socket: WebSocket, direct: FeedSocket) -> None:
        self._direct = direct
        super().__init__(socket)

    @property
    def on_clear(self) -> Callable[[], None]:
        return self._direct.on_clear

    @on_clear.setter
    def on_clear(self, call: Callable[[], None]) -> None:
        self._direct.on_clear = call

    @property
    def clear(self) -> bool:
        return self._direct.clear

    def write(self, frames: Sequence[Encoded]) -> None:
        self._direct.write(frames)

    async def through(self) -> None:
        await self._direct.through()

    def abort(self) -> None:
        self._direct.abort()
