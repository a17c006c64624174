"""`Memory`: the runs that later ones are compared with."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog

from longwatch.protocol.runs import Run
from longwatch.store import runs
from longwatch.store.errors import StoreError
from longwatch.store.store import Store

if TYPE_CHECKING:
    from longwatch.progress.fingerprint import Fingerprint

MOST_LOOKUPS: Final = 16
"""Kept in memory: eight runs with their traces are 0.3 MB."""
FRESH_S: Final = 60.0
"""How long: other servers on the store keep and forget runs too."""

_Key = tuple[str, str, str]


class Memory:
    """Looks runs up and keeps new ones. No failure of it is a job's: it is logged."""

    def __init__(
        self,
        store: Store,
        log: structlog.stdlib.BoundLogger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._lookups: OrderedDict[_Key, tuple[float, list[Run]]] = OrderedDict()
        self._changes = 0

    async def like(self, fingerprint: Fingerprint, source: str, engine: str) -> list[Run]:
        """The newest runs of a query, and of those like it where it has hardly any: see
        `store.runs.like`. None where the store cannot be read."""
        key = (source, engine, fingerprint.digest)
        known = self._lookups.get(key)
        if known is not None and self._clock() - known[0] < FRESH_S:
            self._lookups.move_to_end(key)
            return list(known[1])
        asked_s, changes = self._clock(), self._changes
        try:
            found = await self._store.run(
                runs.like, fingerprint.digest, source, engine, fingerprint.tables
            )
        except StoreError as error:
            self._log.warning("earlier runs not looked up", source=source, error=str(error))
            return []
        if changes == self._changes:  # else they may be older than what was kept meanwhile
            self._lookups[key] = (asked_s, found)
            self._lookups.move_to_end(key)
            while len(self._lookups) > MOST_LOOKUPS:
                self._lookups.popitem(last=False)
        return list(found)

    async def keep(self, run: Run) -> None:
        """Remember a run; without it later ones are told less, and nothing else is lost."""
        try:
            await self._store.run(runs.add, run)
        except Exception as error:
            bug = not isinstance(error, StoreError)
            self._log.warning("run not kept", job=run.job_id, error=str(error), exc_info=bug)
        finally:
            self._forget_lookups(run.source)

    async def forget(self, *, source: str | None = None, digest: str | None = None) -> int:
        """Forget the runs of a source, of a fingerprint, or all; how many. Raises `StoreError`."""
        gone, some = 0, runs.BATCH
        try:
            while some == runs.BATCH:
                some = await self._store.run(runs.remove, source=source, digest=digest)
                gone += some
        finally:
            self._forget_lookups(source)
        return gone

    def _forget_lookups(self, source: str | None) -> None:
        self._changes += 1
        for key in [key for key in self._lookups if source in {None, key[0]}]:
            del self._lookups[key]
