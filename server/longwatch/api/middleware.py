"""What every request passes before it reaches a route, WebSocket handshakes included."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longwatch.api.problems import problem
from longwatch.protocol.routes import REQUEST_ID_HEADER
from longwatch.security.hosts import HostRules


class Gate:
    """Checks `Host` and `Origin`, and names each request for the logs."""

    def __init__(self, app: ASGIApp, rules: HostRules, log: structlog.stdlib.BoundLogger) -> None:
        self._app = app
        self._rules = rules
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        hosts = _values(scope, b"host")
        error = self._rules.host_error(hosts)
        if error is not None:
            await refuse(scope, receive, send, problem(400, "foreign_host", error))
            return
        error = self._rules.origin_error(_values(scope, b"origin"), hosts[0])
        if error is not None:
            await refuse(scope, receive, send, problem(403, "foreign_origin", error))
            return
        request_id = secrets.token_hex(8)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = list(message.get("headers", []))
                headers.append((REQUEST_ID_HEADER.lower().encode(), request_id.encode()))
                message = {**message, "headers": headers}
                if scope["type"] == "http":
                    self._log.debug(
                        "request",
                        request=request_id,
                        method=scope["method"],
                        path=scope["path"],
                        status=message["status"],
                    )
            await send(message)

        await self._app(scope, receive, named)


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer with `response`, a WebSocket handshake too (ASGI's denial response extension)."""
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
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
