"""The story of a job, and the history of all of them as a file."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from longwatch.api.dependencies import PartsDep, PrincipalDep
from longwatch.api.disconnects import TokenEnded, unless_ended
from longwatch.api.filters import FilterDep
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.history import AttemptList, Story
from longwatch.protocol.jobs import Job
from longwatch.security.tokens import Principal, TokenChecker
from longwatch.store import history, listing
from longwatch.store.listing import Filter
from longwatch.store.store import Store

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["history"])
EXPORT_PAGE: Final = 100
"""Jobs held at a time: 100 MB at the very most, as each may have a megabyte of SQL."""
COLUMNS: Final = (
    *("id", "name", "state", "source", "owner", "kind", "priority", "attempt", "submitted_at"),
    *("started_at", "finished_at", "cancel_requested_at", "cancel_confirmed", "rows", "bytes"),
    *("error_code", "error_message", "retry_of", "sql"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run (OWASP, "CSV Injection")."""
_jsonl: Final = msgspec.json.Encoder()


class HistoryResponse(StreamingResponse):
    """Streams it until the token of whoever asked is no good any more: then the connection is cut,
    so that nobody takes what came for the whole."""

    def __init__(
        self, content: AsyncIterator[bytes], tokens: TokenChecker, who: Principal, **more: Any
    ) -> None:
        super().__init__(content, **more)
        self._tokens = tokens
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TokenEnded), self._tokens.ending(self._who) as ending:
            await unless_ended(super().__call__(scope, receive, send), ending)


@router.get(routes.JOB_EVENTS, operation_id="get_job_events")
async def events(job_id: str, server: PartsDep) -> Story:
    """Everything that happened to a job, oldest first."""
    return Story(events=await server.store.run(history.story, job_id))


@router.get(routes.JOB_ATTEMPTS, operation_id="get_job_attempts")
async def attempts(job_id: str, server: PartsDep) -> AttemptList:
    """Every try at a job, oldest first."""
    return AttemptList(attempts=await server.store.run(history.attempts, job_id))


@router.get(
    routes.JOBS_EXPORT,
    operation_id="export_jobs",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/jsonl": {"schema": {"type": "string"}},
            }
        }
    },
)
async def export(
    server: PartsDep,
    who: PrincipalDep,
    which: FilterDep,
    form: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "csv",
) -> HistoryResponse:
    """Every job that matches, newest first, as CSV or as JSON lines.

    A text in CSV that a spreadsheet would take for a formula has an apostrophe before it; JSON
    lines hold each job exactly as it is read on its own.
    """
    write, kind = (_as_csv, "text/csv") if form == "csv" else (_as_jsonl, "application/jsonl")
    return HistoryResponse(
        _pages(server.store, which, write, header=form == "csv"),
        server.tokens,
        who,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="longwatch-jobs.{form}"'},
    )


async def _pages(
    store: Store, which: Filter, write: Callable[[Sequence[Job]], bytes], *, header: bool
) -> AsyncIterator[bytes]:
    if header:
        yield _lines([COLUMNS])
    before_n: int | None = None
    while True:
        jobs, before_n = await store.run(listing.whole, which, before_n=before_n, limit=EXPORT_PAGE)
        if jobs:
            yield write(jobs)
        if before_n is None:
            return


def _as_jsonl(jobs: Sequence[Job]) -> bytes:
    return _jsonl.encode_lines(jobs)


def _as_csv(jobs: Sequence[Job]) -> bytes:
    return _lines([_row(job) for job in jobs])


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def _row(job: Job) -> list[object]:
    plain = msgspec.to_builtins(job, builtin_types=())
    error, result = plain["error"] or {}, plain["result"] or {}
    plain |= {
        "rows": result.get("rows"),
        "bytes": result.get("bytes"),
        "error_code": error.get("code"),
        "error_message": error.get("message"),
    }
    return [_cell(plain[name]) for name in COLUMNS]


def _cell(value: object) -> object:
    """A cell that no spreadsheet runs. Numbers are ours: what begins with a minus is one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
