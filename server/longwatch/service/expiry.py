"""What is kept of results, what there is, and which of it goes. Pure: looks at nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from longwatch.execution.folders import AttemptFolder


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept; `None` is without bound."""

    results_for: timedelta | None
    results_bytes: int | None
    jobs_for: timedelta | None
    jobs: int | None
    runs_for: timedelta | None = None
    runs: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A result that could go: nobody writes it any more."""

    job_id: str
    attempt: AttemptFolder
    finished_at: datetime
    owner: str = ""


def expired(
    stored: Iterable[Stored], total_bytes: int, keep: Keep, now: datetime | None
) -> list[Stored]:
    """Those of `stored` that go, the oldest first; `total_bytes` is what all results take up,
    those being written included. Without `now` none is too old."""
    going: list[Stored] = []
    oldest = None if keep.results_for is None or now is None else now - keep.results_for
    for one in sorted(stored, key=lambda one: one.finished_at):
        too_old = oldest is not None and one.finished_at < oldest
        too_much = keep.results_bytes is not None and total_bytes > keep.results_bytes
        if too_old or too_much:
            going.append(one)
            total_bytes -= one.attempt.result_bytes
    return going


@dataclass(slots=True)
class Held:
    """How many results there are of somebody, and what they take up."""

    results: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Survey:
    """What a look at all folders found."""

    looked_at: datetime
    stored: list[Stored] = field(default_factory=list)
    total_bytes: int = 0
    held: defaultdict[str, Held] = field(default_factory=lambda: defaultdict(Held))
    """By owner."""

    def lose(self, one: Stored) -> None:
        """A result is gone."""
        held = self.held[one.owner]
        held.results -= 1
        held.bytes -= one.attempt.result_bytes
