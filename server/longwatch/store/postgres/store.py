"""A PostgreSQL store as the server's event loop sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, Final

from longwatch.store import upkeep
from longwatch.store.errors import StoreElsewhere, StoreUnreachable
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.listening import notify
from longwatch.store.postgres.readers import Readers
from longwatch.store.postgres.writer import PostgresThread
from longwatch.store.reading import only_reads
from longwatch.store.store import P, Store, T
from longwatch.store.thread import Changes, Transaction

_ANNOUNCED_S: Final = 30.0


class PostgresStore(Store):
    """`Store` over PostgreSQL, which other servers may use at the same time."""

    shared = True

    def __init__(
        self,
        address: StoreAddress,
        data_dir: Path,
        on_commit: Callable[[Changes], None],
        timed: Callable[[float], None] | None = None,
    ) -> None:
        """`on_commit` is called for what other servers commit as well, in the order of `seq`."""
        super().__init__(data_dir / "jobs.sqlite", on_commit, timed)
        self.address = address
        self._writer: PostgresThread | None = None
        self._readers: Readers | None = None

    @property
    def shown(self) -> str:
        return f"PostgreSQL, {self.address.shown}"

    async def open(self) -> None:
        """Connect and migrate. Raises `StoreError`."""
        loop = asyncio.get_running_loop()

        def announce(changes: Changes) -> None:
            loop.call_soon_threadsafe(self._on_commit, changes)

        writer = PostgresThread(self.address, announce, upkeep.step)
        if self._timed is not None:
            writer.timed = self._timed
        await asyncio.to_thread(writer.open)

        def make_sure(seq: int) -> None:
            if seq > writer.published:
                try:
                    writer.look().result(_ANNOUNCED_S)
                except TimeoutError as error:
                    raise StoreUnreachable(
                        f"The job store ({self.shown}) is busy with something that does not end. "
                        "Try again."
                    ) from error

        self._writer, self._readers = writer, Readers(self.address, make_sure)

    @property
    def texts_indexed(self) -> bool:
        """Whether texts are found by an index; each is looked at otherwise."""
        assert self._writer is not None, "the store is not open"
        return self._writer.texts_indexed

    async def run(
        self,
        operation: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one operation; returns when its commit is on PostgreSQL's disk."""
        assert self._writer is not None, "the store is not open"
        assert self._readers is not None
        reads = only_reads(operation)
        submit = self._readers.submit if reads else self._writer.submit
        future = submit(lambda tx: operation(tx, *args, **kwargs))
        return await asyncio.shield(asyncio.wrap_future(future))

    def look(self, seq: int) -> None:
        """Announce what others committed up to `seq` (0: whatever they did), soon. From any
        thread. Raises `StoreClosed`."""
        if self._writer is not None and (seq == 0 or seq > self._writer.published):
            self._writer.look()

    async def tell(self, payload: str) -> None:
        """Tell the other servers, if they are there to hear it. Raises `StoreError`."""
        await self.run(notify, payload)

    async def copy(self, target: Path) -> None:
        """Raises `StoreElsewhere`: PostgreSQL has its own tools for that."""
        raise StoreElsewhere(self.address.shown, self.address.dump_command)

    async def close(self) -> None:
        """Finish what is queued, then close the connections."""
        if self._readers is not None:
            await asyncio.to_thread(self._readers.close)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
