"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from longwatch.store.writer import Changes, StoreThread
from support.stores import lay_out


class OpenStore:
    """A store thread, what it announced, and a way to run an operation and wait."""

    def __init__(self, path: Path) -> None:
        self.path = lay_out(path)
        self.announced: list[Changes] = []
        self.thread = StoreThread(path, self.announced.append)
        self.thread.open()

    def run(self, operation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What `operation` of the repository returns."""
        return self.thread.submit(lambda tx: operation(tx, *args, **kwargs)).result(10)

    def pragma(self, text: str) -> Any:
        """The answer to a PRAGMA on the store's own connection."""
        return self.run(lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {text}").scalar())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OpenStore]:
    """A new store."""
    opened = OpenStore(tmp_path / "jobs.sqlite")
    yield opened
    opened.thread.close()


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStore]:
    """One store for many examples."""
    opened = OpenStore(tmp_path_factory.mktemp("one") / "jobs.sqlite")
    yield opened
    opened.thread.close()
