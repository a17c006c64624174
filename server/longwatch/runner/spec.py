"""What goes into a runner's mailbox and what comes out of it."""

from __future__ import annotations

import enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from longwatch.protocol.attempts import AttemptSpec, Ending, Outcome, Report, Trace, attempt_tag
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError
from longwatch.protocol.parameters import Parameter

__all__ = [
    "BATCH_ROWS",
    "Answer",
    "AttemptSpec",
    "Ending",
    "Identity",
    "Inspection",
    "Order",
    "Outcome",
    "Question",
    "Report",
    "Trace",
    "attempt_tag",
    "read_order",
]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """`runner.json`: which process it is. A pid alone may be another process by now; with the
    process's start time it cannot: `started_s` in seconds since 1970, reckoned from the wall clock,
    and on Linux `since_boot`, which boot it was and how many ticks after it. Only the latter stays
    when the clock is set."""

    pid: Annotated[int, Meta(ge=1, le=2**31 - 1)]
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
    describe, which is likely to be asked for.

    `bound`: the attempt belongs to a server elsewhere. It ends with whoever started it, and a
    statement that writes waits until the mailbox says that the server knows of it.
    """

    folder: str | None = None
    bound: bool = False
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
