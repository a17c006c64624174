"""`make bench ARGS=progress`: how far bars and times left are from the truth, on recorded runs.

Nothing runs but the replay of `traces/` (see `record`), so the figures are the same on every
machine, save those of what it costs. `held out`: queries that nothing was tuned on.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

import psutil

from benchmarks.lines import Line, ratio
from benchmarks.progress.corpus import Recorded, everything
from benchmarks.progress.lookups import lookups
from benchmarks.progress.replay import Score, reports
from benchmarks.progress.scores import firsts, grown, held, loaded, mean, remembered, repeats, worst
from benchmarks.run import append, machine
from longwatch.progress.choosing import MOST_EARLIER, earlier_runs
from longwatch.progress.curves import curve_of
from longwatch.progress.estimate import Earlier, Estimator
from longwatch.progress.tracker import ProgressTracker


def told(name: str, scores: list[Score]) -> list[Line]:
    """The lines of one set of runs."""
    ours, query = worst(scores)
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
        *of_ranges(scores),
    ]


def in_themselves(name: str, scores: list[Score]) -> list[Line]:
    """Bar and range of runs, beside nobody's."""
    error = mean(scores, lambda one: one.ours.fraction_error)
    return [
        Line(name, None, "%", [100 * error], more=f"{len(scores)} runs").show(),
        *of_ranges(scores),
    ]


def of_ranges(scores: list[Score]) -> list[Line]:
    """How often they held, and how wide they were."""
    share, width = held(scores)
    return [
        Line("the 80 % range fails to hold", 25, "%", [100 * (1 - share)], more="≥ 15").show(),
        Line("its width, of the time left", None, "×", [width]).show(),
    ]


def first(name: str, scores: list[Score]) -> list[Line]:
    """The lines of runs that had no earlier one."""
    error = mean(scores, lambda one: one.ours.fraction_error)
    return [
        ratio(
            f"{name}: error of the bar, of the engine's",
            0.5,
            [error],
            [mean(scores, lambda one: one.engine)],
        ),
        ratio(
            "the same, of that of DuckDB's command line",
            1,
            [error],
            [mean(scores, lambda one: one.command_line)],
        ),
        *in_themselves("the same, in itself", scores),
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
    more = [one for one in grown(runs) if one.run.held_out]
    lines += in_themselves("repeats over three times the data, held out", more)
    new = firsts(runs)
    alone = [one for one in new if one.run.engine == "duckdb"]
    lines += first("first runs, held out", [one for one in alone if one.run.held_out])
    lines += first("first runs, tuned on", [one for one in alone if not one.run.held_out])
    silent = [one for one in new if one.run.engine != "duckdb"]
    lines += in_themselves("first runs in PostgreSQL (50 % without a bar)", silent)
    beside = loaded(runs)
    if beside:
        quiet = {(one.run.query, one.run.engine, one.run.scale) for one in beside}
        lines.append(
            ratio(
                "beside another query, of the error when alone",
                1.5,
                [mean(beside, lambda one: one.ours.fraction_error)],
                [
                    mean(
                        [
                            one
                            for one in again
                            if (one.run.query, one.run.engine, one.run.scale) in quiet
                        ],
                        lambda one: one.ours.fraction_error,
                    )
                ],
            )
        )
    lines += cost(runs)
    lines.append(Line("earlier runs looked up, of 2,000", 2, "ms", lookups()).show())
    append(load, [asdict(one) | {"passes": one.passes} for one in lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
