"""Recorded runs: which query, how large its data were, and the course it took."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.progress.others import OTHERS
from benchmarks.progress.samples import SAMPLES
from benchmarks.progress.tpch import QUESTIONS
from longwatch.engines.duckdb_plan import stages_of
from longwatch.protocol.attempts import Trace

FOLDER: Final = Path(__file__).parent / "traces"
QUERIES: Final = {**QUESTIONS, **OTHERS, **SAMPLES}
HELD_OUT: Final = frozenset(
    {"q3", "q5", "q9", "q12", "q13", "q16", "q18", "q21", "sort_numbers", "many_groups"}
    | {"join_result", "pairs"}
)
"""The queries that nothing was tuned on."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `query` and `seed` make its SQL; `scale` is TPC-H's, 1 for 1 GB, or 0 for the sample
    of flights that comes with the program; `loaded_s`: how many seconds after its start a second
    heavy query began, `None` if none did; `memory_bytes`: its limit. Of DuckDB there is its `plan`
    as EXPLAIN (FORMAT json) told it, and the `sizes` of its tables, from which its stages follow.
    """

    query: str
    seed: int
    engine: str
    scale: float
    duration_s: float
    trace: Trace
    loaded_s: float | None = None
    memory_bytes: int = 6 * 2**30
    plan: str = ""
    sizes: dict[str, int] = {}

    @property
    def sql(self) -> str:
        """What was run."""
        return QUERIES[self.query](random.Random(self.seed))

    @property
    def held_out(self) -> bool:
        """Whether nothing may be learned from it beforehand."""
        return self.query in HELD_OUT


def planned(run: Recorded) -> Recorded:
    """The same with the stages that follow from its plan by now."""
    if not run.plan:
        return run
    trace = msgspec.structs.replace(run.trace, stages=stages_of(run.plan, run.sizes))
    return msgspec.structs.replace(run, trace=trace)


def write(path: Path, runs: list[Recorded]) -> None:
    """A line each, packed."""
    lines = b"\n".join(msgspec.json.encode(one) for one in runs)
    path.write_bytes(gzip.compress(lines, 9, mtime=0))


def read(path: Path) -> list[Recorded]:
    """What `write` wrote."""
    return [
        msgspec.json.decode(line, type=Recorded)
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def everything(folder: Path = FOLDER) -> list[Recorded]:
    """All recorded runs, in the order in which they were made."""
    return [planned(one) for path in sorted(folder.glob("*.jsonl.gz")) for one in read(path)]
