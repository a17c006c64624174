"""The store as the server's event loop sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from longwatch.store import upkeep
from longwatch.store.writer import Changes, StoreThread, Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """Runs the operations of `repository` without blocking the loop.

    `on_commit` is called in the loop, once for each commit that changed something, in order.
    """

    shared = False
    """Whether other servers may use it at the same time."""

    def __init__(
        self,
        path: Path,
        on_commit: Callable[[Changes], None],
        timed: Callable[[float], None] | None = None,
    ) -> None:
        """`timed` is told, in the store's thread, how many seconds each of those commits took."""
        self.path = path
        self._on_commit = on_commit
        self._timed = timed
        self._thread: StoreThread | None = None

    @property
    def shown(self) -> str:
        """What it is, for people."""
        return str(self.path)

    async def open(self) -> None:
        """Open and migrate the file. Raises `StoreError`."""
        loop = asyncio.get_running_loop()

        def announce(changes: Changes) -> None:
            loop.call_soon_threadsafe(self._on_commit, changes)

        self._thread = StoreThread(self.path, announce, upkeep.step)
        if self._timed is not None:
            self._thread.timed = self._timed
        await asyncio.to_thread(self._thread.open)

    async def run(
        self,
        operation: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one operation of `repository`; returns when its commit is on disk."""
        assert self._thread is not None, "the store is not open"
        future = self._thread.submit(lambda tx: operation(tx, *args, **kwargs))
        # Shielded: a caller that goes away must not undo what may be committed already.
        return await asyncio.shield(asyncio.wrap_future(future))

    async def copy(self, target: Path) -> None:
        """Write the whole store into the file `target`, while it goes on. Raises `OSError`,
        `sqlite3.Error` or `StoreClosed`; half a copy may be left."""
        assert self._thread is not None, "the store is not open"
        await asyncio.wrap_future(self._thread.copy(target))

    async def close(self) -> None:
        """Finish what is queued, then close the file."""
        if self._thread is not None:
            await asyncio.to_thread(self._thread.close)
