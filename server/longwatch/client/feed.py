"""`FeedFollower`: follows every job of a server over one WebSocket, for ever."""

from __future__ import annotations

import asyncio
import random
import ssl
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.client._imports import load
from longwatch.client.address import Address
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.frames import (
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    Bye,
    ClientFrame,
    Delta,
    Hello,
    Ping,
    Pong,
    ProgressFrame,
    ServerFrame,
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


@dataclass(frozen=True, slots=True)
class Connected:
    """The feed is up; `hello` is what the server said of itself. Jobs follow."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The feed is down, or could not be reached.

    `reason` is a sentence, `retry_in_s` the seconds until the next try. `unauthorized` means the
    server refused the token: the tries go on, but a person should look.
    """

    reason: str
    retry_in_s: float
    unauthorized: bool


FeedEvent = Connected | Disconnected | Snapshot | Delta | ProgressFrame


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the n-th try: full jitter, so that a hundred clients of a server
    that came back do not all call at once."""

    least_s: float = 0.25
    most_s: float = 15.0

    def delay_s(self, failures: int, dice: random.Random) -> float:
        """Seconds to wait after that many failures in a row (1 or more)."""
        bound = min(self.most_s, self.least_s * 2.0 ** min(failures, 30))
        return dice.uniform(self.least_s, bound)


class _Broken(LongwatchClientError):
    """The connection is of no more use."""

    def __init__(self, message: str, *, unauthorized: bool = False, hopeless: bool = False) -> None:
        super().__init__(message)
        self.unauthorized = unauthorized
        self.hopeless = hopeless
        """Whether the next try will most likely end the same way."""


class FeedFollower:
    """Follows the feed of one server and never gives up.

    `events()` yields `Connected` and `Disconnected` as the connection comes and goes, and between
    them the server's own frames, checked: a `Delta` always continues where the last one ended, a
    `Snapshot` with `offset` 0 voids everything before it. After a disconnection the follower asks
    for what changed since; the consumer keeps its jobs and simply goes on.

    No task is left behind: the connection lives inside the generator and ends with it, whether it
    is closed, cancelled or dropped. `max_hz` bounds the frames a second, `None` leaves that to
    the server. `newest` bounds how many jobs that are over a snapshot brings. A half-open
    connection is noticed after `ping_every_s` + `pong_within_s` seconds.
    """

    def __init__(
        self,
        address: Address,
        *,
        max_hz: float | None = None,
        newest: int | None = None,
        ping_every_s: float = 5.0,
        pong_within_s: float = 10.0,
        open_within_s: float = 10.0,
        backoff: Backoff | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self.address = address
        self._max_hz = max_hz
        self._newest = newest
        self._ping_every_s = ping_every_s
        self._pong_within_s = pong_within_s
        self._open_within_s = open_within_s
        self._backoff = backoff or Backoff()
        self._dice = dice or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._cursor = _Cursor()
        self._retry = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._first_pong_s: float | None = None
        self._failures = 0

    @property
    def connected(self) -> bool:
        """Whether the feed is up at this moment."""
        return self._socket is not None

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

    async def events(self) -> AsyncGenerator[FeedEvent]:
        """The feed, for ever. Raises nothing of its own; one consumer at a time."""
        await load("websockets.asyncio.client")
        while True:
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        yield event
                trouble = _Broken("The server closed the feed.")
            except _Broken as error:
                trouble = error
            self._failures = _HOPELESS if trouble.hopeless else self._failures + 1
            delay_s = self._backoff.delay_s(self._failures, self._dice)
            self._retry.clear()
            yield Disconnected(str(trouble), delay_s, trouble.unauthorized)
            await self._pause(delay_s)

    async def _pause(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._retry.wait()
        except TimeoutError:
            return

    async def _connection(self) -> AsyncGenerator[FeedEvent]:
        """One connection from handshake to end. Raises `_Broken` at its end."""
        from websockets.asyncio.client import connect  # noqa: PLC0415 - loaded by events()
        from websockets.exceptions import (  # noqa: PLC0415
            ConnectionClosed,
            InvalidHandshake,
            InvalidStatus,
            WebSocketException,
        )
        from websockets.typing import Subprotocol  # noqa: PLC0415

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
                            yield event
                finally:
                    self._socket = None
        except InvalidStatus as error:
            raise _refused(error.response.status_code) from error
        except InvalidHandshake as error:
            raise _Broken(f"No Longwatch feed answers there: {error}.", hopeless=True) from error
        except ConnectionClosed as error:
            raise _Broken(_closed(error)) from error
        except WebSocketException as error:
            raise _Broken(f"The feed cannot be read: {error}.", hopeless=True) from error
        except TimeoutError as error:
            raise _Broken("The server does not answer in time.") from error
        except ssl.SSLCertVerificationError as error:
            raise _Broken(_distrust(self.address, error), hopeless=True) from error
        except OSError as error:
            raise _Broken(f"The server cannot be reached: {_os_reason(error)}.") from error

    async def _conversation(self, socket: ClientConnection) -> AsyncGenerator[FeedEvent]:
        async with asyncio.timeout(self._open_within_s):
            hello = _decode(await socket.recv())
        if isinstance(hello, Bye):
            raise _said_bye(hello)
        if not isinstance(hello, Hello):
            raise _Broken("The server did not say hello.", hopeless=True)
        if hello.protocol != PROTOCOL_VERSION:
            raise _Broken(
                f"The server speaks version {hello.protocol} of the protocol, this program "
                f"version {PROTOCOL_VERSION}; update the older of the two.",
                hopeless=True,
            )
        self._socket = socket
        self._first_pong_s = None
        self._cursor.greet(hello)
        yield Connected(hello)
        await self._send(socket, self._subscription())
        await self._measure(socket)
        async for text in socket:
            frame = _decode(text)
            match frame:
                case Snapshot() | Delta():
                    fitting = self._cursor.take(frame)
                    if fitting is not None:
                        self._failures = 0
                        yield fitting
                    elif self._cursor.missed:
                        # A new connection asks for everything since what we have.
                        raise _Broken("Something is missing in what the server sent.")
                case ProgressFrame():
                    self._failures = 0
                    yield frame
                case Ping():
                    await self._send(socket, Pong(n=frame.n))
                case Bye():
                    raise _said_bye(frame)
                case Pong() | Hello():
                    continue

    def _subscription(self) -> Subscribe:
        cursor = self._cursor
        hz, newest = self._max_hz, self._newest
        if cursor.seq is None:
            return Subscribe(max_hz=hz, newest=newest)
        return Subscribe(since=cursor.seq, epoch=cursor.epoch, max_hz=hz, newest=newest)

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


class _Cursor:
    """Where the consumer stands, and whether a frame continues from there."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.seq: int | None = None
        self.missed = False
        """Whether a frame left a gap: nothing after it can be used."""
        self._expected_offset: int | None = None

    def greet(self, hello: Hello) -> None:
        """A new connection: a changed epoch, or a server behind us, voids what we have."""
        if hello.epoch != self.epoch or (self.seq is not None and hello.seq < self.seq):
            self.seq = None
        self.epoch = hello.epoch
        self.missed = False
        self._expected_offset = None

    def take(self, frame: Snapshot | Delta) -> Snapshot | Delta | None:
        """The frame if it fits (a delta that overlaps is made to begin at our own `seq`), and
        the cursor moved on; `None` if it is old or does not fit, then see `missed`."""
        if isinstance(frame, Snapshot):
            return self._take_snapshot(frame)
        if self.seq is None or frame.from_ > self.seq:
            self.missed = True
            return None
        if frame.to <= self.seq and not (frame.from_ == frame.to == self.seq):
            return None
        if frame.from_ != self.seq:
            frame = msgspec.structs.replace(frame, from_=self.seq)
        self.seq = frame.to
        return frame

    def _take_snapshot(self, frame: Snapshot) -> Snapshot | None:
        if frame.offset == 0:
            self.seq = None
        elif frame.offset != self._expected_offset:
            self.missed = True
            return None
        if frame.more:
            self._expected_offset = frame.offset + len(frame.jobs)
        else:
            self._expected_offset = None
            self.seq = frame.seq
        return frame


_decoder: Final = msgspec.json.Decoder(ServerFrame)


def _decode(text: str | bytes) -> ServerFrame:
    try:
        frame: ServerFrame = _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise _Broken(
            f"The server sent what this program cannot read ({error}); update the older of both.",
            hopeless=True,
        ) from error
    return frame


def _refused(status: int) -> _Broken:
    match status:
        case 401:
            return _Broken("The server does not know this token.", unauthorized=True, hopeless=True)
        case 403:
            return _Broken("The server does not let this program in.", hopeless=True)
        case 404:
            return _Broken("What answers there has no Longwatch feed.", hopeless=True)
        case _:
            return _Broken(f"The server, or a proxy before it, answered {status}.")


def _said_bye(bye: Bye) -> _Broken:
    denied = bye.code == "unauthorized"
    return _Broken(bye.reason, unauthorized=denied, hopeless=denied)


def _closed(error: Exception) -> str:
    if "keepalive" in str(error):
        return "The server no longer answers."
    return "The connection to the server broke."


_OF_ANOTHER_TIME: Final = frozenset({9, 10})
"""OpenSSL's `X509_V_ERR_CERT_NOT_YET_VALID` and `X509_V_ERR_CERT_HAS_EXPIRED`."""


def _distrust(address: Address, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OF_ANOTHER_TIME:
        return f"The server's certificate cannot be used now: {error.verify_message}."
    if address.certificate:
        return (
            "The server shows another certificate than the one that was trusted. Ask whoever runs "
            "it whether it was renewed, and compare fingerprints before you trust the new one."
        )
    return f"The server's certificate is not trusted here: {error.verify_message}."


def _os_reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
