"""Requests to one server on httpx, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Self, TypeVar

import msgspec

from longwatch.client._imports import load
from longwatch.client.address import Address
from longwatch.client.errors import ApiError, ProtocolMismatch, ServerUnreachable
from longwatch.protocol.problems import MEDIA_TYPE as PROBLEM_TYPE
from longwatch.protocol.problems import Problem
from longwatch.protocol.wire import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from types import TracebackType

    import httpx

T = TypeVar("T")

JSON: Final = "application/json"
_LOADED: Final = (
    "httpx",
    "httpcore",
    "anyio.to_thread",
    "anyio.streams.tls",
    "anyio._backends._asyncio",
)
"""httpx, and what it would import for its first client and its first request: 60 ms more."""
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
Query = Mapping[str, str | list[str]]


class Connection:
    """HTTP to one server. Every request raises `ServerUnreachable` when nobody answers,
    `ProtocolMismatch` when what answers is no Longwatch of this protocol, and a kind of `ApiError`
    when the server refuses. It belongs to the event loop it is entered in."""

    def __init__(self, address: Address, *, timeout_s: float = 10.0) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._http: httpx.AsyncClient | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        await load(*_LOADED)
        import httpx  # noqa: PLC0415 - 160 ms, paid by the first connection, off the loop

        local = self.address.is_loopback
        self._http = httpx.AsyncClient(
            base_url=self.address.url,
            headers={**self.address.headers(), "Accept": JSON},
            timeout=self._timeout_s,
            # A proxy from the environment must not see what is said on this machine.
            trust_env=not local,
            verify=self.address.tls(),
        )
        self._closed = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. May be called again."""
        http, self._http = self._http, None
        if http is not None:
            self._closed = True
            await http.aclose()

    async def _json(
        self,
        method: str,
        path: str,
        shape: type[T],
        *,
        query: Query | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        longer_s: float = 0.0,
    ) -> T:
        answer = await self._send(
            method, path, query=query, body=body, headers=headers, longer_s=longer_s
        )
        try:
            return msgspec.json.decode(answer.content, type=shape)
        except UNREADABLE as error:
            raise ProtocolMismatch(
                f"{self.address.url} answered {path} with what this version cannot read "
                f"({error}). Is it a Longwatch server, and of a version that fits?"
            ) from error

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: bytes | None = None,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
        longer_s: float = 0.0,
    ) -> httpx.Response:
        """`longer_s` is how much longer than usual the server may take to answer."""
        with self._failing():
            answer = await self._opened().request(
                method,
                path,
                params=query,
                content=body,
                headers=_headers(accept, body, headers),
                timeout=self._timeout_s + longer_s,
            )
        if not answer.is_success:
            raise self._refusal(answer)
        return answer

    @asynccontextmanager
    async def _stream(
        self, path: str, *, query: Query | None = None, accept: str, longer_s: float = 0.0
    ) -> AsyncGenerator[httpx.Response]:
        """An answer whose body is read piece by piece, within the context. `longer_s` is how much
        longer than usual the server may take for each of them."""
        headers = _headers(accept, None, None)
        timeout = self._timeout_s + longer_s
        with self._failing():
            async with self._opened().stream(
                "GET", path, params=query, headers=headers, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise self._refusal(answer)
                yield answer

    def _opened(self) -> httpx.AsyncClient:
        if self._closed:  # while the caller was busy with an earlier answer
            raise ServerUnreachable(self.address.url, "the connection was closed", sent=False)
        if self._http is None:
            raise RuntimeError("AsyncClient is used outside of its `async with`")
        return self._http

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Turns what httpx raises into our own errors."""
        import httpx  # noqa: PLC0415 - already imported by __aenter__

        try:
            yield
        except httpx.TransportError as error:
            # What was not connected was not sent; of all else nobody knows.
            unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
            sent = not isinstance(error, unsent)
            raise ServerUnreachable(self.address.url, _reason(error), sent=sent) from error
        except httpx.DecodingError as error:
            raise ProtocolMismatch(f"{self.address.url} sent a broken answer: {error}") from error

    def _refusal(self, answer: httpx.Response) -> Exception:
        if answer.headers.get("Content-Type", "").startswith(PROBLEM_TYPE):
            try:
                return ApiError.of(msgspec.json.decode(answer.content, type=Problem))
            except UNREADABLE as error:
                return ProtocolMismatch(f"{self.address.url} sent a broken error: {error}")
        if answer.status_code in _GATEWAY_STATUSES:
            return ServerUnreachable(
                self.address.url, f"a proxy before it answered {answer.status_code}", sent=True
            )
        where = answer.headers.get("Location")
        hint = f", and points to {where}" if where else ""
        return ProtocolMismatch(
            f"What answers at {self.address.url} is not a Longwatch server: it says "
            f"{answer.status_code}{hint}."
        )


def _headers(accept: str, body: bytes | None, more: Mapping[str, str] | None) -> dict[str, str]:
    content = {} if body is None else {"Content-Type": JSON}
    return {"Accept": accept, **content, **(more or {})}


def _reason(error: Exception) -> str:
    """Why a request did not get through, in a few words."""
    import httpx  # noqa: PLC0415 - already imported by __aenter__

    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
