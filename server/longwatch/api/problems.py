"""Every error as `application/problem+json` (RFC 9457), the framework's own included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from longwatch.feed.room import TooManyFeeds
from longwatch.jobs import errors as jobs
from longwatch.protocol.problems import MEDIA_TYPE, Problem
from longwatch.results import errors as results
from longwatch.results.exports import TooManyExports, UnknownExport
from longwatch.store import errors as store

KNOWN: Final[dict[type[Exception], tuple[int, str]]] = {
    jobs.UnknownJob: (404, "unknown_job"),
    jobs.UnknownRun: (404, "unknown_run"),
    jobs.UnknownSource: (422, "unknown_source"),
    jobs.SourceExists: (409, "source_exists"),
    jobs.SourceFixed: (409, "source_fixed"),
    jobs.SourceInUse: (409, "source_in_use"),
    jobs.InvalidSource: (422, "invalid_source"),
    jobs.UploadRefused: (422, "upload_refused"),
    jobs.SecretMissing: (422, "secret_missing"),
    jobs.SecretsUnreadable: (500, "secrets_unreadable"),
    jobs.UnknownSavedQuery: (404, "unknown_saved_query"),
    jobs.SavedQueryFixed: (409, "saved_query_fixed"),
    jobs.AlreadyFinal: (409, "already_final"),
    jobs.HasBegun: (409, "has_begun"),
    jobs.NotFinal: (409, "not_final"),
    jobs.Changed: (412, "precondition_failed"),
    jobs.KeyReused: (422, "idempotency_mismatch"),
    jobs.KeyInFlight: (409, "idempotency_in_flight"),
    jobs.JobDeleted: (410, "job_deleted"),
    jobs.NoResult: (404, "no_result"),
    jobs.InvalidSubmission: (422, "invalid_submission"),
    jobs.LimitTooHigh: (422, "limit_too_high"),
    jobs.QueueFull: (429, "queue_full"),
    jobs.QuotaExceeded: (403, "quota_exceeded"),
    TooManyFeeds: (429, "too_many_feeds"),
    jobs.NotYours: (403, "not_yours"),
    jobs.InvalidToken: (422, "invalid_token"),
    jobs.UnknownToken: (404, "unknown_token"),
    jobs.NotOffered: (409, "not_offered"),
    jobs.AttemptOver: (409, "attempt_over"),
    jobs.WrongOffset: (409, "wrong_offset"),
    jobs.ResultTooLarge: (413, "result_too_large"),
    jobs.NoWorkersHere: (409, "no_workers_here"),
    jobs.LeaderAway: (503, "leader_away"),
    jobs.TokenOfOneServer: (403, "token_of_one_server"),
    results.ResultExpired: (410, "result_expired"),
    results.ResultDamaged: (410, "result_damaged"),
    results.ResultIncomplete: (409, "result_incomplete"),
    results.Refused: (422, "refused"),
    results.NoRoom: (507, "no_room"),
    results.HelperFailed: (500, "helper_failed"),
    UnknownExport: (404, "unknown_export"),
    TooManyExports: (429, "too_many_exports"),
    store.StoreFull: (507, "store_full"),
    store.StoreUnusable: (503, "store_unusable"),
    store.StoreElsewhere: (501, "store_elsewhere"),
    store.StoreClosed: (503, "stopping"),
    store.StoreError: (503, "store_unusable"),
}
TITLES: Final = {
    "limit_too_high": "The job asks for too much",
    "queue_full": "Too many jobs wait",
    "quota_exceeded": "Too much is kept",
    "not_yours": "It belongs to somebody else",
    "invalid_token": "This cannot be a token",
    "unknown_token": "No such token",
    "not_offered": "The attempt is not to be had",
    "attempt_over": "The attempt is over",
    "wrong_offset": "The piece does not fit",
    "result_too_large": "The result is too large",
    "no_workers_here": "No workers here",
    "leader_away": "The leader cannot be asked",
    "token_of_one_server": "The token is not for all servers",
    "unknown_job": "No such job",
    "unknown_run": "No such run",
    "unknown_source": "No such source",
    "source_exists": "The name is taken",
    "source_fixed": "The source cannot be changed here",
    "source_in_use": "The source is in use",
    "source_unavailable": "The source cannot be opened",
    "invalid_source": "This cannot be a source",
    "upload_refused": "The file cannot be taken",
    "secret_missing": "A secret is missing",
    "secrets_unreadable": "The secrets cannot be read",
    "unknown_saved_query": "No such saved query",
    "saved_query_fixed": "The query cannot be changed",
    "already_final": "The job has ended",
    "has_begun": "The job has begun",
    "not_final": "The job is not over",
    "precondition_failed": "The job has changed",
    "idempotency_mismatch": "The Idempotency-Key belongs to another request",
    "idempotency_in_flight": "The same request is being carried out",
    "invalid_idempotency_key": "The Idempotency-Key cannot be used",
    "job_deleted": "The job was deleted",
    "no_result": "No result",
    "invalid_submission": "This cannot be submitted",
    "result_expired": "The result is gone",
    "result_damaged": "The result is damaged",
    "result_incomplete": "The result is not complete",
    "unknown_column": "No such column",
    "ambiguous_column": "Which of the columns is meant?",
    "unsupported_column": "The column's type does not allow this",
    "invalid_sort": "This is no order",
    "invalid_filter": "This is no filter",
    "invalid_columns": "These are no columns",
    "too_large_for_xlsx": "Too much for a sheet",
    "export_id_taken": "The export's id is taken",
    "export_cancelled": "The export was cancelled",
    "export_stalled": "The export was given up",
    "unknown_export": "No such export",
    "too_many_exports": "Too many exports run",
    "helper_failed": "The work on the result failed",
    "no_room": "No room left",
    "store_full": "No room left",
    "store_unusable": "The job store cannot be used",
    "store_elsewhere": "PostgreSQL makes its own copies",
    "backup_failed": "The backup failed",
    "starting": "The server is starting",
    "stopping": "The server is stopping",
    "bad_request": "The request is not understood",
    "malformed_json": "The request is not understood",
    "invalid_request": "The request is not understood",
    "invalid_cursor": "The request is not understood",
    "not_found": "No such address",
    "method_not_allowed": "No such method here",
    "too_large": "The request is too large",
    "unsupported_media_type": "The body is of the wrong type",
    "unauthorized": "Not authorized",
    "too_many_wrong_tokens": "Too many wrong tokens",
    "too_many_feeds": "Too many feeds",
    "forbidden": "This takes another role",
    "slow_request": "The request came too slowly",
    "foreign_host": "Foreign host",
    "foreign_origin": "Foreign origin",
    "internal_error": "The server failed",
}
FRAMEWORK: Final = {
    400: ("bad_request", "The request is not understood."),
    404: ("not_found", "Check the address; every path of this server begins with /v1."),
    405: ("method_not_allowed", "Check the method of the request."),
}
"""Codes for what the framework refuses by itself; `http.HTTPStatus` has other phrases in each
Python version."""
_PLACE: Final = re.compile(r" - at `\$(\.[^`]*|\[[^`]*)?`$")


class ApiError(HTTPException):
    """An error of the API's own, raised anywhere below it."""

    def __init__(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code


def known(error: Exception) -> tuple[int, str]:
    """Status and code of an error in `KNOWN`, or of a kind of one."""
    return next(KNOWN[kind] for kind in type(error).__mro__ if kind in KNOWN)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    pointer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as a response."""
    title = TITLES.get(code, "The request was refused")
    document = Problem(title=title, status=status, code=code, detail=detail, pointer=pointer)
    return Response(msgspec.json.encode(document), status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of `app` leave as a problem document; those that nobody foresaw are
    `middleware.Gate`'s to answer."""

    async def known_error(_request: Request, error: Exception) -> Response:
        status, code = known(error)
        code = getattr(error, "code", code)
        pointer = getattr(error, "pointer", None)
        wait_s = getattr(error, "retry_after_s", None)
        headers = None if wait_s is None else {"Retry-After": str(wait_s)}
        return problem(status, code, str(error), pointer=pointer, headers=headers)

    async def http_error(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, ApiError):
            code, detail = error.code, str(error.detail)
        else:
            unnamed = (f"http_{error.status_code}", str(error.detail))
            code, detail = FRAMEWORK.get(error.status_code, unnamed)
        return problem(error.status_code, code, detail, headers=error.headers)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        detail, pointer = _first(list(error.errors()))
        return problem(422, "invalid_request", detail, pointer=pointer)

    for kind in KNOWN:
        app.add_exception_handler(kind, known_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)


def documented() -> dict[int | str, dict[str, Any]]:
    """What every route may answer beside its own, for the OpenAPI document."""
    schema = Problem.json_schema()
    content = {MEDIA_TYPE: {"schema": schema}}
    return {
        "4XX": {"description": "Refused", "content": content},
        "5XX": {"description": "Failed", "content": content},
    }


def _first(errors: list[dict[str, Any]]) -> tuple[str, str | None]:
    """The first error as a sentence, and its place in the body as a JSON pointer."""
    if not errors:
        return "The request is not understood.", None
    where, *place = (str(part) for part in errors[0].get("loc", ("",)))
    message = str(errors[0].get("msg", "invalid")).removeprefix("Value error, ")
    if where != "body":  # a parameter of the address
        return f"{'.'.join(place)}: {message}.", None
    if errors[0].get("type") == "missing":
        return "The body is missing.", ""
    found = _PLACE.search(message)
    if found is None:
        return f"{message}.", ""
    path = re.findall(r"[^.\[\]]+", found[1] or "")
    return f"{'.'.join(path)}: {message[: found.start()]}.", "".join(f"/{part}" for part in path)
