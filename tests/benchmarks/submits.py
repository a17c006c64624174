"""`make bench ARGS=submits`: how many jobs a second are taken in for good, beside two others.

A job counts once it is durable and can be read: Longwatch and the Django application answer 202
after it is on the disk, Celery's task must be shown by Flower. Each server has one core, and who
submits another; every burst meets a server that has just been started, the contenders in turn,
A B C A B C …. Then jobs are read while 200 submits a second arrive on a schedule that waits for
nobody; what is late is counted from when it was due.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from benchmarks.contenders import (
    CLIENT_CORE,
    CONNECTIONS,
    CORES,
    JOBS,
    Ceiling,
    Celery,
    CelerySnapshots,
    Contender,
    Django,
    Longwatch,
    LongwatchWithKeys,
    NotMeasured,
    OverHttp,
    installed,
    pinned,
)
from benchmarks.load import Due, steady
from benchmarks.run import HISTORY, append, machine

ROUNDS: Final = 3
SUBMITS: Final = 2_000
WARM_UP: Final = 200
STEADY_S: Final = 20
STEADY: Final = (("submit", 200), ("one job", 25), ("a page of 100", 25))
"""What arrives, and how often a second."""
Make = Callable[[Path], Contender]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what was measured of either side, round by round, in `unit`."""

    name: str
    goal: str
    unit: str
    ours: list[float]
    theirs: list[float]
    ratio: float | None
    """How many times better Longwatch is, where there is somebody to compare it with."""
    ours_cpu_ms: float | None = None
    theirs_cpu_ms: float | None = None
    """Processor time of a submit, all processes of the contender together: on a busy machine this
    says more than how many there were a second."""


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst of submits."""

    per_s: float
    cpu_ms: float


def one_burst(make: Make, folder: Path) -> Burst:
    """A burst into a server that has just been started."""
    with tempfile.TemporaryDirectory(dir=folder) as name, make(Path(name)) as contender:
        contender.submits(WARM_UP)
        before_s = contender.processor_s()
        took_s = contender.submits(SUBMITS)
        return Burst(SUBMITS / took_s, (contender.processor_s() - before_s) / SUBMITS * 1000)


def bursts(makes: dict[str, Make], folder: Path) -> dict[str, list[Burst]]:
    """The bursts of each, round by round; says of whom there is nothing to say."""
    figures: dict[str, list[Burst]] = {name: [] for name in makes}
    for turn in range(ROUNDS):
        for name, make in makes.items():
            if turn and not figures[name]:
                continue
            try:
                figures[name].append(one_burst(make, folder))
            except NotMeasured as reason:
                print(f"{name}: not measured: {reason}", flush=True)
            else:
                last = figures[name][-1]
                each = f"{last.per_s:.0f} /s, {last.cpu_ms:.2f} ms of the processor each"
                print(f"  round {turn + 1}: {name} {each}", flush=True)
    return figures


def compared(figures: dict[str, list[Burst]]) -> list[Line]:
    """A line for everybody beside Longwatch."""
    ours = figures[Longwatch.name]
    goals = {Django.name: "≥ 2", Celery.name: "≥ 2"}
    lines = []
    for name, theirs in figures.items():
        if name == Longwatch.name or len(theirs) != len(ours):
            continue
        line = Line(
            f"submits, beside {name}",
            goals.get(name, ""),
            "1/s",
            [one.per_s for one in ours],
            [one.per_s for one in theirs],
            statistics.median(a.per_s / b.per_s for a, b in zip(ours, theirs, strict=True)),
            statistics.median(one.cpu_ms for one in ours),
            statistics.median(one.cpu_ms for one in theirs),
        )
        print(
            f"{line.name:<38} longwatch {statistics.median(line.ours):6.0f} /s "
            f"({line.ours_cpu_ms:.2f} ms each)  {name} {statistics.median(line.theirs):6.0f} /s "
            f"({line.theirs_cpu_ms:.2f} ms each)  ratio {line.ratio:5.2f}  {line.goal}",
            flush=True,
        )
        lines.append(line)
    return lines


def reads(make: Callable[[Path], OverHttp], folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each answer, by kind, while submits arrive."""
    with tempfile.TemporaryDirectory(dir=folder) as name, make(Path(name)) as server:
        server.submits(SUBMITS)
        one = json.loads(server.get(f"{JOBS}?limit=100"))["jobs"][0]["id"]
        made: dict[str, Callable[[], bytes]] = {
            "submit": server.submit,
            "one job": partial(server.target.request, "GET", f"{JOBS}/{one}"),
            "a page of 100": partial(server.target.request, "GET", f"{JOBS}?limit=100"),
        }
        plan = sorted(
            (
                # Apart from one another: what is due at one moment has to stand in line.
                Due((n + place / len(STEADY)) / often, kind, made[kind](), expect)
                for place, (kind, often) in enumerate(STEADY)
                for expect in [202 if kind == "submit" else 200]
                for n in range(STEADY_S * often)
            ),
            key=lambda due: due.at_s,
        )
        took = asyncio.run(steady(server.target, plan, 2 * CONNECTIONS))
    return {kind: [seconds * 1000 for seconds in times] for kind, times in took.items()}


def read_lines(makes: dict[str, Callable[[Path], OverHttp]], folder: Path) -> list[Line]:
    """A line for each kind of request: the 99th percentile, round by round."""
    found: dict[str, dict[str, list[float]]] = {}
    half: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, make in makes.items():
            for kind, times in reads(make, folder).items():
                found.setdefault(kind, {}).setdefault(name, []).append(percentile(times, 99))
                if name == Longwatch.name:
                    half.setdefault(kind, []).append(percentile(times, 50))
    lines = []
    for kind, sides in found.items():
        ours, theirs = sides[Longwatch.name], sides.get(Django.name, [])
        goal = "" if kind == "submit" else "≤ 20 ms"
        ratio = None
        if theirs:
            ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
        line = Line(f"{kind}, p99 at 200 submits/s", goal, "ms", ours, theirs, ratio)
        beside = f"django {statistics.median(theirs):7.1f} ms" if theirs else ""
        print(
            f"{line.name:<38} longwatch {statistics.median(ours):7.1f} ms  {beside}  "
            f"(median {statistics.median(half[kind]):.1f} ms, best round {min(ours):.1f} ms)  "
            f"{goal}",
            flush=True,
        )
        lines.append(line)
    return lines


def percentile(values: list[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def measure(folder: Path, python: Path | None) -> list[Line]:
    """Every line."""
    with Ceiling(folder) as nothing:
        most = 20_000 / nothing.submits(20_000)
    print(f"the client by itself: {most:.0f} requests a second", flush=True)
    makes: dict[str, Make] = {Longwatch.name: Longwatch}
    servers: dict[str, Callable[[Path], OverHttp]] = {Longwatch.name: Longwatch}
    if python is not None:
        makes[Django.name] = servers[Django.name] = partial(Django, python=python)
        makes[Celery.name] = partial(Celery, python=python)
        makes[CelerySnapshots.name] = partial(CelerySnapshots, python=python)
    makes[LongwatchWithKeys.name] = LongwatchWithKeys
    figures = bursts(makes, folder)
    return [*compared(figures), *read_lines(servers, folder)]


def main() -> int:
    """Measure, print, append."""
    if len(CORES) < 2:
        print("submits: not measured: it takes Linux and two cores, one for the server alone.")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    load = psutil.getloadavg()[0]
    print(
        f"{machine()}; load {load:.1f} at the start; {CONNECTIONS} connections, {SUBMITS} submits"
    )
    HISTORY.parent.mkdir(exist_ok=True)
    python = None
    try:
        python = installed(HISTORY.parent / "venv")
    except NotMeasured as reason:
        print(f"Django and Celery: not measured: {reason}")
    # Beside the results: where /tmp is memory, nothing would ever wait for a disk.
    with (
        tempfile.TemporaryDirectory(dir=HISTORY.parent, prefix="submits-") as name,
        pinned(CLIENT_CORE),
    ):
        lines = measure(Path(name), python)
    append(load, [asdict(line) for line in lines])
    print(f"load {psutil.getloadavg()[0]:.1f} at the end")
    return 0
