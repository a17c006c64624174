"""`/v1/health`: for load balancers and for those who wait for a start; no token needed."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter

from longwatch.api.dependencies import PartsDep
from longwatch.api.problems import ApiError
from longwatch.protocol import routes
from longwatch.protocol.health import Live, Ready
from longwatch.store import repository
from longwatch.version import version

router: Final = APIRouter(tags=["health"])
PATIENCE_S: Final = 2.0
"""Less than what a load balancer waits."""


@router.get(routes.HEALTH_LIVE, operation_id="live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get(routes.HEALTH_READY, operation_id="ready")
async def ready(server: PartsDep) -> Ready:
    """The store answers and jobs are taken; 503 while the server starts, while it stops, and while
    the store does not answer."""
    if server.shutdown.begun:
        raise ApiError(503, "stopping", "The server is stopping and starts no more queries.")
    try:
        async with asyncio.timeout(PATIENCE_S):
            await server.store.run(repository.newest_seq)
    except TimeoutError:
        raise ApiError(
            503, "store_unusable", f"The job store has not answered for {PATIENCE_S:g} s."
        ) from None
    return Ready(status="ready", version=version())
