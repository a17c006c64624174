"""uvicorn's HTTP, with bounds that it has none of: on the head of a request, and on its patience.

httptools takes a header of any length, and waits for the rest of it for ever: a few hundred
connections that send a byte now and then would keep everybody else out.
"""

from __future__ import annotations

import asyncio
from asyncio.transports import BaseTransport
from typing import Any, Final

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from longwatch.protocol.problems import MEDIA_TYPE, Problem

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of address and headers together; h11 and most proxies take as much."""
HEAD_WITHIN_S: Final = 20.0


class _HeadTooLarge(Exception):
    """What the parser is told to stop it."""


class LimitedHttp(HttpToolsProtocol):
    """Serves HTTP like its parent, unless the head of a request is too long or too slow."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._asked = False
        """Whether a head has begun, and is not there yet."""
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        began_in_head = self._in_head
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data) if began_in_head else 0
        if self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response("")
        elif self._patience is None:  # the next request of a connection has begun
            self._wait_for_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._asked = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = self._asked = False
        self._head_is_there()
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > MOST_HEAD_BYTES:
            self._head_bytes = length
            raise _HeadTooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, or is too much of it, and hang up."""
        self._refused = True
        self._head_is_there()
        if self._head_bytes <= MOST_HEAD_BYTES:
            self._refuse(400, "bad_request", "The request is not understood", f"{msg} Send HTTP.")
            return
        most = f"{MOST_HEAD_BYTES // 1024} KiB"
        detail = f"Address and headers may have {most} together. Put less into them."
        self._refuse(431, "head_too_large", "The head of the request is too large", detail)

    def _wait_for_head(self) -> None:
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self._lose_patience)

    def _head_is_there(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self.transport.is_closing():
            return
        if not self._asked:  # nothing was asked, so nothing is answered
            self.transport.close()
            return
        self._refused = True
        detail = f"The head of a request is to be there within {HEAD_WITHIN_S:g} s. Send it again."
        self._refuse(408, "slow_request", "The request came too slowly", detail)

    def _refuse(self, status: int, code: str, title: str, detail: str) -> None:
        problem = Problem(title=title, status=status, code=code, detail=detail)
        body = msgspec.json.encode(problem)
        head = (
            f"HTTP/1.1 {status} {title}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
