"""What goes into a runner's mailbox and what comes out of it."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, Phase, ResultInfo, StatementKind
from longwatch.protocol.parameters import Parameter


class AttemptSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`spec.json`: everything one attempt needs to know but its source's secrets, which come with
    the order and never lie on a disk. Sizes in bytes, `run_s` in seconds."""

    job_id: str
    attempt: int
    sql: str
    engine: str
    options: dict[str, str]
    source: str = ""
    memory_bytes: int
    spill_bytes: int
    threads: int
    run_s: float | None = None
    result_rows: int | None = None
    result_bytes: int | None = None
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)

    @property
    def tag(self) -> str:
        """What the engine's own list of what runs is to call it."""
        return attempt_tag(self.job_id, self.attempt)


def attempt_tag(job_id: str, attempt: int) -> str:
    """The tag of an attempt, 63 characters at most."""
    return f"longwatch {job_id} {attempt}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`progress.json`: where the attempt is. `fraction` is the engine's own word, 0 to 1 or
    `None`; it may fall or stand at 1 early. `elapsed_s` counts from the start of the attempt by
    the runner's monotonic clock; `statement` is the one that runs, from 1, of `statements`."""

    phase: Phase
    elapsed_s: float
    fraction: float | None = None
    rows: int = 0
    bytes: int = 0
    memory_bytes: int = 0
    spill_bytes: int = 0
    kind: StatementKind | None = None
    result: ResultInfo | None = None
    statement: int = 0
    statements: int = 0


class Ending(enum.StrEnum):
    """How an attempt ended, by the runner's own word."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`outcome.json`, the last file written, on disk before it is named."""

    ending: Ending
    last: Report
    error: JobError | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """`runner.json`: which process it is. A pid alone may be another process by now; with the
    process's start time it cannot: `started_s` in seconds since 1970, reckoned from the wall clock,
    and on Linux `since_boot`, which boot it was and how many ticks after it. Only the latter stays
    when the clock is set."""

    pid: int
    started_s: float
    since_boot: str | None = None


class Question(enum.StrEnum):
    """What can be asked of a source without running anything."""

    TEST = "test"
    CATALOGUE = "catalogue"
    ESTIMATE = "estimate"
    SWEEP = "sweep"
    """End what an attempt that is gone still runs in the engine."""


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `options` with their secrets; `sql` and `parameters` for an estimate, `tag` for
    a sweep; `spill` a folder that may be made; sizes in bytes."""

    question: Question
    options: dict[str, str]
    spill: str
    memory_bytes: int
    threads: int
    sql: str = ""
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)
    tag: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner found; with an `error` nothing else. `swept`: nothing is left in the engine."""

    error: JobError | None = None
    catalogue: Catalogue | None = None
    estimate: Estimate | None = None
    swept: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a runner's standard input: run the attempt whose mailbox is `folder`, with the
    `secrets` of its source; or answer a question; or else make ready for the source that `options`
    describe, which is likely to be asked for."""

    folder: str | None = None
    options: dict[str, str] | None = None
    secrets: dict[str, str] | None = None
    inspection: Inspection | None = None

    def line(self) -> bytes:
        """As it is sent: JSON, so that a folder may have any name."""
        return msgspec.json.encode(self) + b"\n"


def read_order(line: bytes) -> Order:
    """The order in a line. Raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(line, type=Order)


BATCH_ROWS: Final = 10_240
"""Rows a batch: 500 rows at any offset then come by memory map in 3.7 ms (lz4)."""
