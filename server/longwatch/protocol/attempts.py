"""One try at a job: what it is given, what it reports, how it ended. Between a server and a runner
these are the files of a mailbox; between a server and a worker they go over the wire."""

from __future__ import annotations

import enum

import msgspec
from msgspec import field

from longwatch.protocol.jobs import JobError, Phase, ResultInfo, StatementKind
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.wire import Count, Wire


class AttemptSpec(Wire, frozen=True, kw_only=True):
    """`spec.json`: everything one attempt needs to know but its source's secrets, which come with
    the order, or with a worker's claim, and never lie on a disk. Sizes in bytes, `run_s` in
    seconds."""

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
    parameters: dict[str, Parameter] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """What the engine's own list of what runs is to call it."""
        return attempt_tag(self.job_id, self.attempt)


def attempt_tag(job_id: str, attempt: int) -> str:
    """The tag of an attempt, 63 characters at most."""
    return f"longwatch {job_id} {attempt}"


class Stage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of a statement as the engine's planner sees it: `told`, which share of the engine's
    own fraction it makes up (of all stages 1 together; 0 where the fraction stands meanwhile),
    `work_s`, how many seconds of processor time it is expected to take, and `spilled_s`, how many
    more if what it gathers does not fit into memory."""

    told: float
    work_s: float
    spilled_s: float = 0.0


class Report(Wire, frozen=True, kw_only=True):
    """`progress.json`: where the attempt is. `fraction` is the engine's own word, 0 to 1 or
    `None`; it may fall or stand at 1 early. `elapsed_s` counts from the start of the attempt by
    the runner's monotonic clock; `statement` is the one that runs, from 1, of `statements`.

    `cpu_s` are the seconds of processor time that the runner has used since the attempt began, of
    all its threads together; `io_bytes` what it has read and written since then by its system
    calls, 0 where the system does not tell. An engine that runs elsewhere uses neither here.

    `stages` are those of the statement that runs, in their order; none where the engine's planner
    was not asked, or tells none."""

    phase: Phase
    elapsed_s: float
    fraction: float | None = None
    rows: Count = 0
    bytes: Count = 0
    memory_bytes: Count = 0
    spill_bytes: Count = 0
    kind: StatementKind | None = None
    result: ResultInfo | None = None
    statement: Count = 0
    statements: Count = 0
    cpu_s: float = 0.0
    io_bytes: Count = 0
    stages: list[Stage] = field(default_factory=list)


class Trace(Wire, frozen=True, kw_only=True):
    """How an attempt went: what it reported, as columns of the same length, at most some hundred
    points from its first report to its last. Units as in `Report`; -1 stands for a `fraction`
    that the engine did not tell, and `phases` are places in `Phase`. Columns of which nobody makes
    a curve may be empty. Raises `ValueError` for other lengths. `stages`, no column, are those of
    the last statement."""

    elapsed_s: list[float] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)
    rows: list[Count] = field(default_factory=list)
    bytes: list[Count] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    memory_bytes: list[Count] = field(default_factory=list)
    spill_bytes: list[Count] = field(default_factory=list)
    io_bytes: list[Count] = field(default_factory=list)
    phases: list[Count] = field(default_factory=list)
    statements: list[Count] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in self.__struct_fields__ if name != "stages"}
        told = (self.cpu_s, self.fractions, self.rows, self.statements)
        if lengths - {0, len(self)} or any(len(column) != len(self) for column in told):
            raise ValueError("the columns of a trace are not of one length")

    def __len__(self) -> int:
        return len(self.elapsed_s)


class Ending(enum.StrEnum):
    """How an attempt ended, by the runner's own word."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(Wire, frozen=True, kw_only=True):
    """`outcome.json`, the last file written, on disk before it is named. `trace` is `None` where
    none was kept."""

    ending: Ending
    last: Report
    error: JobError | None = None
    trace: Trace | None = None
