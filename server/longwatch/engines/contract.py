"""What an engine must do. One module an engine; the runner drives it through these types.

A session lives in a runner process of its own. `poll` and `interrupt` are called from a second
thread while `execute`'s batches are being drawn on the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from longwatch.protocol.jobs import JobError, StatementKind

if TYPE_CHECKING:
    import pyarrow as pa


class EngineError(Exception):
    """The engine refused or failed the query: the user's SQL, the data, or a limit."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.message)
        self.error = error


class Interrupted(Exception):
    """The query ended because `interrupt` was called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """What a session may use: a folder to spill to, which need not be there yet, bytes of memory,
    bytes of spill, and how many threads."""

    spill: Path
    memory_bytes: int
    spill_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the submitted SQL, and where it begins in it (in characters)."""

    sql: str
    start: int
    kind: StatementKind


@dataclass(frozen=True, slots=True)
class Vitals:
    """An engine's own view of a running query: `fraction` 0 to 1 or `None` when it has none;
    `memory_bytes` and `spill_bytes` it holds, `None` when it cannot tell."""

    fraction: float | None
    memory_bytes: int | None
    spill_bytes: int | None


class Session(ABC):
    """One open source."""

    @abstractmethod
    def parse(self, sql: str) -> list[Statement]:
        """Split and classify; runs nothing. Never empty. Raises `EngineError`."""

    @abstractmethod
    def plan(self, statement: Statement) -> None:
        """Check names and types against the source, as far as the engine can without running
        anything. Raises `EngineError` with line and column where the engine knows them, or
        `Interrupted`."""

    @abstractmethod
    def execute(self, statement: Statement, batch_rows: int) -> tuple[pa.Schema, Batches]:
        """Start a statement: its schema, and its rows in batches of about `batch_rows` as the
        engine produces them. Raises `EngineError` or `Interrupted`, and so may each batch."""

    @abstractmethod
    def poll(self) -> Vitals:
        """How the running statement is doing; any thread; never raises, never blocks long."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ask the running statement to stop; any thread; returns at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the source."""


class Engine(ABC):
    """Opens sources of one kind."""

    needs_network: ClassVar[bool] = False
    """Whether its sources are reached by TCP, which a runner otherwise gives up."""

    @abstractmethod
    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """Do what takes time and needs no source: imports, a first connection. With `options`,
        what can be done in advance for that source too, without getting in anybody's way. Raises
        nothing for a source that cannot be opened: `open` will."""

    @abstractmethod
    def open(self, options: dict[str, str], workspace: Workspace) -> Session:
        """Open the source that `options` describe. Raises `EngineError`."""


if TYPE_CHECKING:
    Batches = Iterator[pa.RecordBatch]
