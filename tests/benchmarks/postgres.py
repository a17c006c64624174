"""`make bench ARGS=postgres`: what a job on PostgreSQL costs beside a bare ADBC stream of the same
rows into one Arrow file, and how much memory its runner takes.

Both sides are measured in turn, on a server that is started for it. The bare process has its
connection and its imports done before the time is taken; a job has to start its runner.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import adbc_driver_manager as adbc
import psutil
import pyarrow as pa

import longwatch
from benchmarks.run import append, machine
from longwatch.engines.postgres_engine import PostgresEngine
from longwatch.engines.postgres_source import read_options
from longwatch.runner.limits import yield_to_others
from support.postgres import Cluster, cluster

ROWS: Final = 10_000_000
RUNS: Final = 3
GOAL_RATIO: Final = 1.1
GOAL_BYTES: Final = 400 * 10**6
TABLE: Final = f"""
CREATE TABLE numbers AS
SELECT i AS id, i % 1000 AS grp, i * 0.5::float8 AS value, 'row number ' || i AS label,
    timestamp '2013-01-01' + i * interval '1 s' AS at
FROM generate_series(1, {ROWS}) AS i
"""
SQL: Final = "SELECT * FROM numbers"
_BARE: Final = "bare"


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds of either side, pair by pair, and the most memory of each job's runner in bytes."""

    name: str
    goal: str
    job_s: list[float]
    bare_s: list[float]
    memory_bytes: list[int]

    @property
    def ratio(self) -> float:
        """How many times as long a job takes."""
        return statistics.median(a / b for a, b in zip(self.job_s, self.bare_s, strict=True))

    @property
    def extra_ms(self) -> float:
        """How much longer a job takes."""
        pairs = zip(self.job_s, self.bare_s, strict=True)
        return statistics.median(a - b for a, b in pairs) * 1000


class Bare:
    """A process that streams a query into one file."""

    def __init__(self, options: dict[str, str], target: Path) -> None:
        self._target = target
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.postgres", _BARE, str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "BARE_OPTIONS": json.dumps(options)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, sql: str) -> float:
        """Seconds that a query takes there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(sql) + "\n")
        self._process.stdin.flush()
        took_s = float(self._process.stdout.readline())
        self._target.unlink()
        return took_s


def bare(target: Path) -> None:
    """Answer each line of standard input, SQL as JSON, by the seconds it took."""
    yield_to_others()
    options = read_options(json.loads(os.environ["BARE_OPTIONS"]))
    driver = __import__("adbc_driver_postgresql")
    with (
        driver.connect(options.conninfo("bare")) as database,
        adbc.AdbcConnection(database) as connection,
    ):
        for line in sys.stdin:
            print(_stream(connection, json.loads(line), target), flush=True)


def _stream(connection: adbc.AdbcConnection, sql: str, target: Path) -> float:
    began = time.perf_counter()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with adbc.AdbcStatement(connection) as statement:
        statement.set_sql_query(sql)
        handle, _ = statement.execute_query()
        with (
            pa.RecordBatchReader.from_stream(handle) as reader,
            pa.OSFile(str(target), "wb") as file,
            pa.ipc.new_file(file, reader.schema, options=options) as writer,
        ):
            for batch in reader:
                writer.write_batch(batch)
    return time.perf_counter() - began


def job(client: longwatch.Client, sql: str) -> tuple[float, int]:
    """Seconds from submit until the result can be read, and the runner's most memory."""
    began = time.perf_counter()
    submitted = client.submit(sql, source="pg")
    most = 0
    while not (status := submitted.status()).state.is_final:
        most = max(most, status.progress.memory_bytes)
        time.sleep(0.2)
    took_s = time.perf_counter() - began
    assert status.result is not None, status.error
    assert status.result.rows == ROWS
    submitted.delete()
    return took_s, max(most, status.progress.memory_bytes)


def make_table(server: Cluster) -> dict[str, str]:
    """A source with the table; its options."""
    options = server.options(server.create_database(TABLE))
    with server.admin(options["dbname"]) as admin:
        admin.execute("VACUUM (FREEZE, ANALYZE) numbers")  # which the first to read would do else
    return options


def lines(folder: Path, options: dict[str, str]) -> list[Line]:
    """Every line, measured."""
    data_dir = folder / "data"
    data_dir.mkdir()
    given = "".join(f"{key} = {json.dumps(value)}\n" for key, value in options.items())
    (data_dir / "config.toml").write_text(
        f'[sources.pg]\nengine = "postgres"\n[sources.pg.options]\n{given}', encoding="utf-8"
    )
    line = Line(f"{ROWS // 10**6} M rows of PostgreSQL", f"≤ {GOAL_RATIO}, < 400 MB", [], [], [])
    with longwatch.connect(data_dir=data_dir) as client, Bare(options, folder / "bare") as other:
        other.run("SELECT count(*) FROM numbers")
        for _ in range(RUNS):
            os.sync()
            line.bare_s.append(other.run(SQL))
            os.sync()
            took_s, memory_bytes = job(client, SQL)
            line.job_s.append(took_s)
            line.memory_bytes.append(memory_bytes)
    return [line]


def main() -> int:
    """Measure, print, append; 1 when a goal is missed."""
    load = psutil.getloadavg()[0]
    print(f"{machine()}, PostgreSQL by {PostgresEngine.__name__}; load {load:.1f} at the start\n")
    with tempfile.TemporaryDirectory(prefix="longwatch-bench-") as name:
        found = lines(Path(name), make_table(cluster()))
    missed = False
    for line in found:
        most = max(line.memory_bytes)
        print(
            f"{line.name:<34} job {statistics.median(line.job_s):8.3f} s  "
            f"bare {statistics.median(line.bare_s):8.3f} s  ratio {line.ratio:7.3f}  "
            f"extra {line.extra_ms:8.1f} ms  runner {most / 10**6:5.0f} MB  {line.goal}"
        )
        missed = missed or line.ratio > GOAL_RATIO or most >= GOAL_BYTES
    append(
        load,
        [asdict(line) | {"ratio": line.ratio, "extra_ms": line.extra_ms} for line in found],
    )
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1:2] == [_BARE]:
        bare(Path(sys.argv[2]))
    else:
        sys.exit(main())
