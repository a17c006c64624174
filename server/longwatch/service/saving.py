"""Saved queries: those that come with the program, and those that were kept on the server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from longwatch.jobs.errors import InvalidSubmission, SavedQueryFixed, UnknownSavedQuery
from longwatch.jobs.model import new_id, new_job
from longwatch.protocol.jobs import Submission
from longwatch.protocol.sources import SavedQuery, SavedQueryDraft
from longwatch.sources.queries import saved_queries
from longwatch.store import sources as stored
from longwatch.store.store import Store
from longwatch.store.writer import Transaction


class SavedQueries:
    """Lists, keeps and forgets them."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def all(self) -> list[SavedQuery]:
        """Those that were kept, by folder and title, then the program's own."""
        kept = await self._store.run(stored.all_queries)
        return [*kept, *await asyncio.to_thread(saved_queries)]

    async def find(self, name: str) -> SavedQuery | None:
        """One that was kept; `None` for any other."""
        return await self._store.run(stored.get_query, name)

    async def add(self, draft: SavedQueryDraft, owner: str) -> SavedQuery:
        """Keep a query. Raises `InvalidSubmission` or `StoreError`."""
        query = self._made(new_id(), draft, owner)
        await self._store.run(stored.put_query, query, self._now())
        return query

    async def change(self, name: str, draft: SavedQueryDraft, owner: str) -> SavedQuery:
        """Replace a saved query; it stays whose it was. Raises `UnknownSavedQuery`,
        `SavedQueryFixed` and what `add` raises."""
        await self._check_fixed(name)
        query = self._made(name, draft, owner)

        def replace(tx: Transaction) -> SavedQuery:
            before = stored.get_query(tx, name)
            if before is None:
                raise UnknownSavedQuery(name)
            kept = msgspec.structs.replace(query, owner=before.owner)
            stored.put_query(tx, kept, self._now())
            return kept

        return await self._store.run(replace)

    async def remove(self, name: str) -> None:
        """Forget a saved query. Raises `UnknownSavedQuery` or `SavedQueryFixed`."""
        await self._check_fixed(name)
        if not await self._store.run(stored.delete_query, name):
            raise UnknownSavedQuery(name)

    async def _check_fixed(self, name: str) -> None:
        for query in await asyncio.to_thread(saved_queries):
            if query.name == name:
                raise SavedQueryFixed(query.title)

    def _made(self, name: str, draft: SavedQueryDraft, owner: str) -> SavedQuery:
        # What could not be submitted is not kept either.
        new_job(Submission(sql=draft.sql, name=draft.title), source="", owner="", now=self._now())
        names = [one.name for one in draft.parameters]
        twice = next((one for one in names if names.count(one) > 1), None)
        if twice is not None:
            raise InvalidSubmission(f"The parameter {twice} is named twice.", "/parameters")
        return SavedQuery(
            name=name,
            title=draft.title.strip(),
            folder="/".join(part.strip() for part in draft.folder.split("/") if part.strip()),
            description=draft.description,
            source=draft.source,
            sql=draft.sql,
            parameters=draft.parameters,
            owner=owner,
        )
