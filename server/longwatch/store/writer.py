"""The one thread that touches the store, and the group commit.

Every operation, reading or writing, runs on this thread over its one connection. What has
queued up while the last commit was on its way to the disk shares the next one: ten concurrent
submits wait for one fsync, not for ten. What changed is announced once a commit, in the order of
the commits, before any caller hears of it: the feed can rely on `seq` arriving without gaps.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from longwatch.protocol.jobs import JobSummary
from longwatch.store.backup import copy_pages
from longwatch.store.database import explain, open_engine
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

    def add(self, other: Changes) -> None:
        """Take over what one operation of the commit changed, in the order of `seq`."""
        for job_id, job in other.changed.items():
            self.changed.pop(job_id, None)  # else it would keep its earlier place
            self.changed[job_id] = job
        for job_id in other.removed:
            self.changed.pop(job_id, None)
        self.removed |= other.removed
        self.seq = max(self.seq, other.seq)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What an operation is handed: the connection, and where to note what it changes."""

    connection: Connection
    changes: Changes


Operation = Callable[[Transaction], Any]
_Queued = tuple[Operation, Future[Any]]


class _RolledBack(Exception):
    """SQLite gave up the whole transaction, and with it every operation of the batch."""

    def __init__(self, problem: StoreError) -> None:
        super().__init__(str(problem))
        self.problem = problem


class StoreThread:
    """Runs operations on the store one after another on a thread of its own."""

    def __init__(
        self,
        path: Path,
        on_commit: Callable[[Changes], None],
        upkeep: Callable[[Transaction], bool] | None = None,
    ) -> None:
        """`on_commit` is called on this thread, after each commit that changed something.
        `upkeep` does a little of what is left to do, again and again while nothing else is, until
        it returns false or fails."""
        self._path = path
        self._on_commit = on_commit
        self._upkeep = upkeep
        self.timed: Callable[[float], None] = lambda _seconds: None
        """Called on this thread with how long a commit took that changed something."""
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._copies: deque[tuple[Path, Future[None]]] = deque()
        self._closed = False
        self._last = False
        self._lock = threading.Lock()
        self._opened: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="longwatch-store", daemon=True)

    def open(self) -> None:
        """Open the file and start. Raises what `open_engine` raises."""
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

    def copy(self, target: Path) -> Future[None]:
        """Write the whole store into the file `target`; the future ends when it is written.

        Operations go on meanwhile, each behind a megabyte of the copy at most, and what they
        change is in the copy. Raises `StoreClosed`.
        """
        future: Future[None] = Future()
        self._copies.append((target, future))
        self.submit(lambda _tx: None)  # wakes the thread
        return future

    def close(self, timeout_s: float = 5.0) -> None:
        """Finish what is queued, then close the file."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            engine = open_engine(self._path)
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            with engine.connect() as connection:
                while not self._last:
                    self._serve(connection, self._next(connection))
                    while self._copies and not self._last:
                        self._copy(connection, *self._copies.popleft())
            _checkpoint(engine)
        finally:
            engine.dispose()
            self._refuse_the_rest()

    def _next(self, connection: Connection) -> _Queued | None:
        """What is queued next. While nothing is, the upkeep goes on, half of the time at most."""
        took_s = 0.0
        while self._upkeep is not None:
            try:
                return self._queue.get(timeout=took_s)
            except queue.Empty:
                began_s = time.monotonic()
                done: Future[bool] = Future()
                self._commit(connection, [(self._upkeep, done)])
                if done.exception() is not None or not done.result():
                    self._upkeep = None
                took_s = time.monotonic() - began_s
        return self._queue.get()

    def _serve(self, connection: Connection, first: _Queued | None) -> None:
        """Commit an operation and what else is queued; `None` is the end."""
        if first is None:
            self._last = True
            return
        batch = [first]
        self._last = self._collect(batch)
        self._commit(connection, batch)

    def _copy(self, connection: Connection, target: Path, future: Future[None]) -> None:
        if not future.set_running_or_notify_cancel():
            return

        def between() -> None:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            self._serve(connection, item)
            if self._last:
                raise StoreClosed

        try:
            copy_pages(_raw(connection), target, between)
        except (sqlite3.Error, OSError, StoreError) as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    def _refuse_the_rest(self) -> None:
        """Nobody may wait for an answer that will not come, whatever ended the thread."""
        with self._lock:
            self._closed = True
        for _target, future in self._copies:
            if future.set_running_or_notify_cancel():
                future.set_exception(StoreClosed())
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return
            if item is not None and item[1].set_running_or_notify_cancel():
                item[1].set_exception(StoreClosed())

    def _collect(self, batch: list[_Queued]) -> bool:
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

    def _commit(self, connection: Connection, batch: list[_Queued]) -> None:
        waiting = [one for one in batch if one[1].set_running_or_notify_cancel()]
        problem = self._together(connection, waiting)
        if problem is None:
            return
        # One submit too large for the disk must not fail a read that shared its commit.
        left = [one for one in waiting if not one[1].done()]
        for one in left:
            alone = problem if len(waiting) == 1 else self._together(connection, [one])
            if alone is not None and not one[1].done():
                one[1].set_exception(alone)

    def _together(self, connection: Connection, waiting: list[_Queued]) -> StoreError | None:
        """Run operations and commit them at once; what is wrong if nothing of it was kept."""
        changes = Changes()
        answers: list[tuple[Future[Any], Any]] = []
        began_s = time.perf_counter()
        try:
            with connection.begin():
                for operation, future in waiting:
                    self._apply(connection, operation, future, changes, answers)
        except _RolledBack as error:
            return error.problem
        except DatabaseError as error:
            return explain(error, self._path)
        try:
            if changes.seq:
                self.timed(time.perf_counter() - began_s)
                self._on_commit(changes)
        finally:
            for future, answer in answers:
                future.set_result(answer)
        return None

    def _apply(
        self,
        connection: Connection,
        operation: Operation,
        future: Future[Any],
        changes: Changes,
        answers: list[tuple[Future[Any], Any]],
    ) -> None:
        """Run one operation in a savepoint, so that its failure undoes nothing of the others.

        A full disk or a failed write makes SQLite roll back everything, savepoints and all:
        raises `_RolledBack` then, before an operation that is undone is answered as done.
        """
        own = Changes()
        _plainly(connection, "SAVEPOINT operation")
        try:
            answer = operation(Transaction(connection, own))
        except Exception as error:
            problem = explain(error, self._path) if isinstance(error, DatabaseError) else error
            if not _in_transaction(connection):
                raise _RolledBack(
                    problem if isinstance(problem, StoreError) else StoreError(str(problem))
                ) from error
            _plainly(connection, "ROLLBACK TO operation")
            future.set_exception(problem)
        else:
            changes.add(own)
            answers.append((future, answer))
        _plainly(connection, "RELEASE operation")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: Any = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _plainly(connection: Connection, statement: str) -> None:
    """Carry out a statement that needs nothing of SQLAlchemy, for a tenth of what it takes there
    (2 µs of 25). Raises what SQLAlchemy does."""
    try:
        _raw(connection).execute(statement)
    except sqlite3.DatabaseError as error:
        raise DatabaseError(statement, None, error) from error


def _in_transaction(connection: Connection) -> bool:
    return _raw(connection).in_transaction


def _checkpoint(engine: Engine) -> None:
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if raw is not None:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
