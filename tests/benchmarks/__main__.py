"""`make bench`: every part, or those that are named."""

from __future__ import annotations

import sys

from benchmarks import feed, postgres, results, run, start, submits, table, workers
from benchmarks.progress import measure

PARTS = {
    "start": start.main,
    "queries": run.main,
    "submits": submits.main,
    "results": results.main,
    "postgres": postgres.main,
    "feed": feed.main,
    "table": table.main,
    "workers": workers.main,
    "progress": measure.main,
}


def main(arguments: list[str]) -> int:
    """Measure; the worst exit code."""
    unknown = [name for name in arguments if name not in PARTS]
    if unknown:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.")
        return 2
    return max(PARTS[name]() for name in arguments or PARTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
