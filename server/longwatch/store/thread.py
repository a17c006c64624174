"""A thread that carries out operations on a store, and commits what waits together.

What the two kinds of store share: `writer` is SQLite's, `postgres.writer` PostgreSQL's.
"""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from longwatch.protocol.jobs import JobSummary
from longwatch.store.errors import StoreClosed, StoreError

T = TypeVar("T")
MOST_PER_COMMIT: Final = 256


@dataclass(slots=True)
class Changes:
    """What one commit changed: the newest form of each job, the ids removed and whose those jobs
    were, the newest `seq`."""

    changed: dict[str, JobSummary] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    seq: int = 0
    reload: bool = False
    """Whether something was changed that servers keep in memory: a source, a token."""
    elsewhere: bool = False
    """Whether another server on the store did it."""

    def add(self, other: Changes) -> None:
        """Take over what one operation of the commit changed, in the order of `seq`."""
        for job_id, job in other.changed.items():
            self.changed.pop(job_id, None)  # else it would keep its earlier place
            self.changed[job_id] = job
        for job_id in other.removed:
            self.changed.pop(job_id, None)
        self.removed |= other.removed
        self.seq = max(self.seq, other.seq)
        self.reload = self.reload or other.reload


class Numbers:
    """Gives out the `seq` of a transaction that nobody else's runs beside."""

    __slots__ = ("last",)

    def __init__(self, last: int) -> None:
        self.last = last

    def take(self) -> int:
        """The next one."""
        self.last += 1
        return self.last


@dataclass(frozen=True, slots=True)
class Transaction:
    """What an operation is handed: the connection, and where to note what it changes. `numbers`
    gives out each `seq` where the database itself does not."""

    connection: Connection
    changes: Changes
    numbers: Numbers | None = None


Operation = Callable[[Transaction], Any]
Queued = tuple[Operation, Future[Any]]


class OperationThread(ABC):
    """Runs operations on a store one after another on a thread of its own."""

    def __init__(
        self,
        on_commit: Callable[[Changes], None],
        upkeep: Callable[[Transaction], bool] | None = None,
    ) -> None:
        """`on_commit` is called on this thread, after each commit that changed something.
        `upkeep` does a little of what is left to do, again and again while nothing else is, until
        it returns false or fails."""
        self._on_commit = on_commit
        self._upkeep = upkeep
        self.timed: Callable[[float], None] = lambda _seconds: None
        """Called on this thread with how long a commit took that changed something."""
        self._queue: queue.SimpleQueue[Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._last = False
        self._lock = threading.Lock()
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="longwatch-store", daemon=True)

    def open(self) -> None:
        """Open the store and start. Raises what is wrong with it."""
        self._thread.start()
        self._opened.result()

    def submit(self, operation: Callable[[Transaction], T]) -> Future[T]:
        """Queue `operation`; the future ends when its commit is on disk. Raises `StoreClosed`."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StoreClosed
            self._queue.put((operation, future))
        return future

    def close(self, timeout_s: float = 5.0) -> None:
        """Finish what is queued, then close the store."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout_s)

    @abstractmethod
    def _run(self) -> None:
        """Open the store, serve until the end, close it."""

    @abstractmethod
    def _together(self, waiting: list[Queued]) -> StoreError | None:
        """Run operations and commit them at once; what is wrong if nothing of it was kept."""

    def _next(self) -> Queued | None:
        """What is queued next. While nothing is, the upkeep goes on, half of the time at most."""
        took_s = 0.0
        while self._upkeep is not None:
            try:
                return self._queue.get(timeout=took_s)
            except queue.Empty:
                began_s = time.monotonic()
                done: Future[bool] = Future()
                self._commit([(self._upkeep, done)])
                if done.exception() is not None or not done.result():
                    self._upkeep = None
                took_s = time.monotonic() - began_s
        return self._queue.get()

    def _serve(self, first: Queued | None) -> None:
        """Commit an operation and what else is queued; `None` is the end."""
        if first is None:
            self._last = True
            return
        batch = [first]
        self._last = self._collect(batch)
        self._commit(batch)

    def _refuse_the_rest(self) -> None:
        """Nobody may wait for an answer that will not come, whatever ended the thread."""
        with self._lock:
            self._closed = True
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None and item[1].set_running_or_notify_cancel():
                item[1].set_exception(StoreClosed())

    def _collect(self, batch: list[Queued]) -> bool:
        """Add what else is queued; true when the queue was closed behind it."""
        while len(batch) < MOST_PER_COMMIT:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return False
            if item is None:
                return True
            batch.append(item)
        return False

    def _commit(self, batch: list[Queued]) -> None:
        waiting = [one for one in batch if one[1].set_running_or_notify_cancel()]
        problem = self._together(waiting)
        if problem is None:
            return
        # One submit too large for the disk must not fail a read that shared its commit.
        left = [one for one in waiting if not one[1].done()]
        for one in left:
            alone = problem if len(waiting) == 1 else self._together([one])
            if alone is not None and not one[1].done():
                one[1].set_exception(alone)
