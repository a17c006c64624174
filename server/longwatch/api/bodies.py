"""Reading request bodies: JSON by content type, and strictly JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from fastapi import Request, Response
from fastapi.routing import APIRoute

from longwatch.api.problems import ApiError


class JsonRequest(Request):
    """A request whose body is read by msgspec: the standard library also takes NaN, halves of
    surrogate pairs and numbers of any length, which nothing behind it can store."""

    async def json(self) -> Any:
        """The body. Raises `ApiError` 400 when it is not JSON."""
        try:
            return msgspec.json.decode(await self.body())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ApiError(400, "malformed_json", f"The body is not JSON: {error}.") from None
        except RecursionError:
            raise ApiError(400, "malformed_json", "The JSON is nested too deeply.") from None


class JsonRoute(APIRoute):
    """A route whose body, if it takes one, must be declared as JSON: a form in a foreign page can
    send text, but not that."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with these checks before it."""
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if self.body_field is not None and kind != "application/json":
                raise ApiError(
                    415,
                    "unsupported_media_type",
                    f"Send the body as application/json; it came as {kind[:100] or 'nothing'!r}.",
                )
            return await original(JsonRequest(request.scope, request.receive))

        return handle
