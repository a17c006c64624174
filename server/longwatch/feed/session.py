"""One subscriber's conversation, whatever carries its frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import msgspec

from longwatch.feed import beat as beats
from longwatch.feed.beat import Beat, Place, Verdict
from longwatch.feed.encoded import Encoded
from longwatch.feed.hub import MOST_TOLD, FeedHub
from longwatch.feed.views import View
from longwatch.feed.wire import Gone, Wire
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
    ServerFrame,
    Show,
    Snapshot,
    Subscribe,
)
from longwatch.protocol.jobs import JobSummary
from longwatch.protocol.wire import UNREADABLE

DEFAULT_HZ: Final = 25.0
SUBSCRIBE_TIMEOUT_S: Final = 10.0
FIRST_CHUNK: Final = 200
"""Jobs of a snapshot's first chunk: a window is full long before the second is read."""
_encode: Final = msgspec.json.Encoder().encode
_decoder: Final[msgspec.json.Decoder[ClientFrame]] = msgspec.json.Decoder(ClientFrame)
_STOPPING: Final = Bye(code="stopping", reason="The server is stopping.")


class HistoryUnavailable(Exception):
    """The store cannot be read; says why."""


@dataclass(frozen=True, slots=True)
class ChunkOfJobs:
    """Some of all jobs, newest first, and where the next chunk begins (`None`: that was all).

    `jobs` are the encoded jobs that do not run, `count` of them, with a comma between any two;
    `running` are the others, whose progress is still to be added. `total` counts all there are;
    only the first chunk has it. `cursor` is that of a list that goes on at `next_n`.
    """

    jobs: bytes
    count: int
    running: Sequence[JobSummary]
    total: int | None
    next_n: int | None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What changed after a `seq`, up to `seq`; `removed` says whose each removed job was."""

    changed: Sequence[JobSummary]
    removed: Mapping[str, str | None]
    seq: int


@dataclass(frozen=True, slots=True)
class History:
    """What the store knows, for those whom the hub cannot answer. Both functions raise
    `HistoryUnavailable`.

    `chunk` reads so many jobs of a view below a number (`None`: from the newest on), or only those
    of them that are not over. `since` is `None` when that is too much to be told.
    """

    epoch: str
    chunk: Callable[[View, int | None, int, bool], Coroutine[Any, Any, ChunkOfJobs]]
    since: Callable[[int], Awaitable[Missed | None]]


class _Refused(Exception):
    def __init__(self, code: str, reason: str, status: int) -> None:
        super().__init__(reason)
        self.bye = Bye(code=code, reason=reason)
        self.status = status


class FeedSession:
    """Serves one subscriber until it leaves, misbehaves, reads too slowly, its token ends or the
    server stops.

    `only_of` limits it to the jobs of one owner. `ending` is done once its token is no good any
    more, with the code to say goodbye with.
    """

    def __init__(
        self,
        wire: Wire,
        hub: FeedHub,
        beat: Beat,
        history: History,
        *,
        server: str,
        version: str,
        user: str = "",
        only_of: str | None = None,
        ending: asyncio.Future[str] | None = None,
    ) -> None:
        self._wire = wire
        self._hub = hub
        self._beat = beat
        self._history = history
        self._only_of = only_of
        self._ending = ending or asyncio.get_running_loop().create_future()
        self._hello = partial(
            Hello,
            protocol=PROTOCOL_VERSION,
            server=server,
            epoch=history.epoch,
            version=version,
            user=user,
        )

    async def run(self) -> None:
        """The whole conversation. Raises nothing because of what the other side does, nor because
        of the store."""
        with self._hub.subscriber():
            await self._run()

    async def _run(self) -> None:
        try:
            await self._say(self._hello(seq=self._hub.seq, time=datetime.now(UTC)))
            subscribe = await self._first()
            interval_s = 1 / min(subscribe.max_hz or DEFAULT_HZ, 30.0)
            place = Place(self._wire, View.of(subscribe.filter).within(self._only_of), interval_s)
            await self._converse(subscribe, place)
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

    async def _converse(self, subscribe: Subscribe, place: Place) -> None:
        tasks = [
            asyncio.create_task(self._listen(place), name="feed-listen"),
            asyncio.create_task(self._tell(subscribe, place), name="feed-tell"),
        ]
        try:
            # Whichever ends first: an endless wait on either alone would outlive the server.
            await asyncio.wait([*tasks, self._ending], return_when=asyncio.FIRST_COMPLETED)
            self._check_token()
            done = [task for task in tasks if task.done()]
        finally:
            # Before any goodbye: nothing may be sent after it.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        errors = (task.exception() for task in done if not task.cancelled())
        error = next((one for one in errors if one is not None), None)
        # A task, its error and this frame would hold each other until garbage is collected, and
        # that of a thousand who leave at once holds the loop for 0.7 s.
        del tasks, done, task, errors
        try:
            if error is not None:
                raise error
        finally:
            del error

    async def _first(self) -> Subscribe:
        while True:
            receiving = asyncio.create_task(self._wire.receive(), name="feed-first")
            ending = asyncio.create_task(self._hub.ended(), name="feed-end")
            try:
                await asyncio.wait(
                    {receiving, ending, self._ending},
                    timeout=SUBSCRIBE_TIMEOUT_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._hub.closing:
                    raise _Refused(_STOPPING.code, _STOPPING.reason, 1001)
                self._check_token()
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
            if isinstance(frame, Show):
                raise _Refused("malformed_frame", "Subscribe before you say what is shown.", 1008)
            await self._answer(frame)

    def _check_token(self) -> None:
        """Raises `_Refused` once the token that opened this feed is no good any more."""
        if self._ending.done():
            code = self._ending.result()
            reason = f"The token that opened this feed was {code}. Ask for another one."
            raise _Refused(code, reason, 1008)

    async def _listen(self, place: Place) -> None:
        while True:
            frame = _read(await self._wire.receive())
            if isinstance(frame, Subscribe):
                raise _Refused("malformed_frame", "This feed is subscribed already.", 1008)
            if isinstance(frame, Show):
                self._beat.show(place, frame.ids)
            await self._answer(frame)

    async def _answer(self, frame: ClientFrame) -> None:
        if isinstance(frame, Ping):
            await self._say(Pong(n=frame.n))

    async def _tell(self, subscribe: Subscribe, place: Place) -> None:
        known = subscribe.since is not None and subscribe.epoch == self._history.epoch
        if not (known and await self._resume(place, subscribe.since or 0)):
            await self._snapshot(place, subscribe.newest)
        while not self._hub.closing:
            match await self._beat.follow(place):
                case Verdict.BEHIND:
                    if not await self._resume(place, place.seq):
                        await self._snapshot(place, subscribe.newest)
                case Verdict.SLOW:
                    raise self._too_slow()
                case Verdict.CLOSING:
                    break
            place.verdict = asyncio.get_running_loop().create_future()
        await self._last_words(place)

    async def _last_words(self, place: Place) -> None:
        """What became of the jobs that the server's stop ended."""
        while place.fresh or place.seq < self._hub.seq:
            frames = self._beat.frames(place, self._hub.mark)
            if frames is None:
                return
            await self._send(frames)

    async def _resume(self, place: Place, since: int) -> bool:
        """Bring the subscriber up from `since`; false when only a snapshot can."""
        if since > self._hub.seq:
            return False
        place.seq, place.fresh = since, True  # the beat says the rest
        if self._hub.reaches(since):
            return True
        missed = await self._history.since(since)
        if missed is None:
            return False
        self._hub.recall(since, missed.changed, missed.removed)
        if self._hub.reaches(since):
            return True
        await self._send_missed(place, missed)
        return True

    async def _send_missed(self, place: Place, missed: Missed) -> None:
        """Tell what the store knows, a part at a time."""
        view = place.view
        removed = [job_id for job_id, owner in missed.removed.items() if view.hears_of(owner)]
        changed = [job for job in missed.changed if view.concerns(job)]
        for start in range(0, max(len(changed), 1), MOST_TOLD):
            part = changed[start : start + MOST_TOLD]
            last = start + MOST_TOLD >= len(changed)
            # Two jobs never share a `seq`.
            delta = Delta(
                from_=place.seq,
                to=missed.seq if last else part[-1].seq,
                changed=[self._hub.with_progress(job) for job in part if view.shows(job)],
                removed=removed + [job.id for job in part if not view.shows(job)],
            )
            await self._say(delta)
            removed = []
            place.seq = delta.to
        place.fresh = False

    async def _snapshot(self, place: Place, newest: int | None) -> None:
        """Every job, newest first, or the newest and those that are not over. Changes made while
        the chunks go out follow as a delta."""
        seq, offset, total = self._hub.seq, 0, 0
        older: str | None = None
        more, open_only = True, False
        size = FIRST_CHUNK if newest is None else min(FIRST_CHUNK, newest)
        reading = self._read_chunk(place, None, size, open_only)
        try:
            while more:
                chunk = await reading
                more = chunk.next_n is not None
                count = chunk.count + len(chunk.running)
                total = max(total if chunk.total is None else chunk.total, offset + count)
                # From here on only what is not over yet.
                if more and not open_only and newest is not None and offset + count >= newest:
                    open_only, older = True, chunk.cursor
                frame = Snapshot(
                    jobs=[],
                    offset=offset,
                    total=total,
                    seq=seq,
                    more=more,
                    older=None if more else older,
                )
                offset += count
                if more:  # the next is read while this one goes out
                    size = SNAPSHOT_CHUNK
                    if newest is not None and not open_only:
                        size = min(size, newest - offset)
                    reading = self._read_chunk(place, chunk.next_n, size, open_only)
                jobs = [_encode(self._hub.with_progress(job)) for job in chunk.running]
                jobs += [chunk.jobs] if chunk.count else []
                # The jobs are encoded already.
                head, _, tail = _encode(frame).partition(b"[]")
                await self._send([Encoded(head, b"[", b",".join(jobs), b"]", tail)])
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        place.seq, place.fresh = seq, False

    def _read_chunk(
        self, place: Place, before_n: int | None, size: int, open_only: bool
    ) -> asyncio.Task[ChunkOfJobs]:
        chunk = self._history.chunk(place.view, before_n, size, open_only)
        return asyncio.create_task(chunk, name="feed-read")

    async def _say(self, frame: ServerFrame) -> None:
        await self._send([Encoded(_encode(frame))])

    async def _send(self, frames: Sequence[Encoded]) -> None:
        """Send when everything before is through."""
        try:
            # Not wait_for: until Python 3.12 it may swallow the cancel that ends this session.
            async with asyncio.timeout(beats.SEND_TIMEOUT_S):
                await self._wire.through()
        except TimeoutError:
            raise self._too_slow() from None
        self._wire.write(frames)
        self._hub.traffic.sent(frames)

    async def _bye(self, bye: Bye, status: int) -> None:
        try:
            async with asyncio.timeout(1.0):
                await self._wire.through()
                self._wire.write([Encoded(_encode(bye))])
                await self._wire.close(status, bye.reason)
        except Gone:
            pass
        except TimeoutError:
            self._wire.abort()  # what is not sent would be kept for as long as the other side lives

    def _too_slow(self) -> _Refused:
        self._hub.traffic.evicted += 1
        return _Refused("too_slow", "Nothing was read for 10 s. Connect again to resume.", 1013)


def _read(raw: str | bytes) -> ClientFrame:
    if len(raw) > MAX_CLIENT_FRAME_BYTES:
        raise _Refused("malformed_frame", "A frame may have 64 KiB at most.", 1009)
    try:
        return _decoder.decode(raw)
    except UnicodeDecodeError:
        raise _Refused("malformed_frame", "A frame must be UTF-8 text.", 1007) from None
    except UNREADABLE as error:
        raise _Refused("malformed_frame", f"This frame is not understood: {error}", 1007) from None
