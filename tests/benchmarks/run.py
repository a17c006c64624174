"""`make bench`: what Longwatch promises about speed, each line as a ratio within one run.

Both sides of a line are measured in turn, A B A B …, so that a machine that changes its pace
changes both. Medians are printed. Every run is appended to `.bench/results.jsonl`, so that two can
be compared.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psutil

import longwatch
from longwatch.resources import resource_path
from longwatch.sources import saved_queries

ROOT = Path(__file__).resolve().parents[2]
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
LARGE = """
SELECT a.*, b.carrier AS other, b.dep_delay AS other_delay
FROM flights AS a JOIN flights AS b
    ON a.origin = b.origin AND a.month = b.month AND a.day = b.day AND a.hour = b.hour
"""
"""13 million rows of 21 columns."""

BARE = """
import sys, time
import duckdb, pyarrow as pa
folder, target, threads, sql = sys.argv[1:]
connection = duckdb.connect(config={"threads": int(threads)})
for name in ("flights", "weather", "planes", "airports", "airlines"):
    connection.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")
connection.sql("SELECT 1").to_arrow_reader(1).read_all()
for _ in range(int(sys.stdin.readline())):
    began = time.perf_counter()
    reader = connection.sql(sql).to_arrow_reader(10_240)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(target, "wb") as file:
        with pa.ipc.new_file(file, reader.schema, options=options) as writer:
            for batch in reader:
                writer.write_batch(batch)
    print(time.perf_counter() - began, flush=True)
    sys.stdin.readline()
"""
"""One bare process that runs a query into one Arrow file. Its imports and its first connection are
not counted: it is given all that the warm spare has."""


class Bare:
    """The yardstick: a process that waits with everything imported, and runs on demand."""

    def __init__(self, sql: str, target: Path, runs: int) -> None:
        folder = str(resource_path("samples/nycflights13"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", BARE, folder, str(target), str(THREADS), sql],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(str(runs + 1))
        self.result()  # the first run reads the files into the system's cache

    def result(self) -> float:
        """Seconds of the run that is under way."""
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def run(self) -> float:
        """Seconds of one more run."""
        self._say("")
        return self.result()

    def close(self) -> None:
        """End the process."""
        self._say("")
        self._process.wait(30)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def job_seconds(client: longwatch.Client, sql: str) -> float:
    """From submit until the first page of the result has been read."""
    began = time.perf_counter()
    client.submit(sql).result().fetchmany(1)
    return time.perf_counter() - began


def spare_is_warm(children: int) -> Callable[[], bool]:
    """Whether as many runners as after the start stand by, and none of them does anything."""

    def look() -> bool:
        waiting = psutil.Process().children()
        if len(waiting) < children:
            return False
        busy = [process.cpu_times().user for process in waiting]
        time.sleep(0.1)
        return busy == [process.cpu_times().user for process in waiting]

    return look


def wait(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for a minute at most."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the machine does not come to rest")
        time.sleep(0.05)


def compare(
    name: str, sql: str, runs: int, client: longwatch.Client, folder: Path
) -> dict[str, Any]:
    """One line: a job against the bare process."""
    bare = Bare(sql, folder / "bare.arrow", runs)
    ours, theirs = [], []
    idle = spare_is_warm(2)
    try:
        for _ in range(runs):
            wait(idle)
            ours.append(job_seconds(client, sql))
            wait(idle)
            theirs.append(bare.run())
    finally:
        bare.close()
    job, yardstick = statistics.median(ours), statistics.median(theirs)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    extra_ms = statistics.median(a - b for a, b in zip(ours, theirs, strict=True)) * 1000
    print(
        f"{name:<42} job {job:8.3f} s   bare {yardstick:8.3f} s   "
        f"ratio {ratio:6.3f}   extra {extra_ms:7.1f} ms",
        flush=True,
    )
    return {"name": name, "job_s": ours, "bare_s": theirs, "ratio": ratio, "extra_ms": extra_ms}


def main() -> int:
    """Measure every line."""
    machine = f"{platform.machine()}, {THREADS} cores, Python {platform.python_version()}"
    print(f"{machine}, DuckDB {duckdb.__version__}\n")
    year = next(query.sql for query in saved_queries() if query.name == "overtaken-in-a-year")
    lines = []
    with tempfile.TemporaryDirectory(prefix="longwatch-bench-") as name:
        folder = Path(name)
        with longwatch.connect(data_dir=folder / "data") as client:
            job_seconds(client, "select 42")
            lines.append(
                compare("select 42, warm (goal: ≤ 60 ms extra)", "select 42", 15, client, folder)
            )
            lines.append(compare("45 s query (goal: ≤ 1.05)", year, 2, client, folder))
            lines.append(compare("13 M rows (goal: ≤ 1.05)", LARGE, 3, client, folder))
    target = ROOT / ".bench" / "results.jsonl"
    target.parent.mkdir(exist_ok=True)
    with target.open("a", encoding="utf-8") as file:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"at": at, "machine": machine, "lines": lines}) + "\n")
    print(f"\nappended to {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
