"""`make bench ARGS=progress`: how far bars and times left are from the truth, on recorded runs.

Nothing runs but the replay of `traces/` (see `record`), so the figures are the same on every
machine, save those of what it costs. `held out`: queries that nothing was tuned on.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

import psutil

from benchmarks.lines import Line, ratio
from benchmarks.progress.corpus import Recorded, everything
from benchmarks.progress.replay import Score, reports, score
from benchmarks.run import append, machine
from longwatch.progress.choosing import MOST_EARLIER, earlier_runs
from longwatch.progress.curves import curve_of
from longwatch.progress.estimate import Earlier, Estimator
from longwatch.progress.fingerprint import fingerprint
from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.runs import Run

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
LEAST_S: Final = 1.0
"""Shorter runs are over before anybody has looked."""


def remembered(one: Recorded) -> Run:
    """A recorded run as the server would remember it."""
    print_ = fingerprint(one.sql, one.engine, f"tpch-{one.scale:g}")
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


def repeats(runs: Iterable[Recorded]) -> list[Score]:
    """Every run after those of the same query, with other parameters, over the same data."""
    groups: dict[tuple[str, str, float], list[Recorded]] = defaultdict(list)
    for one in runs:
        if one.loaded_s is None:
            groups[one.engine, one.query, one.scale].append(one)
    scores = []
    for group in groups.values():
        known = [(one, remembered(one)) for one in group]
        for one, run in known:
            others = [other for rest, other in known if rest is not one][-MOST_EARLIER:]
            earlier = earlier_runs(others, run.numbers)
            found = score(one, earlier) if earlier and one.duration_s >= LEAST_S else None
            if found is not None:
                scores.append(found)
    return scores


def loaded(runs: Iterable[Recorded]) -> list[Score]:
    """Runs beside which another began, after quiet ones of the same query."""
    runs = list(runs)
    scores = []
    for one in runs:
        if one.loaded_s is None or one.duration_s < LEAST_S:
            continue
        quiet = [
            remembered(other)
            for other in runs
            if other.loaded_s is None
            and (other.engine, other.query, other.scale) == (one.engine, one.query, one.scale)
        ]
        earlier = earlier_runs(quiet[-MOST_EARLIER:], remembered(one).numbers)
        found = score(one, earlier) if earlier else None
        if found is not None:
            scores.append(found)
    return scores


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


def told(name: str, scores: list[Score]) -> list[Line]:
    """The lines of one set of runs."""
    ours, query = worst(scores)
    share, width = held(scores)
    error = mean(scores, lambda one: one.ours.fraction_error)
    return [
        Line(
            f"{name}: mean error of the bar; beside it the engine's",
            5,
            "%",
            [100 * error],
            [100 * mean(scores, lambda one: one.engine)],
            f"{len(scores)} runs",
        ).show(),
        Line(
            "the same; beside it DuckDB's command line",
            None,
            "%",
            [100 * error],
            [100 * mean(scores, lambda one: one.command_line)],
        ).show(),
        Line("the same, worst query", 15, "%", [100 * ours], more=query).show(),
        Line("the 80 % range fails to hold", 25, "%", [100 * (1 - share)], more="≥ 15").show(),
        Line("its width, of the time left", None, "×", [width]).show(),
    ]


def cost(runs: list[Recorded]) -> list[Line]:
    """Of a tick with as many earlier runs as are ever used, and of getting ready for them."""
    one = max(runs, key=lambda run: len(run.trace))
    curve = curve_of(one.trace)
    assert curve is not None
    tracker = ProgressTracker()
    tracker.learn(Estimator([Earlier(curve=curve)] * MOST_EARLIER))
    took = []
    for report in reports(one.trace) * 5:
        began_s = time.perf_counter()
        tracker.update(report)
        took.append((time.perf_counter() - began_s) * 1e6)
    known = [remembered(one)] * MOST_EARLIER
    ready = []
    for _ in range(50):
        began_s = time.perf_counter()
        Estimator(earlier_runs(known, []))
        ready.append((time.perf_counter() - began_s) * 1e3)
    return [
        Line("a tick of a job", 50, "µs", took).show(),
        Line(f"an estimator of {MOST_EARLIER} earlier runs", 2, "ms", ready).show(),
    ]


def main() -> int:
    """Measure, print, append."""
    runs = everything()
    if not runs:
        print("progress: not measured: there are no recorded runs.")
        return 0
    load = psutil.getloadavg()[0]
    print(f"{machine()}; {len(runs)} recorded runs")
    again = repeats(runs)
    lines = told("repeats, held out", [one for one in again if one.run.held_out])
    lines += told("repeats, tuned on", [one for one in again if not one.run.held_out])
    beside = loaded(runs)
    if beside:
        quiet = {one.run.query for one in beside}
        lines.append(
            ratio(
                "beside another query, of the error when alone",
                1.5,
                [mean(beside, lambda one: one.ours.fraction_error)],
                [
                    mean(
                        [one for one in again if one.run.query in quiet],
                        lambda one: one.ours.fraction_error,
                    )
                ],
            )
        )
    lines += cost(runs)
    append(load, [asdict(one) | {"passes": one.passes} for one in lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
