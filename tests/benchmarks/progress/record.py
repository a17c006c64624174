"""Records the runs that progress is measured on, each through a real server and its runners.

python -m benchmarks.progress.record duckdb DATABASE SCALE RUNS [--loaded]
python -m benchmarks.progress.record sqlite DATABASE SCALE RUNS
python -m benchmarks.progress.record postgres URL SCALE RUNS

DATABASE is a file with TPC-H's tables (`tpchgen-cli` makes them as Parquet in seconds); with
`--loaded` a second heavy query begins when about half of the time that each took before has passed.
SCALE 0 is the folder of sample data, with the queries that come with it. Nothing else should run
meanwhile. Which queries: QUERIES='q1 q2' or all.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.progress.corpus import FOLDER, QUERIES, Recorded, read, write
from benchmarks.progress.samples import SAMPLES
from longwatch.client.sync import Client
from longwatch.engines.duckdb_catalogue import TABLE_SIZES
from longwatch.protocol.jobs import JobState
from longwatch.runner.mailbox import Mailbox
from support.servers import ENDLESS, serving

PAUSE_S: Final = 1.5
"""Before each run. The server makes runners ready while nothing goes on; with one query right after
another it would do so beside each, on one of two cores."""
LONGEST_S: Final = 120.0
MEMORY: Final = 6 * 2**30


class Recording:
    """A server over one source."""

    def __init__(self, data: Path, client: Client, engine: str, scale: float) -> None:
        self._data = data
        self._client = client
        self._engine = engine
        self._scale = scale
        self._sizes: dict[str, int] = {}
        if engine == "duckdb":
            self._sizes = dict(self._rows(TABLE_SIZES))

    def _rows(self, sql: str) -> list[Any]:
        return list(self._client.submit(sql, "tpch").result(60).fetchall())

    def _plan(self, sql: str) -> str:
        """What DuckDB plans, in few bytes."""
        if self._engine != "duckdb":
            return ""
        ((_, plan),) = self._rows(f"EXPLAIN (FORMAT json) {sql}")
        return msgspec.json.encode(msgspec.json.decode(plan)).decode()

    def run(self, query: str, seed: int, loaded_s: float | None = None) -> Recorded | None:
        """One run; `None` if it did not succeed, which is said."""
        sql = QUERIES[query](random.Random(seed))
        plan = self._plan(sql)
        time.sleep(PAUSE_S)
        job = self._client.submit(sql, "tpch", run_s=LONGEST_S)
        other = None
        if loaded_s is not None:
            time.sleep(loaded_s)
            other = self._client.submit(ENDLESS)
        done = job.wait(LONGEST_S + 60)
        if other is not None:
            other.cancel()
            other.wait(60)
        folder = self._data / "jobs" / job.id / str(done.attempt)
        outcome = Mailbox(folder).outcome()
        job.delete()
        if done.state is not JobState.SUCCEEDED or outcome is None or outcome.trace is None:
            print(f"{query}: {done.state}: {done.error.message if done.error else ''}", flush=True)
            return None
        trace = outcome.trace
        return Recorded(
            query=query,
            seed=seed,
            engine=self._engine,
            scale=self._scale,
            duration_s=trace.elapsed_s[-1],
            trace=trace,
            loaded_s=loaded_s,
            memory_bytes=MEMORY,
            plan=plan,
            sizes=self._sizes,
        )


def record(engine: str, where: str, scale: float, times: int, *, loaded: bool) -> None:
    """Every query so many times, with other parameters each time; written after each time."""
    usual = SAMPLES if scale == 0 else [one for one in QUERIES if one not in SAMPLES]
    queries = os.environ.get("QUERIES", " ".join(usual)).split()
    runs: list[Recorded] = []
    before = {
        one.query: one.duration_s
        for one in (read(file_of(engine, scale)) if loaded else [])
        if one.engine == engine and one.scale == scale
    }
    with (
        tempfile.TemporaryDirectory() as name,
        serving(Path(name), threads=2, memory_bytes=MEMORY) as (_, address),
        Client(address) as client,
    ):
        if engine == "postgres":  # the address has a password in it
            client.add_source("tpch", engine, secrets={"url": where})
        else:
            client.add_source("tpch", engine, path=str(Path(where).resolve()))
        recording = Recording(Path(name), client, engine, scale)
        for number in range(times):
            for query in queries:
                after_s = before[query] / 2 if loaded and query in before else None
                one = recording.run(query, 1000 * number + round(scale * 100), after_s)
                if one is not None:
                    runs.append(one)
                    points = len(one.trace)
                    print(f"{query} {one.duration_s:.2f} s, {points} points", flush=True)
            write(file_of(engine, scale, loaded=loaded), runs)


def file_of(engine: str, scale: float, *, loaded: bool = False) -> Path:
    """Where runs of one engine and scale are kept."""
    return FOLDER / f"{engine}-{scale:g}{'-loaded' if loaded else ''}.jsonl.gz"


def main() -> None:
    """What is asked for."""
    arguments = [one for one in sys.argv[1:] if one != "--loaded"]
    loaded = len(arguments) < len(sys.argv) - 1
    engine, where, scale, times = arguments
    FOLDER.mkdir(exist_ok=True)
    record(engine, where, float(scale), int(times), loaded=loaded)


if __name__ == "__main__":
    main()
