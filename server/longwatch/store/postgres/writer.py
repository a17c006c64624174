"""The one thread of this server that writes to PostgreSQL, and the group commit.

Before it writes anything a transaction takes an advisory lock, which all servers on the store
share, and keeps it to its end. So one transaction that writes comes after another, whichever
server's it is: each sees all that was written before it, as it would in SQLite, and what it decides
by still holds when it commits. `seq` is counted on from the newest under that lock, and PostgreSQL
lets the lock go after the commit can be seen: nobody ever sees a `seq` before all lower ones, which
a sequence alone would not promise (a number is given out before its commit, and a later number may
be committed first). What waits shares a commit, so that the lock costs a busy server one round trip
for many submits.

Changes of other servers are announced here as well, in their place: `catch up` before whatever this
server does next, or when `listening` says so.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from longwatch.store import repository
from longwatch.store.errors import OutcomeUnknown, StoreError, StoreUnreachable
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.errors import explain, is_lost, is_passing, is_read_only
from longwatch.store.postgres.opening import LOCKS, WRITING, prepare
from longwatch.store.reading import only_reads, reading
from longwatch.store.thread import Changes, Numbers, Operation, OperationThread, Queued, Transaction

CHANGED: Final = "longwatch_changed"
"""The channel on which a commit is told: its `seq`, and whether sources or tokens changed."""
PATIENCE_S: Final = 5.0
"""How long who asks waits for a PostgreSQL that is away; while it stays away, not at all."""
_PAUSE_S: Final = 0.2
_IN_PROGRESS_S: Final = 1.0
_BEGIN: Final = text(
    "SELECT pg_current_xact_id()::text, pg_backend_pid(), pg_advisory_xact_lock(:locks, :which)"
)
_NOTIFY: Final = text("SELECT pg_notify(:channel, :payload)")
_STATUS: Final = text("SELECT pg_xact_status(CAST(:xid AS xid8))")
_END: Final = text("SELECT pg_terminate_backend(:pid)")


class _Undone(Exception):
    """The only operation of a transaction failed: nothing of it is to be kept."""


@dataclass(slots=True)
class _Batch:
    """One try at a transaction: what it changed, what came of each operation, who it was."""

    changes: Changes = field(default_factory=Changes)
    answers: list[tuple[Future[Any], Any, Exception | None]] = field(default_factory=list)
    last: int = 0
    xid: str | None = None
    pid: int = 0
    committing: bool = False
    refused: bool = False
    """Whether this connection may not write: another may, once the database may be written to."""


@reading
def _nothing(_tx: Transaction) -> None:
    pass


class PostgresThread(OperationThread):
    """Runs operations on a PostgreSQL store."""

    def __init__(
        self,
        address: StoreAddress,
        on_commit: Callable[[Changes], None],
        upkeep: Callable[[Transaction], bool] | None = None,
    ) -> None:
        super().__init__(on_commit, upkeep)
        self._address = address
        self._engine: Engine = address.engine("longwatch")
        self._connection: Connection | None = None
        self._down_since_s: float | None = None
        self._looking = threading.Lock()
        self._looked: Future[None] | None = None
        self.published = 0
        """The newest `seq` that was announced."""
        self.texts_indexed = False

    def look(self) -> Future[None]:
        """Announce what others have committed; the future ends when that is done."""
        with self._looking:
            # One that has not begun will see what this one should.
            if self._looked is None or self._looked.done() or self._looked.running():
                self._looked = self.submit(_nothing)
            return self._looked

    def _run(self) -> None:
        try:
            self._open()
        except DBAPIError as error:
            self._drop()
            self._opened.set_exception(explain(error, self._address, starting=True))
            return
        except BaseException as error:
            self._drop()
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            while not self._last:
                self._serve(self._next())
        finally:
            self._drop()
            self._refuse_the_rest()

    def _open(self) -> None:
        self.texts_indexed = prepare(self._engine, self._address)
        connection = self._connected()
        with connection.begin():
            self.published = repository.newest_seq(Transaction(connection, Changes()))

    def _commit(self, batch: list[Queued]) -> None:
        waiting = [one for one in batch if one[1].set_running_or_notify_cancel()]
        problem = self._together(waiting)
        if problem is None:
            return
        # What one operation is refused for need not concern its neighbours; an absence does.
        away = isinstance(problem, StoreUnreachable)
        for one in waiting:
            alone = problem if away or len(waiting) == 1 else self._together([one])
            if alone is not None:
                one[1].set_exception(alone)

    def _together(self, waiting: list[Queued]) -> StoreError | None:
        began_s = time.monotonic()
        until_s = (self._down_since_s or began_s) + PATIENCE_S
        while True:
            batch = _Batch()
            try:
                self._carry_out(waiting, batch)
            except DBAPIError as error:
                if is_lost(error):
                    self._drop()
                elif not is_passing(error):
                    problem = explain(error, self._address)
                    return problem if isinstance(problem, StoreError) else StoreError(str(problem))
                if batch.committing:
                    kept = self._was_kept(batch, until_s)
                    if kept is None:
                        return self._away(OutcomeUnknown(self._address.shown))
                    if kept:
                        break
                if self._closed or time.monotonic() >= until_s:
                    away = explain(error, self._address)
                    return self._away(away if isinstance(away, StoreError) else StoreError())
                time.sleep(_PAUSE_S if is_lost(error) and self._down_since_s else 0)
                self._down_since_s = self._down_since_s or time.monotonic()
            else:
                break
        self._down_since_s = None
        if batch.refused:
            self._drop()
        if batch.changes.seq:
            self.timed(time.monotonic() - began_s)
        self._answer(batch)
        return None

    def _away(self, problem: StoreError) -> StoreError:
        self._down_since_s = self._down_since_s or time.monotonic()
        return problem

    def _answer(self, batch: _Batch) -> None:
        try:
            if batch.changes.seq:
                self.published = batch.last
                self._on_commit(batch.changes)
        finally:
            for future, answer, problem in batch.answers:
                if problem is None:
                    future.set_result(answer)
                else:
                    future.set_exception(problem)

    def _carry_out(self, waiting: list[Queued], batch: _Batch) -> None:
        connection = self._connected()
        writes = not all(only_reads(operation) for operation, _ in waiting)
        with contextlib.suppress(_Undone), connection.begin():
            if writes:
                found = connection.execute(_BEGIN, {"locks": LOCKS, "which": WRITING}).one()
                batch.xid, batch.pid = found[:2]
            before = self._catch_up(connection)
            numbers = Numbers(before)
            for operation, future in waiting:
                self._apply(connection, operation, future, numbers, batch, len(waiting) == 1)
            batch.last = numbers.last
            if numbers.last > before or batch.changes.reload:
                payload = f"{numbers.last} reload" if batch.changes.reload else str(numbers.last)
                connection.execute(_NOTIFY, {"channel": CHANGED, "payload": payload})
            batch.committing = writes

    def _catch_up(self, connection: Connection) -> int:
        """Announce what others have committed since; the newest `seq`."""
        tx = Transaction(connection, Changes())
        newest = repository.newest_seq(tx)
        while self.published < newest:
            changes = repository.changes_after(tx, self.published, newest)
            self.published = changes.seq
            self._on_commit(changes)
        return newest

    def _apply(
        self,
        connection: Connection,
        operation: Operation,
        future: Future[Any],
        numbers: Numbers,
        batch: _Batch,
        alone: bool,
    ) -> None:
        """Run one operation in a savepoint, so that its failure undoes nothing of the others. One
        that is `alone` needs none (two round trips): raises `_Undone` when it fails."""
        own, before = Changes(), numbers.last
        if not alone:
            connection.exec_driver_sql("SAVEPOINT operation")
        try:
            answer = operation(Transaction(connection, own, numbers))
        except Exception as error:
            if isinstance(error, DBAPIError) and (is_lost(error) or is_passing(error)):
                raise
            numbers.last = before
            batch.refused = batch.refused or is_read_only(error)
            problem = explain(error, self._address) if isinstance(error, DBAPIError) else error
            batch.answers.append((future, None, problem))
            if alone:
                raise _Undone from error
            connection.exec_driver_sql("ROLLBACK TO operation")
        else:
            batch.changes.add(own)
            batch.answers.append((future, answer, None))
        if not alone:
            connection.exec_driver_sql("RELEASE operation")

    def _was_kept(self, batch: _Batch, until_s: float) -> bool | None:
        """Whether a transaction was committed whose connection broke before the server said so;
        `None` if that cannot be found out now."""
        ends_s = time.monotonic() + _IN_PROGRESS_S
        while True:
            try:
                connection = self._connected()
                with connection.begin():
                    status = connection.execute(_STATUS, {"xid": batch.xid}).scalar()
                    if status == "in progress" and time.monotonic() > ends_s:
                        # Its process waits for us, on a connection that is no more.
                        connection.execute(_END, {"pid": batch.pid})
            except DBAPIError as error:
                if not is_lost(error):
                    return False  # another server took over, which never heard of it
                self._drop()
            else:
                if status != "in progress":
                    return bool(status == "committed")
            if time.monotonic() > until_s:
                return None
            time.sleep(_PAUSE_S)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._engine.dispose()
