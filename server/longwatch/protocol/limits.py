"""What a server allows and keeps, and whom it may tell of a job's end."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from longwatch.protocol.wire import Wire


class LimitOrigin(enum.StrEnum):
    """Where the value of a limit comes from. An argument comes before a variable of the
    environment, that before the file, and that before the default."""

    ARGUMENT = "argument"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


class Limit(Wire, frozen=True, kw_only=True):
    """One limit of a server, as it holds since its start. The unit of `value` is the end of `name`
    (`_s`, `_bytes` …); without a value there is no bound. `variable` is the one of the environment
    that sets it, `about` says what it is."""

    name: str
    value: float | None
    origin: LimitOrigin
    variable: str
    about: str


class LimitList(Wire, frozen=True, kw_only=True):
    """What a server allows, and the `file` on its machine in which that can be changed: it counts
    from the next start on."""

    limits: list[Limit]
    file: str


class TargetList(Wire, frozen=True, kw_only=True):
    """The names of those who can be told of a job's end: what `notify` of a submission may have.
    Where they lead is not told."""

    targets: list[str]


class Holding(Wire, frozen=True, kw_only=True):
    """What is kept of one person: how many jobs, and how many results of what size on disk."""

    owner: str
    jobs: int
    results: int
    bytes: int


class Retention(Wire, frozen=True, kw_only=True):
    """How long results and jobs are kept, and how runs went is remembered (`None`: without bound),
    and what of everybody there is, the most bytes first. Results were counted at `looked_at`."""

    keep_results_days: float | None
    keep_results_bytes: int | None
    keep_jobs_days: float | None
    keep_jobs: int | None
    runs_kept_days: float | None = None
    max_runs: int | None = None
    holdings: list[Holding]
    looked_at: datetime


class SweepKind(enum.StrEnum):
    """What goes: results, or jobs that are over with all they left."""

    RESULTS = "results"
    JOBS = "jobs"


class Sweep(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to go: whatever of `kind` is of a job that ended more than `older_days` ago. With
    `dry_run` it is only counted."""

    kind: SweepKind
    older_days: Annotated[float, Meta(ge=0, le=36_500)]
    dry_run: bool = False


class Swept(Wire, frozen=True, kw_only=True):
    """What went, or would go. What somebody has opened within the last hour stays."""

    jobs: int
    results: int
    bytes: int
