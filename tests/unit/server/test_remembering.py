"""What is looked up of earlier runs, and kept in memory of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate

import pytest
import structlog
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from longwatch.logs import close_log, open_log
from longwatch.progress.fingerprint import Fingerprint
from longwatch.service.remembering import FRESH_S, MOST_LOOKUPS, Memory
from longwatch.store import runs
from longwatch.store.store import P, Store, T
from longwatch.store.writer import Transaction
from support.remembered import run
from support.stores import lay_out

D = Fingerprint(digest="d", tables=("flights",))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[structlog.stdlib.BoundLogger]:
    opened = open_log(tmp_path / "server.log", "debug")
    yield opened
    close_log(opened)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(lay_out(tmp_path / "jobs.sqlite"), lambda _changes: None)
    await opened.open()
    yield opened
    await opened.close()


@contextmanager
def lookups() -> Iterator[list[str]]:
    """What the databases are asked of runs within the context."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT runs."):
            asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_what_was_looked_up_is_not_asked_for_again(
    store: Store, log: structlog.stdlib.BoundLogger
) -> None:
    ticks = [100.0]
    memory = Memory(store, log, lambda: ticks[0])
    await memory.keep(run(1))
    await memory.keep(run(2))
    found = await memory.like(D, "sales", "duckdb")
    assert [one.job_id for one in found] == ["job-00002", "job-00001"]
    found.clear()
    with lookups() as asked:
        assert len(await memory.like(D, "sales", "duckdb")) == 2
        assert asked == []
        ticks[0] += FRESH_S
        assert len(await memory.like(D, "sales", "duckdb")) == 2
        assert len(asked) == 1, "another server may have kept some"


async def test_what_is_kept_or_forgotten_is_seen_at_once(
    store: Store, log: structlog.stdlib.BoundLogger
) -> None:
    memory = Memory(store, log)
    await memory.keep(run(1, "elsewhere", source="other"))
    assert await memory.like(D, "sales", "duckdb") == []
    await memory.keep(run(2, "e"))
    assert await memory.like(D, "sales", "duckdb") == [run(2, "e")], "one like it"
    await memory.keep(run(3))
    assert await memory.like(D, "sales", "duckdb") == [run(3), run(2, "e")]
    assert await memory.forget(digest="e") == 1
    assert await memory.like(D, "sales", "duckdb") == [run(3)]
    assert await memory.forget(source="sales") == 1
    assert await memory.like(D, "sales", "duckdb") == []
    assert await memory.forget() == 1


class LateStore(Store):
    """A store whose look-ups are answered when a test says so, as by a reader of PostgreSQL's."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lambda _changes: None)
        self.looked_up = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def run(
        self,
        operation: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        found = await super().run(operation, *args, **kwargs)
        if operation is runs.like:
            self.looked_up.set()
            await self.may_answer.wait()
        return found


async def test_an_answer_older_than_what_was_kept_meanwhile_is_not_kept_in_memory(
    tmp_path: Path, log: structlog.stdlib.BoundLogger
) -> None:
    store = LateStore(lay_out(tmp_path / "jobs.sqlite"))
    await store.open()
    memory = Memory(store, log)
    early = asyncio.create_task(memory.like(D, "sales", "duckdb"))
    await store.looked_up.wait()
    await memory.keep(run(1))
    store.may_answer.set()
    assert await early == []
    assert await memory.like(D, "sales", "duckdb") == [run(1)]
    await store.close()


async def test_many_are_forgotten_in_several_goes(
    store: Store, log: structlog.stdlib.BoundLogger
) -> None:
    def fill(tx: Any) -> None:
        for number in range(runs.BATCH + 1):
            runs.add(tx, run(number))

    await store.run(fill)
    assert await Memory(store, log).forget() == runs.BATCH + 1


async def test_memory_of_look_ups_is_bounded(
    store: Store, log: structlog.stdlib.BoundLogger
) -> None:
    memory = Memory(store, log)
    for number in range(MOST_LOOKUPS + 1):
        await memory.like(Fingerprint(digest=str(number)), "sales", "duckdb")
    with lookups() as asked:
        await memory.like(Fingerprint(digest=str(MOST_LOOKUPS)), "sales", "duckdb")
        assert asked == []
        await memory.like(Fingerprint(digest="0"), "sales", "duckdb")
        assert asked, "the oldest was let go"


async def test_a_store_that_fails_is_told_of_in_the_log_alone(
    store: Store, log: structlog.stdlib.BoundLogger, tmp_path: Path
) -> None:
    memory = Memory(store, log)
    await store.run(lambda tx: tx.connection.execute(text("DROP TABLE runs")).rowcount)
    await memory.keep(run(1))
    assert await memory.like(D, "sales", "duckdb") == []
    await memory.keep(run(2, rows="many"))
    await store.close()
    await memory.keep(run(3))
    assert await memory.like(D, "sales", "duckdb") == []
    told = (tmp_path / "server.log").read_text()
    assert told.count("run not kept") == 3
    assert told.count("earlier runs not looked up") == 2
