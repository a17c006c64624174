"""Every error as `application/problem+json` (RFC 9457), the framework's own included."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from longwatch.jobs import errors as jobs
from longwatch.protocol.problems import MEDIA_TYPE, Problem
from longwatch.results.reader import ResultExpired
from longwatch.store import errors as store

KNOWN: Final[dict[type[Exception], tuple[int, str]]] = {
    jobs.UnknownJob: (404, "unknown_job"),
    jobs.UnknownSource: (422, "unknown_source"),
    jobs.AlreadyFinal: (409, "already_final"),
    jobs.NoResult: (404, "no_result"),
    jobs.InvalidSubmission: (422, "invalid_submission"),
    ResultExpired: (410, "result_expired"),
    store.StoreFull: (507, "store_full"),
    store.StoreUnusable: (503, "store_unusable"),
    store.StoreClosed: (503, "stopping"),
}
TITLES: Final = {
    "unknown_job": "No such job",
    "unknown_source": "No such source",
    "already_final": "The job has ended",
    "no_result": "No result",
    "invalid_submission": "This cannot be submitted",
    "result_expired": "The result is gone",
    "store_full": "No room left",
    "store_unusable": "The job store cannot be used",
    "stopping": "The server is stopping",
    "invalid_request": "The request is not understood",
    "unauthorized": "Not authorized",
    "foreign_host": "Foreign host",
    "foreign_origin": "Foreign origin",
    "internal_error": "The server failed",
}
HINTS: Final = {
    404: "Check the address; every path of this server begins with /v1.",
    405: "Check the method of the request.",
    413: "A request may have 4 MiB at most. Shorten the SQL.",
    415: "Send the body as application/json.",
}


class ApiError(Exception):
    """An error of the API's own, raised anywhere below it."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    pointer: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    title = TITLES.get(code) or _phrase(status)
    document = Problem(title=title, status=status, code=code, detail=detail, pointer=pointer)
    return Response(
        msgspec.json.encode(document), status, media_type=MEDIA_TYPE, headers=headers or {}
    )


def install(app: FastAPI, log: structlog.stdlib.BoundLogger) -> None:
    """Let every error of `app` leave as a problem document."""

    async def api_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return problem(error.status, error.code, str(error), headers=error.headers)

    async def known_error(_request: Request, error: Exception) -> Response:
        status, code = KNOWN[type(error)]
        return problem(status, code, str(error))

    async def http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _phrase(error.status_code).lower().replace(" ", "_").replace("-", "_")
        detail = HINTS.get(error.status_code) or str(error.detail)
        headers = dict(error.headers or {})
        return problem(error.status_code, code, detail, headers=headers)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        detail, pointer = _first(list(error.errors()))
        return problem(422, "invalid_request", detail, pointer=pointer)

    async def unexpected(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, exc_info=error)
        detail = "The server failed to answer; its log says more. Please report it."
        return problem(500, "internal_error", detail)

    app.add_exception_handler(ApiError, api_error)
    for kind in KNOWN:
        app.add_exception_handler(kind, known_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)


def _first(errors: list[dict[str, Any]]) -> tuple[str, str | None]:
    """The first error as a sentence and a place."""
    if not errors:
        return "The request is not understood.", None
    first = errors[0]
    place = [str(part) for part in first.get("loc", ())]
    message = str(first.get("msg", "invalid")).removeprefix("Value error, ")
    if len(place) > 1:
        message = f"{'.'.join(place[1:])}: {message}"
    return message, "/" + "/".join(place) if place else None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
