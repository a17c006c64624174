"""`/v1/jobs`: submit, list, read, cancel, retry, delete, log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, BackgroundTasks, Body, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message

from longwatch.api import conditions, cursors
from longwatch.api.bodies import JsonRoute
from longwatch.api.conditions import KNOWN_TAG, ExpectedDep, KeyDep, WaitDep
from longwatch.api.dependencies import (
    AuditDep,
    PrincipalDep,
    ServiceDep,
    parts,
    principal,
)
from longwatch.api.filters import FilterDep, within
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED, permitted
from longwatch.protocol import routes
from longwatch.protocol.jobs import Job, JobPage, Submission
from longwatch.security.tokens import Principal
from longwatch.service.jobs import JobService
from longwatch.service.requests import CancelWish
from longwatch.service.submitting import Taken
from longwatch.store.listing import Filter

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["jobs"])
collection: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["jobs"])
"""All jobs together; by itself, since it is looked for first: each route before it that does not
match costs a submit 20 µs."""
MOST_LOG_BYTES: Final = 2**20
MOST_CURSOR: Final = 100
_read_submission: Final = msgspec.json.Decoder(Submission).decode
KEY_PARAMETER: Final = {
    "parameters": [
        {
            "in": "header",
            "name": routes.IDEMPOTENCY_KEY_HEADER,
            "required": False,
            "schema": {"type": "string", "maxLength": routes.MAX_KEY_CHARS},
            "description": "a string in quotes that names the request, so that it can be repeated",
        }
    ]
}
"""Documented by hand: the header is read whole, since it may be wrong by being there twice."""


async def submit(
    submission: Annotated[Submission, Body()],
    jobs: ServiceDep,
    who: PrincipalDep,
    key: KeyDep,
    wait_s: WaitDep,
) -> Response:
    """Take a query in. Once answered, the job survives a crash and a power cut.

    A request that is repeated with the same `Idempotency-Key` makes no second job: it is answered
    with the first, as it stands now. A key belongs to whoever used it, and to what was asked for:
    with another body it is refused (422), while the first request is being carried out too (409).
    `Idempotency-Expires` says until when it is remembered.

    With `Prefer: wait=N` the answer is held back until the job is over, for N seconds at most: 200
    when it is over, 202 when it is not.
    """
    return await _taken(jobs, await jobs.take(submission, who.name, key), wait_s)


async def list_jobs(
    jobs: ServiceDep,
    which: FilterDep,
    cursor: Annotated[str | None, Query(max_length=MOST_CURSOR)] = None,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_LIST_PAGE)] = 100,
) -> Response:
    """Jobs, newest first; `text` is looked for in names and SQL."""
    listed = await jobs.page(which, before_n=cursors.decode(cursor), limit=limit)
    page = JobPage(
        jobs=listed.jobs,
        next=cursors.encode(listed.next_n),
        total=listed.total or 0,
        totals=listed.totals or {},
        at_least=listed.at_least,
    )
    # FastAPI would make objects of Python's of all that first.
    return Response(msgspec.json.encode(page), media_type="application/json")


async def get(
    job_id: str,
    jobs: ServiceDep,
    wait_s: WaitDep,
    known: Annotated[str | None, KNOWN_TAG] = None,
) -> Response:
    """One job in full, with its newest progress. Its `ETag` is for `If-None-Match` here and for
    `If-Match` where the job is changed. With `Prefer: wait=N` the answer is held back until the
    job is over, for N seconds at most."""
    if wait_s is None:
        return conditions.answer(await jobs.get(job_id), 200, known=known)
    headers = {"Preference-Applied": f"wait={wait_s}"}
    return conditions.answer(await jobs.when_final(job_id, wait_s), 200, headers, known=known)


Call = Callable[[JobService, Principal], Coroutine[Any, Any, Response]]
"""Answers a request, given what every one of them needs."""


class DirectRoute(JsonRoute):
    """Calls what a function depends on, where FastAPI would solve it: a submit then takes 1.8 ms
    of the processor instead of 4, most of which went into sending functions to threads and into
    asking each one's own parameters again.

    Only for a request with which all is well. Any other goes the usual way, which knows what to
    answer; so does every request while a dependency is replaced.
    """

    async def direct(self, request: Request, body: bytes) -> Call:
        """What to call. Raises `ValueError` or `ApiError` for what is not plainly well."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler for both ways."""
        solved = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.app.dependency_overrides:
                return await solved(request)
            try:
                body = await request.body()
            except ClientDisconnect:
                return await solved(request)
            try:
                server = await parts(request)
                who = await permitted(request, server.owners, await principal(request, server))
                call = await self.direct(request, body)
            except (ApiError, ValueError, RecursionError):  # msgspec's are kinds of ValueError
                return await solved(Request(request.scope, _again(body, request)))
            return await call(server.service, who)

        return handle


class SubmitRoute(DirectRoute):
    """The route of `submit`."""

    async def direct(self, request: Request, body: bytes) -> Call:
        """A submit."""
        key = await conditions.idempotency_key(request)
        if request.headers.get("content-type") != "application/json":
            raise ValueError("declared as something else")
        submission = _read_submission(body)
        wait_s = await _wait_s(request)
        return lambda jobs, who: submit(submission, jobs, who, key, wait_s)


class ListRoute(DirectRoute):
    """The route of `list_jobs`."""

    async def direct(self, request: Request, body: bytes) -> Call:
        """A page of everything; filters are for FastAPI to check."""
        asked = dict(request.query_params)
        limit, cursor = asked.pop("limit", "100"), asked.pop("cursor", None)
        plain = limit.isascii() and limit.isdigit() and len(cursor or "") <= MOST_CURSOR
        if asked or not plain or not 1 <= int(limit) <= routes.MAX_LIST_PAGE:
            raise ValueError("a filter, or a wrong parameter")
        return lambda jobs, who: list_jobs(jobs, within(Filter(), who.only_of), cursor, int(limit))


class GetRoute(DirectRoute):
    """The route of `get`."""

    async def direct(self, request: Request, body: bytes) -> Call:
        """One job."""
        job_id, known = request.path_params["job_id"], request.headers.get("if-none-match")
        wait_s = await _wait_s(request)
        return lambda jobs, _who: get(job_id, jobs, wait_s, known)


async def _wait_s(request: Request) -> int | None:
    return await conditions.preferred_wait(request.headers.get("prefer"))


def _again(body: bytes, request: Request) -> Callable[[], Coroutine[Any, Any, Message]]:
    """The `receive` of a request whose body was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await request.receive()

    return receive


collection.add_api_route(
    routes.JOBS,
    submit,
    methods=["POST"],
    status_code=202,
    operation_id="submit_job",
    response_model=Job,
    responses={200: {"model": Job, "description": "Over already (`Prefer: wait`)"}},
    openapi_extra=KEY_PARAMETER,
    route_class_override=SubmitRoute,
)
collection.add_api_route(
    routes.JOBS,
    list_jobs,
    methods=["GET"],
    operation_id="list_jobs",
    response_model=JobPage,
    route_class_override=ListRoute,
)
router.add_api_route(
    routes.JOB,
    get,
    methods=["GET"],
    operation_id="get_job",
    response_model=Job,
    responses={304: {"description": "As the `If-None-Match` has it"}},
    route_class_override=GetRoute,
)


@router.post(routes.JOB_CANCEL, status_code=202, operation_id="cancel_job", response_model=Job)
async def cancel(
    job_id: str,
    jobs: ServiceDep,
    who: PrincipalDep,
    audit: AuditDep,
    expected: ExpectedDep,
    only_queued: Annotated[
        bool, Query(description="leave a job alone that runs: 409 (`has_begun`)")
    ] = False,
    reason: Annotated[
        str | None,
        Query(min_length=1, max_length=routes.MAX_REASON_CHARS, description="kept in its story"),
    ] = None,
) -> Response:
    """Ask for a job's end. It is over once its state is final; `cancel_confirmed` then says
    whether its process was seen to be gone."""
    job = await jobs.cancel(job_id, expected, CancelWish(only_queued, reason))
    await audit.note_others(who, "job.cancel", [(job.id, job.owner)])
    return conditions.answer(job, 202)


@router.post(
    routes.JOB_RETRY,
    status_code=202,
    operation_id="retry_job",
    response_model=Job,
    responses={200: {"model": Job, "description": "Over already (`Prefer: wait`)"}},
    openapi_extra=KEY_PARAMETER,
)
async def retry(
    job_id: str,
    jobs: ServiceDep,
    who: PrincipalDep,
    expected: ExpectedDep,
    key: KeyDep,
    wait_s: WaitDep,
) -> Response:
    """Submit a job's query again, as a new job of one's own with the same SQL, source, name,
    priority and limits; its `retry_of` is the old one.

    Only a job that is over: one that waits or runs will be answered by itself (409 `not_final`).
    """
    return await _taken(jobs, await jobs.retry(job_id, who.name, key, expected), wait_s)


@router.delete(routes.JOB, status_code=204, operation_id="delete_job")
async def delete(
    job_id: str,
    jobs: ServiceDep,
    who: PrincipalDep,
    audit: AuditDep,
    expected: ExpectedDep,
    later: BackgroundTasks,
) -> None:
    """Delete a job that is over (409 `not_final` otherwise): its record, its story and, after the
    answer, its result."""
    job = await jobs.delete(job_id, expected)
    later.add_task(jobs.discard, [job_id])
    await audit.note_others(who, "job.delete", [(job.id, job.owner)])


@router.get(routes.JOB_LOG, operation_id="get_job_log", response_class=PlainTextResponse)
async def log(job_id: str, jobs: ServiceDep) -> PlainTextResponse:
    """What the newest attempt's process wrote, the last MiB of it."""
    path = await jobs.log_path(job_id)
    text = await asyncio.to_thread(_tail, path) if path else ""
    return PlainTextResponse(text)


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_LOG_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


async def _taken(jobs: JobService, taken: Taken, wait_s: int | None) -> Response:
    job = taken.job
    headers = {"Location": routes.job(job.id)}
    if taken.replayed:
        headers[routes.IDEMPOTENCY_REPLAYED_HEADER] = "true"
    if taken.key_expires_at is not None:
        headers[routes.IDEMPOTENCY_EXPIRES_HEADER] = conditions.http_date(taken.key_expires_at)
    if wait_s is None:
        return conditions.answer(job, 202, headers)
    headers["Preference-Applied"] = f"wait={wait_s}"
    job = await jobs.when_final(job.id, wait_s)
    return conditions.answer(job, 200 if job.state.is_final else 202, headers)
