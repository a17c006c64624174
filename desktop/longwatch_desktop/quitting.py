"""Ends the program in order: what becomes of the jobs of its own server is asked first."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.protocol.bulk import BulkAction, BulkRequest
from longwatch.protocol.jobs import JobFilter, JobState
from longwatch_desktop import dialogs
from longwatch_desktop.hosting import EmbeddedServer
from longwatch_desktop.servers.control import ServerControl
from longwatch_desktop.session import Session
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.window import MainWindow

CANCEL_JOBS_S: Final = 2.0
COUNT_JOBS_S: Final = 2.0
_OPEN: Final = (JobState.QUEUED, JobState.RUNNING)


class Quitting:
    """`wanted` is set once it is decided."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        server: EmbeddedServer,
        servers: ServerControl,
        tasks: Tasks,
    ) -> None:
        self.wanted = asyncio.Event()
        self.keep_jobs = False
        """Whether jobs go on without the window."""
        self._cancel_first = False
        self._asking = False
        self._window = window
        self._session = session
        self._server = server
        self._servers = servers
        self._tasks = tasks
        window.close_wanted.connect(self._close_wanted)

    async def prepare(self) -> None:
        """Do what was answered, within a bound."""
        if not self._cancel_first:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_JOBS_S):
                await self._cancel_jobs()

    def _close_wanted(self) -> None:
        if self.wanted.is_set() or self._asking:
            return
        if self._servers.current is not None and self._server.is_ours:
            self._asking = True
            self._tasks.start(self._count_and_ask(), name="count-jobs")
        elif self._servers.current is not None or not self._session.connected:
            self.wanted.set()
        else:  # also where the server goes on without this window: who knows which one it is
            counts = self._session.mirror.counts
            self._ask(counts[JobState.RUNNING], counts[JobState.QUEUED])

    async def _count_and_ask(self) -> None:
        """Another server is looked at: ask our own what it does."""
        running = queued = 0
        address = self._server.address
        try:
            if address is not None:
                with contextlib.suppress(LongwatchClientError, TimeoutError):
                    async with asyncio.timeout(COUNT_JOBS_S), AsyncClient(address) as client:
                        totals = (await client.jobs(limit=1)).totals
                        running = totals.get(JobState.RUNNING, 0)
                        queued = totals.get(JobState.QUEUED, 0)
        finally:
            self._asking = False
        self._ask(running, queued)

    def _ask(self, running: int, queued: int) -> None:
        if not running + queued:
            self.wanted.set()
            return
        self._asking = True
        box = dialogs.ask_to_quit(
            self._window, running, queued, keep=self._keep_and_end, cancel=self._cancel_and_end
        )
        box.finished.connect(lambda _result: setattr(self, "_asking", False))

    def _keep_and_end(self) -> None:
        self.keep_jobs = True
        self.wanted.set()

    def _cancel_and_end(self) -> None:
        self._cancel_first = True
        self.wanted.set()

    async def _cancel_jobs(self) -> None:
        """Cancel everything that our own server has, and wait until it is over."""
        address = self._server.address
        if address is None:
            return
        with contextlib.suppress(LongwatchClientError):
            async with AsyncClient(address) as client:
                which = JobFilter(state=_OPEN)
                done = await client.bulk(BulkRequest(action=BulkAction.CANCEL, filter=which))
                await asyncio.gather(*(client.wait(item.id) for item in done.items if item.ok))
