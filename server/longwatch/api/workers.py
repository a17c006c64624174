"""`/v1/workers`, which everybody may see, and `/v1/worker`, where workers come."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from longwatch.api.bodies import JsonRoute
from longwatch.api.dependencies import (
    Parts,
    PartsDep,
    PrincipalDep,
    documented,
    forbidden,
    parts,
    principal,
    requires,
)
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED, permitted
from longwatch.jobs.errors import NoWorkersHere
from longwatch.protocol import routes
from longwatch.protocol.people import Role
from longwatch.protocol.wire import UNREADABLE
from longwatch.protocol.worker import (
    AttemptEnd,
    Claim,
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    Presence,
    SegmentSize,
    WorkerList,
)
from longwatch.service.working import WorkerService


class RelayedRoute(JsonRoute):
    """Hands a request on to the server that leads, where that is another. Who asks is looked at
    here too: nobody else is to be let through."""

    async def let_in(self, request: Request, server: Parts) -> None:
        """Raises what is wrong with who asks."""
        who = await principal(request, server)
        if who.role not in _WORKERS:
            raise forbidden(who, _WORKERS)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler for both."""
        here = super().get_route_handler()

        async def handle(request: Request) -> Response:
            server = await _server(request)
            if server is None or server.relay is None or server.service.leading:
                return await here(request)
            await self.let_in(request, server)
            path, query = request.scope["raw_path"], request.scope["query_string"]
            answer = await server.relay.ask(
                request.method,
                (path + b"?" + query if query else path).decode("ascii"),
                request.headers,
                await request.body(),
                answers_within_s=_RECORDED_S if self.path in _RECORDING else _ANSWERED_S,
            )
            return Response(answer.body, answer.status, answer.headers)

        return handle


class RelayedList(RelayedRoute):
    """The same of a list that is for everybody."""

    async def let_in(self, request: Request, server: Parts) -> None:
        """Raises what is wrong with who asks."""
        await permitted(request, server.owners, await principal(request, server))


async def _server(request: Request) -> Parts | None:
    """The server's objects, if a worker can have a part in them."""
    given = request.app.dependency_overrides.get(parts)
    server: Parts = given() if given is not None else await parts(request)
    return None if server.workers is None else server


_WORKERS: Final = (Role.WORKER, Role.ADMIN)
# The server's own token is an administrator's: it is enough for workers of the same machine.
_ANSWERED_S: Final = 15.0
_RECORDED_S: Final = 70.0
_RECORDING: Final = frozenset({routes.WORKER_INDEX, routes.WORKER_END})
"""These wait for a disk, or a store."""
router: Final = APIRouter(dependencies=AUTHENTICATED, route_class=RelayedList, tags=["workers"])
worker: Final = APIRouter(
    dependencies=[Depends(documented), Depends(requires(*_WORKERS))],
    route_class=RelayedRoute,
    tags=["workers"],
)
_OCTETS: Final = "application/octet-stream"
_PIECE: Final = {
    "requestBody": {
        "required": True,
        "content": {_OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    }
}
_INDEX: Final = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
}


async def working(server: PartsDep) -> WorkerService:
    """What looks after workers; 409 on a server that has none."""
    if server.workers is None:
        raise NoWorkersHere
    return server.workers


WorkingDep = Annotated[WorkerService, Depends(working)]
JobId = Annotated[str, Path(pattern=r"^[a-z0-9]{16}$")]
Attempt = Annotated[int, Path(ge=1, le=1_000)]
Key = Annotated[str, Header(alias=routes.CLAIM_HEADER, pattern=r"^[0-9a-f]{32}$")]
File = Annotated[str, Path(pattern=r"^[0-9]{6}\.arrow$")]


@router.get(routes.WORKERS, operation_id="list_workers")
async def list_workers(server: PartsDep, who: PrincipalDep) -> WorkerList:
    """The workers that were heard of in the last quarter of an hour; without their jobs for whoever
    may not know of everybody's."""
    if server.workers is None:
        return WorkerList(executor="local", workers=[])
    told = server.workers.workers()
    if who.sees_all:
        return told
    hidden = [msgspec.structs.replace(one, jobs=[]) for one in told.workers]
    return msgspec.structs.replace(told, workers=hidden)


@worker.post(routes.WORKER_PRESENCE, status_code=204, operation_id="worker_presence")
async def presence(told: Annotated[Presence, Body()], workers: WorkingDep) -> None:
    """A worker says that it is there; to be said every five seconds."""
    workers.heard(told)


@worker.post(routes.WORKER_CLAIMS, operation_id="worker_claim")
async def claim(asked: Annotated[ClaimRequest, Body()], workers: WorkingDep) -> Claim:
    """Take an attempt. 409 (`not_offered`) when it is not to be had; asked again with the same key
    the answer is the same."""
    return await workers.claim(asked)


@worker.post(routes.WORKER_HEARTBEAT, operation_id="worker_heartbeat")
async def heartbeat(
    job_id: JobId,
    attempt: Attempt,
    key: Key,
    told: Annotated[Heartbeat, Body()],
    workers: WorkingDep,
) -> HeartbeatAnswer:
    """The attempt goes on; how far it is, and what is new in its log. 409 (`attempt_over`) when it
    is not this worker's any more: it is to be ended then."""
    try:
        return await workers.executor.heartbeat(job_id, attempt, key, told)
    except OSError as error:
        raise _no_room(error) from error


@worker.get(routes.WORKER_SEGMENT, operation_id="worker_segment")
async def segment(
    job_id: JobId, attempt: Attempt, file: File, key: Key, workers: WorkingDep
) -> SegmentSize:
    """How much of a segment has come: where to go on after a break."""
    size = await workers.executor.segment_bytes(job_id, attempt, key, file)
    return SegmentSize(bytes=size)


@worker.put(routes.WORKER_SEGMENT, operation_id="worker_put_segment", openapi_extra=_PIECE)
async def put_segment(
    job_id: JobId,
    attempt: Attempt,
    file: File,
    key: Key,
    request: Request,
    workers: WorkingDep,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> SegmentSize:
    """A piece of a segment, 4 MiB at most, which begins where the last one ended; 409
    (`wrong_offset`) when it does not."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _OCTETS:
        raise ApiError(415, "unsupported_media_type", f"Send the piece as {_OCTETS}.")
    data = await request.body()
    try:
        size = await workers.executor.append_segment(job_id, attempt, key, file, offset, data)
    except OSError as error:
        raise _no_room(error) from error
    return SegmentSize(bytes=size)


@worker.put(
    routes.WORKER_INDEX, status_code=204, operation_id="worker_put_index", openapi_extra=_INDEX
)
async def put_index(
    job_id: JobId, attempt: Attempt, key: Key, request: Request, workers: WorkingDep
) -> Response:
    """Which segments there are, once they are here: the `index.json` of the worker's own result.
    409 (`wrong_offset`) when one of them is not whole."""
    try:
        await workers.executor.put_index(job_id, attempt, key, await request.body())
    except UNREADABLE as error:
        raise ApiError(422, "invalid_request", f"This is no index: {error}.") from None
    except OSError as error:
        raise _no_room(error) from error
    return Response(status_code=204)


@worker.post(routes.WORKER_END, status_code=204, operation_id="worker_end")
async def end(
    job_id: JobId,
    attempt: Attempt,
    key: Key,
    told: Annotated[AttemptEnd, Body()],
    workers: WorkingDep,
) -> None:
    """The attempt is over, which is recorded once this is answered. 409 (`attempt_over`) when it
    was over before: what it did does not count."""
    try:
        await workers.executor.end(job_id, attempt, key, told)
    except OSError as error:
        raise _no_room(error) from error


def _no_room(error: OSError) -> ApiError:
    return ApiError(507, "no_room", f"This cannot be written: {error.strerror or error}.")
