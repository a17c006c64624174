"""`/v1/runs`: what is remembered of runs; `/v1/accuracy`: how right what was told of them was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from longwatch.api import cursors
from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import AuditDep, PartsDep, PrincipalDep
from longwatch.api.history import HistoryResponse
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.runs import AccuracyList, Run, RunPage, RunsDeleted
from longwatch.store import runs
from longwatch.store.store import Store

router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=JsonRoute, tags=["runs"])
Source = Annotated[str | None, Query(max_length=100, description="of this source alone")]
Digest = Annotated[
    str | None, Query(max_length=64, description="of queries with this fingerprint alone")
]
_jsonl: Final = msgspec.json.Encoder()


@router.get(routes.RUNS, operation_id="list_runs", response_model=RunPage)
async def list_runs(
    server: PartsDep,
    source: Source = None,
    digest: Digest = None,
    traces: Annotated[bool, Query(description="with their courses, 100 runs a page")] = False,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=routes.MAX_LIST_PAGE)] = 100,
) -> Response:
    """Runs, those that ended last first."""
    before = cursors.decode_place(cursor)
    found, place = await server.store.run(
        runs.page,
        source=source,
        digest=digest,
        before=None if before is None else runs.Place(*before),
        limit=min(limit, runs.PAGE) if traces else limit,
        traces=traces,
    )
    return _json(RunPage(runs=found, next=cursors.encode_place(place)))


@router.get(
    routes.RUNS_EXPORT,
    operation_id="export_runs",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
async def export(
    server: PartsDep, who: PrincipalDep, source: Source = None, digest: Digest = None
) -> HistoryResponse:
    """Every run with its course, those that ended last first, as JSON lines."""
    return HistoryResponse(
        _lines(server.store, source, digest),
        server.tokens,
        who,
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="longwatch-runs.jsonl"'},
    )


@router.get(routes.RUN, operation_id="get_run", response_model=Run)
async def get(job_id: str, server: PartsDep) -> Response:
    """The run of a job, with its course. The job itself may be gone."""
    return _json(await server.store.run(runs.get, job_id))


@router.delete(routes.RUNS, operation_id="delete_runs")
async def delete(
    server: PartsDep,
    audit: AuditDep,
    who: PrincipalDep,
    source: Source = None,
    digest: Digest = None,
    everything: Annotated[bool, Query(alias="all", description="whatever they are of")] = False,
) -> RunsDeleted:
    """Forget the runs of a source or of a query, or with `all=true` every one. What is told of
    later ones begins anew; their jobs stay."""
    named = [one for one in (source, digest) if one is not None]
    if bool(named) is everything:
        detail = "Say which runs to forget: those of a source, of a digest, or else all=true."
        raise ApiError(422, "invalid_request", detail)
    gone = await server.memory.forget(source=source, digest=digest)
    await audit.note(who, "runs.delete", " ".join(named) or "all", detail=f"{gone} forgotten")
    return RunsDeleted(deleted=gone)


@router.get(routes.ACCURACY, operation_id="get_accuracy")
async def accuracy(server: PartsDep) -> AccuracyList:
    """How far the bars of each source's runs were off, and how often the range of the time left
    held what came true."""
    return AccuracyList(sources=await server.store.run(runs.accuracy))


async def _lines(store: Store, source: str | None, digest: str | None) -> AsyncIterator[bytes]:
    async for some in runs.export(store, source=source, digest=digest):
        yield _jsonl.encode_lines(some)


def _json(answer: RunPage | Run) -> Response:
    # FastAPI would make objects of Python's of all that first.
    return Response(msgspec.json.encode(answer), media_type="application/json")
