"""Runs as they are remembered, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from longwatch.protocol.attempts import Trace
from longwatch.protocol.runs import Accuracy, Run
from longwatch.store import runs
from longwatch.store.database import open_engine
from longwatch.store.thread import Changes, Transaction
from support.stores import lay_out

BEGINNING: Final = datetime(2026, 3, 1, tzinfo=UTC)


def run(number: int, digest: str = "d", **more: Any) -> Run:
    """A run that ended so many minutes after the beginning, of the job `job-NUMBER`."""
    return Run(
        **{
            "job_id": f"job-{number:05}",
            "digest": digest,
            "source": "sales",
            "engine": "duckdb",
            "tables": ["flights"],
            "operators": ["join", "sort"],
            "numbers": [2013.0, 0.5],
            "ended_at": BEGINNING + timedelta(minutes=number),
            "duration_s": 10.0 + number,
            "cpu_s": 19.5,
            "rows": 2**40,
            "bytes": 2**41,
            "memory_bytes": 2**30,
            "others": 0.5,
            "accuracy": told(0.02),
            "trace": trace(),
            **more,
        }
    )


def told(fraction_error: float, held: float | None = 0.9, width: float | None = 0.4) -> Accuracy:
    """How right the bar and the range were."""
    return Accuracy(fraction_error=fraction_error, range_held=held, range_width=width)


def trace(points: int = 4) -> Trace:
    """The course of a run that told all there is to tell."""
    steps = range(points)
    return Trace(
        elapsed_s=[one * 0.1 for one in steps],
        fractions=[-1.0, *(one / points for one in steps[1:])],
        rows=[one * 2**33 for one in steps],
        bytes=[one * 2**35 for one in steps],
        cpu_s=[one * 0.19 for one in steps],
        memory_bytes=[2**30] * points,
        spill_bytes=[0] * points,
        io_bytes=[one * 4096 for one in steps],
        phases=[3] * points,
        statements=[1] * points,
    )


def laid_in(path: Path, some: Iterable[Run]) -> None:
    """Put runs into the store at `path`, which no server has open."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    engine = open_engine(lay_out(path))
    with engine.begin() as connection:
        for one in some:
            runs.add(Transaction(connection, Changes()), one)
    engine.dispose()
