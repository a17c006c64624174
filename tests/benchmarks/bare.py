"""The yardstick: one bare process in which DuckDB runs a query into one Arrow file.

Each line of standard input is `{"sql", "target"}` as JSON; each is answered by the seconds it took.
Imports, the first connection and the sample's views are not counted: the process is given all that
a runner in waiting has, its priority included, since on a busy machine a difference in that would
measure the other programs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa

from longwatch.resources import resource_path
from longwatch.runner.limits import yield_to_others
from longwatch.runner.spec import BATCH_ROWS


def main() -> None:
    """Answer until the input ends."""
    yield_to_others()
    connection = duckdb.connect(config={"threads": int(sys.argv[1])})
    for file in resource_path("samples/nycflights13").glob("*.parquet"):
        connection.execute(f"CREATE VIEW {file.stem} AS FROM '{file}'")
    connection.sql("SELECT 1").to_arrow_reader(1).read_all()
    for line in sys.stdin:
        asked = json.loads(line)
        print(run(connection, asked["sql"], Path(asked["target"])), flush=True)


def run(connection: duckdb.DuckDBPyConnection, sql: str, target: Path) -> float:
    """Seconds from the query to the closed file."""
    began = time.perf_counter()
    reader = connection.sql(sql).to_arrow_reader(BATCH_ROWS)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(target), "wb") as file,
        pa.ipc.new_file(file, reader.schema, options=options) as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
