"""`make bench`: what Longwatch promises about speed, each line as a ratio within one run.

Both sides of a line are measured in turn, A B A B …, so that a machine that changes its pace
changes both. Medians are printed, the ratio and the difference being those of the pairs. Every run
is appended to `.bench/results.jsonl`; the last one before it on a like machine is shown beside it.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import psutil

import longwatch
from longwatch.sources.queries import saved_queries

ROOT = Path(__file__).resolve().parents[2]
HISTORY = ROOT / ".bench" / "results.jsonl"
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPARES = 2
SMALL = "select 42"
LARGE = """
SELECT a.*, b.carrier AS other, b.dep_delay AS other_delay
FROM flights AS a JOIN flights AS b
    ON a.origin = b.origin AND a.month = b.month AND a.day = b.day
    AND b.hour BETWEEN a.hour - 3 AND a.hour + 3
"""
"""41 million rows of 21 columns, 1.4 GB."""


class Yardstick:
    """A process of a script beside this one, which answers each line of JSON by the seconds that it
    took."""

    def __init__(self, script: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), str(THREADS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, **what: object) -> float:
        """Seconds that it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


class Bare(Yardstick):
    """A process of `bare.py`."""

    def __init__(self, folder: Path) -> None:
        super().__init__("bare.py")
        self._target = folder / "bare.arrow"

    def run(self, sql: str) -> float:
        """Seconds that a query takes there, the file and all."""
        took = self.ask(sql=sql, target=str(self._target))
        self._target.unlink()
        return took


@dataclass(frozen=True, slots=True)
class Line:
    """One line: seconds of either side, pair by pair."""

    name: str
    goal: str
    job_s: list[float]
    bare_s: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long a job takes."""
        return statistics.median(a / b for a, b in self._pairs())

    @property
    def extra_ms(self) -> float:
        """How much longer a job takes."""
        return statistics.median(a - b for a, b in self._pairs()) * 1000

    def _pairs(self) -> list[tuple[float, float]]:
        return list(zip(self.job_s, self.bare_s, strict=True))


def compare(
    name: str, runs: int, ours: Callable[[], float], theirs: Callable[[], float], goal: str = ""
) -> Line:
    """Measure one line and print it."""
    job_s: list[float] = []
    bare_s: list[float] = []
    for _ in range(runs):
        rest()
        bare_s.append(theirs())
        rest()
        job_s.append(ours())
    line = Line(name, goal, job_s, bare_s)
    print(
        f"{name:<34} job {statistics.median(job_s):8.3f} s  bare {statistics.median(bare_s):8.3f} s"
        f"  ratio {line.ratio:7.3f}  extra {line.extra_ms:8.1f} ms  {goal:<14}{before(name)}",
        flush=True,
    )
    return line


def rest() -> None:
    """Wait until all spares stand by and none of them does anything, and nothing is on its way to
    the disk: neither side is to wait for what the other wrote."""
    if hasattr(os, "sync"):
        os.sync()
    deadline = time.monotonic() + 60
    before_s: list[float] | None = None
    while time.monotonic() < deadline:
        now_s = spare_times()
        if len(now_s) == SPARES and now_s == before_s:
            return
        before_s = now_s
        time.sleep(0.2)
    raise TimeoutError("the runners in waiting do not come to rest")


def spare_times() -> list[float]:
    """Processor seconds of every runner of this process."""
    times = []
    for process in psutil.Process().children():
        try:
            if "longwatch.runner" in process.cmdline():
                used = process.cpu_times()
                times.append(used.user + used.system)
        except psutil.Error:
            continue
    return times


def readable_s(client: longwatch.Client, sql: str) -> float:
    """Seconds from submit until the job is over and its result can be read."""
    began = time.perf_counter()
    job = client.submit(sql)
    result = job.wait().result
    took = time.perf_counter() - began
    assert result is not None, job.status().error
    assert result.complete
    return took


def read_s(client: longwatch.Client, sql: str) -> float:
    """The same until the first page has been read."""
    began = time.perf_counter()
    client.submit(sql).result().fetchmany(200)
    return time.perf_counter() - began


def series_s(client: longwatch.Client, sql: str, times: int) -> float:
    """Seconds a job, one after the other as fast as they come."""
    began = time.perf_counter()
    for _ in range(times):
        client.submit(sql).result().fetchall()
    return (time.perf_counter() - began) / times


def cold_s(folder: Path, sql: str) -> float:
    """Seconds from the start of a bare process to its file."""
    began = time.perf_counter()
    with Bare(folder) as bare:
        bare.run(sql)
    return time.perf_counter() - began


def before(name: str) -> str:
    """What the line was in the last run on a like machine."""
    try:
        runs = [json.loads(text) for text in HISTORY.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return ""
    for one in reversed(runs):
        if one["machine"] == machine():
            for line in one["lines"]:
                if line["name"] == name and "goal" in line:
                    return f"  (before: {line['ratio']:.3f}, {line['extra_ms']:.1f} ms)"
    return ""


def machine() -> str:
    """What a ratio may depend on."""
    return (
        f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}"
    )


def measure(client: longwatch.Client, bare: Bare, folder: Path) -> list[Line]:
    """Every line."""
    year = next(query.sql for query in saved_queries() if query.name == "overtaken-in-a-year")
    read_s(client, SMALL)  # imports of a first page
    bare.run("SELECT count(*) FROM flights")

    def small() -> float:
        return bare.run(SMALL)

    return [
        compare("select 42, readable", 25, lambda: readable_s(client, SMALL), small, "≤ 60 ms"),
        compare("select 42, first page read", 15, lambda: read_s(client, SMALL), small),
        compare("select 42, 20 in a row, each", 2, lambda: series_s(client, SMALL, 20), small),
        compare(
            "select 42, bare from its start",
            5,
            lambda: read_s(client, SMALL),
            lambda: cold_s(folder, SMALL),
        ),
        compare(
            "the 45 s query", 3, lambda: readable_s(client, year), lambda: bare.run(year), "≤ 1.05"
        ),
        compare(
            "41 M rows, 1.4 GB",
            3,
            lambda: readable_s(client, LARGE),
            lambda: bare.run(LARGE),
            "≤ 1.05",
        ),
    ]


def main() -> int:
    """Measure, print, append."""
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start\n")
    with tempfile.TemporaryDirectory(prefix="longwatch-bench-") as name:
        folder = Path(name)
        with longwatch.connect(data_dir=folder / "data") as client, Bare(folder) as bare:
            lines = measure(client, bare, folder)
    append(
        load,
        [asdict(line) | {"ratio": line.ratio, "extra_ms": line.extra_ms} for line in lines],
    )
    return 0


def append(load: float, lines: list[dict[str, Any]]) -> None:
    """Write a run down behind those before it. `load` is what the machine had at the start."""
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "load": load,
        "lines": lines,
    }
    HISTORY.parent.mkdir(exist_ok=True)
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    print(f"\nappended to {HISTORY.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
