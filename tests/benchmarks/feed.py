"""`make bench ARGS=feed`: how far behind a thousand clients are, what it takes to bring them up.

The server has one core; its clients, and what asks it meanwhile, have another. A thousand jobs
report five times a second each. Beside it: Django Channels with the same frames in the same hands.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil

from benchmarks.contenders import CLIENT_CORE, CORES, HERE, NotMeasured, installed, pinned
from benchmarks.feed_postgres import filled
from benchmarks.feed_sides import (
    Channels,
    Crowd,
    Flow,
    Line,
    Readiness,
    Server,
    flow,
    line,
    served,
    watched,
)
from benchmarks.feed_store import kept
from benchmarks.run import HISTORY, append, machine
from longwatch.client.address import Address
from longwatch.client.feed import Connected, FeedFollower
from longwatch.protocol import routes
from longwatch.protocol.frames import Delta, Snapshot
from support.postgres_stores import url_of

CLIENTS: Final = 1_000
JOBS: Final = 1_000
HZ: Final = 5.0
ROUNDS: Final = 3
MEASURED_S: Final = 10.0
WARM_UP_S: Final = 3.0
STOPPED: Final = 100
BEHIND: Final = 500
MANY: Final = 100_000
HISTORY_JOBS: Final = 1_000_000


def fan_out(folder: Path, python: Path | None, rounds: int = ROUNDS) -> list[Line]:
    """A thousand clients, a thousand jobs."""
    ours: list[Flow] = []
    theirs: list[Flow] = []
    for _ in range(rounds):
        with served(folder, JOBS) as server, server.crowd() as crowd:
            server.ask("progress", jobs=JOBS, hz=HZ)
            crowd.ask("connect", count=CLIENTS)
            time.sleep(WARM_UP_S)
            crowd_s = crowd.ask("counted")["cpu_s"]
            time.sleep(0.5)  # they read what came meanwhile
            before_s = server.ask("look")["cpu_s"]
            ours.append(watched(crowd, lambda: server.ask("look")["marks"], MEASURED_S))
            looked = server.ask("look")
            core = (looked["cpu_s"] - before_s) / MEASURED_S
            clients = (crowd.ask("counted")["cpu_s"] - crowd_s) / MEASURED_S
            more = f", {core:.0%} of a core, the clients {clients:.0%} of theirs"
            told("longwatch", ours[-1], f"{more}; loop held {looked['held_s'] * 1000:.0f} ms")
        if python is not None:
            with (
                tempfile.TemporaryDirectory(dir=folder) as name,
                Channels(Path(name), python, JOBS, HZ) as channels,
                Crowd(channels.port, "/") as crowd,
            ):
                crowd.ask("connect", count=CLIENTS)
                time.sleep(WARM_UP_S)
                theirs.append(watched(crowd, channels.marks, MEASURED_S))
                told("channels", theirs[-1])
    pairs = list(zip(ours, theirs, strict=False))
    lines = [
        Line(
            f"{CLIENTS} clients, {JOBS} jobs at {HZ:g} Hz: behind, p99",
            "≤ 500 ms, the worst client",
            "ms",
            [one.worst_s * 1000 for one in ours],
            [one.worst_s * 1000 for one in theirs],
            statistics.median(b.worst_s / a.worst_s for a, b in pairs) if pairs else None,
        ),
        Line(
            "messages a second there",
            "≥ 3",
            "1/s",
            [one.per_s for one in ours],
            [one.per_s for one in theirs],
            statistics.median(a.per_s / b.per_s for a, b in pairs) if pairs else None,
        ),
    ]
    for one in lines:
        one.show()
    return lines


def told(who: str, one: Flow, more: str = "") -> None:
    """Print a round."""
    print(
        f"  {who}: behind p99 {one.usual_s * 1000:.0f} ms, worst {one.worst_s * 1000:.0f} ms, "
        f"{one.per_s:.0f} messages/s, {one.mb_per_s:.0f} MB/s{more}",
        flush=True,
    )


def stopped_readers(folder: Path, _rounds: int) -> list[Line]:
    """A hundred of the thousand stop reading, are let go, and come back."""
    with served(folder, JOBS) as server, server.crowd() as crowd:
        server.ask("progress", jobs=JOBS, hz=HZ)
        crowd.ask("connect", count=CLIENTS)
        time.sleep(WARM_UP_S)
        looked = server.ask("look")
        crowd.ask("stop_reading", count=STOPPED)
        most, began = looked["rss"], crowd.ask("begin")
        while time.monotonic() - began < 14:
            time.sleep(0.5)
            most = max(most, server.ask("rss"))
        counts = crowd.ask("counted")
        counts["ticks"] = counts["ticks"][STOPPED:]
        looked_again = server.ask("look")
        others = flow(counts, looked_again["marks"], began, counts["ended"])
        crowd.ask("drop", count=STOPPED)
        crowd.ask("connect", count=STOPPED, since=looked["seq"])
        seq = server.ask("commit", count=BEHIND)
        back_s = crowd.ask("until", seq=seq, within_s=30)
        gone = CLIENTS - looked_again["subscribers"]
        print(f"  {gone} were let go; all are back after {back_s:.2f} s", flush=True)
        assert back_s >= 0, "not all came back"
        cost = (most - looked["rss"]) / 1e6
        return [
            line(f"{STOPPED} stopped readers: memory", "< 50 MB", "MB", [cost]),
            line("the others behind, p99", "≤ 500 ms", "ms", [others.worst_s * 1000]),
        ]


def storm(folder: Path, rounds: int) -> list[Line]:
    """All come back at once."""
    took: list[float] = []
    unready: list[float] = []
    queued: list[float] = []
    with served(folder, JOBS) as server, server.crowd() as crowd:
        server.ask("progress", jobs=JOBS, hz=HZ)
        crowd.ask("connect", count=CLIENTS)
        time.sleep(WARM_UP_S)
        for _ in range(rounds):
            since = server.ask("look")["seq"]
            crowd.ask("drop", count=CLIENTS)
            seq = server.ask("commit", count=BEHIND)
            server.ask("look")
            with Readiness(server.address) as readiness:
                began = time.perf_counter()
                crowd.ask("connect", count=CLIENTS, since=since)
                assert crowd.ask("until", seq=seq, within_s=60) >= 0, "not all came back"
                took.append(time.perf_counter() - began)
            unready.append(readiness.worst_s["kept"] * 1000)
            queued.append(readiness.worst_s["new"] * 1000)
        looked = server.ask("look")
    return [
        line(f"{CLIENTS} come back at once, {BEHIND} behind: all true", "≤ 5 s", "s", took),
        line("meanwhile /health/ready, the slowest answer", "never unready", "ms", unready),
        line("the same over a new connection each time", "", "ms", queued),
        *held(looked, "a storm"),
    ]


def held(look: dict[str, Any], by: str) -> list[Line]:
    """How long the server's loop was held at most; by the clock others' work is in it too."""
    return [
        line(f"the loop held by {by}, processor", "≤ 10 ms", "ms", [look["held_s"] * 1000]),
        line("the same by the clock", "", "ms", [look["stall_s"] * 1000]),
    ]


def stop(folder: Path, rounds: int) -> list[Line]:
    """A server stops under its feeds."""
    took: list[float] = []
    for _ in range(rounds):
        with served(folder, JOBS) as server, server.crowd() as crowd:
            crowd.ask("connect", count=100)
            crowd.ask("until", seq=server.ask("look")["seq"], within_s=20)
            took.append(server.ask("stop"))
    return [line("stop with 100 open feeds", "≤ 0.5 s", "s", took)]


async def snapshots(address: Address, rounds: int) -> list[float]:
    """Seconds from subscribing to every job, read as records."""
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        kept: list[Snapshot] = []  # as whoever follows does: to free a job takes 0.7 µs
        async with aclosing(FeedFollower(address).events()) as events:
            async for event in events:
                if isinstance(event, Connected):
                    began = time.perf_counter()
                elif isinstance(event, Snapshot):
                    kept.append(event)
                    if not event.more:
                        took.append(time.perf_counter() - began)
                        break
    return took


async def resumes(address: Address, rounds: int) -> list[float]:
    """Seconds from a connection that is cut to standing where the server stood by then."""
    took: list[float] = []
    follower = FeedFollower(address)
    async with aclosing(follower.events()) as events:
        async for event in events:
            if isinstance(event, Snapshot) and not event.more:
                break
        for _ in range(rounds):
            async for event in events:
                if isinstance(event, Delta):
                    break
            began = time.perf_counter()
            assert follower._socket is not None
            follower._socket.transport.abort()
            newest: int | None = None
            async for event in events:
                if isinstance(event, Connected):
                    newest = event.hello.seq
                elif isinstance(event, Delta) and newest is not None and event.to >= newest:
                    break
                # Without the wait that keeps many from coming back together.
                asyncio.get_running_loop().call_soon(follower.retry_now)
            took.append(time.perf_counter() - began)
    return took


def many_rows(folder: Path, rounds: int) -> list[Line]:
    """A hundred thousand jobs: all of them, and what has changed."""
    with served(folder, MANY) as server:
        asyncio.run(snapshots(server.address, 1))  # imports
        before, own_s = server.ask("look"), time.process_time()
        took = asyncio.run(snapshots(server.address, 2 * rounds))
        own_s, after = time.process_time() - own_s, server.ask("look")
        print(
            f"  of the processor a snapshot takes {own_s / len(took) * 1000:.0f} ms here, "
            f"{(after['cpu_s'] - before['cpu_s']) / len(took) * 1000:.0f} in the server",
            flush=True,
        )
        server.ask("changes", per_s=10_000)
        again = asyncio.run(resumes(server.address, 30))
    return [
        line(f"snapshot of {MANY:,} jobs", "≤ 400 ms", "ms", [one * 1000 for one in took]),
        *held(after, "the snapshots"),
        line("resume at 10,000 changes/s", "≤ 100 ms", "ms", [one * 1000 for one in again]),
    ]


def asked() -> list[dict[str, Any]]:
    """What a list of a year's jobs is asked for."""
    begin = datetime.fromtimestamp(1_760_000_000, UTC)

    def day(n: int) -> str:
        return (begin + timedelta(days=n)).isoformat()

    return [
        {},
        {"state": "failed"},
        {"state": ["lost", "cancelled"]},
        {"state": "queued"},
        {"source": "crm"},
        {"owner": "user19"},
        {"owner": "user0", "state": "failed"},
        {"text": "flights"},
        {"text": "run-77777"},
        {"text": "tag = 'run-123456'"},
        {"text": "nowhere to be found"},
        {"text": "avg(dep_delay)", "state": "lost"},
        {"words": ["flights", "crm"]},
        {"submitted_after": day(100), "submitted_before": day(101)},
        {"submitted_before": day(5)},
        {"submitted_after": day(200), "source": "billing"},
    ]


def lists(folder: Path, rounds: int) -> list[Line]:
    """Pages of a million jobs."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="feed-") as name:
        shutil.copy(kept(folder, HISTORY_JOBS), Path(name) / "jobs.sqlite")
        with Server(Path(name)) as server:
            return listed(server, rounds, f"list, filter, search {HISTORY_JOBS:,} jobs")


def shared_lists(folder: Path, rounds: int) -> list[Line]:
    """The same on PostgreSQL."""
    with filled(HISTORY_JOBS) as (address, indexed):
        how = "with pg_trgm" if indexed else "without pg_trgm: each text is looked at"
        print(f"  PostgreSQL {how}", flush=True)
        with (
            tempfile.TemporaryDirectory(dir=folder, prefix="feed-") as name,
            Server(Path(name), url_of(address)) as server,
        ):
            return listed(server, rounds, f"the same of PostgreSQL, {how.partition(':')[0]}")


def listed(server: Server, rounds: int, what: str) -> list[Line]:
    """How long each page takes."""
    every: list[float] = []
    each: dict[str, list[float]] = {}
    address = server.address
    with httpx.Client(base_url=address.url, headers=address.headers(), trust_env=False) as http:
        for turn in range(2 + 4 * rounds):
            for query in asked():
                began = time.perf_counter()
                answer = http.get(routes.JOBS, params={"limit": 100, **query})
                took = (time.perf_counter() - began) * 1000
                assert answer.status_code == 200, answer.text
                if turn >= 2:  # the store's pages are in memory then
                    every.append(took)
                    each.setdefault(json.dumps(query), []).append(took)
    slowest = max(each, key=lambda query: statistics.median(each[query]))
    print(f"  slowest: {slowest}, {statistics.median(each[slowest]):.1f} ms", flush=True)
    p99 = float(np.percentile(every, 99))
    return [
        line(f"{what}, p99", "≤ 50 ms", "ms", [p99]),
        line("the same, median", "", "ms", [statistics.median(every)]),
    ]


PARTS: Final[dict[str, Callable[[Path, int], list[Line]]]] = {
    "stopped": stopped_readers,
    "storm": storm,
    "stop": stop,
    "rows": many_rows,
    "lists": lists,
    "shared": shared_lists,
}


def main() -> int:
    """Measure, print, append."""
    if len(CORES) < 2:
        print("feed: not measured: it takes Linux and two cores, one for the server alone.")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended
    load = psutil.getloadavg()[0]
    print(f"{machine()}; load {load:.1f} at the start; {CLIENTS} clients, {JOBS} jobs")
    folder = HISTORY.parent
    folder.mkdir(exist_ok=True)
    python = None
    try:
        python = installed(folder / "venv-feed", HERE / "requirements-feed.txt", "Django Channels")
    except NotMeasured as reason:
        print(f"Django Channels: not measured: {reason}")
    with pinned(CLIENT_CORE):
        lines = fan_out(folder, python)
        for part in PARTS.values():
            lines += part(folder, ROUNDS)
    append(load, [asdict(one) for one in lines])
    print(f"load {psutil.getloadavg()[0]:.1f} at the end")
    return 0
