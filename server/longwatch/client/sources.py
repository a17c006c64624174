"""The calls that are about sources, saved queries and estimates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from longwatch.client._http import Connection
from longwatch.protocol import routes
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.sources import (
    EngineList,
    EstimateRequest,
    SavedQuery,
    SavedQueryDraft,
    SavedQueryList,
    Source,
    SourceDraft,
    SourceList,
    SourceTest,
    UploadedFile,
)

_LOOK_S: Final = 40.0
"""How much longer than usual a server may take that has to open a source first."""
_CHUNK: Final = 2**20
_UPLOAD_S: Final = 24 * 3600.0
"""An upload takes as long as it takes: a connection that breaks ends it."""


class SourceCalls(Connection):
    """Part of `AsyncClient`; its methods raise what that says."""

    async def engines(self) -> EngineList:
        """The engines that the server has."""
        return await self._json("GET", routes.ENGINES, EngineList)

    async def sources(self) -> SourceList:
        """Every source, the default first."""
        return await self._json("GET", routes.SOURCES, SourceList)

    async def add_source(self, draft: SourceDraft) -> Source:
        """Add a source. Raises `Conflict` when its name is taken, `BadRequest`."""
        body = msgspec.json.encode(draft)
        return await self._json("POST", routes.SOURCES, Source, body=body)

    async def change_source(self, name: str, draft: SourceDraft) -> Source:
        """Replace a source; secrets that the draft does not mention stay. Raises `NotFound`,
        `Conflict` or `BadRequest`."""
        body = msgspec.json.encode(draft)
        return await self._json("PUT", _of(routes.SOURCE, name), Source, body=body)

    async def remove_source(self, name: str) -> None:
        """Forget a source. Raises `NotFound` or `Conflict`."""
        await self._send("DELETE", _of(routes.SOURCE, name))

    async def test_source(self, name: str) -> SourceTest:
        """Open a source and look what there is. Raises `NotFound`."""
        path = _of(routes.SOURCE_TEST, name)
        return await self._json("POST", path, SourceTest, longer_s=_LOOK_S)

    async def try_source(self, draft: SourceDraft) -> SourceTest:
        """The same of a source that is not added yet. Raises `BadRequest`."""
        body = msgspec.json.encode(draft)
        path = routes.SOURCES_TEST
        return await self._json("POST", path, SourceTest, body=body, longer_s=_LOOK_S)

    async def catalogue(self, name: str) -> Catalogue:
        """The tables of a source. Raises `NotFound`, and `ServerFault` when the source cannot be
        opened."""
        path = _of(routes.SOURCE_CATALOGUE, name)
        return await self._json("GET", path, Catalogue, longer_s=_LOOK_S)

    async def estimate(self, request: EstimateRequest) -> Estimate:
        """What to expect of a query. Raises `BadRequest`."""
        body = msgspec.json.encode(request)
        return await self._json("POST", routes.ESTIMATES, Estimate, body=body, longer_s=_LOOK_S)

    async def upload(
        self, path: Path, name: str | None = None, *, told: Callable[[int], None] | None = None
    ) -> UploadedFile:
        """Send a file to the server, so that a source can be made of it; `told` hears how many
        bytes of it were sent. Raises `OSError` when it cannot be read, `BadRequest` when the
        server does not want it."""

        async def pieces() -> AsyncIterator[bytes]:
            sent = 0
            with await asyncio.to_thread(path.open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, _CHUNK):
                    yield piece
                    sent += len(piece)
                    if told is not None:
                        told(sent)

        with self._failing():
            answer = await self._opened().post(
                routes.FILES,
                params={"name": name or path.name},
                content=pieces(),
                headers={"Content-Type": "application/octet-stream"},
                timeout=_UPLOAD_S,
            )
        if not answer.is_success:
            raise self._refusal(answer)
        return msgspec.json.decode(answer.content, type=UploadedFile)

    async def saved_queries(self) -> SavedQueryList:
        """Every saved query, in the order to show them."""
        return await self._json("GET", routes.SAVED_QUERIES, SavedQueryList)

    async def save_query(self, draft: SavedQueryDraft) -> SavedQuery:
        """Keep a query. Raises `BadRequest`."""
        body = msgspec.json.encode(draft)
        return await self._json("POST", routes.SAVED_QUERIES, SavedQuery, body=body)

    async def change_saved_query(self, name: str, draft: SavedQueryDraft) -> SavedQuery:
        """Replace a saved query. Raises `NotFound`, `Conflict` for one of the program's own."""
        body = msgspec.json.encode(draft)
        return await self._json("PUT", _of(routes.SAVED_QUERY, name), SavedQuery, body=body)

    async def remove_saved_query(self, name: str) -> None:
        """Forget a saved query. Raises `NotFound`, `Conflict` for one of the program's own."""
        await self._send("DELETE", _of(routes.SAVED_QUERY, name))


def _of(path: str, name: str) -> str:
    return path.format(name=quote(name, safe=""))
