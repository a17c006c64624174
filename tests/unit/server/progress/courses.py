"""Runs made up for tests: at what share of the time how much was done and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from longwatch.protocol.attempts import Report, Trace
from longwatch.protocol.jobs import Phase
from longwatch.protocol.runs import Run

Told = Callable[[float], float | None]
"""What the engine tells at a share of the time."""


def crooked(share: float) -> float:
    """As DuckDB does for an aggregation of few groups: half at once, and no more."""
    return min(0.5, 2 * share) if share > 0.02 else 0.0


def nothing(_share: float) -> None:
    """An engine that tells nothing."""


def reports(
    duration_s: float, told: Told, cores: float = 2.0, points: int = 50
) -> Iterator[Report]:
    """The reports of a run, the last at its end."""
    for number in range(1, points + 1):
        elapsed_s = duration_s * number / points
        yield Report(
            phase=Phase.EXECUTING,
            elapsed_s=elapsed_s,
            fraction=told(number / points),
            cpu_s=cores * elapsed_s,
            statement=1,
            statements=1,
        )


def trace(duration_s: float, told: Told, cores: float = 2.0) -> Trace:
    """The trace of the same."""
    seen = list(reports(duration_s, told, cores))
    return Trace(
        elapsed_s=[one.elapsed_s for one in seen],
        fractions=[-1.0 if one.fraction is None else one.fraction for one in seen],
        rows=[0] * len(seen),
        bytes=[0] * len(seen),
        memory_bytes=[0] * len(seen),
        spill_bytes=[0] * len(seen),
        io_bytes=[0] * len(seen),
        cpu_s=[one.cpu_s for one in seen],
        phases=[3] * len(seen),
        statements=[1] * len(seen),
    )


def run(duration_s: float, told: Told = crooked, cores: float = 2.0, **more: object) -> Run:
    """The same, remembered."""
    return Run(
        job_id="j",
        digest="d",
        source="s",
        engine="duckdb",
        ended_at=datetime(2026, 1, 1, tzinfo=UTC),
        duration_s=duration_s,
        trace=trace(duration_s, told, cores),
        **more,  # type: ignore[arg-type]
    )
