"""One subscriber's conversation, whatever carries its frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec

from longwatch.feed.hub import FeedHub
from longwatch.protocol.frames import (
    MAX_CLIENT_FRAME_BYTES,
    PROTOCOL_VERSION,
    SNAPSHOT_CHUNK,
    Bye,
    ClientFrame,
    Delta,
    Hello,
    Ping,
    Pong,
    Snapshot,
    Subscribe,
)
from longwatch.protocol.jobs import JobSummary

DEFAULT_HZ: Final = 25.0
SEND_TIMEOUT_S: Final = 10.0
SUBSCRIBE_TIMEOUT_S: Final = 10.0
_encode: Final = msgspec.json.Encoder().encode
_decoder: Final[msgspec.json.Decoder[ClientFrame]] = msgspec.json.Decoder(ClientFrame)
_STOPPING: Final = Bye(code="stopping", reason="The server is stopping.")


class Gone(Exception):
    """The other side has closed."""


class HistoryUnavailable(Exception):
    """The store cannot be read; says why."""


class Wire(Protocol):
    """What carries the frames: `receive` raises `Gone` once the other side has closed."""

    async def send(self, frame: bytes) -> None:
        """Send one text frame."""

    async def receive(self) -> str | bytes:
        """The next frame."""

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket status `code`."""


@dataclass(frozen=True, slots=True)
class ChunkOfJobs:
    """Some of all jobs, newest first, and where the next chunk begins (`None`: that was all), also
    as the `cursor` of a list. `total` counts them all; only the first chunk has it."""

    jobs: list[JobSummary]
    total: int | None
    next_n: int | None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the store knows, for those whom the hub cannot answer. Both functions raise
    `HistoryUnavailable`. `chunk` is told where to begin, how many to bring, and whether only what
    is not over is wanted."""

    epoch: str
    chunk: Callable[[int | None, int, bool], Awaitable[ChunkOfJobs]]
    since: Callable[[int], Awaitable[tuple[list[JobSummary], list[str], int] | None]]


class _Refused(Exception):
    def __init__(self, code: str, reason: str, status: int) -> None:
        super().__init__(reason)
        self.bye = Bye(code=code, reason=reason)
        self.status = status


class FeedSession:
    """Serves one subscriber until it leaves, misbehaves, reads too slowly or the server stops."""

    def __init__(
        self,
        wire: Wire,
        hub: FeedHub,
        history: History,
        *,
        server: str,
        version: str,
        user: str = "",
    ) -> None:
        self._wire = wire
        self._hub = hub
        self._history = history
        self._server = server
        self._version = version
        self._user = user
        self._newest: int | None = None
        self._seq = 0
        self._tick = 0
        self._hz = DEFAULT_HZ
        # Two tasks send (the feed itself, and pongs); a WebSocket takes one frame at a time.
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """The whole conversation. Raises nothing because of what the other side does, nor because
        of the store."""
        with self._hub.subscriber():
            await self._run()

    async def _run(self) -> None:
        try:
            await self._send(self._hello())
            subscribe = await self._first()
            self._hz = min(subscribe.max_hz or DEFAULT_HZ, 30.0)
            self._newest = subscribe.newest
            await self._converse(subscribe)
        except Gone:
            return
        except _Refused as refused:
            await self._bye(refused.bye, refused.status)
        except HistoryUnavailable as error:
            if self._hub.closing:
                await self._bye(_STOPPING, 1001)
            else:
                await self._bye(Bye(code="store_unusable", reason=str(error)), 1011)
        else:
            await self._bye(_STOPPING, 1001)

    async def _converse(self, subscribe: Subscribe) -> None:
        tasks = [
            asyncio.create_task(self._listen(), name="feed-listen"),
            asyncio.create_task(self._tell(subscribe), name="feed-tell"),
        ]
        try:
            # Whichever ends first: an endless wait on either alone would outlive the server.
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Before any goodbye: nothing may be sent after it.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    def _hello(self) -> bytes:
        return _encode(
            Hello(
                protocol=PROTOCOL_VERSION,
                server=self._server,
                epoch=self._history.epoch,
                version=self._version,
                seq=self._hub.seq,
                time=datetime.now(UTC),
                user=self._user,
            )
        )

    async def _first(self) -> Subscribe:
        while True:
            receiving = asyncio.create_task(self._wire.receive(), name="feed-first")
            ending = asyncio.create_task(self._hub.ended(), name="feed-end")
            try:
                await asyncio.wait(
                    {receiving, ending},
                    timeout=SUBSCRIBE_TIMEOUT_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._hub.closing:
                    raise _Refused(_STOPPING.code, _STOPPING.reason, 1001)
                if not receiving.done():
                    reason = "Send a subscribe frame within 10 s of hello."
                    raise _Refused("malformed_frame", reason, 1008)
            finally:
                ending.cancel()
                receiving.cancel()
                await asyncio.gather(receiving, ending, return_exceptions=True)
            frame = _read(receiving.result())
            if isinstance(frame, Subscribe):
                return frame
            await self._answer(frame)

    async def _listen(self) -> None:
        while True:
            frame = _read(await self._wire.receive())
            if isinstance(frame, Subscribe):
                raise _Refused("malformed_frame", "This feed is subscribed already.", 1008)
            await self._answer(frame)

    async def _answer(self, frame: ClientFrame) -> None:
        if isinstance(frame, Ping):
            await self._send(_encode(Pong(n=frame.n)))

    async def _tell(self, subscribe: Subscribe) -> None:
        known = subscribe.since is not None and subscribe.epoch == self._history.epoch
        if not (known and await self._resume(subscribe.since or 0)):
            await self._snapshot()
        while not self._hub.closing:
            await self._catch_up()
            await self._hub.rest(1 / self._hz)
            await self._hub.moved(self._seq, self._tick)
        await self._catch_up()  # what became of the jobs that the server's stop ended

    async def _catch_up(self) -> None:
        """Send what is newer than what this subscriber has: one delta, one progress frame."""
        if self._hub.seq > self._seq:
            frame, seq = self._hub.delta(self._seq), self._hub.seq
            if frame is None:
                if not await self._resume(self._seq):
                    await self._snapshot()
            else:
                await self._send(frame)
                self._seq = seq
        if self._hub.tick > self._tick:
            progress, self._tick = self._hub.progress_since(self._tick), self._hub.tick
            if progress is not None:
                await self._send(progress)

    async def _resume(self, since: int) -> bool:
        """Bring the subscriber up from `since`; false when only a snapshot can."""
        if since > self._hub.seq:
            return False
        frame, seq = self._hub.delta(since), self._hub.seq
        if frame is None:
            told = await self._history.since(since)
            if told is None:
                return False
            changed, removed, seq = told
            changed = [self._hub.with_progress(job) for job in changed]
            frame = _encode(Delta(from_=since, to=seq, changed=changed, removed=removed))
        await self._send(frame)
        self._seq = seq
        return True

    async def _snapshot(self) -> None:
        """Every job, newest first, or the newest and those that are not over. Changes made while
        the chunks go out follow as a delta."""
        seq, offset, total = self._hub.seq, 0, 0
        before_n: int | None = None
        older: str | None = None
        more, open_only = True, False
        while more:
            limit = SNAPSHOT_CHUNK
            if self._newest is not None and not open_only:
                limit = min(limit, self._newest - offset)
            chunk = await self._history.chunk(before_n, limit, open_only)
            before_n, more = chunk.next_n, chunk.next_n is not None
            total = max(total if chunk.total is None else chunk.total, offset + len(chunk.jobs))
            jobs = [self._hub.with_progress(job) for job in chunk.jobs]
            if more and not open_only and offset + len(jobs) == self._newest:
                open_only, older = True, chunk.cursor
            frame = Snapshot(
                jobs=jobs,
                offset=offset,
                total=total,
                seq=seq,
                more=more,
                older=None if more else older,
            )
            await self._send(_encode(frame))
            offset += len(jobs)
        self._seq = seq

    async def _send(self, frame: bytes) -> None:
        try:
            # Not wait_for: until Python 3.12 it may swallow the cancel that ends this session.
            async with self._sending, asyncio.timeout(SEND_TIMEOUT_S):
                await self._wire.send(frame)
        except TimeoutError:
            raise _Refused(
                "too_slow", "Nothing was read for 10 s. Connect again to resume.", 1013
            ) from None

    async def _bye(self, bye: Bye, status: int) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._wire.send(_encode(bye))
                await self._wire.close(status, bye.reason)
        except (Gone, TimeoutError):
            pass


def _read(raw: str | bytes) -> ClientFrame:
    if len(raw) > MAX_CLIENT_FRAME_BYTES:
        raise _Refused("malformed_frame", "A frame may have 64 KiB at most.", 1009)
    try:
        return _decoder.decode(raw)
    except msgspec.MsgspecError as error:
        raise _Refused("malformed_frame", f"This frame is not understood: {error}", 1007) from None
    except UnicodeDecodeError:
        raise _Refused("malformed_frame", "A frame must be UTF-8 text.", 1007) from None
