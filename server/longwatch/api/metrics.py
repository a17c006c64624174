"""`/v1/metrics`: what Prometheus reads."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from starlette.requests import HTTPConnection

from longwatch.api.dependencies import Parts, PartsDep, documented, owners, principal
from longwatch.api.rights import permitted
from longwatch.protocol import routes
from longwatch.store import counting
from longwatch.store.errors import StoreError
from longwatch.telemetry.metrics import CONTENT_TYPE, Now


async def may_read(connection: HTTPConnection, server: PartsDep) -> None:
    """Raises 401 or 403 for who may not, unless `metrics_public` lets anybody."""
    if not server.metrics_public:
        who = await principal(connection, server)
        await permitted(connection, await owners(server), who)


router: Final = APIRouter(tags=["health"])


@router.get(
    routes.METRICS,
    operation_id="metrics",
    dependencies=[Depends(documented)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(server: PartsDep, _allowed: Annotated[None, Depends(may_read)]) -> Response:
    """Counters and gauges in Prometheus' text format. Takes a token of any person's, unless
    the setting `metrics_public` is on."""
    now = await _look(server)
    text = await asyncio.to_thread(server.metrics.text, now)
    return Response(text, media_type=CONTENT_TYPE)


async def _look(server: Parts) -> Now:
    data_dir = server.store.path.parent
    disk = await asyncio.to_thread(shutil.disk_usage, data_dir)
    jobs, oldest_s = None, None
    try:
        counted = await server.store.run(counting.counts)
    except StoreError:
        pass  # which is what `longwatch_store_up` says
    else:
        jobs = counted.by_state
        if counted.oldest_queued is not None:
            oldest_s = max(0.0, (datetime.now(UTC) - counted.oldest_queued).total_seconds())
    return Now(
        jobs=jobs,
        oldest_queued_s=oldest_s,
        subscribers=server.hub.subscribers,
        results_bytes=server.results_bytes(),
        disk_free_bytes=disk.free,
        disk_total_bytes=disk.total,
    )
