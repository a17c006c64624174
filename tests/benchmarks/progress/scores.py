"""Sets of recorded runs, replayed: after earlier ones of the same query, as the first of it, and
beside another."""

from __future__ import annotations

import functools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from benchmarks.progress.corpus import Recorded
from benchmarks.progress.replay import Score, score
from longwatch.progress.choosing import MOST_EARLIER, dearness, earlier_runs
from longwatch.progress.estimate import Earlier
from longwatch.progress.fingerprint import fingerprint
from longwatch.progress.staged import Dearness
from longwatch.protocol.runs import Run
from longwatch.service.foresight import LEAST_KEPT_S
from longwatch.store.runs import MOST_OTHERS

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
LEAST_S: Final = 1.0
"""Shorter runs are over before anybody has looked."""
THIRDS: Final = {10.0: 3.0, 30.0: 10.0}
"""Scales, and those with about a third of their data."""


_fingerprint = functools.cache(fingerprint)


def remembered(one: Recorded) -> Run:
    """A recorded run as the server would remember it."""
    print_ = _fingerprint(one.sql, one.engine, f"tpch-{one.scale:g}")
    return Run(
        job_id=f"{one.query}-{one.seed}",
        digest=print_.digest,
        source=f"tpch-{one.scale:g}",
        engine=one.engine,
        numbers=list(print_.numbers),
        ended_at=_EPOCH,
        duration_s=one.duration_s,
        trace=one.trace,
    )


def _known(runs: Iterable[Recorded], engine: str, scale: float) -> list[Recorded]:
    """What a server over those data would remember: runs that were alone, and long enough."""
    return [
        one
        for one in runs
        if (one.engine, one.scale) == (engine, scale)
        and one.loaded_s is None
        and one.duration_s >= LEAST_KEPT_S
    ]


def earlier_of(
    one: Recorded, runs: Iterable[Recorded], scale: float | None = None
) -> list[Earlier]:
    """What other runs of its query, with other parameters, say of a run; over the same data, or
    those of another `scale`."""
    known = [
        remembered(other)
        for other in _known(runs, one.engine, one.scale if scale is None else scale)
        if other is not one and other.query == one.query
    ]
    return earlier_runs(known[-MOST_EARLIER:], remembered(one).numbers, one.trace.stages)


def expected_of(one: Recorded, runs: Iterable[Recorded]) -> Dearness:
    """What other queries say of its plan, of those that may be learned from."""
    others = {
        other.query: other
        for other in _known(runs, one.engine, one.scale)
        if other.query != one.query and not other.held_out
    }
    return dearness([remembered(other) for other in list(others.values())[:MOST_OTHERS]])


def _long(runs: Iterable[Recorded], *, alone: bool) -> list[Recorded]:
    """Those that somebody may have watched."""
    return [one for one in runs if (one.loaded_s is None) is alone and one.duration_s >= LEAST_S]


def _after(earlier: Iterable[tuple[Recorded, list[Earlier]]]) -> list[Score]:
    """Runs after earlier ones, where there are any."""
    found = [score(one, known) for one, known in earlier if known]
    return [one for one in found if one is not None]


def repeats(runs: Sequence[Recorded]) -> list[Score]:
    """Every quiet run after those of the same query, with other parameters, over the same data."""
    return _after((one, earlier_of(one, runs)) for one in _long(runs, alone=True))


def grown(runs: Sequence[Recorded]) -> list[Score]:
    """Every quiet run of an engine that plans, after those of the same query over a third of the
    data."""
    return _after(
        (one, earlier_of(one, runs, THIRDS[one.scale]))
        for one in _long(runs, alone=True)
        if one.trace.stages and one.scale in THIRDS
    )


def loaded(runs: Sequence[Recorded]) -> list[Score]:
    """Runs beside which another began, after quiet ones of the same query."""
    return _after((one, earlier_of(one, runs)) for one in _long(runs, alone=False))


def firsts(runs: Sequence[Recorded]) -> list[Score]:
    """Every quiet run of an engine that plans, as if its query had never run."""
    planned = [one for one in _long(runs, alone=True) if one.trace.stages]
    found = [score(one, [], expected_of(one, runs)) for one in planned]
    return [one for one in found if one is not None]


def mean(scores: Iterable[Score], of: Callable[[Score], float]) -> float:
    """By query first, so that one with many runs counts no more than another."""
    queries: dict[str, list[float]] = defaultdict(list)
    for one in scores:
        queries[one.run.query].append(of(one))
    return statistics.fmean(statistics.fmean(values) for values in queries.values())


def worst(scores: Iterable[Score]) -> tuple[float, str]:
    """The largest mean error of a query, and which that is."""
    queries: dict[str, list[float]] = defaultdict(list)
    for one in scores:
        queries[one.run.query].append(one.ours.fraction_error)
    return max((statistics.fmean(values), query) for query, values in queries.items())


def held(scores: Iterable[Score]) -> tuple[float, float]:
    """The share of the time in which ranges held, and their median width."""
    ranged = [one.ours for one in scores if one.ours.range_held is not None]
    return (
        statistics.fmean(one.range_held or 0.0 for one in ranged),
        statistics.median(one.range_width or 0.0 for one in ranged),
    )
