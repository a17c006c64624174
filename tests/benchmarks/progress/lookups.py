"""How long a server takes to find the earlier runs of a query."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Final

import structlog

from longwatch.progress.fingerprint import Fingerprint
from longwatch.service.remembering import Memory
from longwatch.store.store import Store
from support.remembered import laid_in, run, trace

RUNS: Final = 2_000
QUERIES: Final = 250
POINTS: Final = 128


def lookups() -> list[float]:
    """Milliseconds of one for each query, of runs of one source; none was asked for before."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "store" / "jobs.sqlite"
        kept = [run(at, f"{at % QUERIES}", trace=trace(POINTS)) for at in range(RUNS)]
        laid_in(path, kept)
        return asyncio.run(_asked(path))


async def _asked(path: Path) -> list[float]:
    store = Store(path, lambda _changes: None)
    await store.open()
    try:
        memory = Memory(store, structlog.stdlib.get_logger())
        took_ms = []
        for at in random.Random(1).sample(range(QUERIES), QUERIES):
            began_s = time.perf_counter()
            found = await memory.like(Fingerprint(digest=f"{at}"), "sales", "duckdb")
            took_ms.append((time.perf_counter() - began_s) * 1e3)
            assert found
        return took_ms
    finally:
        await store.close()
