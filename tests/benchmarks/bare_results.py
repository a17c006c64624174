"""The yardstick for results: one bare process in which DuckDB runs what it is told.

Each line of standard input is `{"sql", "first"}` as JSON; each is answered by the seconds it took
until all rows were there, or with `first` the first of them. The process has all that a helper in
waiting has, its priority included.
"""

from __future__ import annotations

import json
import sys
import time
from typing import cast

import duckdb

from longwatch.runner.limits import yield_to_others


def main() -> None:
    """Answer until the input ends."""
    yield_to_others()
    connection = duckdb.connect(config={"threads": int(sys.argv[1])})
    connection.sql("SELECT 1").to_arrow_reader(1).read_all()
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.perf_counter()
        relation = cast("duckdb.DuckDBPyRelation | None", connection.sql(asked["sql"]))
        if relation is not None:  # a COPY returns nothing, though the driver's types say otherwise
            for _ in relation.to_arrow_reader(10_240):
                if asked["first"]:
                    break
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
