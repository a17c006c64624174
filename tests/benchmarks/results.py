"""`make bench ARGS=results`: ten million rows of ten columns, beside DuckDB alone.

The result is written, read at once, paged through, sorted and exported; the other side is a bare
process in which DuckDB writes the same rows as Parquet and reads its pages from there. Both sides
of a line are measured in turn. The server has a process of its own, and so has its memory.
"""

from __future__ import annotations

import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

import httpx
import psutil

from benchmarks.run import HISTORY, Yardstick, append, machine
from longwatch.client.address import Address
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol import routes

ROWS: Final = 10_000_000
ROUNDS: Final = 3
PAGES: Final = 500
MIB: Final = 2**20
QUERY: Final = f"""
SELECT i AS id, hash(i) % 1000000 AS k, (hash(i * 7) % 100000) / 100.0 AS price,
    'name-' || (hash(i * 3) % 50000) AS name, DATE '2020-01-01' + (hash(i * 5) % 2000)::INT AS day,
    TIMESTAMP '2020-01-01' + to_seconds((hash(i * 11) % 100000000)::BIGINT) AS moment,
    (hash(i * 13) % 5)::TINYINT AS kind, hash(i * 17) / 1e19 AS share,
    ['AA', 'UA', 'DL', 'WN', 'B6'][1 + (hash(i * 23) % 5)::INT] AS carrier,
    hash(i * 19) % 2 = 0 AS flag
FROM range({ROWS}) t(i)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what was measured of either side, round by round; `bare` is empty where the goal
    is a bound."""

    name: str
    goal: str
    unit: str
    ours: list[float]
    bare: list[float]

    @property
    def ratio(self) -> float | None:
        """How many times as long ours takes."""
        if not self.bare:
            return None
        return statistics.median(a / b for a, b in zip(self.ours, self.bare, strict=True))

    def show(self) -> None:
        """Print it."""
        ratio = "" if self.ratio is None else f"ratio {self.ratio:6.3f}"
        bare = f"bare {statistics.median(self.bare):9.3f}" if self.bare else " " * 14
        print(
            f"{self.name:<44} ours {statistics.median(self.ours):9.3f} {self.unit:<3} {bare}  "
            f"{ratio:<13} {self.goal}",
            flush=True,
        )


class Bare(Yardstick):
    """A process of `bare_results.py`."""

    def __init__(self) -> None:
        super().__init__("bare_results.py")

    def run(self, sql: str, *, first: bool = False) -> float:
        """Seconds until all rows, or the first, are there."""
        return self.ask(sql=sql, first=first)


class Memory:
    """The largest resident memory of each kind of process, looked at a hundred times a second."""

    def __init__(self, server: int) -> None:
        self.peaks: dict[str, int] = defaultdict(int)
        self._server = psutil.Process(server)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            for process in [self._server, *self._server.children()]:
                with contextlib.suppress(psutil.Error):
                    kind = "server"
                    if process is not self._server:
                        words = process.cmdline()
                        kind = "helper" if "longwatch.results.helper" in words else "runner"
                    used = process.memory_info()
                    own = used.rss - getattr(used, "shared", 0)  # mapped files are not its own
                    self.peaks[kind] = max(self.peaks[kind], own)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[Address, int]]:
    """A server in a process of its own; its address and its pid."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "longwatch", "serve", "--data-dir", str(folder / "data")]
    process = subprocess.Popen([*command, "--ready-file", str(ready)])
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError("the server did not start")
            time.sleep(0.05)
        said = json.loads(ready.read_text(encoding="utf-8"))
        yield Address.parse(said["url"], said["token"]), process.pid
    finally:
        process.terminate()
        process.wait()


def turns(
    name: str, goal: str, ours: Callable[[], float], bare: Callable[[], float], rounds: int = ROUNDS
) -> Line:
    """Measure both sides in turn."""
    took = [(bare(), ours()) for _ in range(rounds)]
    line = Line(name, goal, "s", [one for _, one in took], [one for one, _ in took])
    line.show()
    return line


def timed(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Ours:
    """What is measured on our side."""

    def __init__(self, address: Address, folder: Path) -> None:
        self._client = Client(address, timeout_s=600)
        self._http = httpx.Client(
            base_url=address.url, headers=address.headers(), timeout=600, trust_env=False
        )
        self._folder = folder
        self._jobs: list[JobHandle] = []

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._client.close()

    def whole(self) -> float:
        """From the submit to a result that can be read."""

        def work() -> None:
            self._jobs.append(self._client.submit(QUERY))
            self._jobs[-1].result()

        took = timed(work)
        for old in self._jobs[:-1]:
            old.delete()
        del self._jobs[:-1]
        return took

    def first(self) -> float:
        """From the submit to the first page."""
        job = self._client.submit(QUERY)
        path = routes.JOB_RESULT_PAGE.format(job_id=job.id)

        def work() -> None:
            while self._http.get(path, params={"limit": 500}, headers=_ARROW).status_code != 200:
                time.sleep(0.005)

        took = timed(work)
        job.cancel()
        job.wait()
        job.delete()
        return took

    def page(self, offset: int, sort: str = "") -> float:
        """500 rows through HTTP."""
        path = routes.JOB_RESULT_PAGE.format(job_id=self._jobs[-1].id)
        query = {"offset": str(offset), "limit": "500", "sort": sort}

        def work() -> None:
            self._http.get(path, params=query, headers=_ARROW).raise_for_status()

        return timed(work)

    def sorted_page(self, offset: int, sort: str) -> float:
        """The same of an order that nobody has asked for yet."""
        for view in self._folder.glob(f"data/jobs/{self._jobs[-1].id}/*/result/view-*"):
            view.unlink()
        took = self.page(offset, sort)
        self.page(ROWS // 2, sort)  # the view that is made after a first page is not to be felt
        return took

    def export(self, form: str, sort: str = "") -> float:
        """Seconds of an export whose bytes are dropped."""
        path = routes.JOB_RESULT_EXPORT.format(job_id=self._jobs[-1].id)

        def work() -> None:
            query = {"format": form, "sort": sort}
            with self._http.stream("GET", path, params=query) as answer:
                answer.raise_for_status()
                for _ in answer.iter_raw():
                    pass

        return timed(work)


_ARROW: Final = {"Accept": routes.ARROW_STREAM}


def measure(folder: Path, bare: Bare) -> list[Line]:
    """Every line."""
    parquet = folder / "bare.parquet"
    copy = f"COPY ({QUERY}) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)"
    with served(folder) as (address, pid), Memory(pid) as memory:
        ours = Ours(address, folder)
        lines = [
            turns(
                "10 M rows, beside COPY to Parquet", "≤ 0.77", ours.whole, lambda: bare.run(copy)
            ),
            turns(
                "first page, beside the engine's first rows",
                "≤ 0.5 s more",
                ours.first,
                lambda: bare.run(QUERY, first=True),
            ),
            pages(ours),
        ]
        dice = random.Random(1)
        lines += [
            _sorted(ours, bare, parquet, sort, dice, first=first)
            for sort in ("k", "moment", "name")
            for first in (True, False)
        ]
        for form, sort in (("parquet", ""), ("csv", ""), ("arrow", "k")):
            name = f"export as {form}" + (f" by {sort}" if sort else "")
            lines.append(Line(name, "", "s", [ours.export(form, sort)], []))
            lines[-1].show()
        ours.close()
    for kind, peak in sorted(memory.peaks.items()):
        lines.append(Line(f"memory of the {kind}", "< 500 MB", "MB", [peak / MIB], []))
        lines[-1].show()
    return lines


def pages(ours: Ours) -> Line:
    """How long the slowest of a hundred pages takes, anywhere, once some were read."""
    dice = random.Random(2)
    for _ in range(20):
        ours.page(dice.randrange(ROWS))
    took = sorted(ours.page(dice.randrange(ROWS)) * 1_000 for _ in range(PAGES))
    name = f"a page of 500 rows at any place, p99 (p50 {took[PAGES // 2]:.1f})"
    line = Line(name, "≤ 20 ms", "ms", [took[-1 - PAGES // 100]], [])
    line.show()
    return line


def _sorted(
    ours: Ours, bare: Bare, parquet: Path, sort: str, dice: random.Random, *, first: bool
) -> Line:
    offsets = [0 if first else dice.randrange(ROWS) for _ in range(ROUNDS)]
    left, right = iter(offsets), iter(offsets)
    place = "the first page" if first else "a page anywhere"
    return turns(
        f"sort by {sort}, then {place}",
        "≤ 1.2",
        lambda: ours.sorted_page(next(left), sort),
        lambda: bare.run(f"FROM '{parquet}' ORDER BY {sort} LIMIT 500 OFFSET {next(right)}"),
    )


def main() -> int:
    """Measure, print, append."""
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start; {ROWS:,} rows\n")
    HISTORY.parent.mkdir(exist_ok=True)
    # Beside the history: where /tmp is memory, nothing would ever wait for a disk.
    with tempfile.TemporaryDirectory(dir=HISTORY.parent, prefix="results-") as name, Bare() as bare:
        lines = measure(Path(name), bare)
    append(load, [asdict(line) | {"ratio": line.ratio} for line in lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
