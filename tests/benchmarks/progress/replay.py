"""Recorded runs once more: what Longwatch would have shown, and how far off that was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.progress import yardsticks
from benchmarks.progress.corpus import Recorded
from longwatch.progress.estimate import Earlier, Estimator
from longwatch.progress.staged import UNKNOWN, Dearness
from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.attempts import Report, Trace
from longwatch.protocol.jobs import Phase, Progress
from longwatch.protocol.runs import Accuracy

PHASES = tuple(Phase)


@dataclass(frozen=True, slots=True)
class Score:
    """One run: the mean of |fraction − elapsed / total|, ours, the engine's and that of DuckDB's
    command line, and how good our ranges were."""

    run: Recorded
    ours: Accuracy
    engine: float
    command_line: float


def reports(trace: Trace) -> list[Report]:
    """What the runner had reported."""
    count = max(trace.statements)
    return [
        Report(
            phase=PHASES[trace.phases[place]],
            elapsed_s=trace.elapsed_s[place],
            fraction=None if trace.fractions[place] < 0 else trace.fractions[place],
            rows=trace.rows[place],
            bytes=trace.bytes[place],
            memory_bytes=trace.memory_bytes[place],
            spill_bytes=trace.spill_bytes[place],
            cpu_s=trace.cpu_s[place],
            io_bytes=trace.io_bytes[place],
            statement=trace.statements[place],
            statements=count,
            stages=trace.stages,
        )
        for place in range(len(trace))
    ]


def error(trace: Trace, shown: Sequence[float]) -> float:
    """Each value counts for as long as it stood, by what it was off in the middle; before the first
    there was none, which counts as 0."""
    starts = np.asarray(trace.elapsed_s)
    total = starts[-1]
    ends = np.append(starts[1:], total)
    off = np.abs(np.asarray(shown) - (starts + ends) / 2 / total)
    return float((off * (ends - starts)).sum() + starts[0] ** 2 / total / 2) / float(total)


def _followed(
    run: Recorded, earlier: Sequence[Earlier], expected: Dearness
) -> tuple[ProgressTracker, list[Progress]]:
    tracker = ProgressTracker()
    tracker.bound(run.memory_bytes)
    tracker.expect(expected)
    if earlier:
        tracker.learn(Estimator(earlier))
    return tracker, [tracker.update(report) for report in reports(run.trace)]


def shown(
    run: Recorded, earlier: Sequence[Earlier], expected: Dearness = UNKNOWN
) -> list[Progress]:
    """What would have been shown of a run, report by report, after earlier ones; those of other
    queries tell what to expect of its plan."""
    return _followed(run, earlier, expected)[1]


def score(run: Recorded, earlier: Sequence[Earlier], expected: Dearness = UNKNOWN) -> Score | None:
    """How right that would have been; `None` if nothing was told of it."""
    ours = _followed(run, earlier, expected)[0].judged(run.duration_s)
    if ours is None:
        return None
    return Score(
        run,
        ours,
        error(run.trace, yardsticks.engine(run.trace)),
        error(run.trace, yardsticks.command_line(run.trace)),
    )
