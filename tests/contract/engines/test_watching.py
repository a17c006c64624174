"""Looking at a running statement and stopping it, from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from longwatch.engines.contract import Interrupted, Session
from support.engines import ENGINES, EngineCase, rows, run
from support.waiting import wait_until

WITHIN_S = 2.0
STOPPED = [case for case in ENGINES if case.stops]
pytestmark = pytest.mark.parametrize("case", STOPPED, ids=str, indirect=True)


class Run(threading.Thread):
    """Draws every batch of one statement, and keeps what ended it."""

    def __init__(self, session: Session, sql: str) -> None:
        super().__init__(daemon=True)
        self._session = session
        self._sql = sql
        self.begun = threading.Event()
        self.ended: BaseException | None = None

    def run(self) -> None:
        try:
            statement = self._session.parse(self._sql)[0]
            self.begun.set()
            for _ in self._session.execute(statement, 1000)[1]:
                pass
        except BaseException as error:
            self.ended = error


@contextmanager
def running(case: EngineCase, session: Session, sql: str) -> Iterator[Run]:
    """A statement that is being executed."""
    thread = Run(session, sql)
    thread.start()
    try:
        wait_until(thread.begun.is_set)
        wait_until(lambda: not case.measures or session.poll().fraction is not None)
        yield thread
    finally:
        wait_until(lambda: session.interrupt() or not thread.is_alive())


@pytest.mark.parametrize("busy_with", sorted({name for case in ENGINES for name in case.endless}))
def test_an_interrupt_ends_it_quickly(case: EngineCase, session: Session, busy_with: str) -> None:
    with running(case, session, case.endless[busy_with]) as thread:
        asked_s = time.monotonic()
        wait_until(lambda: session.interrupt() or not thread.is_alive())
        took_s = time.monotonic() - asked_s
    assert isinstance(thread.ended, Interrupted)
    assert took_s < WITHIN_S


def test_an_interrupt_while_rows_are_drawn(case: EngineCase, session: Session) -> None:
    with running(case, session, case.wide.format(n=10**9)) as thread:
        wait_until(lambda: session.interrupt() or not thread.is_alive())
    assert isinstance(thread.ended, Interrupted)


def test_polling_never_raises(case: EngineCase, options: dict[str, str], session: Session) -> None:
    assert session.poll().fraction is None or session.poll().fraction == 0
    with running(case, session, case.endless["join"]) as thread:
        seen = [session.poll() for _ in range(200)]
        assert all(one.fraction is None or 0 <= one.fraction <= 1 for one in seen)
        wait_until(lambda: session.interrupt() or (session.poll() and not thread.is_alive()))
    session.poll()
    assert rows(run(session, "SELECT 7")) == [(7,)]
    session.close()
    session.poll()


def test_memory_and_spill_are_seen(case: EngineCase, session: Session) -> None:
    with running(case, session, case.endless["join"]):
        if case.tells_memory:
            wait_until(lambda: session.poll().memory_bytes)
            if case.measures:  # others may come to spill, or cannot tell
                assert session.poll().spill_bytes == 0
