"""What several servers on one PostgreSQL store do together.

Each takes jobs in, answers and feeds its clients; one of them, the leader, starts jobs. Changes
come to all by the store. Progress does not, as it is written nowhere: the leader tells it to the
others five times a second, of each job the newest only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import structlog

from longwatch.feed.hub import FeedHub
from longwatch.jobs.model import new_id
from longwatch.protocol.jobs import Phase, Progress
from longwatch.protocol.wire import UNREADABLE
from longwatch.service.jobs import JobService
from longwatch.service.people import TokenService
from longwatch.service.sourcing import SourceService
from longwatch.store.errors import StoreClosed, StoreError
from longwatch.store.postgres import leading
from longwatch.store.postgres.leading import Candidate, Place
from longwatch.store.postgres.listening import MOST_BYTES, Listener
from longwatch.store.postgres.store import PostgresStore
from longwatch.store.thread import Changes

EVERY_S: Final = 0.2
_RETRY_S: Final = 1.0


class Told(msgspec.Struct, array_like=True):
    """The newest progress of a running attempt."""

    job_id: str
    attempt: int
    phase: Phase
    progress: Progress


class _Telling(msgspec.Struct, array_like=True):
    """A notification of progress: of which server, and of which jobs."""

    server: str
    jobs: list[Told]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Telling).decode


class Team:
    """This server as one of several on a store."""

    def __init__(
        self,
        store: PostgresStore,
        service: JobService,
        hub: FeedHub,
        sourcing: SourceService,
        tokens: TokenService,
        log: structlog.stdlib.BoundLogger,
        place: Callable[[], Place],
    ) -> None:
        """`place` is where other servers reach this one."""
        self.name = new_id()
        self._place = place
        self._store = store
        self._service = service
        self._hub = hub
        self._sourcing = sourcing
        self._tokens = tokens
        self._log = log
        self._newest: dict[str, Told] = {}
        self._telling: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._holds = False
        self._listener = Listener(store.address, self._rung, self._progress_came, self._away)
        self._candidate = Candidate(
            store.address, lambda: self._call(True), lambda: self._call(False)
        )

    def start(self) -> None:
        """Listen to the others, and stand for leader."""
        self._loop = asyncio.get_running_loop()
        self._service.attempts.on_progress = self._progress_here
        if not self._store.texts_indexed:
            self._log.warning(
                "texts of jobs are looked at one by one: this PostgreSQL has no pg_trgm, or its "
                "user may not create it"
            )
        self._listener.start()
        self._candidate.start()

    async def stop(self) -> None:
        """Let another lead. The service has stopped: nothing runs here any more."""
        self._service.follow()
        for task in (*self._tasks, *([self._telling] if self._telling else [])):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(self._candidate.stop)
        await asyncio.to_thread(self._listener.stop)

    def published(self, changes: Changes) -> None:
        """A commit was announced here; those of other servers concern what runs here."""
        if changes.elsewhere:
            self._spawn(self._heard(changes))

    async def _heard(self, changes: Changes) -> None:
        try:
            await self._service.heard(list(changes.changed.values()))
        except StoreError as error:
            self._log.warning("limits of new jobs not read", error=str(error))

    # Leading

    def _call(self, holds: bool) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._lock_moved, holds)

    def _lock_moved(self, holds: bool) -> None:
        self._holds = holds
        if holds:
            self._spawn(self._lead())
        else:
            self._service.follow()
            self._log.info("this server leads no more", server=self.name)

    async def _lead(self) -> None:
        while self._holds:
            try:
                await self._store.run(leading.lead, self.name, self._place())
                await self._service.lead(lambda tx: leading.is_leader(tx, self.name))
            except StoreError as error:
                self._log.warning("this server cannot lead yet", error=str(error))
                await asyncio.sleep(_RETRY_S)
            else:
                if self._holds:  # else the lock went meanwhile
                    self._log.info("this server leads", server=self.name)
                break
        else:
            self._service.follow()

    async def moved(self) -> None:
        """The place of this server has changed: its certificate is another."""
        try:
            await self._store.run(leading.move, self.name, self._place())
        except StoreError as error:
            self._log.warning("other servers do not know the new certificate", error=str(error))

    async def leader(self) -> tuple[bool, Place] | None:
        """Whether it is this server that leads, and where the one is that does; `None` before any
        did. Raises `StoreError`."""
        found = await self._store.run(leading.leader)
        return None if found is None else (found[0] == self.name, found[1])

    # What is heard, on the listener's thread

    def _rung(self, seq: int, sources: bool) -> None:
        with contextlib.suppress(StoreClosed):
            self._store.look(seq)
        if sources:
            self._threadsafe(self._reload())

    def _away(self, reason: str) -> None:
        self._log.warning("the store is away", reason=reason)

    async def _reload(self) -> None:
        try:
            await self._sourcing.reload()
            await self._tokens.reload()
        except StoreError as error:
            self._log.warning("sources and tokens of other servers not read", error=str(error))

    def _threadsafe(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._spawn, coroutine)
        except RuntimeError:  # the loop has ended
            coroutine.close()

    def _progress_came(self, payload: str) -> None:
        try:
            told = _decode(payload)
        except UNREADABLE:
            self._log.warning("progress of another version of Longwatch not understood")
            return
        if told.server == self.name:
            return
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._show, told)

    def _show(self, told: _Telling) -> None:
        for one in told.jobs:
            self._hub.progress(one.job_id, one.attempt, one.phase, one.progress)

    # What is told

    def _progress_here(self, job_id: str, attempt: int, phase: Phase, progress: Progress) -> None:
        self._newest[job_id] = Told(job_id, attempt, phase, progress)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="team-tell")

    async def _tell(self) -> None:
        while self._newest:
            newest, self._newest = self._newest, {}
            for payload in payloads(self.name, list(newest.values())):
                try:
                    await self._store.tell(payload)
                except StoreError:
                    break  # the next report says it again
            await asyncio.sleep(EVERY_S)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def payloads(server: str, jobs: list[Told]) -> list[str]:
    """Notifications of the progress of jobs, none larger than PostgreSQL takes."""
    found: list[str] = []
    while jobs:
        count = len(jobs)
        while len(text := _encode(_Telling(server, jobs[:count]))) > MOST_BYTES:
            count = max(1, count // 2)
        found.append(text.decode())
        jobs = jobs[count:]
    return found
