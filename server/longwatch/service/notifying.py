"""Tells of jobs that are over whoever their submission names.

After the commit, never before it, and without anybody waiting. What was sent, or given up, is
noted in the job's story; what was neither when the server ended goes out at its next start. So a
message may come twice, if the server died between sending and noting it, and none is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import structlog

from longwatch.jobs.errors import UnknownJob
from longwatch.jobs.transitions import JobEvent
from longwatch.notify.message import message_of
from longwatch.notify.targets import Targets
from longwatch.protocol.jobs import Job, JobSummary
from longwatch.store import notices, repository
from longwatch.store.errors import StoreError
from longwatch.store.store import Store

DELAYS_S: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Waits before the second try and those after it; after the last it is given up."""
AT_ONCE: Final = 4
OLDEST: Final = timedelta(hours=24)
"""Word of what ended longer ago is of no use to anybody."""
MOST_LATE: Final = 1_000


class Notifier:
    """Sends, tries again, and notes what came of it."""

    def __init__(
        self,
        store: Store,
        targets: Targets,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime],
        delays_s: Sequence[float] = DELAYS_S,
    ) -> None:
        self._store = store
        self._targets = targets
        self._log = log
        self._now = now
        self._delays_s = delays_s
        self._room = asyncio.Semaphore(AT_ONCE)
        self._busy: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin, with what an earlier server left. Raises `TargetsUnusable` or `StoreError`."""
        if not self._targets.names:
            return
        await asyncio.to_thread(self._targets.open)
        since = self._now() - OLDEST
        for job_id in await self._store.run(notices.ended_since, since, MOST_LATE):
            self._later(self._tell(job_id))

    def changed(self, jobs: Iterable[JobSummary]) -> None:
        """Jobs have changed, in one commit."""
        if self._targets.names:
            for job in jobs:
                if job.state.is_final:
                    self._later(self._tell(job.id))

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, job_id: str) -> None:
        try:
            job, names = await self._store.run(notices.unsent, job_id)
        except UnknownJob:
            return
        except StoreError as error:  # it goes out at the next start
            self._log.warning("nobody told of a job's end", job=job_id, error=str(error))
            return
        for name in names:
            if (job_id, name) not in self._busy:
                self._busy.add((job_id, name))
                self._later(self._deliver(job, name))

    async def _deliver(self, job: Job, name: str) -> None:
        try:
            if name not in self._targets.names:
                gone = f"{name}: the server's settings do not name it any more"
                await self._note(job.id, JobEvent.NOTIFY_FAILED, gone)
                return
            for tried, delay_s in enumerate((*self._delays_s, None), 1):
                async with self._room:
                    taken = await _apart(partial(self._targets.send, name, message_of(job)))
                if taken:
                    await self._note(job.id, JobEvent.NOTIFIED, name)
                    return
                self._log.warning("notification not taken", job=job.id, target=name, tried=tried)
                if delay_s is None:
                    given_up = f"{name}: not taken {tried} times; check its address and whether the"
                    given_up += " server reaches it"
                    await self._note(job.id, JobEvent.NOTIFY_FAILED, given_up)
                    return
                if tried == 1:
                    await self._note(
                        job.id, JobEvent.NOTIFY_DELAYED, f"{name}: not taken; it is tried again"
                    )
                await asyncio.sleep(delay_s)
        finally:
            self._busy.discard((job.id, name))

    async def _note(self, job_id: str, event: JobEvent, detail: str) -> None:
        with contextlib.suppress(UnknownJob):  # deleted meanwhile
            try:
                await self._store.run(repository.note, job_id, event, at=self._now(), detail=detail)
            except StoreError as error:
                self._log.warning(
                    "notification not noted", job=job_id, detail=detail, error=str(error)
                )

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="notify")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _apart(call: Callable[[], bool]) -> bool:
    """What `call` returns, in a thread that nobody waits for when the server stops: the other side
    may take its time, and asyncio's own threads are waited for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def tell(answer: bool) -> None:
        if not done.done():
            done.set_result(answer)

    def work() -> None:
        answer = call()
        with contextlib.suppress(RuntimeError):  # the loop is gone, and so is who asked
            loop.call_soon_threadsafe(tell, answer)

    threading.Thread(target=work, name="longwatch-notify", daemon=True).start()
    return await done
