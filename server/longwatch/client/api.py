"""`AsyncClient`: one method a route, on httpx."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from longwatch.client.errors import (
    Conflict,
    ProtocolMismatch,
    ServerFault,
    ServerUnreachable,
    WaitTimeout,
)
from longwatch.client.filters import aware, in_address
from longwatch.client.limits import LimitCalls
from longwatch.client.people import PeopleCalls
from longwatch.client.results import WORK_S, ResultCalls
from longwatch.client.results import in_address as in_address_of_result
from longwatch.client.runs import RunCalls
from longwatch.client.sources import SourceCalls
from longwatch.protocol import routes
from longwatch.protocol.backups import Backup
from longwatch.protocol.bulk import BulkRequest, BulkResult
from longwatch.protocol.health import Ready
from longwatch.protocol.history import Attempt, AttemptList, Story, StoryLine
from longwatch.protocol.jobs import Job, JobFilter, JobPage, ResultInfo, ResultPage, Submission
from longwatch.protocol.results import Condition, SortKey
from longwatch.protocol.worker import WorkerList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_ALL: Final = JobFilter()
_REPEAT_AFTER_S: Final = (0.2, 1.0, 3.0)
"""Pauses before a submit whose answer was lost is repeated: a server that was only restarted is
back after the second."""
_BULK_LONGER_S: Final = 50.0
_WAIT_S: Final = 10
_POLL_MIN_S: Final = 0.01
_POLL_MAX_S: Final = 0.5
_POLL_SHARE: Final = 0.02
"""A wait polls after 2 % of the time it has waited, so it ends at most 2 % late."""


@dataclass(frozen=True, slots=True)
class ArrowPage:
    """Rows of a result as one Arrow IPC stream, schema included. `total_rows` counts the rows
    readable now, which is all of them once `complete`."""

    data: bytes
    total_rows: int
    complete: bool


class AsyncClient(ResultCalls, SourceCalls, RunCalls, PeopleCalls, LimitCalls):
    """A connection to one server: `async with AsyncClient(address) as client: …`.

    Every method raises `ServerUnreachable` when nobody answers, `ProtocolMismatch` when what
    answers is no Longwatch of this protocol, and a kind of `ApiError` when the server refuses.
    It belongs to the event loop it is entered in.
    """

    async def submit(
        self, submission: Submission, *, key: str | None = None, wait_s: int | None = None
    ) -> Job:
        """Submit a query; once this returns, the job survives a crash of the server.

        When the answer is lost the request is repeated, four times in all within a few seconds
        and the time-outs. It never makes a second job, since it carries a `key`: the one given, or
        one made here. To give one also makes calls of different processes one job.

        With `wait_s` (30 at most) the answer comes when the job is over, or after that time.
        Raises `Conflict` while a submit with the same key is being carried out by another, and
        `BadRequest` (`idempotency_mismatch`) when the key was used for another query.
        """
        body = msgspec.json.encode(submission)
        return await self._once(routes.JOBS, body=body, key=key, wait_s=wait_s)

    async def retry(
        self,
        job_id: str,
        *,
        key: str | None = None,
        wait_s: int | None = None,
        if_seq: int | None = None,
    ) -> Job:
        """Submit a finished job's query again, as a new job; else as `submit`.

        With `if_seq` only if the job still stands at that `seq`. Raises `NotFound`, `Changed`, and
        `Conflict` with the code `not_final`.
        """
        path = routes.JOB_RETRY.format(job_id=job_id)
        return await self._once(path, key=key, wait_s=wait_s, headers=_matching(if_seq))

    async def job(self, job_id: str, *, wait_s: int | None = None) -> Job:
        """One job as it stands; with `wait_s` (30 at most) the answer comes when it is over, or
        after that time. Raises `NotFound`."""
        headers = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        return await self._json(
            "GET", routes.job(job_id), Job, headers=headers, longer_s=wait_s or 0
        )

    async def jobs(
        self, which: JobFilter = _ALL, *, cursor: str | None = None, limit: int = 100
    ) -> JobPage:
        """A page of jobs, newest first; `cursor` is the `next` of the page before."""
        query = {**in_address(which), "limit": str(limit)}
        if cursor is not None:
            query["cursor"] = cursor
        return await self._json("GET", routes.JOBS, JobPage, query=query)

    async def each_job(self, which: JobFilter = _ALL) -> AsyncGenerator[JobPage]:
        """Every page of jobs, newest first, fetched as they are asked for."""
        cursor: str | None = None
        while True:
            page = await self.jobs(which, cursor=cursor, limit=routes.MAX_LIST_PAGE)
            yield page
            cursor = page.next
            if cursor is None:
                return

    async def workers(self) -> WorkerList:
        """Who carries jobs out for the server."""
        return await self._json("GET", routes.WORKERS, WorkerList)

    async def export_jobs(
        self, which: JobFilter = _ALL, *, form: Literal["csv", "jsonl"] = "csv"
    ) -> AsyncGenerator[bytes]:
        """The history as a file, newest first, in pieces as they come. Ends with
        `ServerUnreachable` when it is cut short."""
        query = {**in_address(which), "format": form}
        async with self._stream(routes.JOBS_EXPORT, query=query, accept="*/*") as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def cancel(
        self,
        job_id: str,
        *,
        if_seq: int | None = None,
        only_queued: bool = False,
        reason: str | None = None,
    ) -> Job:
        """Ask for the job's end; asking again changes nothing. The answer is the job as it
        stands, `cancel_requested_at` set; `wait` for its end. `reason` is kept in its story.

        Raises `NotFound`, `Conflict` with the code `already_final` when it was over already, or
        `has_begun` when `only_queued` is asked for and it runs, and `Changed` when it does not
        stand at `if_seq` any more.
        """
        path = routes.JOB_CANCEL.format(job_id=job_id)
        query = {"only_queued": "true"} if only_queued else {}
        if reason is not None:
            query["reason"] = reason
        return await self._json("POST", path, Job, query=query, headers=_matching(if_seq))

    async def delete(self, job_id: str, *, if_seq: int | None = None) -> None:
        """Delete a finished job and its result. Raises `NotFound`, `Changed`, and `Conflict` with
        the code `not_final`."""
        await self._send("DELETE", routes.job(job_id), headers=_matching(if_seq))

    async def bulk(self, request: BulkRequest) -> BulkResult:
        """Cancel, retry or delete many jobs; what came of each is in the answer, which takes
        about 10 s for 10,000 of them."""
        if request.filter is not None:
            request = msgspec.structs.replace(request, filter=aware(request.filter))
        body = msgspec.json.encode(request)
        return await self._json(
            "POST", routes.JOBS_BULK, BulkResult, body=body, longer_s=_BULK_LONGER_S
        )

    async def events(self, job_id: str) -> list[StoryLine]:
        """Everything that happened to the job, oldest first. Raises `NotFound`."""
        path = routes.JOB_EVENTS.format(job_id=job_id)
        return (await self._json("GET", path, Story)).events

    async def attempts(self, job_id: str) -> list[Attempt]:
        """Every try at the job, oldest first. Raises `NotFound`."""
        path = routes.JOB_ATTEMPTS.format(job_id=job_id)
        return (await self._json("GET", path, AttemptList)).attempts

    async def result_info(
        self, job_id: str, *, sort: Sequence[SortKey] = (), where: Sequence[Condition] = ()
    ) -> ResultInfo:
        """Rows (those that match, with a filter), size and columns. Raises `NotFound`
        (`no_result`) until rows are readable."""
        return await self._json(
            "GET",
            routes.JOB_RESULT.format(job_id=job_id),
            ResultInfo,
            query=in_address_of_result(sort, where),
            longer_s=WORK_S if sort or where else 0,
        )

    async def result_page(
        self,
        job_id: str,
        *,
        offset: int,
        limit: int,
        sort: Sequence[SortKey] = (),
        where: Sequence[Condition] = (),
    ) -> ArrowPage:
        """`limit` rows from `offset` as Arrow, fewer at the end; in another order, or some of the
        rows, once the job is over. Raises `NotFound`, and `BadRequest` for an order or a filter
        that does not fit."""
        answer = await self._send(
            "GET",
            routes.JOB_RESULT_PAGE.format(job_id=job_id),
            query=_part(offset, limit, sort, where),
            accept=routes.ARROW_STREAM,
            longer_s=WORK_S if sort or where else 0,
        )
        kind = answer.headers.get("Content-Type", "")
        total = answer.headers.get(routes.TOTAL_ROWS_HEADER, "")
        if not kind.startswith(routes.ARROW_STREAM) or not total.isdecimal():
            raise ProtocolMismatch(f"{self.address.url} sent a page of {kind or 'no type'}.")
        complete = answer.headers.get(routes.COMPLETE_HEADER, "").lower() == "true"
        return ArrowPage(answer.content, int(total), complete)

    async def result_rows(
        self,
        job_id: str,
        *,
        offset: int,
        limit: int,
        sort: Sequence[SortKey] = (),
        where: Sequence[Condition] = (),
    ) -> ResultPage:
        """The same page as JSON values, for a reader without pyarrow. Raises as `result_page`
        does."""
        return await self._json(
            "GET",
            routes.JOB_RESULT_PAGE.format(job_id=job_id),
            ResultPage,
            query=_part(offset, limit, sort, where),
            longer_s=WORK_S if sort or where else 0,
        )

    async def log(self, job_id: str) -> str:
        """What the job's runner wrote, "" while it wrote nothing. Raises `NotFound`."""
        path = routes.JOB_LOG.format(job_id=job_id)
        return (await self._send("GET", path, accept="text/plain")).text

    async def back_up(self) -> Backup:
        """Let the server copy its store into its own data folder; takes a second a gigabyte, or
        ten."""
        return await self._json("POST", routes.BACKUPS, Backup)

    async def ready(self) -> Ready:
        """Whether the server takes jobs, and its version. One that is still starting answers
        503, which is a `ServerFault`."""
        return await self._json("GET", routes.HEALTH_READY, Ready)

    async def wait(
        self, job_id: str, *, timeout_s: float | None = None, patience_s: float = 30.0
    ) -> Job:
        """The job once it is over, whatever came of it.

        Raises `WaitTimeout` after `timeout_s` (`None` waits for ever), and `ServerUnreachable`
        when the server stays away for `patience_s`; a shorter absence is waited out.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._wait(job_id, patience_s)
        except TimeoutError as error:
            raise WaitTimeout(
                f"The job {job_id} is still going after {timeout_s:g} seconds."
            ) from error

    async def _wait(self, job_id: str, patience_s: float) -> Job:
        begun = answered = time.monotonic()
        while True:
            asked = time.monotonic()
            try:
                # Held back by the server: a short job asked for again and again costs the server
                # as much processor time as the job itself (60 of 110 ms).
                job = await self.job(job_id, wait_s=_WAIT_S)
            except (ServerUnreachable, ServerFault):
                if time.monotonic() - answered > patience_s:
                    raise
            else:
                answered = time.monotonic()
                if job.state.is_final:
                    return job
            if time.monotonic() - asked < _POLL_MAX_S:  # not held back: it stops, or cannot wait
                await asyncio.sleep(_pause_s(begun))

    async def watch(
        self,
        job_id: str,
        *,
        poll_max_s: float = _POLL_MAX_S,
        patience_s: float = 30.0,
    ) -> AsyncGenerator[Job]:
        """The job as it stands now, then again and again, the last time when it is over.

        Asks by HTTP (1 ms a time), first quickly, then every 2 % of the time it has taken so
        far and at least every `poll_max_s` seconds: for one job that is cheaper than the feed,
        which begins with a snapshot of them all. Raises as `wait` does.
        """
        begun = answered = time.monotonic()
        while True:
            try:
                job = await self.job(job_id)
            except (ServerUnreachable, ServerFault):
                if time.monotonic() - answered > patience_s:
                    raise
            else:
                answered = time.monotonic()
                yield job
                if job.state.is_final:
                    return
            await asyncio.sleep(_pause_s(begun, poll_max_s))

    async def _once(
        self,
        path: str,
        *,
        body: bytes | None = None,
        key: str | None,
        wait_s: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> Job:
        """Post what makes a job, again if need be, always with one key."""
        quoted = (key or secrets.token_urlsafe(16)).replace("\\", r"\\").replace('"', r"\"")
        headers = {**(headers or {}), routes.IDEMPOTENCY_KEY_HEADER: f'"{quoted}"'}
        if wait_s is not None:
            headers["Prefer"] = f"wait={wait_s}"
        maybe_sent = False
        for pause_s in (*_REPEAT_AFTER_S, None):
            try:
                return await self._json(
                    "POST", path, Job, body=body, headers=headers, longer_s=wait_s or 0
                )
            except ServerUnreachable as error:
                maybe_sent = maybe_sent or error.sent
                if pause_s is None or not maybe_sent:
                    raise
            except (Conflict, ServerFault) as error:
                again = error.problem.code == "idempotency_in_flight" or (
                    maybe_sent and error.problem.status == 503
                )
                if pause_s is None or not again:
                    raise
            # Spread: ten that were refused together would come back together, and be refused again.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - guards nothing
        raise AssertionError("the last try returns or raises")


def _pause_s(begun: float, most_s: float = _POLL_MAX_S) -> float:
    """How long to pause before asking again for a job that was waited for since `begun`."""
    return min(max(_POLL_MIN_S, (time.monotonic() - begun) * _POLL_SHARE), most_s)


def _part(
    offset: int, limit: int, sort: Sequence[SortKey], where: Sequence[Condition]
) -> dict[str, str]:
    return {"offset": str(offset), "limit": str(limit), **in_address_of_result(sort, where)}


def _matching(seq: int | None) -> dict[str, str]:
    return {} if seq is None else {"If-Match": f'"{seq}"'}
