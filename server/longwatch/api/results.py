"""`/v1/jobs/{id}/result`: what a query returned, page by page, sorted and filtered, in figures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from longwatch.api.dependencies import PartsDep, ServiceDep
from longwatch.api.disconnects import until_gone
from longwatch.api.rights import AUTHENTICATED
from longwatch.jobs.errors import NoResult
from longwatch.protocol import routes
from longwatch.protocol.jobs import Job, ResultInfo, ResultPage
from longwatch.protocol.results import (
    MAX_CRITERIA_CHARS,
    MAX_SEARCH_CHARS,
    ColumnStatistics,
    SearchHit,
)
from longwatch.results.criteria import Criteria, find_column, parse_filter, parse_sort
from longwatch.results.errors import ResultExpired, ResultIncomplete
from longwatch.results.index import Index, read_index

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["results"])
_PAGE_CONTENT: Final = {routes.ARROW_STREAM: {"schema": {"type": "string", "format": "binary"}}}

SortParameter = Annotated[
    str,
    Query(
        max_length=MAX_CRITERIA_CHARS,
        description="columns to sort by, `-dep_delay,carrier`, a minus for the largest first; or a "
        'JSON list of `{"column", "descending"}`. NULLs come last. `#3` is the third column',
    ),
]
FilterParameter = Annotated[
    str,
    Query(
        alias="filter",
        max_length=MAX_CRITERIA_CHARS,
        description='a JSON list of `{"column", "op", "value"}`, all of which a row must fulfil; '
        "`op` is one of eq, ne, lt, le, gt, ge, contains, starts_with, is_null, not_null, in",
    ),
]


@dataclass(frozen=True, slots=True)
class Readable:
    """A result, and what of it is asked for."""

    job_id: str
    folder: Path
    index: Index
    criteria: Criteria
    is_growing: bool

    def require_all(self) -> None:
        """Raises `ResultIncomplete` while more rows are to come."""
        if self.is_growing:
            raise ResultIncomplete


async def readable(
    job_id: str, jobs: ServiceDep, sort: SortParameter = "", which: FilterParameter = ""
) -> Readable:
    """The result of a job, and an order and a filter that fit it."""
    job, folder = await jobs.result_folder(job_id)
    index = await asyncio.to_thread(read_index, folder)
    if index is None:
        raise _absent(job)
    criteria = Criteria(parse_sort(sort, index.columns), parse_filter(which, index.columns))
    growing = not index.complete and not job.state.is_final
    found = Readable(job_id, folder, index, criteria, growing)
    if not criteria.is_plain:
        found.require_all()
    return found


ReadableDep = Annotated[Readable, Depends(readable)]


@router.get(routes.JOB_RESULT, operation_id="get_result")
async def info(result: ReadableDep, server: PartsDep, request: Request) -> ResultInfo:
    """What can be read so far: rows, bytes, columns, and whether that is all. With a filter, `rows`
    are those that match; with an order as well, their pages come quickly from here on."""
    told = result.index.info()
    if result.criteria.is_plain:
        return told
    work = server.viewer.matched(result.folder, result.index, result.criteria)
    return msgspec.structs.replace(told, rows=await until_gone(request.receive, work))


@router.get(
    routes.JOB_RESULT_PAGE,
    operation_id="get_result_page",
    response_model=ResultPage,
    responses={200: {"content": _PAGE_CONTENT}},
)
async def page(
    result: ReadableDep,
    server: PartsDep,
    request: Request,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_RESULT_PAGE)] = 200,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """Rows from `offset` on, as an Arrow IPC stream or as JSON, whichever is accepted; also while
    the query is still writing, but then neither sorted nor filtered."""
    arrow = routes.ARROW_STREAM in accept
    work = server.viewer.page(
        result.folder, result.index, result.criteria, offset=offset, limit=limit, arrow=arrow
    )
    # To watch the connection costs more than to read a plain page.
    found = await (work if result.criteria.is_plain else until_gone(request.receive, work))
    return Response(
        found.data,
        media_type=routes.ARROW_STREAM if arrow else "application/json",
        headers={
            routes.TOTAL_ROWS_HEADER: str(found.total_rows),
            routes.COMPLETE_HEADER: "true" if found.complete else "false",
        },
    )


@router.get(routes.JOB_RESULT_STATISTICS, operation_id="get_result_statistics")
async def statistics(
    server: PartsDep, request: Request, result: ReadableDep, column: str
) -> ColumnStatistics:
    """One column in figures, of the rows that match the filter."""
    result.require_all()
    place = find_column(result.index.columns, column)
    criteria = Criteria(checks=result.criteria.checks)
    work = server.viewer.statistics(result.folder, place, criteria)
    return await until_gone(request.receive, work)


@router.get(routes.JOB_RESULT_SEARCH, operation_id="search_result")
async def search(
    server: PartsDep,
    request: Request,
    result: ReadableDep,
    text: Annotated[str, Query(min_length=1, max_length=MAX_SEARCH_CHARS)],
    column: Annotated[str | None, Query(description="all of them, if none is named")] = None,
    first: Annotated[int, Query(alias="from", ge=0, description="the row to begin with")] = 0,
) -> SearchHit:
    """The next row whose `column` has the text somewhere, upper or lower case, counted in the order
    and among the rows that are asked for. Dates and numbers are texts as a CSV export has them."""
    result.require_all()
    place = None if column is None else find_column(result.index.columns, column)
    work = server.viewer.search(result.folder, result.index, result.criteria, place, text, first)
    hit = await until_gone(request.receive, work)
    return SearchHit(row=None) if hit is None else SearchHit(row=hit[0], column=hit[1])


def _absent(job: Job) -> Exception:
    """Why there is nothing to read: rows that were there once have expired."""
    if job.state.is_final and job.result is not None:
        return ResultExpired()
    return NoResult(job.id, job.state)
