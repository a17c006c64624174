"""Jobs as both sides read and write them. The words are the glossary's (CONTRIBUTING.md)."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, field

from longwatch.protocol.parameters import MAX_PARAMETERS, Parameter, Parameters
from longwatch.protocol.wire import Count, Wire


class JobState(enum.StrEnum):
    """Where a job stands; the last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def is_final(self) -> bool:
        """Whether nothing can happen to the job any more."""
        return self in FINAL_STATES


FINAL_STATES: Final = frozenset(
    {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
)


class Phase(enum.StrEnum):
    """Where a running attempt is."""

    STARTING = "starting"
    CONNECTING = "connecting"
    PLANNING = "planning"
    EXECUTING = "executing"
    WRITING = "writing"


class ProgressBasis(enum.StrEnum):
    """What a fraction rests on: the engine's own measure, earlier runs of the query, both (the one
    read by the light of the other), or nothing."""

    MEASURED = "measured"
    HISTORY = "history"
    BOTH = "both"
    NONE = "none"


class Activity(enum.StrEnum):
    """What an attempt does whose fraction and rows stand still: it computes or reads (`working`);
    it waits, for a lock, a disk or an engine that runs elsewhere (`waiting`); or its process has
    not been heard of (`silent`). `moving` while there is no such question."""

    MOVING = "moving"
    WORKING = "working"
    WAITING = "waiting"
    SILENT = "silent"


class StatementKind(enum.StrEnum):
    """Whether running a statement again could change anything outside its own result."""

    READ = "read"
    WRITE = "write"


# What a job is made of is out of the garbage collector's sight (`gc=False`): none of it can hold
# itself, and to walk all of it again and again takes as long as reading 100,000 jobs (0.2 s).


class Progress(Wire, frozen=True, kw_only=True, gc=False):
    """What is known about a running attempt, or was known when it ended.

    `fraction` is 0 to 1, `None` when nothing supports one; it never falls within an attempt
    and is below 1 until the result is readable. `eta_low_s`/`eta_high_s` bound the seconds
    left, both `None` until the rate means something. `stalled_s` is how long neither the
    engine's fraction nor the rows have moved, and `activity` what it does meanwhile.
    `memory_bytes` is the runner's resident memory, `spill_bytes` what the engine has put on disk.
    `statement` is the one that runs, from 1, of so many `statements` of a script; both are 0 until
    it has been parsed. What the engine measures is of that statement alone; what earlier runs
    support is of the whole.
    """

    fraction: float | None = None
    basis: ProgressBasis = ProgressBasis.NONE
    rows: Count = 0
    bytes: Count = 0
    memory_bytes: Count = 0
    spill_bytes: Count = 0
    eta_low_s: float | None = None
    eta_high_s: float | None = None
    stalled_s: float = 0.0
    activity: Activity = Activity.MOVING
    statement: Count = 0
    statements: Count = 0


class JobError(Wire, frozen=True, kw_only=True, gc=False):
    """Why a job did not succeed; on one that is queued or running again, why the attempt before
    did not.

    `code` is stable (`syntax_error`, `memory_limit`, `runner_died` …); `message` is a sentence
    for the user; `line` and `column` count from 1 within the submitted SQL, `None` where the
    engine gives no place; `hint` says what to try.
    """

    code: str
    message: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class Column(Wire, frozen=True, kw_only=True, gc=False):
    """One column of a result: its name and its Arrow type as text (`int64`, `string` …)."""

    name: str
    type: str


class StoppedAt(enum.StrEnum):
    """The limit at which a result ends."""

    ROWS = "rows"
    BYTES = "bytes"


class ResultSummary(Wire, frozen=True, kw_only=True, gc=False):
    """How much a query returned. `bytes` is the size on disk; `complete` is false while rows are
    still being written, and for ever when there are fewer than the query would have returned:
    because the attempt ended early, or because it `stopped_at` a limit."""

    rows: Count
    bytes: Count
    complete: bool
    stopped_at: StoppedAt | None = None


class ResultInfo(ResultSummary, frozen=True, kw_only=True, gc=False):
    """What a query returned, with its columns."""

    columns: list[Column]

    def summary(self) -> ResultSummary:
        """The same without columns: there may be thousands."""
        return ResultSummary(
            rows=self.rows, bytes=self.bytes, complete=self.complete, stopped_at=self.stopped_at
        )


MAX_SQL_CHARS: Final = 1_000_000
MAX_NAME_CHARS: Final = 200

SourceName = Annotated[str, Meta(min_length=1, max_length=100)]
AttemptNumber = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Limits(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one attempt may use (`memory_bytes`, seconds `run_s`), how many seconds a job may wait
    for its first (`queue_s`), and at how many `result_rows` and about how many `result_bytes` on
    disk a result ends; `None` takes the server's default."""

    memory_bytes: Annotated[int, Meta(ge=64 * 2**20, le=2**50)] | None = None
    run_s: Annotated[float, Meta(gt=0, le=365 * 86_400)] | None = None
    queue_s: Annotated[float, Meta(gt=0, le=365 * 86_400)] | None = None
    result_rows: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    result_bytes: Annotated[int, Meta(ge=2**16, le=2**53)] | None = None


MAX_NOTIFIED: Final = 10
TargetName = Annotated[str, Meta(min_length=1, max_length=100)]


class Submission(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a submit. Without a source the server's default source is taken; without a
    name one is made from the SQL. `parameters` are the values of its `:name`s.
    `notify` names who is told when it is over, of those that the server's settings allow."""

    sql: Annotated[str, Meta(max_length=MAX_SQL_CHARS)]
    source: SourceName | None = None
    name: Annotated[str, Meta(max_length=MAX_NAME_CHARS)] | None = None
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    limits: Limits = Limits()
    parameters: Annotated[Parameters, Meta(max_length=MAX_PARAMETERS)] = field(default_factory=dict)
    notify: Annotated[tuple[TargetName, ...], Meta(max_length=MAX_NOTIFIED)] = ()


class JobSummary(Wire, frozen=True, kw_only=True, gc=False):
    """A job without its SQL and its result's columns: what the feed carries and a table row needs.

    `preview` is the start of the SQL on one line, 200 characters at most. `seq` is the number
    of the job's last committed change, the feed's cursor. Times are UTC.
    """

    id: str
    name: str
    preview: str
    source: str
    owner: str
    state: JobState
    phase: Phase | None
    progress: Progress
    kind: StatementKind | None
    priority: Annotated[int, Meta(ge=-100, le=100)]
    attempt: AttemptNumber
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_confirmed: bool | None
    error: JobError | None
    result: ResultSummary | None
    seq: Count


class Job(JobSummary, frozen=True, kw_only=True):
    """A job in full. `retry_of` is the job that it was submitted anew from, if any. Where workers
    carry queries out, `worker` has or had the newest attempt, for the Celery task `task_id`."""

    result: ResultInfo | None
    sql: str
    limits: Limits
    parameters: dict[str, Parameter] = field(default_factory=dict)
    retry_of: str | None = None
    worker: str | None = None
    task_id: str | None = None
    notify: tuple[str, ...] = ()

    def submission(self) -> Submission:
        """What it was submitted as: to submit it again."""
        return Submission(
            sql=self.sql,
            source=self.source,
            name=self.name,
            priority=self.priority,
            limits=self.limits,
            parameters={**self.parameters},
            notify=self.notify,
        )


MAX_TEXT_CHARS: Final = 200
"""Of a text that is looked for."""
MAX_WORDS: Final = 20

Moment = Annotated[datetime, Meta(tz=True)]


class JobFilter(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs are meant; `None` means any, as does no state at all.

    `text` is looked for in names and SQL, upper or lower case. Of `words` each must be in the
    name, the SQL, the source, the owner or the id. Jobs were submitted at
    `submitted_after` or later, and earlier than `submitted_before`: two filters that meet at a
    moment share no job.
    """

    state: tuple[JobState, ...] = ()
    source: SourceName | None = None
    owner: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)] | None = None
    text: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)] | None = None
    words: Annotated[
        tuple[Annotated[str, Meta(max_length=MAX_TEXT_CHARS)], ...], Meta(max_length=MAX_WORDS)
    ] = ()
    submitted_after: Moment | None = None
    submitted_before: Moment | None = None


class JobPage(Wire, frozen=True, kw_only=True):
    """One page of the list, newest first. `next` is the cursor of the page after it, `None` on
    the last; `total` counts every job that matches, so a shortened list can say that it is.
    `totals` counts those of each state, as if no state had been asked for. With `at_least` there
    may be more: what matches a text or a time is counted up to a thousand or two."""

    jobs: list[JobSummary]
    next: str | None
    total: int
    totals: dict[JobState, int]
    at_least: bool = False


class ResultPage(Wire, frozen=True, kw_only=True):
    """The JSON form of a page of rows: values as JSON, or as text where JSON has no such type."""

    columns: list[Column]
    offset: int
    rows: list[list[Any]]
    total_rows: int
    complete: bool
