"""Whose things are: what rights are decided by."""

from __future__ import annotations

from longwatch.results.exports import Exports
from longwatch.service.saving import SavedQueries
from longwatch.store import repository
from longwatch.store.store import Store


class Owners:
    """Asks whoever keeps them. What a job or an export belongs to never changes."""

    def __init__(self, store: Store, saving: SavedQueries, exports: Exports) -> None:
        self._store = store
        self._saving = saving
        self._exports = exports

    async def of_job(self, job_id: str) -> str:
        """Raises `UnknownJob`."""
        return await self._store.run(repository.owner_of, job_id)

    async def of_export(self, export_id: str) -> str:
        """Who began it. Raises `UnknownExport`."""
        return self._exports.get(export_id).owner

    async def of_query(self, name: str) -> str | None:
        """`None` for a saved query that is nobody's: the program's own, or none at all."""
        query = await self._saving.find(name)
        return None if query is None else query.owner
