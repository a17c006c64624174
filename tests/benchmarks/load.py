"""A light HTTP/1.1 client over keep-alive connections, the same for every contender.

It parses no more of an answer than its status and its length, and holds one request a connection.
Its own ceiling is measured beside the rest, against a server that does nothing: this module as a
script, which prints its port.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Answered = Callable[[int, bytes], None]
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length:"


class Broken(Exception):
    """A connection ended, or an answer was none that was asked for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server listens, and what every request to it carries."""

    host: str
    port: int
    headers: Mapping[str, str]

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """A whole request, ready to be sent."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in {**self.headers, **(headers or {})}.items()]
        payload = b""
        if body is not None:
            payload = json.dumps(body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        return "\r\n".join(lines).encode() + _END_OF_HEAD + payload


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is called with the status and the body."""

    def __init__(self) -> None:
        self.lost: Callable[[], None] = lambda: None
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answered: Answered | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: bytes, answered: Answered) -> None:
        """Send one request."""
        assert self._transport is not None
        assert self._answered is None, "the last answer is still to come"
        self._answered = answered
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END_OF_HEAD)
        if head < 0:
            return
        at = self._buffer[:head].lower().find(_LENGTH)
        if at < 0:
            raise Broken(f"an answer without a length: {self._buffer[:200]!r}")
        line = self._buffer.find(b"\r\n", at + 2)
        body = head + len(_END_OF_HEAD)
        end = body + int(self._buffer[at + len(_LENGTH) : line])
        if len(self._buffer) < end:
            return
        answer, status = self._buffer[body:end], int(self._buffer[9:12])
        self._buffer = self._buffer[end:]
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status, answer)

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost()

    def close(self) -> None:
        """Close without telling `lost`."""
        self.lost = lambda: None
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connected(
    target: Target, count: int, done: asyncio.Future[Any]
) -> AsyncIterator[list[Connection]]:
    """`count` open connections; `done` fails when one of them is lost."""
    loop = asyncio.get_running_loop()

    def lost() -> None:
        if not done.done():
            done.set_exception(Broken("the server closed a connection"))

    connections: list[Connection] = []
    try:
        for _ in range(count):
            _, connection = await loop.create_connection(Connection, target.host, target.port)
            connection.lost = lost
            connections.append(connection)
        yield connections
    finally:
        for connection in connections:
            connection.close()


async def burst(
    target: Target, requests: Iterable[bytes], connections: int, *, expect: int, wait_s: float
) -> tuple[float, list[bytes]]:
    """Send all requests, each connection one after the other; the seconds that took, and the
    bodies of the answers. Raises `Broken` on any other status than `expect`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left: Iterator[bytes] = iter(requests)
    bodies: list[bytes] = []
    open_requests = 0

    def go_on(connection: Connection) -> None:
        nonlocal open_requests
        request = next(left, None)
        if request is not None:
            open_requests += 1
            connection.send(request, lambda status, body: answered(connection, status, body))
        elif open_requests == 0 and not done.done():
            done.set_result(None)

    def answered(connection: Connection, status: int, body: bytes) -> None:
        nonlocal open_requests
        open_requests -= 1
        bodies.append(body)
        if status != expect:
            if not done.done():
                done.set_exception(Broken(f"{status} instead of {expect}: {body[:500]!r}"))
            return
        go_on(connection)

    async with connected(target, connections, done) as all_of_them:
        began = time.perf_counter()
        for connection in all_of_them:
            go_on(connection)
        async with asyncio.timeout(wait_s):
            await done
        return time.perf_counter() - began, bodies


@dataclass(frozen=True, slots=True)
class Due:
    """A request that is to be sent so many seconds after the start, come what may."""

    at_s: float
    kind: str
    request: bytes
    expect: int


async def steady(target: Target, plan: list[Due], connections: int) -> dict[str, list[float]]:
    """Send each request when it is due; the seconds from then to its answer, by kind.

    Nothing waits for an answer before it is sent but for a free connection, and time is counted
    from when a request was due, not from when it was sent: a server that stalls is charged for all
    that should have been answered meanwhile.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    took: dict[str, list[float]] = {one.kind: [] for one in plan}
    waiting: deque[Due] = deque()
    open_requests = len(plan)

    async with connected(target, connections, done) as all_of_them:
        # In turn: a server closes a connection that is idle for some seconds.
        free = deque(all_of_them)
        began = loop.time() + 0.1

        def due(one: Due) -> None:
            waiting.append(one)
            serve()

        def serve() -> None:
            while waiting and free:
                send(free.popleft(), waiting.popleft())

        def send(connection: Connection, one: Due) -> None:
            def answered(status: int, body: bytes) -> None:
                nonlocal open_requests
                took[one.kind].append(loop.time() - began - one.at_s)
                open_requests -= 1
                if status != one.expect and not done.done():
                    done.set_exception(Broken(f"{one.kind}: {status}, {body[:500]!r}"))
                elif open_requests == 0 and not done.done():
                    done.set_result(None)
                free.append(connection)
                serve()

            connection.send(one.request, answered)

        for one in plan:
            loop.call_at(began + one.at_s, due, one)
        await asyncio.wait_for(done, plan[-1].at_s + 60)
    return took


class Nothing(asyncio.Protocol):
    """Answers each request with as little as there is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")


async def answer_nothing() -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(answer_nothing())
