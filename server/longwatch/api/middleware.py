"""What every request passes before it reaches a route, WebSocket handshakes included."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longwatch.api.problems import FRAMEWORK, ApiError, problem
from longwatch.ids import random_bytes
from longwatch.protocol.routes import FILES, MAX_BODY_BYTES, REQUEST_ID_HEADER
from longwatch.security.hosts import HostRules

_STARTS: Final = frozenset(
    {"http.response.start", "websocket.accept", "websocket.http.response.start"}
)


class Gate:
    """Checks `Host` and `Origin`, bounds the body, names each request for the logs, and answers
    for whatever went wrong unforeseen."""

    def __init__(self, app: ASGIApp, rules: HostRules, log: structlog.stdlib.BoundLogger) -> None:
        self._app = app
        self._rules = rules
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = random_bytes(8).hex()
        answer = _Answer(scope, send, request_id, self._log)
        # Everything that is logged on behalf of this request carries its id.
        with structlog.contextvars.bound_contextvars(request=request_id):
            refusal = self._refusal(scope)
            if refusal is not None:
                await refuse(scope, receive, answer.send, refusal)
                return
            try:
                await self._app(scope, _bounded(scope, receive), answer.send)
            except Exception:
                self._log.exception("request failed", path=scope["path"])
                if not await self._apologised(scope, receive, answer):
                    raise  # the answer is cut short: only a broken connection can say so

    def _refusal(self, scope: Scope) -> Response | None:
        hosts = _values(scope, b"host")
        error = self._rules.host_error(hosts)
        if error is not None:
            return problem(400, "foreign_host", error)
        error = self._rules.origin_error(_values(scope, b"origin"), hosts[0])
        if error is not None:
            return problem(403, "foreign_origin", error)
        lengths = _values(scope, b"content-length")
        if _is_upload(scope):  # its own route bounds it
            return None
        if any(length.isdecimal() and int(length[:20]) > MAX_BODY_BYTES for length in lengths):
            return problem(413, "too_large", _TOO_LARGE)
        return None

    @staticmethod
    async def _apologised(scope: Scope, receive: Receive, answer: _Answer) -> bool:
        if not answer.started:
            detail = "The server failed to answer; its log says more. Please report it."
            refusal = problem(500, "internal_error", detail)
            await refuse(scope, receive, answer.send, refusal)
        elif scope["type"] == "websocket":
            await answer.send({"type": "websocket.close", "code": 1011})
        else:
            return False
        return True


class _Answer:
    """Sends an answer, with the request's id among its headers."""

    def __init__(
        self, scope: Scope, send: Send, request_id: str, log: structlog.stdlib.BoundLogger
    ) -> None:
        self.started = False
        """Whether the answer's head is out, and with it the status."""
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._log = log

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.close" and not self.started:
            # The framework found no route, and would say no more than 403.
            await deny(self._scope, self.send, problem(404, *FRAMEWORK[404]))
            return
        if message["type"] in _STARTS:
            self.started = True
            name = REQUEST_ID_HEADER.lower().encode()
            headers = [*message.get("headers", []), (name, self._request_id.encode())]
            message = {**message, "headers": headers}
            self._log.debug(
                "request",
                method=self._scope.get("method", "WEBSOCKET"),
                path=self._scope["path"],
                status=message.get("status", 101),
            )
        await self._send(message)


BODY_WITHIN_S: Final = 60.0
"""For 4 MiB that is 70 KB a second."""
_TOO_LARGE: Final = "A request may have 4 MiB at most. Shorten the SQL."


def _is_upload(scope: Scope) -> bool:
    return (scope["type"], scope["path"], scope.get("method")) == ("http", FILES, "POST")


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive`, refusing what goes on beyond the limit without having declared its length, and
    what takes too long. An upload, which may be large, has that time for each of its pieces."""
    if scope["type"] != "http":
        return receive
    total = 0
    is_upload = _is_upload(scope)
    deadline_s: float | None = None
    whole = False

    async def bounded() -> Message:
        nonlocal total, deadline_s, whole
        if whole:  # what comes now is that the client has gone
            return await receive()
        if deadline_s is None or is_upload:
            deadline_s = asyncio.get_running_loop().time() + BODY_WITHIN_S
        try:
            async with asyncio.timeout_at(deadline_s):
                message = await receive()
        except TimeoutError:
            detail = f"The body did not come within {BODY_WITHIN_S:g} s. Send it again."
            headers = {"Connection": "close"}
            raise ApiError(408, "slow_request", detail, headers) from None
        whole = not message.get("more_body", False)
        if message["type"] == "http.request" and not is_upload:
            total += len(message.get("body", b""))
            if total > MAX_BODY_BYTES:
                raise ApiError(413, "too_large", _TOO_LARGE)
        return message

    return bounded


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer with `response`, a WebSocket handshake too (ASGI's denial response extension)."""
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    await deny(scope, send, response)


async def deny(scope: Scope, send: Send, response: Response) -> None:
    """Answer a WebSocket handshake with `response`."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    await send(
        {
            "type": "websocket.http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )
    await send({"type": "websocket.http.response.body", "body": response.body})


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
