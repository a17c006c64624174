"""`FeedFollower`: follows every job of a server, for ever."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.client._imports import load
from longwatch.client.address import Address
from longwatch.client.backoff import Backoff
from longwatch.client.errors import LongwatchClientError
from longwatch.client.feed_cursor import Cursor
from longwatch.client.feed_events import Connected, Disconnected, FeedEvent
from longwatch.client.feed_trouble import (
    Broken,
    closed,
    decode,
    distrust,
    os_reason,
    refused,
    said_bye,
)
from longwatch.client.polling import Poller
from longwatch.client.waking import SleepWatch, drop_if_dead
from longwatch.protocol.frames import (
    MAX_SHOWN,
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    Bye,
    ClientFrame,
    Delta,
    FeedFilter,
    Hello,
    Ping,
    Pong,
    ProgressFrame,
    ServerFrame,
    Show,
    Snapshot,
    Subscribe,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from websockets.asyncio.client import ClientConnection

_MAX_FRAME_BYTES: Final = 64 * 2**20
"""A snapshot chunk of 2,000 jobs is about 0.7 MB, 30 MB when each carries the longest name and a
long error: the bound is there for a peer gone mad, not for the protocol."""

_CLOSE_S: Final = 1.0
"""How long leaving a connection waits for the peer's goodbye."""

_HOPELESS: Final = 12
"""As many failures as it takes to wait as long as ever."""

_LOOK_S: Final = 2.0
"""How often is looked whether the computer has slept."""

_SUSPICIOUS: Final = 3
"""So many connections in a row that end before any hello are no accident."""

_SOCKET_AGAIN_S: Final = 10.0
"""How soon a WebSocket is tried again after plain requests have got through for the first time."""


__all__ = ["Backoff", "Connected", "Disconnected", "FeedEvent", "FeedFollower"]


class FeedFollower:
    """Follows the feed of one server and never gives up.

    `events()` yields `Connected` and `Disconnected` as the connection comes and goes, and between
    them the server's own frames, checked: a `Delta` always continues where the last one ended, a
    `Snapshot` with `offset` 0 voids everything before it. After a disconnection the follower asks
    for what changed since; the consumer keeps its jobs and simply goes on.

    No task is left behind: the connection lives inside the generator and ends with it, whether it
    is closed, cancelled or dropped. `max_hz` bounds the frames a second, `None` leaves that to
    the server. `newest` bounds how many jobs that are over a snapshot brings. `which` are the jobs
    to follow: those that leave it are told as removed.

    A half-open connection is noticed after `ping_every_s` + `pong_within_s` seconds, and soon after
    the computer has slept. Where no WebSocket gets through, the server is asked every
    `poll_every_s` instead (`Connected.polling`), and a WebSocket tried again after
    `socket_again_s`.
    """

    def __init__(
        self,
        address: Address,
        *,
        max_hz: float | None = None,
        newest: int | None = None,
        which: FeedFilter | None = None,
        ping_every_s: float = 5.0,
        pong_within_s: float = 10.0,
        open_within_s: float = 10.0,
        poll_every_s: float = 2.0,
        socket_again_s: float = 300.0,
        backoff: Backoff | None = None,
        dice: random.Random | None = None,
        sleep: SleepWatch | None = None,
    ) -> None:
        self.address = address
        self._max_hz = max_hz
        self._newest = newest
        self._which = which
        self._ping_every_s = ping_every_s
        self._pong_within_s = pong_within_s
        self._open_within_s = open_within_s
        self._poll_every_s = poll_every_s
        self._socket_again_s = socket_again_s
        self._backoff = backoff or Backoff()
        self._dice = dice or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._cursor = Cursor()
        self._sleep = sleep or SleepWatch()
        self._retry = asyncio.Event()
        self._shown: Show | None = None
        self._shown_anew = asyncio.Event()
        self._polling = False
        self._polls = 0
        self._socket: ClientConnection | None = None
        self._first_pong_s: float | None = None
        self._failures = 0

    @property
    def connected(self) -> bool:
        """Whether the feed is up at this moment."""
        return self._socket is not None or self._polling

    @property
    def latency_s(self) -> float | None:
        """Seconds of the newest ping's way there and back; `None` while there is none."""
        if self._socket is None:
            return None
        return self._socket.latency or self._first_pong_s

    @property
    def seq(self) -> int | None:
        """The server's change number up to which everything was yielded; `None` before the end
        of the first snapshot."""
        return self._cursor.seq

    def retry_now(self) -> None:
        """End the wait before the next try. Does nothing while connected."""
        self._retry.set()

    def show(self, job_ids: Sequence[str] | None) -> None:
        """Say which jobs are in sight: their progress comes first, that of all others a few times
        a second. `None`, as it begins, treats all alike. Of more than 1,000 the first count."""
        shown = Show(ids=None if job_ids is None else list(job_ids[:MAX_SHOWN]))
        if shown != (self._shown or Show(ids=None)):
            self._shown = shown
            self._shown_anew.set()

    async def events(self) -> AsyncGenerator[FeedEvent]:
        """The feed, for ever. Raises nothing of its own; one consumer at a time."""
        await load("websockets.asyncio.client")
        watching = asyncio.create_task(self._watch(), name="feed-sleep")
        try:
            while True:
                trouble = Broken("The server closed the feed.")
                try:
                    async with aclosing(self._connection()) as events:
                        async for event in events:
                            yield event
                except Broken as error:
                    trouble = error
                if trouble.blocked:
                    try:
                        async with aclosing(self._poll()) as events:
                            async for event in events:
                                yield event
                        continue  # a WebSocket may get through by now
                    except LongwatchClientError as error:
                        if self._polling:
                            trouble = Broken(str(error))
                    finally:
                        self._polling = False
                self._failures = _HOPELESS if trouble.hopeless else self._failures + 1
                delay_s = self._backoff.delay_s(self._failures, self._dice)
                self._retry.clear()
                yield Disconnected(str(trouble), delay_s, trouble.unauthorized)
                await self._pause(delay_s)
        finally:
            watching.cancel()  # without waiting: who breaks off the loop may not await any more

    async def _watch(self) -> None:
        """Look now and then whether the computer has slept, and if so, what became of the
        connection."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._sleep.slept_s():
                self._retry.set()
                if self._socket is not None:
                    await drop_if_dead(self._socket, _LOOK_S)

    async def _poll(self) -> AsyncGenerator[FeedEvent]:
        """The same as a connection, by plain requests, until it is time to try a WebSocket again.
        Raises `LongwatchClientError` when these do not get through either."""
        loop = asyncio.get_running_loop()
        # Soon at first: it may have been the server, or an hour in a train.
        again_s = loop.time() + min(self._socket_again_s, _SOCKET_AGAIN_S * 2**self._polls)
        self._polls = min(self._polls + 1, 10)
        told: Hello | None = None
        async with Poller(self.address, self._which, timeout_s=self._open_within_s) as poller:
            while loop.time() < again_s:
                changes = await poller.ask(self._cursor)
                self._failures = 0
                if changes is not None:
                    hello = changes.hello
                    self._cursor.greet(hello)
                    if told is None or told.epoch != hello.epoch:
                        told, self._polling = hello, True
                        yield Connected(hello, polling=True)
                    async for event in poller.events(changes, self._cursor, self._newest):
                        yield event
                    if self._cursor.missed:
                        raise Broken("Something is missing in what the server sent.")
                    if changes.delta is not None and changes.delta.to < hello.seq:
                        continue
                self._retry.clear()
                await self._pause(self._poll_every_s)

    async def _pause(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._retry.wait()
        except TimeoutError:
            return

    async def _connection(self) -> AsyncGenerator[FeedEvent]:
        """One connection from handshake to end. Raises `Broken` at its end."""
        from websockets.asyncio.client import connect  # noqa: PLC0415 - loaded by events()
        from websockets.exceptions import (  # noqa: PLC0415
            ConnectionClosed,
            InvalidHandshake,
            InvalidStatus,
            WebSocketException,
        )
        from websockets.typing import Subprotocol  # noqa: PLC0415

        greeted = False
        try:
            async with connect(
                self.address.feed_url,
                additional_headers=self.address.headers(),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                # Deflate costs a server of 100 clients 60 % of a core, and it falls behind.
                compression=None,
                max_size=_MAX_FRAME_BYTES,
                # A proxy from the environment must not see what is said on this machine.
                proxy=None if self.address.is_loopback else True,
                ssl=self.address.tls() if self.address.is_encrypted else None,
                open_timeout=self._open_within_s,
                ping_interval=self._ping_every_s,
                ping_timeout=self._pong_within_s,
                close_timeout=_CLOSE_S,
            ) as socket:
                try:
                    async with aclosing(self._conversation(socket)) as events:
                        async for event in events:
                            greeted = True
                            yield event
                finally:
                    self._socket = None
        except InvalidStatus as error:
            raise refused(error.response.status_code) from error
        except InvalidHandshake as error:
            reason = f"No Longwatch feed answers there: {error}."
            raise Broken(reason, hopeless=True, blocked=True) from error
        except ConnectionClosed as error:
            raise Broken(closed(error), blocked=self._suspicious(greeted)) from error
        except WebSocketException as error:
            raise Broken(f"The feed cannot be read: {error}.", hopeless=True) from error
        except TimeoutError as error:
            reason = "The server does not answer in time."
            raise Broken(reason, blocked=self._suspicious(greeted)) from error
        except ssl.SSLCertVerificationError as error:
            raise Broken(distrust(self.address, error), hopeless=True) from error
        except OSError as error:
            raise Broken(f"The server cannot be reached: {os_reason(error)}.") from error

    async def _conversation(self, socket: ClientConnection) -> AsyncGenerator[FeedEvent]:
        from websockets.exceptions import ConnectionClosedOK  # noqa: PLC0415 - loaded by events()

        async with asyncio.timeout(self._open_within_s):
            hello = decode(await socket.recv())
        if isinstance(hello, Bye):
            raise said_bye(hello)
        if not isinstance(hello, Hello):
            raise Broken("The server did not say hello.", hopeless=True)
        if hello.protocol != PROTOCOL_VERSION:
            raise Broken(
                f"The server speaks version {hello.protocol} of the protocol, this program "
                f"version {PROTOCOL_VERSION}; update the older of the two.",
                hopeless=True,
            )
        self._socket = socket
        self._polls = 0
        self._first_pong_s = None
        self._cursor.greet(hello)
        yield Connected(hello)
        await self._send(socket, self._subscription())
        await self._measure(socket)
        if self._shown is not None:
            self._shown_anew.set()
        showing = asyncio.create_task(self._keep_showing(socket), name="feed-show")
        try:
            while True:
                # As bytes: to make text of a snapshot first takes as long again as a tenth of all.
                event = await self._heed(socket, decode(await socket.recv(decode=False)))
                if event is not None:
                    yield event
        except ConnectionClosedOK:
            return
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    async def _heed(
        self, socket: ClientConnection, frame: ServerFrame
    ) -> Snapshot | Delta | ProgressFrame | None:
        """What a frame has for the consumer, if anything."""
        match frame:
            case Snapshot() | Delta():
                fitting = self._cursor.take(frame)
                if fitting is not None:
                    self._failures = 0
                elif self._cursor.missed:
                    # A new connection asks for everything since what we have.
                    raise Broken("Something is missing in what the server sent.")
                return fitting
            case ProgressFrame():
                self._failures = 0
                return frame
            case Ping():
                await self._send(socket, Pong(n=frame.n))
            case Bye():
                raise said_bye(frame)
            case Pong() | Hello():
                pass
        return None

    async def _keep_showing(self, socket: ClientConnection) -> None:
        """Tell the server what is in sight whenever that changes, the newest only."""
        while True:
            await self._shown_anew.wait()
            self._shown_anew.clear()
            if self._shown is not None:
                await self._send(socket, self._shown)
            await asyncio.sleep(0.05)

    def _suspicious(self, greeted: bool) -> bool:
        """Whether the end of a connection may be the work of a proxy that knows no WebSockets."""
        return not greeted and self._failures + 1 >= _SUSPICIOUS

    def _subscription(self) -> Subscribe:
        cursor = self._cursor
        return Subscribe(
            since=cursor.seq,
            epoch=None if cursor.seq is None else cursor.epoch,
            max_hz=self._max_hz,
            filter=self._which,
            newest=self._newest,
        )

    async def _measure(self, socket: ClientConnection) -> None:
        """Send the first ping at once; the keepalive's own comes only after its interval."""
        pong = await socket.ping()

        def arrived(done: asyncio.Future[float]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._first_pong_s = done.result()

        asyncio.ensure_future(pong).add_done_callback(arrived)

    @staticmethod
    async def _send(socket: ClientConnection, frame: ClientFrame) -> None:
        await socket.send(msgspec.json.encode(frame).decode())
