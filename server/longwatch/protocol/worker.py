"""What workers say to a server and hear from it, and what others are told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, field

from longwatch.protocol.attempts import AttemptSpec, Outcome, Report
from longwatch.protocol.wire import Wire

DEFAULT_QUEUE: Final = "longwatch"
MAX_LOG_BYTES: Final = 2**16
"""Of the log, in one heartbeat."""
SEGMENT_PATTERN: Final = r"^[0-9]{6}\.arrow$(?!\n)"

WorkerName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$(?!\n)")]
QueueName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$(?!\n)")]
JobId = Annotated[str, Meta(pattern=r"^[a-z0-9]{16}$(?!\n)")]
ClaimKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
Short = Annotated[str, Meta(max_length=200)]


class Hint(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a broker carries: that an attempt may be claimed."""

    job: JobId
    attempt: Annotated[int, Meta(ge=1, le=1_000)]


class Presence(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker is there: it takes jobs from these `queues`, so many at once. `draining`: it takes
    no more; `leaving`: it is gone in a moment."""

    name: WorkerName
    version: Short
    host: Short
    queues: Annotated[list[QueueName], Meta(min_length=1, max_length=100)]
    concurrency: Annotated[int, Meta(ge=1, le=1_000)]
    draining: bool = False
    leaving: bool = False


class ClaimRequest(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker came for an attempt. `key` is made anew for each: whatever is said of the attempt
    later carries it, so that a second one who heard of it says nothing."""

    job_id: JobId
    attempt: Annotated[int, Meta(ge=1, le=1_000)]
    key: ClaimKey
    worker: WorkerName
    task_id: Short


class Claim(Wire, frozen=True, kw_only=True):
    """The attempt is the worker's: what to run, the secrets of its source, and for how many seconds
    it stays the worker's without a word."""

    spec: AttemptSpec
    secrets: dict[str, str] = field(default_factory=dict)
    lease_s: float


class Heartbeat(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worker still has the attempt; its newest `report`, and what its log has from byte
    `log_offset` on."""

    report: Report | None = None
    log_offset: Annotated[int, Meta(ge=0)] = 0
    log: Annotated[bytes, Meta(max_length=MAX_LOG_BYTES)] = b""


class HeartbeatAnswer(Wire, frozen=True, kw_only=True):
    """`cancel`: end it. `may_write`: the server has it on its disk that this attempt writes, so it
    may begin. `log_bytes` is how much of the log the server has."""

    cancel: bool = False
    may_write: bool = False
    log_bytes: int = 0


class SegmentSize(Wire, frozen=True, kw_only=True):
    """How many bytes of a segment the server has: where to go on."""

    bytes: int


class AttemptEnd(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an attempt ended: the runner's own `outcome`, or a clause of how it `died`, or else it is
    handed back because its worker stops. `confirmed`: its process is gone for certain."""

    outcome: Outcome | None = None
    died: Short | None = None
    last: Report | None = None
    confirmed: bool = False


class Worker(Wire, frozen=True, kw_only=True):
    """A worker as others see it. It was first heard of at `since`, and last at `heard_at`; `jobs`
    are those that it carries out. `is_there`: it was heard of lately."""

    name: str
    version: str
    host: str
    queues: list[str]
    concurrency: int
    jobs: list[str]
    since: datetime
    heard_at: datetime
    is_there: bool
    draining: bool


class WorkerList(Wire, frozen=True, kw_only=True):
    """Every worker that was heard of lately, by name. `executor` is `local` on a server that
    carries its queries out itself; `trouble` is what is wrong with the broker."""

    executor: str
    workers: list[Worker]
    trouble: str | None = None
