"""Moving a job that waits on one server to another: never two that run, never none.

The job is cancelled here, only if it still waits, and its story says where it goes to; then it is
submitted there, under a key made of its id. Whatever breaks off in between, the same call goes on
where it stopped, and makes no second job: it finds by the story that the job is on its way. Where
the other server refuses it, it is submitted here again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from longwatch.client.api import AsyncClient
from longwatch.client.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    LongwatchClientError,
    ServerUnreachable,
    TooLarge,
    TooManyRequests,
)
from longwatch.protocol.jobs import Job, JobFilter, JobState
from longwatch.protocol.routes import MAX_REASON_CHARS

_REFUSALS: Final = (BadRequest, Forbidden, TooLarge, TooManyRequests)
"""After these the other server has made no job, now or before: what its key made comes first."""
_TRIES: Final = 4
"""A job that waits changes when its attempt was given up, or while the answer was lost."""


class NotMoved(LongwatchClientError):
    """The job stays where it is."""


class PutBack(NotMoved):
    """The other server refused the job. `job` is the new one that waits here in its place, and
    `refusal` what the other said."""

    def __init__(self, job: Job, refusal: ApiError) -> None:
        super().__init__(f"The other server refused the job, which waits here again. {refusal}")
        self.job = job
        self.refusal = refusal


async def move(
    here: AsyncClient, there: AsyncClient, job_id: str, *, to: str, source: str | None = None
) -> Job:
    """Let `there` run what waits `here`, against its `source` (by default that of the same name),
    and return the job there. `to` is a name of the other server that it keeps, for the job's story.
    Who was to be told of the job's end is not: their names are this server's.

    Raises `NotMoved` when the job does not wait any more, and when `there` has no such source;
    `PutBack` when `there` refuses it for another reason. Whatever else is raised, most of all
    `ServerUnreachable`, leaves the move unfinished perhaps: call it again, within the day for which
    `there` remembers the key.
    """
    job = await here.job(job_id)
    if not await is_on_its_way(here, job, to):
        await _check_source(there, source or job.source)
        await _take_out(here, job, to)
    submission = msgspec.structs.replace(job.submission(), source=source or job.source, notify=())
    try:
        return await there.submit(submission, key=key_of(job_id))
    except _REFUSALS as refusal:
        if refusal.problem.code == "idempotency_mismatch":  # it is there, against another source
            raise
        back = await here.retry(job_id, key=f"{key_of(job_id)}-back")
        raise PutBack(back, refusal) from refusal


def key_of(job_id: str) -> str:
    """The idempotency key under which a job is submitted to another server."""
    return f"moved-{job_id}"


async def is_on_its_way(here: AsyncClient, job: Job, to: str) -> bool:
    """Whether a move of the job has begun, and perhaps was not finished; false while it waits.
    Raises `NotMoved` for a job that neither waits nor was moved to there."""
    if job.state is JobState.QUEUED:
        return False
    events = await here.events(job.id) if job.state is JobState.CANCELLED else []
    if not any(one.event == "cancelled" and one.detail == _reason(to) for one in events):
        raise NotMoved(
            f"The job is {job.state.value}, so it was not moved: only one that waits can be."
        )
    if await _was_put_back(here, job):
        raise NotMoved("The job was put back: another one waits here in its place.")
    return True


async def _check_source(there: AsyncClient, name: str) -> None:
    names = [one.name for one in (await there.sources()).sources]
    if name not in names:
        known = ", ".join(sorted(names)) or "none"
        raise NotMoved(f"The other server has no source {name!r}. It has: {known}.")


async def _take_out(here: AsyncClient, job: Job, to: str) -> None:
    """Cancel the job while it waits. Raises `NotMoved`."""
    for left in reversed(range(_TRIES)):
        try:
            # The `seq` too: a server that does not know `only_queued` yet heeds that.
            await here.cancel(job.id, if_seq=job.seq, only_queued=True, reason=_reason(to))
        except (Conflict, ServerUnreachable) as error:
            maybe_done = not isinstance(error, ServerUnreachable) or error.sent
            if not left or not maybe_done:
                raise
            job = await here.job(job.id)  # it may have been cancelled, and the answer lost
            if await is_on_its_way(here, job, to):
                return
        else:
            return


async def _was_put_back(here: AsyncClient, job: Job) -> bool:
    """Whether another job took the place of this one, since the other server refused it."""
    which = JobFilter(submitted_after=job.finished_at, source=job.source)
    async for page in here.each_job(which):
        for one in page.jobs:
            if one.name == job.name and (await here.job(one.id)).retry_of == job.id:
                return True
    return False


def _reason(to: str) -> str:
    return f"moved to {to}"[:MAX_REASON_CHARS]
