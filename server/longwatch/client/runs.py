"""The calls that are about what is remembered of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longwatch.client._http import Connection
from longwatch.protocol import routes
from longwatch.protocol.runs import AccuracyList, Run, RunPage, RunsDeleted, SourceAccuracy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class RunCalls(Connection):
    """Part of `AsyncClient`; its methods raise what that says, and `Forbidden` for a token that
    may not see the jobs of others."""

    async def runs(
        self,
        *,
        source: str | None = None,
        digest: str | None = None,
        traces: bool = False,
        cursor: str | None = None,
        limit: int = 100,
    ) -> RunPage:
        """A page of runs, those that ended last first, of one source or of queries with one
        fingerprint; `cursor` is the `next` of the page before. Without `traces` these are empty;
        with them a page has 100 runs at most."""
        query = {**_of(source, digest), "limit": str(limit)}
        if traces:
            query["traces"] = "true"
        if cursor is not None:
            query["cursor"] = cursor
        return await self._json("GET", routes.RUNS, RunPage, query=query)

    async def each_run(
        self, *, source: str | None = None, digest: str | None = None, traces: bool = False
    ) -> AsyncGenerator[RunPage]:
        """Every page of runs, fetched as they are asked for."""
        cursor: str | None = None
        while True:
            page = await self.runs(
                source=source,
                digest=digest,
                traces=traces,
                cursor=cursor,
                limit=routes.MAX_LIST_PAGE,
            )
            yield page
            cursor = page.next
            if cursor is None:
                return

    async def run(self, job_id: str) -> Run:
        """The run of a job, with its trace; the job itself may be gone. Raises `NotFound`."""
        return await self._json("GET", routes.RUN.format(job_id=job_id), Run)

    async def export_runs(
        self, *, source: str | None = None, digest: str | None = None
    ) -> AsyncGenerator[bytes]:
        """Every run with its trace as JSON lines, in pieces as they come. Ends with
        `ServerUnreachable` when it is cut short."""
        query = _of(source, digest)
        async with self._stream(routes.RUNS_EXPORT, query=query, accept="*/*") as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def delete_runs(
        self, *, source: str | None = None, digest: str | None = None, everything: bool = False
    ) -> int:
        """Forget the runs of a source or of a query, or `everything`; how many. Admins only.
        Raises `BadRequest` when neither is said."""
        query = {**_of(source, digest), **({"all": "true"} if everything else {})}
        return (await self._json("DELETE", routes.RUNS, RunsDeleted, query=query)).deleted

    async def accuracy(self) -> list[SourceAccuracy]:
        """How right what was told of each source's runs was."""
        return (await self._json("GET", routes.ACCURACY, AccuracyList)).sources


def _of(source: str | None, digest: str | None) -> dict[str, str]:
    given = {"source": source, "digest": digest}
    return {name: value for name, value in given.items() if value is not None}
