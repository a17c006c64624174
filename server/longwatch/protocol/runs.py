"""What is remembered of runs that went to their end: what the time left of later ones rests on."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from longwatch.protocol.attempts import Trace
from longwatch.protocol.wire import Wire


class Accuracy(Wire, frozen=True, kw_only=True):
    """How right what was told of a run was, once its end was known.

    `fraction_error` is the mean over the run of |fraction − elapsed / total|, counting a time
    without a fraction as one with 0; `range_held` the share of the time with a range of the time
    left in which that held the truth, `None` if none was ever told; `range_width` the median of
    (high − low) / truth, `None` likewise.
    """

    fraction_error: float
    range_held: float | None = None
    range_width: float | None = None


class Run(Wire, frozen=True, kw_only=True):
    """One attempt that succeeded. `digest` is its query's fingerprint, literals aside; `tables` and
    `operators` what that is like, `numbers` its literals and parameters. `others` is how many other
    jobs ran beside it, on average; `repeat` whether the fingerprint had run before, which the store
    says. Sizes in bytes, times in seconds. `trace` has no points where it was left out."""

    job_id: str
    digest: str
    source: str
    engine: str
    tables: list[str] = field(default_factory=list)
    operators: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    ended_at: datetime
    duration_s: float
    cpu_s: float = 0.0
    rows: int = 0
    bytes: int = 0
    memory_bytes: int = 0
    others: float = 0.0
    repeat: bool = False
    accuracy: Accuracy | None = None
    trace: Trace = field(default_factory=Trace)


class SourceAccuracy(Wire, frozen=True, kw_only=True):
    """How right what was told of a source's runs was: `runs` counted, of which `repeats` had run
    before; the mean of their `fraction_error`s, of that of repeats and of first runs, the share
    of the time in which the ranges told held, weighed by run, and the median of their widths.
    `None` where there is none."""

    source: str
    runs: int
    repeats: int
    fraction_error: float | None = None
    fraction_error_repeats: float | None = None
    fraction_error_first: float | None = None
    range_held: float | None = None
    range_width: float | None = None


class RunPage(Wire, frozen=True, kw_only=True):
    """Some runs, newest first. `next` is the cursor of the next page, `None` on the last."""

    runs: list[Run]
    next: str | None


class AccuracyList(Wire, frozen=True, kw_only=True):
    """How right what was told was, for each source that has runs, by name."""

    sources: list[SourceAccuracy]


class RunsDeleted(Wire, frozen=True, kw_only=True):
    """How many runs were forgotten."""

    deleted: int
