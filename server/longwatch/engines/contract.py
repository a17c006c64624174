"""What an engine must do. One module an engine; the runner drives it through these types.

A session lives in a runner process of its own. `poll` and `interrupt` are called from a second
thread while `execute`'s batches are being drawn on the first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from longwatch.protocol.attempts import Stage
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.parameters import Parameter

if TYPE_CHECKING:
    import pyarrow as pa

MAX_TABLES: Final = 5_000
"""Tables a catalogue lists; it says so when there are more."""


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
    bytes of spill, and how many threads. `tag` is how the engine's own list of what runs is to
    call the session, where it has one; no other session bears it."""

    spill: Path
    memory_bytes: int
    spill_bytes: int
    threads: int
    tag: str = "longwatch"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the submitted SQL, and where it begins in it (in characters). Engines keep
    what else they need to know of it, such as its bound values, in a subclass."""

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


NO_VITALS: Final = Vitals(None, None, None)


class Session(ABC):
    """One open source."""

    @abstractmethod
    def parse(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Statement]:
        """Split, classify, and bind the `:name`s that `parameters` has; runs nothing. Never empty.
        Raises `EngineError`."""

    @abstractmethod
    def plan(self, statement: Statement) -> None:
        """Check names and types against the source, as far as the engine can without running
        anything. Raises `EngineError` with line and column where the engine knows them, or
        `Interrupted`."""

    def stages(self) -> list[Stage]:
        """What lies before the statement that was planned last, as far as the engine's planner can
        tell; asked while it runs, by another thread. Never raises, never blocks long."""
        return []

    @abstractmethod
    def execute(self, statement: Statement, batch_rows: int) -> tuple[pa.Schema, Batches]:
        """Start a statement: its schema, and its rows in batches of about `batch_rows` as the
        engine produces them. Raises `EngineError` or `Interrupted`, and so may each batch."""

    @abstractmethod
    def estimate(self, statement: Statement) -> Estimate:
        """What the engine's planner expects of a statement, and its plan as text; runs nothing.
        Raises `EngineError`."""

    @abstractmethod
    def catalogue(self) -> Catalogue:
        """The tables and views there are, with their columns and what is cheaply known of their
        sizes. Raises `EngineError`."""

    @abstractmethod
    def poll(self) -> Vitals:
        """How the running statement is doing; any thread; never raises, never blocks long."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ask the running statement to stop; any thread; returns at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the source. An engine that runs elsewhere has stopped when this returns, as
        far as it can be made to."""


class Engine(ABC):
    """Opens sources of one kind."""

    needs_network: ClassVar[bool] = False
    """Whether its sources are reached by TCP or a socket, which a runner otherwise gives up."""
    runs_elsewhere: ClassVar[bool] = False
    """Whether a query may go on in the engine after its runner is gone; then `sweep` ends it."""
    secrets: ClassVar[frozenset[str]] = frozenset()
    """The options that are secret: stored encrypted, never given back, never logged."""

    @abstractmethod
    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """Do what takes time and needs no source: imports, a first connection. With `options`,
        what can be done in advance for that source too, without getting in anybody's way. Raises
        nothing for a source that cannot be opened: `open` will."""

    @abstractmethod
    def open(self, options: dict[str, str], workspace: Workspace) -> Session:
        """Open the source that `options` describe. Raises `EngineError`."""

    def sweep(self, options: dict[str, str], tag: str) -> bool:
        """End what sessions called `tag` still run in the engine; true once none does. Only asked
        of engines that run elsewhere. Raises `EngineError` when the engine cannot be reached."""
        raise NotImplementedError(f"{type(self).__name__} runs in its runner, or must say how")


if TYPE_CHECKING:
    Batches = Iterator[pa.RecordBatch]
