"""`/v1/sources` and `/v1/saved-queries`."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter

from longwatch.api.dependencies import AUTHENTICATED, SourcesDep
from longwatch.protocol import routes
from longwatch.protocol.sources import SavedQueryList, SourceList
from longwatch.sources import saved_queries

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["sources"])


@router.get(routes.SOURCES, operation_id="list_sources")
async def list_sources(catalogue: SourcesDep) -> SourceList:
    """Every source, the default first."""
    return SourceList(sources=catalogue.all())


@router.get(routes.SAVED_QUERIES, operation_id="list_saved_queries")
async def list_saved_queries() -> SavedQueryList:
    """Every saved query."""
    return SavedQueryList(queries=await asyncio.to_thread(saved_queries))
