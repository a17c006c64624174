"""What `feed` measures with: the server and the crowd, each a process on a core, and Channels."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from benchmarks.contenders import (
    CLIENT_CORE,
    HERE,
    SERVER_CORE,
    Contender,
    free_port,
    listens,
    pinned,
)
from benchmarks.feed_store import fill
from longwatch.client.address import Address
from longwatch.protocol import routes

SAMPLE_S: Final = 0.05
Marks = list[tuple[int, float]]
"""Ticks, and when each was (seconds of the monotonic clock)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what was measured, round by round, in `unit`; of somebody else too, where there is
    one to compare with, and how many times more or quicker ours is."""

    name: str
    goal: str
    unit: str
    ours: list[float]
    theirs: list[float]
    ratio: float | None

    def show(self) -> None:
        """Print it."""
        beside = f"channels {statistics.median(self.theirs):9.1f}" if self.theirs else ""
        ratio = "" if self.ratio is None else f"ratio {self.ratio:6.2f}"
        print(
            f"{self.name:<52} {statistics.median(self.ours):9.2f} {self.unit:<4} {beside:<20} "
            f"{ratio:<13} {self.goal}",
            flush=True,
        )


def line(name: str, goal: str, unit: str, ours: list[float]) -> Line:
    """A line of ours alone, printed."""
    made = Line(name, goal, unit, ours, [], None)
    made.show()
    return made


class Helper:
    """A process on a core that obeys lines of JSON."""

    def __init__(self, core: int, module: str, *arguments: str) -> None:
        with pinned(core):
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"benchmarks.{module}", *arguments],
                cwd=HERE.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self.process.communicate(timeout=20)
        self.process.kill()
        self.process.wait()

    def ask(self, do: str, **what: Any) -> Any:
        """What it answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        """Its next line."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError("a process of the benchmark has ended")
        return json.loads(said)


class Server(Helper):
    """`feed_server.py` over a folder."""

    def __init__(self, folder: Path, *store: str) -> None:
        """`store` is the URL of its store, if that is not a file in the folder."""
        super().__init__(SERVER_CORE, "feed_server", str(folder), *store)
        said = self.answer()
        self.address = Address.parse(said["url"], said["token"])

    def crowd(self) -> Crowd:
        """Clients of it."""
        port = self.address.url.rpartition(":")[2]
        return Crowd(int(port), routes.FEED, self.address.token)


class Crowd(Helper):
    """`feed_clients.py`."""

    def __init__(self, port: int, path: str, token: str = "") -> None:
        super().__init__(CLIENT_CORE, "feed_clients", "127.0.0.1", str(port), path, token)


@contextlib.contextmanager
def served(folder: Path, jobs: int) -> Iterator[Server]:
    """A server over a new store of so many jobs."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="feed-") as name:
        fill(Path(name) / "jobs.sqlite", jobs)
        with Server(Path(name)) as server:
            yield server


@dataclass(frozen=True, slots=True)
class Flow:
    """What a crowd got in some seconds: how far behind its worst client and its median one were at
    the 99th percentile, and how many messages came in all."""

    worst_s: float
    usual_s: float
    per_s: float
    mb_per_s: float


def flow(told: dict[str, Any], marks: Marks, began: float, ended: float) -> Flow:
    """What a crowd's counts say. A client is behind by the age of the oldest thing it lacks."""
    ticks = np.array([tick for tick, _ in marks])
    times = np.array([at for _, at in marks])
    samples = np.arange(began, ended, SAMPLE_S)
    percentiles = []
    for received in told["ticks"]:
        if not received:
            percentiles.append(ended - began)
            continue
        at = np.array([one[0] for one in received])
        has = np.array([one[1] for one in received])
        newest = np.searchsorted(at, samples, side="right") - 1
        # What was known before the first frame of this measurement is not; it counts from `began`.
        known = has[np.maximum(newest, 0)]
        lacks = np.searchsorted(ticks, known, side="right")
        since = np.where(lacks < len(times), times[np.minimum(lacks, len(times) - 1)], np.inf)
        behind = np.where(newest >= 0, samples - since, samples - began)
        percentiles.append(float(np.percentile(np.maximum(behind, 0.0), 99)))
    took = ended - began
    return Flow(
        max(percentiles),
        statistics.median(percentiles),
        sum(told["frames"]) / took,
        sum(told["bytes"]) / took / 1e6,
    )


def watched(crowd: Crowd, marks: Callable[[], Marks], seconds: float) -> Flow:
    """What flows in so many seconds."""
    began = crowd.ask("begin")
    time.sleep(seconds)
    counts = crowd.ask("counted")
    return flow(counts, marks(), began, counts["ended"])


class Channels(Contender):
    """`channels_feed.py` under uvicorn, one process."""

    name = "channels"

    def __init__(self, folder: Path, python: Path, jobs: int, hz: float) -> None:
        super().__init__(folder)
        self._python = python
        self._env = {"BENCH_JOBS": str(jobs), "BENCH_HZ": str(hz), "BENCH_BEAT_S": "0.04"}

    def start(self) -> None:
        """Start the server."""
        self.port = free_port()
        command = "-m uvicorn benchmarks.channels_feed:application --log-level warning"
        self.run(
            [
                *(str(self._python), *command.split(), "--lifespan", "off", "--no-access-log"),
                *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false"),
                *("--port", str(self.port)),
            ],
            self._env,
        )
        self.wait_for("Django Channels", lambda: listens(self.port))

    def marks(self) -> Marks:
        """When each tick was."""
        said = (self.folder / "log.txt").read_text().splitlines()
        found = [json.loads(text) for text in said if text.startswith("[")]
        return [(tick, at) for tick, at in found]


class Readiness:
    """Asks a server all the while whether it is ready, over a connection that is kept and over a
    new one each time; how long it took to say so at most. A new one waits in line with all others
    that connect."""

    def __init__(self, address: Address) -> None:
        self.worst_s = {"kept": 0.0, "new": 0.0}
        host, _, port = address.url.rpartition("/")[2].rpartition(":")
        self._where = host, int(port)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(how,), daemon=True) for how in self.worst_s
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        time.sleep(0.2)  # the kept one is there by now
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, how: str) -> None:
        http = HTTPConnection(*self._where, timeout=30)
        while not self._over.is_set():
            began = time.perf_counter()
            http.request("GET", routes.HEALTH_READY)
            answer = http.getresponse()
            answer.read()
            if answer.status != 200:
                self.worst_s[how] = float("inf")
            self.worst_s[how] = max(self.worst_s[how], time.perf_counter() - began)
            if how == "new":
                http.close()
            self._over.wait(0.05)
        http.close()
