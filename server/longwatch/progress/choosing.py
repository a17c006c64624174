"""Which earlier runs say something of a new one, and how much."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from longwatch.progress.curves import Curve, curve_of
from longwatch.progress.estimate import Earlier
from longwatch.progress.staged import UNKNOWN, Dearness, work
from longwatch.protocol.attempts import Stage
from longwatch.protocol.runs import Run

LEAST_SPREAD: Final = 0.05
MOST_SPREAD: Final = 0.7
FEW_SPREAD: Final = 0.15
"""Of the logarithm of the work: what one earlier run leaves open, and what it counts for when there
are more. Of TPC-H's queries with other parameters the middle is 0.1, the largest 0.5."""
MOST_EARLIER: Final = 5
"""Runs compared with: more say little more, and each costs 3 µs a report."""
AGING: Final = 0.8
"""How much each run counts of what the next newer one does."""
SAME_SIZE: Final = 2.0
"""Times the planned work of another run that count as the same. Of recorded runs whose tables were
a third of the size before, the bar was off by 25 % without, and is by 8."""
GROWTH_SPREAD: Final = 0.3
"""What growth leaves open, as a part of its logarithm."""
SAME_NUMBERS: Final = 3.0
"""How many times more a run counts that had the same literals and parameters."""


def earlier_runs(
    runs: Sequence[Run], numbers: Sequence[float], stages: Sequence[Stage] = ()
) -> list[Earlier]:
    """What runs of the same query, newest first, say of one with these `numbers` and `stages`."""
    known: list[tuple[Run, Curve]] = []
    for run in runs:
        curve = curve_of(run.trace) if len(known) < MOST_EARLIER else None
        if curve is not None:
            known.append((run, curve))
    spread = _spread([curve.work for _, curve in known])
    sizes = [_growth(run.trace.stages, stages) for run, _ in known]
    return [
        Earlier(
            curve=curve,
            size=sizes[age],
            spread=math.hypot(spread, GROWTH_SPREAD * math.log(sizes[age])),
            weight=AGING**age * (SAME_NUMBERS if list(numbers) == run.numbers else 1.0),
        )
        for age, (run, curve) in enumerate(known)
    ]


def dearness(runs: Sequence[Run]) -> Dearness:
    """By how much runs of other queries were dearer than their plans let expect. What is known
    beforehand counts as one run more, and some alike do not make the next one sure."""
    logs = [
        math.log(done / planned)
        for run in runs
        if (planned := sum(stage.work_s for stage in run.trace.stages)) > 0
        and (done := _work_of_last_statement(run)) > 0
    ]
    middle = (sum(logs) + UNKNOWN.middle) / (len(logs) + 1)
    squares = sum((one - middle) ** 2 for one in logs) + UNKNOWN.spread**2
    spread = max(UNKNOWN.spread, math.sqrt(squares / (len(logs) + 1)))
    return Dearness(middle, spread, len(logs))


def _growth(before: Sequence[Stage], now: Sequence[Stage]) -> float:
    """How many times the work of an earlier run one is expected to have, by the plans of both: the
    tables may be larger by now. Plans also differ by what they guess of other parameters."""
    old, new = (sum(one.work_s for one in stages) for stages in (before, now))
    if not (0 < old < math.inf and 0 < new < math.inf):
        return 1.0
    times = new / old
    return times if max(times, 1 / times) > SAME_SIZE else 1.0


def _work_of_last_statement(run: Run) -> float:
    """Seconds of work of what the stages of a run belong to; 0 where the trace does not tell."""
    trace = run.trace
    if not len(trace):
        return 0.0
    cpu_s, elapsed_s = trace.cpu_s[-1], run.duration_s
    last = trace.statements[-1]
    if last > 1:
        first = trace.statements.index(last)
        cpu_s, elapsed_s = cpu_s - trace.cpu_s[first], elapsed_s - trace.elapsed_s[first]
    return work(trace.stages, cpu_s, elapsed_s)


def _spread(works: Sequence[float]) -> float:
    """How far the work of a run lies from that of others, as the standard deviation of logarithms:
    what they differed by until now, and `FEW_SPREAD` as if that were two runs more."""
    if not works:
        return FEW_SPREAD
    logs = [math.log(work) for work in works]
    middle = statistics.fmean(logs)
    squares = sum((one - middle) ** 2 for one in logs) + 2 * FEW_SPREAD**2
    return min(MOST_SPREAD, max(LEAST_SPREAD, math.sqrt(squares / (len(logs) + 1))))
