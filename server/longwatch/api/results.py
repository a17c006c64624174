"""`/v1/jobs/{id}/result`: what a query returned, page by page."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response

from longwatch.api.dependencies import AUTHENTICATED, ServiceDep
from longwatch.jobs.errors import NoResult
from longwatch.protocol import routes
from longwatch.protocol.jobs import Job, ResultInfo, ResultPage
from longwatch.results.errors import ResultExpired
from longwatch.results.index import read_index

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["results"])
_PAGE_CONTENT: Final = {routes.ARROW_STREAM: {"schema": {"type": "string", "format": "binary"}}}


@router.get(routes.JOB_RESULT, operation_id="get_result")
async def info(job_id: str, jobs: ServiceDep) -> ResultInfo:
    """What can be read so far: rows, bytes, columns, and whether that is all."""
    job, folder = await jobs.result_folder(job_id)
    index = await asyncio.to_thread(read_index, folder)
    if index is None:
        raise _absent(job)
    return index.info()


@router.get(
    routes.JOB_RESULT_PAGE,
    operation_id="get_result_page",
    response_model=ResultPage,
    responses={200: {"content": _PAGE_CONTENT}},
)
async def page(
    job_id: str,
    jobs: ServiceDep,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_RESULT_PAGE)] = 200,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """Rows from `offset` on, as an Arrow IPC stream or as JSON, whichever is accepted; also while
    the query is still writing."""
    job, folder = await jobs.result_folder(job_id)
    wants_arrow = routes.ARROW_STREAM in accept

    def read() -> tuple[bytes, int, bool] | None:
        # Arrow costs 0.1 s to import: in this thread, and only once somebody reads a result.
        from longwatch.results import encode, reader  # noqa: PLC0415

        found = reader.read_page(folder, offset, limit)
        if found is None:
            return None
        data = encode.as_arrow(found) if wants_arrow else encode.as_json(found, offset)
        return data, found.index.rows, found.index.complete

    answer = await asyncio.to_thread(read)
    if answer is None:
        raise _absent(job)
    data, rows, complete = answer
    return Response(
        data,
        media_type=routes.ARROW_STREAM if wants_arrow else "application/json",
        headers={
            routes.TOTAL_ROWS_HEADER: str(rows),
            routes.COMPLETE_HEADER: "true" if complete else "false",
        },
    )


def _absent(job: Job) -> Exception:
    """Why there is nothing to read: rows that were there once have expired."""
    if job.state.is_final and job.result is not None:
        return ResultExpired()
    return NoResult(job.id, job.state)
