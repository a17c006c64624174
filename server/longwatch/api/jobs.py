"""`/v1/jobs`: submit, list, read, cancel, log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import PlainTextResponse

from longwatch.api import cursors
from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import AUTHENTICATED, PrincipalDep, ServiceDep
from longwatch.protocol import routes
from longwatch.protocol.jobs import Job, JobPage, JobState, Submission
from longwatch.store.repository import Filter

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["jobs"])
MOST_LOG_BYTES: Final = 2**20


@router.post(routes.JOBS, status_code=202, operation_id="submit_job")
async def submit(
    submission: Annotated[Submission, Body()],
    response: Response,
    jobs: ServiceDep,
    who: PrincipalDep,
) -> Job:
    """Take a query in. Once answered, the job survives a crash and a power cut."""
    job = await jobs.submit(submission, who.name)
    response.headers["Location"] = routes.job(job.id)
    return job


@router.get(routes.JOBS, operation_id="list_jobs")
async def list_jobs(
    jobs: ServiceDep,
    state: Annotated[list[JobState] | None, Query()] = None,
    source: str | None = None,
    owner: str | None = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_LIST_PAGE)] = 100,
) -> JobPage:
    """Jobs, newest first; `text` is looked for in names and SQL."""
    which = Filter(
        states=frozenset(state) if state else None, source=source, owner=owner, text=text
    )
    listed = await jobs.page(which, before_n=cursors.decode(cursor), limit=limit)
    return JobPage(
        jobs=listed.jobs,
        next=None if listed.next_n is None else cursors.encode(listed.next_n),
        total=listed.total or 0,
    )


@router.get(routes.JOB, operation_id="get_job")
async def get(job_id: str, jobs: ServiceDep) -> Job:
    """One job in full, with its newest progress."""
    return await jobs.get(job_id)


@router.post(routes.JOB_CANCEL, status_code=202, operation_id="cancel_job")
async def cancel(job_id: str, jobs: ServiceDep) -> Job:
    """Ask for a job's end. It is over once its state is final; `cancel_confirmed` then says
    whether its process was seen to be gone."""
    return await jobs.cancel(job_id)


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
