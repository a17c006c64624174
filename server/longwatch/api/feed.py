"""`/v1/feed`: the WebSocket over which a client follows jobs."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from longwatch.api import cursors
from longwatch.api.dependencies import PartsDep, PrincipalDep
from longwatch.feed.session import (
    ChunkOfJobs,
    FeedSession,
    Gone,
    History,
    HistoryUnavailable,
)
from longwatch.protocol import routes
from longwatch.protocol.frames import SUBPROTOCOL
from longwatch.protocol.jobs import FINAL_STATES, JobState, JobSummary
from longwatch.store import listing, repository
from longwatch.store.errors import StoreError
from longwatch.store.listing import Filter
from longwatch.store.store import Store
from longwatch.version import version

router: Final = APIRouter()
MOST_RESUMED: Final = 20_000
"""Changed jobs a resume brings at most; beyond it a snapshot in chunks is kinder to both sides."""
_OPEN: Final = Filter(states=frozenset(JobState) - FINAL_STATES)


@router.websocket(routes.FEED)
async def feed(socket: WebSocket, server: PartsDep, who: PrincipalDep) -> None:
    """Serve one subscriber. The token was checked before the handshake is accepted."""
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    session = FeedSession(
        _Socket(socket),
        server.hub,
        _history(server.store, server.epoch),
        server=server.server_name,
        version=version(),
        user=who.name,
    )
    await session.run()


def _history(store: Store, epoch: str) -> History:
    async def chunk(before_n: int | None, limit: int, open_only: bool) -> ChunkOfJobs:
        first = before_n is None
        which = _OPEN if open_only else Filter()
        try:
            listed = await store.run(
                listing.page, which, before_n=before_n, limit=limit, count=first
            )
        except StoreError as error:
            raise HistoryUnavailable(str(error)) from error
        next_n = listed.next_n
        return ChunkOfJobs(listed.jobs, listed.total, next_n, cursors.encode(next_n))

    async def since(seq: int) -> tuple[list[JobSummary], list[str], int] | None:
        try:
            found = await store.run(repository.since, seq, most=MOST_RESUMED)
        except StoreError as error:
            raise HistoryUnavailable(str(error)) from error
        return None if found is None else (found.changed, found.removed, found.seq)

    return History(epoch, chunk, since)


class _Socket:
    """A Starlette WebSocket as the feed's wire."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, frame: bytes) -> None:
        try:
            await self._socket.send_text(frame.decode())
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise Gone from error

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
        if self._socket.client_state is WebSocketState.CONNECTED:
            # A close frame holds 123 bytes of reason (RFC 6455, 5.5).
            await self._socket.close(code, reason.encode()[:120].decode(errors="ignore"))
