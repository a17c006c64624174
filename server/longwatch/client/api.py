"""`AsyncClient`: one method a route, on httpx."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from longwatch.client._imports import load
from longwatch.client.address import Address
from longwatch.client.errors import (
    ApiError,
    ProtocolMismatch,
    ServerFault,
    ServerUnreachable,
    WaitTimeout,
)
from longwatch.protocol import routes
from longwatch.protocol.backups import Backup
from longwatch.protocol.health import Ready
from longwatch.protocol.jobs import Job, JobPage, JobState, ResultInfo, ResultPage, Submission
from longwatch.protocol.problems import MEDIA_TYPE as PROBLEM_TYPE
from longwatch.protocol.problems import Problem
from longwatch.protocol.sources import SavedQueryList, SourceList

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    import httpx

T = TypeVar("T")

_JSON: Final = "application/json"
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
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


class AsyncClient:
    """A connection to one server: `async with AsyncClient(address) as client: …`.

    Every method raises `ServerUnreachable` when nobody answers, `ProtocolMismatch` when what
    answers is no Longwatch of this protocol, and a kind of `ApiError` when the server refuses.
    It belongs to the event loop it is entered in.
    """

    def __init__(self, address: Address, *, timeout_s: float = 10.0) -> None:
        self.address = address
        self._timeout_s = timeout_s
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        await load("httpx")
        import httpx  # noqa: PLC0415 - 160 ms, paid by the first connection, off the loop

        local = self.address.is_loopback
        self._http = httpx.AsyncClient(
            base_url=self.address.url,
            headers={**self.address.headers(), "Accept": _JSON},
            timeout=self._timeout_s,
            # A proxy from the environment must not see what is said on this machine.
            trust_env=not local,
            # Plain HTTP needs no certificates, and reading them costs 20 ms: an empty trust
            # store, which trusts nobody.
            verify=True if self.address.is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. May be called again."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def submit(self, submission: Submission) -> Job:
        """Submit a query; once this returns, the job survives a crash of the server."""
        body = msgspec.json.encode(submission)
        return await self._json("POST", routes.JOBS, Job, body=body)

    async def job(self, job_id: str) -> Job:
        """One job as it stands. Raises `NotFound`."""
        return await self._json("GET", routes.job(job_id), Job)

    async def jobs(
        self,
        *,
        state: JobState | None = None,
        source: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> JobPage:
        """A page of jobs, newest first; `cursor` is the `next` of the page before."""
        query: dict[str, str] = {"limit": str(limit)}
        if state is not None:
            query["state"] = state.value
        if source is not None:
            query["source"] = source
        if cursor is not None:
            query["cursor"] = cursor
        return await self._json("GET", routes.JOBS, JobPage, query=query)

    async def each_job(
        self, *, state: JobState | None = None, source: str | None = None
    ) -> AsyncGenerator[JobPage]:
        """Every page of jobs, newest first, fetched as they are asked for."""
        cursor: str | None = None
        while True:
            page = await self.jobs(
                state=state, source=source, cursor=cursor, limit=routes.MAX_LIST_PAGE
            )
            yield page
            cursor = page.next
            if cursor is None:
                return

    async def cancel(self, job_id: str) -> Job:
        """Ask for the job's end; asking again changes nothing. The answer is the job as it
        stands, `cancel_requested_at` set; `wait` for its end. Raises `NotFound`, and `Conflict`
        with the code `already_final` when it was over already."""
        return await self._json("POST", routes.JOB_CANCEL.format(job_id=job_id), Job)

    async def result_info(self, job_id: str) -> ResultInfo:
        """Rows, size and columns. Raises `NotFound` (`no_result`) until rows are readable."""
        return await self._json("GET", routes.JOB_RESULT.format(job_id=job_id), ResultInfo)

    async def result_page(self, job_id: str, *, offset: int, limit: int) -> ArrowPage:
        """`limit` rows from `offset` as Arrow, fewer at the end. Raises `NotFound`."""
        answer = await self._send(
            "GET",
            routes.JOB_RESULT_PAGE.format(job_id=job_id),
            query={"offset": str(offset), "limit": str(limit)},
            accept=routes.ARROW_STREAM,
        )
        kind = answer.headers.get("Content-Type", "")
        total = answer.headers.get(routes.TOTAL_ROWS_HEADER, "")
        if not kind.startswith(routes.ARROW_STREAM) or not total.isdecimal():
            raise ProtocolMismatch(f"{self.address.url} sent a page of {kind or 'no type'}.")
        complete = answer.headers.get(routes.COMPLETE_HEADER, "").lower() == "true"
        return ArrowPage(answer.content, int(total), complete)

    async def result_rows(self, job_id: str, *, offset: int, limit: int) -> ResultPage:
        """The same page as JSON values, for a reader without pyarrow. Raises `NotFound`."""
        return await self._json(
            "GET",
            routes.JOB_RESULT_PAGE.format(job_id=job_id),
            ResultPage,
            query={"offset": str(offset), "limit": str(limit)},
        )

    async def log(self, job_id: str) -> str:
        """What the job's runner wrote, "" while it wrote nothing. Raises `NotFound`."""
        path = routes.JOB_LOG.format(job_id=job_id)
        return (await self._send("GET", path, accept="text/plain")).text

    async def sources(self) -> SourceList:
        """Every source, the default first."""
        return await self._json("GET", routes.SOURCES, SourceList)

    async def saved_queries(self) -> SavedQueryList:
        """Every saved query, in the order to show them."""
        return await self._json("GET", routes.SAVED_QUERIES, SavedQueryList)

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
            async with (
                asyncio.timeout(timeout_s),
                aclosing(self.watch(job_id, patience_s=patience_s)) as forms,
            ):
                async for job in forms:
                    if job.state.is_final:
                        return job
        except TimeoutError as error:
            raise WaitTimeout(
                f"The job {job_id} is still going after {timeout_s:g} seconds."
            ) from error
        raise AssertionError("watch ends with a final job")

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
            waited = time.monotonic() - begun
            await asyncio.sleep(min(max(_POLL_MIN_S, waited * _POLL_SHARE), poll_max_s))

    async def _json(
        self,
        method: str,
        path: str,
        shape: type[T],
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> T:
        answer = await self._send(method, path, query=query, body=body)
        try:
            return msgspec.json.decode(answer.content, type=shape)
        except msgspec.MsgspecError as error:
            raise ProtocolMismatch(
                f"{self.address.url} answered {path} with what this version cannot read "
                f"({error}). Is it a Longwatch server, and of a version that fits?"
            ) from error

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
        accept: str = _JSON,
    ) -> httpx.Response:
        import httpx  # noqa: PLC0415 - already imported by __aenter__

        if self._http is None:
            raise RuntimeError("AsyncClient is used outside of its `async with`")
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = _JSON
        extra: dict[str, Any] = {"params": query} if query else {}
        try:
            answer = await self._http.request(method, path, content=body, headers=headers, **extra)
        except httpx.TransportError as error:
            raise ServerUnreachable(self.address.url, _reason(error)) from error
        except httpx.DecodingError as error:
            raise ProtocolMismatch(f"{self.address.url} sent a broken answer: {error}") from error
        if not answer.is_success:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: httpx.Response) -> Exception:
        if answer.headers.get("Content-Type", "").startswith(PROBLEM_TYPE):
            try:
                return ApiError.of(msgspec.json.decode(answer.content, type=Problem))
            except msgspec.MsgspecError as error:
                return ProtocolMismatch(f"{self.address.url} sent a broken error: {error}")
        if answer.status_code in _GATEWAY_STATUSES:
            return ServerUnreachable(
                self.address.url, f"a proxy before it answered {answer.status_code}"
            )
        where = answer.headers.get("Location")
        hint = f", and points to {where}" if where else ""
        return ProtocolMismatch(
            f"What answers at {self.address.url} is not a Longwatch server: it says "
            f"{answer.status_code}{hint}."
        )


def _reason(error: Exception) -> str:
    """Why a request did not get through, in a few words."""
    import httpx  # noqa: PLC0415 - already imported by __aenter__

    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__
