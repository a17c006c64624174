"""The calls of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.client._http import JSON, Connection
from longwatch.protocol import routes
from longwatch.protocol.worker import (
    AttemptEnd,
    Claim,
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    Presence,
    SegmentSize,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECORDED_S: Final = 60.0
"""How much longer than usual a server may take that has to record an end on a busy disk."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An attempt that was claimed, and the key to it."""

    job_id: str
    attempt: int
    key: str = field(repr=False)

    def path(self, route: str, **more: str) -> str:
        """The path of a call about it."""
        return route.format(job_id=self.job_id, attempt=self.attempt, **more)

    def headers(self) -> dict[str, str]:
        """What such a call carries."""
        return {routes.CLAIM_HEADER: self.key}


class WorkerClient(Connection):
    """What a worker says to its server. Of an attempt that is not its own any more each method
    raises `Conflict` (`attempt_over`)."""

    async def presence(self, presence: Presence) -> None:
        """The worker is there."""
        await self._send("POST", routes.WORKER_PRESENCE, body=msgspec.json.encode(presence))

    async def claim(self, asked: ClaimRequest) -> Claim:
        """Take an attempt. Raises `Conflict` (`not_offered`)."""
        body = msgspec.json.encode(asked)
        return await self._json("POST", routes.WORKER_CLAIMS, Claim, body=body)

    async def heartbeat(self, of: Claimed, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """The attempt goes on."""
        return await self._json(
            "POST",
            of.path(routes.WORKER_HEARTBEAT),
            HeartbeatAnswer,
            body=msgspec.json.encode(heartbeat),
            headers=of.headers(),
        )

    async def segment_bytes(self, of: Claimed, file: str) -> int:
        """How much of a segment the server has."""
        path = of.path(routes.WORKER_SEGMENT, file=file)
        return (await self._json("GET", path, SegmentSize, headers=of.headers())).bytes

    async def put_segment(self, of: Claimed, file: str, offset: int, piece: bytes) -> int:
        """Send a piece, of `MAX_BODY_BYTES` at most; how much the server has then. Raises
        `Conflict` (`wrong_offset`), `TooLarge`, and `ServerFault` when its disk has no room."""
        headers: Mapping[str, str] = {
            **of.headers(),
            "Content-Type": "application/octet-stream",
        }
        answer = await self._json(
            "PUT",
            of.path(routes.WORKER_SEGMENT, file=file),
            SegmentSize,
            query={"offset": str(offset)},
            body=piece,
            headers=headers,
        )
        return answer.bytes

    async def put_index(self, of: Claimed, index: bytes) -> None:
        """Say which segments there are, as JSON. Raises as `put_segment`."""
        headers = {**of.headers(), "Content-Type": JSON}
        path = of.path(routes.WORKER_INDEX)
        await self._send("PUT", path, body=index, headers=headers, longer_s=_RECORDED_S)

    async def end(self, of: Claimed, end: AttemptEnd) -> None:
        """The attempt is over, which is recorded when this returns."""
        await self._send(
            "POST",
            of.path(routes.WORKER_END),
            body=msgspec.json.encode(end),
            headers=of.headers(),
            longer_s=_RECORDED_S,
        )
