"""`make bench ARGS=table`: how quick the window stays with a hundred thousand jobs in its table.

Every figure comes from a process with the real window, painted into memory, over a real server:
in the same process as with the program, or in another one where the window alone is in question.
Beside it: Qt's own items in Qt's own table, in a process of their own. The two take turns.

A timer that fires late says how long the window would not have answered. On a machine that does
something else as well, `computed` says more: how much of that time this process was computing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from benchmarks.contenders import CORES, HERE
from benchmarks.feed_sides import Server
from benchmarks.feed_store import fill
from benchmarks.lines import Line, ratio
from benchmarks.run import HISTORY, append, machine

ROUNDS: Final = int(os.environ.get("ROUNDS", "3"))
LIVE_S: Final = 20.0
IDLE_S: Final = 20.0
MANY: Final = 100_000
NEWEST: Final = 10_000
RESUMES: Final = 20
PATIENCE_S: Final = 180.0
PLAIN_TEXTS: Final = "texts.json"


def child(module: str, *arguments: str) -> dict[str, Any]:
    """What a process of the benchmark tells at last. Raises `RuntimeError` when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=HERE.parent,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    told = [text for text in done.stdout.splitlines() if text.startswith("{")]
    if done.returncode != 0 or not told:
        raise RuntimeError(f"{module} {arguments} ended with {done.returncode}:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(told[-1])
    return answer


class Stores:
    """Folders with a store of many jobs, each for one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = folder / "many.sqlite"
        fill(self._made, MANY)

    @contextlib.contextmanager
    def folder(self, *, empty: bool = False) -> Iterator[Path]:
        """A data folder with many jobs, or none."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            if not empty:
                shutil.copy(self._made, Path(name) / "jobs.sqlite")
            yield Path(name)

    @contextlib.contextmanager
    def served(self, *, empty: bool = False) -> Iterator[Server]:
        """A server of one, in a process of its own."""
        with self.folder(empty=empty) as folder, Server(folder) as server:
            yield server


def p99(seconds: list[float]) -> float:
    """Milliseconds."""
    return float(np.percentile(seconds, 99)) * 1000


def ms(seconds: list[float]) -> list[float]:
    """Milliseconds."""
    return [one * 1000 for one in seconds]


def live(stores: Stores) -> list[Line]:
    """A thousand live jobs among a hundred thousand, sorted by progress, a filter on."""
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        with stores.folder() as folder:
            ours.append(child("table_window", "live", str(folder), str(LIVE_S)))
            texts = folder / PLAIN_TEXTS
            texts.write_text(json.dumps(ours[-1]["texts"]), encoding="utf-8")
            theirs.append(child("table_plain", "live", str(LIVE_S)))
            theirs[-1]["repaint"] = child("table_plain", "repaint", str(texts))["took"]
        told(ours[-1], theirs[-1])
    late, plain_late = [p99(one["late"]) for one in ours], [p99(one["late"]) for one in theirs]
    computed = [p99(one["computed"]) for one in ours]
    plain_computed = [p99(one["computed"]) for one in theirs]
    most = [max(one["late"]) * 1000 for one in ours]
    plain_most = [max(one["late"]) * 1000 for one in theirs]
    repaints = [statistics.median(one["repaint"]) * 1000 for one in ours]
    plain_repaints = [statistics.median(one["repaint"]) * 1000 for one in theirs]
    lines = [
        Line("the window's loop, 1,000 live of 100,000: late, p99", 16.7, "ms", late, plain_late),
        Line("the same, longest", 33, "ms", most, plain_most),
        Line("the same, computed, p99", None, "ms", computed, plain_computed),
        Line(
            "the same, computed, longest", None, "ms", [max(one["computed"]) * 1000 for one in ours]
        ),
    ]
    for one in lines:
        one.show()
    lines += [
        ratio("late, beside 10,000 rows of items, 1,000 set at 10 Hz", 0.6, late, plain_late),
        Line(
            "processor of that process, of a core",
            25,
            "%",
            [one["core"] * 100 for one in ours],
            [one["core"] * 100 for one in theirs],
        ).show(),
        Line("a repaint of 40 rows", None, "ms", repaints, plain_repaints).show(),
        ratio("the same, beside items", 0.8, repaints, plain_repaints),
        Line(
            "told by the engine until it is painted, p50",
            60,
            "ms",
            [statistics.median(one["behind"]) * 1000 for one in ours],
        ).show(),
        Line("the same, p99", 120, "ms", [p99(one["behind"]) for one in ours]).show(),
    ]
    return lines + orders(ours)


def orders(told_live: list[dict[str, Any]]) -> list[Line]:
    """The slowest way to sort, and the slowest filter."""
    lines: list[Line] = []
    for what, most in (("sort", 25), ("filter", 15)):
        each = {
            name: [statistics.median(one[what][name]) * 1000 for one in told_live]
            for name in told_live[0][what]
        }
        slowest = max(each, key=lambda name: statistics.median(each[name]))
        name = f"{what} 100,000 rows, the slowest of {len(each)}"
        lines.append(Line(name, most, "ms", each[slowest], more=slowest).show())
    return lines


def told(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Print a round."""
    print(
        f"  {ours['rows']} rows, {ours['shown']} in sight: late p99 {p99(ours['late']):.1f} ms, "
        f"longest {max(ours['late']) * 1000:.1f}; items {p99(theirs['late']):.1f}, "
        f"{max(theirs['late']) * 1000:.1f}; load {psutil.getloadavg()[0]:.1f}",
        flush=True,
    )


def first(stores: Stores) -> list[Line]:
    """From connecting until there are jobs to be seen, and how the window does meanwhile."""
    lines: list[Line] = []
    for newest in (NEWEST, MANY):
        found: list[dict[str, Any]] = []
        for _ in range(ROUNDS):
            with stores.folder() as folder:
                found.append(child("table_window", "first", str(folder), str(newest)))
        name = f"first jobs painted, {newest:,} of {MANY:,} loaded"
        lines += [
            Line(name, 300, "ms", ms([one["painted_s"] for one in found])).show(),
            Line(
                "the loop's longest stall", 50, "ms", ms([one["worst_s"] for one in found])
            ).show(),
            Line("the same, computed", None, "ms", ms([one["computed_s"] for one in found])).show(),
            Line("until all were there", None, "ms", ms([one["took_s"] for one in found])).show(),
        ]
    return lines


def memory(stores: Stores) -> list[Line]:
    """What a row takes, with all that is made for it in time."""
    with stores.served(empty=True) as empty, stores.served() as many:
        found = child(
            "table_window",
            "memory",
            *(many.address.url, many.address.token, empty.address.url, empty.address.token),
        )
    return [Line("memory of a loaded row", 1_024, "B", [found["row"]]).show()]


def idle(stores: Stores) -> list[Line]:
    """The window, its server, and nothing to do."""
    with stores.folder() as folder:
        found = child("table_window", "idle", str(folder), str(IDLE_S))
    often = {name: hz for name, hz in found["often"].items() if hz > 1}
    timers = ", ".join(found["timers"]) or "none"
    print(f"  timers below a second: {timers}; more than once a second: {often or 'nothing'}")
    return [
        Line("idle: of a core", 1, "%", [found["core"] * 100]).show(),
        Line("timers faster than 1 Hz", 0, "", [float(len(found["timers"]))]).show(),
    ]


def resume(stores: Stores) -> list[Line]:
    """A cut connection while ten thousand jobs a second change."""
    with stores.served() as server:
        server.ask("changes", per_s=10_000)
        found = child(
            "table_window", "resume", server.address.url, server.address.token, str(RESUMES)
        )
    steps = f"p99 of all {p99(found['steps']):.1f} ms"
    return [
        Line(
            "resume at 10,000 changes/s: longest step of the loop",
            10,
            "ms",
            ms(found["worst"]),
            more=f"{steps}, the longest {max(found['worst']) * 1000:.1f} ms",
        ).show(),
        Line("the same, computed", None, "ms", ms(found["computed"])).show(),
        Line("the loop is late, longest", None, "ms", ms(found["late"])).show(),
        Line("longest step between two cuts", None, "ms", ms(found["steady"])).show(),
        Line("until it is up again", None, "ms", ms(found["took"])).show(),
    ]


PARTS: Final[tuple[Callable[[Stores], list[Line]], ...]] = (live, first, memory, idle, resume)


def main() -> int:
    """Measure, print, append."""
    if len(CORES) < 2:
        print("table: not measured: it takes Linux and two cores.")
        return 0
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start; {ROUNDS} rounds")
    wanted = os.environ.get("TABLE", "").split()
    HISTORY.parent.mkdir(exist_ok=True)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(dir=HISTORY.parent, prefix="table-") as name:
        stores = Stores(Path(name))
        for part in PARTS:
            if not wanted or part.__name__ in wanted:
                lines += part(stores)
    append(load, [asdict(one) | {"passes": one.passes} for one in lines])
    print(f"load {psutil.getloadavg()[0]:.1f} at the end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
