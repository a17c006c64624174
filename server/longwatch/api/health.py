"""`/v1/health`: for load balancers and for those who wait for a start; no token needed."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from longwatch.api.dependencies import PartsDep
from longwatch.protocol import routes
from longwatch.protocol.health import Live, Ready
from longwatch.store import repository
from longwatch.version import version

router: Final = APIRouter(tags=["health"])


@router.get(routes.HEALTH_LIVE, operation_id="live")
async def live() -> Live:
    """The process answers."""
    return Live()


@router.get(routes.HEALTH_READY, operation_id="ready")
async def ready(server: PartsDep) -> Ready:
    """The store answers and jobs are taken; 503 otherwise."""
    await server.store.run(repository.newest_seq)
    return Ready(status="ready", version=version())
