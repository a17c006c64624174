"""Draws `resources/progress/*.svg` of the held-out runs: python -m benchmarks.progress.plots

matplotlib is installed into .bench for it, and is no dependency of Longwatch.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.contenders import installed
from benchmarks.progress import yardsticks
from benchmarks.progress.corpus import Recorded, everything
from benchmarks.progress.replay import Score, shown
from benchmarks.progress.scores import earlier_of, expected_of, firsts, repeats

ROOT: Final = Path(__file__).parents[3]
FOLDER: Final = ROOT / "resources" / "progress"
REQUIREMENTS: Final = Path(__file__).parents[1] / "requirements-plots.txt"
PICKED: Final = ("q12", "q18", "sort_numbers", "many_groups", "join_result", "pairs")
TENTHS: Final = 10


def longest(runs: list[Recorded]) -> dict[str, Recorded]:
    """The longest quiet run of each held-out query of DuckDB that has an earlier one."""
    found: dict[str, Recorded] = {}
    for one in runs:
        if (
            one.held_out
            and one.loaded_s is None
            and one.engine == "duckdb"
            and earlier_of(one, runs)
        ):
            other = found.get(one.query)
            if other is None or one.duration_s > other.duration_s:
                found[one.query] = one
    return found


def bars(runs: list[Recorded]) -> list[dict[str, Any]]:
    """The course of some runs."""
    found = longest(runs)
    return [
        {
            "query": name,
            "duration_s": one.duration_s,
            "at": [at / one.duration_s for at in one.trace.elapsed_s],
            "engine": yardsticks.engine(one.trace),
            "command line": yardsticks.command_line(one.trace),
            "first run": [told.fraction or 0.0 for told in shown(one, [], expected_of(one, runs))],
            "repeat": [told.fraction or 0.0 for told in shown(one, earlier_of(one, runs))],
        }
        for name in PICKED
        if (one := found.get(name)) is not None
    ]


def errors(first: list[Score], again: list[Score]) -> dict[str, dict[str, float]]:
    """Mean errors by query."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in first:
        of = found[one.run.query]
        of["engine"].append(one.engine)
        of["command line"].append(one.command_line)
        of["first run"].append(one.ours.fraction_error)
    for one in again:
        if one.run.query in found:
            found[one.run.query]["repeat"].append(one.ours.fraction_error)
    return {
        query: {name: statistics.fmean(values) for name, values in of.items()}
        for query, of in found.items()
    }


def ranges(runs: list[Recorded], first: list[Score], again: list[Score]) -> dict[str, Any]:
    """10 %, half and 90 % of (true time left / middle of the range), tenth by tenth of the runs."""
    told = {
        "first run": [(one.run, shown(one.run, [], expected_of(one.run, runs))) for one in first],
        "repeat": [(one.run, shown(one.run, earlier_of(one.run, runs))) for one in again],
    }
    found = {}
    for name, courses in told.items():
        bands: list[list[float]] = [[] for _ in range(TENTHS)]
        for run, course in courses:
            for at, one in zip(run.trace.elapsed_s, course, strict=True):
                left_s = run.duration_s - at
                if one.eta_low_s is None or one.eta_high_s is None or left_s <= 0:
                    continue
                middle = max(0.05, (one.eta_low_s * one.eta_high_s) ** 0.5)
                bands[min(TENTHS - 1, int(TENTHS * at / run.duration_s))].append(left_s / middle)
        found[name] = [
            list(np.quantile(band, (0.1, 0.5, 0.9))) if band else [1, 1, 1] for band in bands
        ]
    return found


def main() -> None:
    """Measure, and have it drawn."""
    runs = everything()
    first = [one for one in firsts(runs) if one.run.held_out and one.run.engine == "duckdb"]
    again = [one for one in repeats(runs) if one.run.held_out and one.run.engine == "duckdb"]
    measured = {
        "bars": bars(runs),
        "errors": errors(first, again),
        "ranges": ranges(runs, first, again),
    }
    FOLDER.mkdir(exist_ok=True)
    python = installed(ROOT / ".bench" / "venv-plots", REQUIREMENTS, "matplotlib")
    drawing = Path(__file__).with_name("drawing.py")
    subprocess.run(
        [str(python), str(drawing), str(FOLDER)],
        input=json.dumps(measured, default=float),
        text=True,
        check=True,
    )
    print(f"drawn: {FOLDER}", file=sys.stderr)


if __name__ == "__main__":
    main()
