"""The server that `feed` measures: `ServerThread` over a store, on one core, and what moves in it.

Obeys lines of JSON on its input, and answers each with one. Jobs move without runners: their
progress and changes are handed to the hub as the service does, so that the feed alone is measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec
import psutil
from sqlalchemy import insert, update

from longwatch.api.dependencies import Parts
from longwatch.host import ServerThread
from longwatch.protocol.jobs import JobSummary, Phase, Progress, ProgressBasis
from longwatch.store import listing
from longwatch.store.listing import Filter
from longwatch.store.tables import events, jobs
from longwatch.store.writer import Transaction

BEAT_S = 0.02


def touch(tx: Transaction, count: int) -> None:
    """Let something happen to the newest jobs: each has a new `seq`, as after any event."""
    listed = listing.page(tx, Filter(), before_n=None, limit=count, count=False)
    for job in listed.jobs:
        line = {"job_id": job.id, "event": "cancel_requested", "attempt": 1, "at_us": 0}
        key = tx.connection.execute(insert(events).values(line)).inserted_primary_key
        assert key is not None
        tx.connection.execute(update(jobs).where(jobs.c.id == job.id).values(seq=key[0]))
        tx.changes.changed[job.id] = msgspec.structs.replace(job, seq=key[0])
        tx.changes.seq = max(tx.changes.seq, key[0])


class Driven:
    """A server, and what is going on in it."""

    def __init__(self, folder: Path, *store: str) -> None:
        settings: dict[str, Any] = {"store": store[0]} if store else {}
        self.thread = ServerThread(
            folder,
            host="127.0.0.1",
            port=0,
            warm_spare=False,
            max_running=1,
            log_level="warning",
            **settings,
        )
        self.address = self.thread.start(60)
        gc.collect()
        gc.freeze()  # this and the next as `longwatch serve` does
        gc.set_threshold(700, 10, 100)
        self.marks: list[tuple[int, float]] = []
        self.stall_s = self.held_s = 0.0
        self._moving: asyncio.Task[None] | None = None
        self._start(self._watch()).result(10)

    @property
    def parts(self) -> Parts:
        """The live objects of the server."""
        assert self.thread._server is not None
        app: Any = self.thread._server.config.app
        parts: Parts = app.state.parts
        return parts

    def _start(self, work: Coroutine[Any, Any, None]) -> Any:
        assert self.thread._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.thread._loop)

    async def _watch(self) -> None:
        """How long the loop was held at most, from one wait to the next: by the clock, and by the
        processor time of its thread, since on a busy machine others hold it too."""
        loop: Any = asyncio.get_running_loop()
        wait = loop._selector.select
        woke_s, woke_cpu_s = loop.time(), time.thread_time()

        def waited(timeout: float | None = None) -> Any:
            nonlocal woke_s, woke_cpu_s
            self.stall_s = max(self.stall_s, loop.time() - woke_s)
            self.held_s = max(self.held_s, time.thread_time() - woke_cpu_s)
            found = wait(timeout)
            woke_s, woke_cpu_s = loop.time(), time.thread_time()
            return found

        loop._selector.select = waited

    async def _progress(self, jobs: int, hz: float) -> None:
        """So many live jobs, each of which reports so often, one after the other."""
        hub = self.parts.hub
        loop = asyncio.get_running_loop()
        began_s, told = loop.time(), 0
        ids = [f"{n:016x}" for n in range(jobs)]
        while True:
            due = int((loop.time() - began_s) * jobs * hz)
            for n in range(told, due):
                share = (n // jobs % 1000) / 1000
                progress = Progress(
                    fraction=share,
                    basis=ProgressBasis.MEASURED,
                    rows=n,
                    bytes=n * 70,
                    memory_bytes=123_456_789,
                    eta_low_s=12.5,
                    eta_high_s=31.0,
                    statement=1,
                    statements=1,
                )
                hub.progress(ids[n % jobs], 1, Phase.EXECUTING, progress)
            told = max(told, due)
            self.marks.append((hub.tick, time.monotonic()))
            await asyncio.sleep(BEAT_S)

    async def _changes(self, per_s: int) -> None:
        """So many changes a second, of jobs that the store has."""
        hub, store = self.parts.hub, self.parts.store
        jobs: list[JobSummary] = []
        before_n: int | None = None
        while len(jobs) < 100_000:
            listed = await store.run(
                listing.page, Filter(), before_n=before_n, limit=500, count=False
            )
            jobs += listed.jobs
            before_n = listed.next_n
            if before_n is None:
                break
        loop = asyncio.get_running_loop()
        began_s, told, seq = loop.time(), 0, hub.seq
        while True:
            due = int((loop.time() - began_s) * per_s)
            changed = [
                msgspec.structs.replace(jobs[n % len(jobs)], seq=seq + n + 1)
                for n in range(told, due)
            ]
            if changed:
                hub.publish(changed, {}, changed[-1].seq)
            told = max(told, due)
            await asyncio.sleep(BEAT_S)

    def progress(self, jobs: int, hz: float) -> None:
        """Begin to report progress."""
        self.calm()
        self._moving = self._start(self._progress(jobs, hz))

    def changes(self, per_s: int) -> None:
        """Begin to change jobs."""
        self.calm()
        self._moving = self._start(self._changes(per_s))

    def calm(self) -> None:
        """Let nothing move any more."""
        if self._moving is not None:
            self._moving.cancel()
            self._moving = None

    async def _commit(self, count: int) -> None:
        await self.parts.store.run(touch, count)

    def commit(self, count: int) -> int:
        """Change so many jobs in the store; the newest `seq`."""
        self._start(self._commit(count)).result(30)
        return self.parts.hub.seq

    def look(self) -> dict[str, Any]:
        """How it stands; the longest stall and hold are those since the last look."""
        stall_s, self.stall_s = self.stall_s, 0.0
        held_s, self.held_s = self.held_s, 0.0
        return {
            "rss": psutil.Process().memory_info().rss,
            "cpu_s": time.process_time(),
            "stall_s": stall_s,
            "held_s": held_s,
            "seq": self.parts.hub.seq,
            "subscribers": self.parts.hub.subscribers,
            "marks": self.marks,
        }

    def obey(self, asked: dict[str, Any]) -> Any:
        """Do what is asked."""
        match asked.pop("do"):
            case "progress":
                self.marks.clear()
                self.progress(**asked)
            case "changes":
                self.changes(**asked)
            case "calm":
                self.calm()
            case "commit":
                return self.commit(**asked)
            case "rss":
                return psutil.Process().memory_info().rss
            case "look":
                return self.look()
            case "stop":
                self.calm()
                began = time.perf_counter()
                assert self.thread.stop(10.0)
                return time.perf_counter() - began
        return None


def main() -> None:
    """Serve until the input ends."""
    driven = Driven(Path(sys.argv[1]))
    print(json.dumps({"url": driven.address.url, "token": driven.address.token}), flush=True)
    for line in sys.stdin:
        print(json.dumps(driven.obey(json.loads(line))), flush=True)
    driven.thread.stop(10.0)


if __name__ == "__main__":
    main()
