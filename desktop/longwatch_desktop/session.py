"""One connection to one server: the client, the mirror of its jobs, and who is told of what.

Lives in the Qt loop. Nothing here waits on the disk or the network but in coroutines.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec
from PySide6.QtCore import QObject, Signal

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import LongwatchClientError
from longwatch.client.feed import Connected, Disconnected, FeedEvent, FeedFollower
from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import Job, JobSummary, ResultPage, Submission
from longwatch.protocol.people import Me, Role
from longwatch.protocol.sources import SavedQuery, Source
from longwatch_desktop.memory import give_back
from longwatch_desktop.mirror.asking import Asked, asked
from longwatch_desktop.mirror.jobs import JobMirror
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.tasks import Tasks
from longwatch_desktop.translation import tr

NEWEST: Final = 10_000
"""Jobs that are over which a window loads at first: 10 MB, 0.1 s. Older ones come when wanted."""

FRAMES_HZ: Final = 15.0
"""Frames a second at most: what moves is shown within 0.1 s, and 25 would cost a tenth more of the
processor."""
AT_ONCE: Final = 500
"""Jobs of a snapshot that are taken in before the window's loop goes on: 7 ms with all that becomes
of them. A frame has 2,000, and several may have come."""
CHANGED_AT_ONCE: Final = 250
"""The same of changed jobs, which may have to move: 4 ms among 100,000 rows."""
MANY: Final = 5_000
"""Jobs of a snapshot that leave something worth to be given back."""
TIDY_S: Final = 3.0
HOLD_S: Final = 0.004
"""How long the loop is held at most before it goes on, when frames are smaller."""


class Link(enum.StrEnum):
    """How a session stands to its server."""

    STARTING = "starting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the connection. `reason` is a sentence; `since_s` and `retry_at_s` are of the
    monotonic clock, the latter `None` when no try is planned. `polling`: what changes is asked for,
    since no WebSocket gets through."""

    link: Link
    since_s: float
    reason: str = ""
    retry_at_s: float | None = None
    server: str = ""
    version: str = ""
    polling: bool = False


class Session(QObject):
    """Follows one server until it is stopped, whatever the network does meanwhile."""

    health_changed = Signal(object)
    """`Health`"""
    jobs_changed = Signal(object)
    """`mirror.jobs.Changes`"""
    catalogue_changed = Signal()
    me_changed = Signal()
    targets_changed = Signal()
    trouble = Signal(str)
    """A sentence about something that went wrong in the background."""

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        newest: int = NEWEST,
        calls: Callable[[Address], AsyncClient] = AsyncClient,
    ) -> None:
        """`newest` is how many of the jobs that are over are loaded without being asked for;
        `calls` makes the client for a server."""
        super().__init__(parent)
        self._newest = newest
        self._calls = calls
        self.user = ""
        """The owner of what is submitted from here, as the server names it; empty until it does."""
        self.me: Me | None = None
        """Who the server takes us for; `None` until it says so, as one of another version never
        does."""
        self.mirror = JobMirror()
        self.sources: list[Source] = []
        self.saved_queries: list[SavedQuery] = []
        self.notify_targets: list[str] = []
        """Who can be told of a job's end; nobody until the server says so."""
        self.health = Health(Link.STARTING, time.monotonic())
        self._address: Address | None = None
        self._api: AsyncClient | None = None
        self._follower: FeedFollower | None = None
        self._in_sight: Sequence[str] = ()
        self._told: tuple[datetime, float] | None = None
        self._paused_s = 0.0
        self._tasks = Tasks(lambda error: self.trouble.emit(str(error)))

    @property
    def address(self) -> Address | None:
        """Where the server is; `None` while it is being started."""
        return self._address

    @property
    def connected(self) -> bool:
        """Whether the feed is up."""
        return self.health.link is Link.CONNECTED

    @property
    def latency_s(self) -> float | None:
        """Seconds to the server and back; `None` while unknown."""
        return self._follower.latency_s if self._follower else None

    def clock(self) -> datetime:
        """The server's clock now (UTC), as it last told it; this computer's before it did. Times
        of jobs are the server's, and the two clocks need not agree."""
        if self._told is None:
            return datetime.now(UTC)
        told, at_s = self._told
        return told + timedelta(seconds=time.monotonic() - at_s)

    def asked(self, query: JobFilter) -> Asked | None:
        """How to ask the server now for the jobs of `query`; `None` when it shows none."""
        columns = self.mirror.columns
        sources = {source.name for source in self.sources} | set(columns.sources)
        return asked(query, self.clock(), sources, columns.owners)

    def failed(self, reason: str) -> None:
        """There is no server to connect to, and will be none without somebody's doing."""
        self._set(Health(Link.FAILED, time.monotonic(), reason))

    def starting(self) -> None:
        """The server is being started (again), or another is to be connected to."""
        self._set(Health(Link.STARTING, time.monotonic()))

    def show(self, job_ids: Sequence[str]) -> None:
        """These running jobs are in sight. Their progress comes as often as it moves, that of all
        others a few times a second: of a thousand that report ten times a second, that saves the
        window half of its work."""
        self._in_sight = job_ids
        if self._follower is not None:
            self._follower.show(job_ids)

    def retry_now(self) -> None:
        """Do not wait for the next try."""
        if self._follower is not None:
            self._follower.retry_now()

    def leave(self) -> None:
        """Another server is looked at from now on: nothing of this one is shown any more."""
        nothing = Snapshot(seq=0, offset=0, total=0, more=False, jobs=[])
        self.jobs_changed.emit(self.mirror.apply(nothing))
        self.sources, self.saved_queries = [], []
        self._told = None
        self.user = ""
        self._know(None)
        self._offer([])
        self._address = None
        self.catalogue_changed.emit()

    async def run(self, address: Address) -> None:
        """Connect and follow, for ever; ends by being cancelled."""
        self._address = address
        self._set(self.health)  # where it is can be told now
        self._follower = follower = FeedFollower(address, newest=self._newest, max_hz=FRAMES_HZ)
        follower.show(self._in_sight)
        async with self._calls(address) as api, aclosing(follower.events()) as events:
            self._api = api
            try:
                await self._follow(events)
            finally:
                self._api = None
                # Before the connections are closed: whoever asks meanwhile opens another.
                await self._tasks.stop()

    async def _follow(self, events: AsyncIterator[FeedEvent]) -> None:
        async for event in events:
            match event:
                case Connected(hello, polling):
                    self._told = hello.time, time.monotonic()
                    self.user = hello.user
                    self._set(
                        Health(
                            Link.CONNECTED,
                            time.monotonic(),
                            server=hello.server,
                            version=hello.version,
                            polling=polling,
                        )
                    )
                    self._tasks.start(self._load_catalogue(), name="catalogue")
                    self._tasks.start(self._ask_who(), name="me")
                case Disconnected():
                    self._lost(event)
                case Snapshot() | Delta() | ProgressFrame():
                    await self._take(event)

    async def submit(self, sql: str, *, source: str | None, name: str | None) -> Job:
        """Submit a query. Raises `LongwatchClientError`."""
        return await self.client().submit(Submission(sql=sql, source=source, name=name))

    async def cancel(self, job_id: str) -> Job:
        """Ask for a job's end. Raises `LongwatchClientError`."""
        return await self.client().cancel(job_id)

    async def job(self, job_id: str) -> Job:
        """A job with its SQL. Raises `LongwatchClientError`."""
        return await self.client().job(job_id)

    async def log(self, job_id: str) -> str:
        """What the job's runner wrote. Raises `LongwatchClientError`."""
        return await self.client().log(job_id)

    async def rows(self, job_id: str, offset: int, limit: int) -> ResultPage:
        """Rows of a result. Raises `LongwatchClientError`."""
        return await self.client().result_rows(job_id, offset=offset, limit=limit)

    def client(self) -> AsyncClient:
        """The calls of the server, for what is not worth a method here. Raises
        `LongwatchClientError` while there is no connection."""
        if self._api is None:
            raise LongwatchClientError(tr("There is no connection to the server yet."))
        return self._api

    async def _tidy(self) -> None:
        """Give back what a large snapshot needed, once what became of it has been made."""
        await asyncio.sleep(TIDY_S)
        await asyncio.to_thread(give_back)

    async def _take(self, event: Snapshot | Delta | ProgressFrame) -> None:
        """Take a frame in, and let the window live in between: frames that have come already are
        read without a pause."""
        for part in in_parts(event):
            if part is not event:  # to have read a large frame took some milliseconds already
                await self._pause()
            self.jobs_changed.emit(self.mirror.apply(part))
            if time.monotonic() - self._paused_s > HOLD_S:
                await self._pause()
        if isinstance(event, Snapshot) and not event.more and len(self.mirror) > MANY:
            self._tasks.start(self._tidy(), name="tidy")

    async def _pause(self) -> None:
        await asyncio.sleep(0)
        self._paused_s = time.monotonic()

    def look_again(self) -> None:
        """Sources and saved queries may have been added elsewhere: ask what there is now."""
        if self._api is not None and self.health.link is Link.CONNECTED:
            self._tasks.start(self._look_again(), name="catalogue")

    async def _ask_who(self) -> None:
        with suppress(LongwatchClientError):  # what is refused to others is not offered then
            me = await self.client().me()
            self._know(me)
            if me.role is not Role.VIEWER:  # who submits nothing
                self._offer(await self.client().notify_targets())

    def _offer(self, targets: list[str]) -> None:
        if targets != self.notify_targets:
            self.notify_targets = targets
            self.targets_changed.emit()

    def _know(self, me: Me | None) -> None:
        self.me = me
        self.me_changed.emit()

    async def _look_again(self) -> None:
        with suppress(LongwatchClientError):  # nobody asked: there is nothing to say
            await self._load_catalogue()

    async def _load_catalogue(self) -> None:
        api = self.client()
        sources = (await api.sources()).sources
        queries = (await api.saved_queries()).queries
        if (sources, queries) != (self.sources, self.saved_queries):
            self.sources, self.saved_queries = sources, queries
            self.catalogue_changed.emit()

    def _lost(self, event: Disconnected) -> None:
        now_s = time.monotonic()
        was = self.health
        since_s = was.since_s if was.link is Link.RECONNECTING else now_s
        self._set(
            Health(
                Link.RECONNECTING,
                since_s,
                event.reason,
                now_s + event.retry_in_s,
                was.server,
                was.version,
            )
        )

    def _set(self, health: Health) -> None:
        self.health = health
        self.health_changed.emit(health)


def in_parts(event: Snapshot | Delta | ProgressFrame) -> Iterator[Snapshot | Delta | ProgressFrame]:
    """The same as frames of `AT_ONCE` or `CHANGED_AT_ONCE` jobs at most. A delta is told in the
    order of its changes, so that each part is a delta itself."""
    match event:
        case Snapshot(jobs=jobs) if len(jobs) > AT_ONCE:
            for start in range(0, len(jobs), AT_ONCE):
                part = jobs[start : start + AT_ONCE]
                last = start + AT_ONCE >= len(jobs)
                more = event.more or not last
                offset = event.offset + start
                yield msgspec.structs.replace(event, jobs=part, offset=offset, more=more)
        case Delta(changed=jobs) if len(jobs) > CHANGED_AT_ONCE and _ascend(jobs):
            since, removed = event.from_, event.removed
            for start in range(0, len(jobs), CHANGED_AT_ONCE):
                part = jobs[start : start + CHANGED_AT_ONCE]
                to = event.to if start + CHANGED_AT_ONCE >= len(jobs) else part[-1].seq
                yield Delta(from_=since, to=to, changed=part, removed=removed)
                since, removed = to, []
        case _:
            yield event


def _ascend(jobs: Sequence[JobSummary]) -> bool:
    return all(one.seq < other.seq for one, other in pairwise(jobs))
