"""A store of its own for each test, of both kinds there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.writer import PostgresThread
from longwatch.store.thread import OperationThread
from longwatch.store.writer import Changes, StoreThread
from support.postgres_stores import databases
from support.stores import lay_out

KINDS = ("sqlite", "postgresql")


class OpenStore:
    """A store thread, what it announced, and a way to run an operation and wait."""

    def __init__(self, where: Path | StoreAddress) -> None:
        self.announced: list[Changes] = []
        self.thread: OperationThread
        if isinstance(where, StoreAddress):
            self.address = where
            self.thread = PostgresThread(where, self.announced.append)
        else:
            self.path = lay_out(where)
            self.thread = StoreThread(where, self.announced.append)
        self.thread.open()

    @property
    def is_postgresql(self) -> bool:
        """Which kind it is."""
        return isinstance(self.thread, PostgresThread)

    def run(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What `operation` of the repository returns."""
        return self.thread.submit(lambda tx: operation(tx, *args, **kwargs)).result(10)

    def pragma(self, text: str) -> Any:
        """The answer to a PRAGMA on the store's own connection."""
        return self.run(lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {text}").scalar())


def opened(kind: str, folder: Path) -> Iterator[OpenStore]:
    """A new store of a kind, gone at the end."""
    if kind == "sqlite":
        store = OpenStore(folder / "jobs.sqlite")
        yield store
        store.thread.close()
        return
    address = databases.new()
    store = OpenStore(address)
    yield store
    store.thread.close()
    databases.drop(address)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """A new store."""
    yield from opened(request.param, tmp_path)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[OpenStore]:
    """A new store of SQLite, for what only that has."""
    yield from opened("sqlite", tmp_path)


@pytest.fixture
def postgresql_store(tmp_path: Path) -> Iterator[OpenStore]:
    """A new store of PostgreSQL, for what only that has, or what takes long."""
    yield from opened("postgresql", tmp_path)


@pytest.fixture(scope="module", params=KINDS)
def one_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenStore]:
    """One store for many examples."""
    yield from opened(request.param, tmp_path_factory.mktemp("one"))
