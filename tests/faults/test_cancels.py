"""Cancels at any moment."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from longwatch.client.errors import Conflict
from longwatch.client.sync import Client
from longwatch.protocol.jobs import Job, JobState, Phase
from support.load import check_store
from support.processes import runners_in
from support.runs import Server
from support.servers import ENDLESS, serving
from support.waiting import wait_until

CONFIRMED_WITHIN_S = 2.0
QUERIES = (
    ENDLESS,
    "SELECT 7",
    "SELECT range AS n FROM range(1000000000000)",
    "CREATE TABLE t AS SELECT range AS n FROM range(1000000000000)",
)
MOMENTS: Final[tuple[Callable[[Job], bool], ...]] = (
    lambda _job: True,
    lambda job: job.state is not JobState.QUEUED,
    lambda job: job.phase is Phase.EXECUTING or job.state.is_final,
    lambda job: job.result is not None or job.phase is Phase.EXECUTING or job.state.is_final,
)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("cancels") / "data"
    settings: dict[str, Any] = {"max_running": 2, "warm_spare": True}
    with serving(data_dir, **settings) as (_, address), Client(address) as client:
        yield Server(data_dir, client)
    check_store(data_dir / "jobs.sqlite", [], over=True)
    assert runners_in(data_dir) == []


def cancel_at(server: Server, chance: random.Random) -> str:
    """Submit, wait for some moment, cancel twice at once; the phase that the job was in."""
    job = server.client.submit(chance.choice(QUERIES))
    reached = chance.choice(MOMENTS)
    wait_until(lambda: reached(job.status()), patience_s=30)
    # A little later than that: that it may be anywhere is the point.
    time.sleep(chance.random() ** 2 * 0.2)
    before = job.status()

    def cancel(_number: int) -> bool:
        try:
            server.client._call(server.client._api.cancel(job.id))
        except Conflict:
            return False
        return True

    asked_s = time.monotonic()
    with ThreadPoolExecutor(2) as both:
        asked = any(both.map(cancel, range(2)))
    after = job.wait(20)
    took_s = time.monotonic() - asked_s
    if asked and after.state is not JobState.SUCCEEDED:  # the end may have come first
        assert after.state is JobState.CANCELLED
        assert after.cancel_confirmed is True
        assert took_s < CONFIRMED_WITHIN_S, f"{took_s:.2f} s, cancelled while {before.phase}"
    assert not cancel(0), "it is over"
    assert job.status() == after
    return before.phase.value if before.phase else before.state.value


def cancel_often(server: Server, times: int, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    phases = Counter(cancel_at(server, chance) for _ in range(times))
    # A cancelled runner is gone; at most the spares are there, once they have been refilled.
    wait_until(lambda: len(runners_in(server.data_dir)) <= 2)
    return phases


@pytest.mark.slow
def test_a_cancel_at_any_moment(server: Server) -> None:
    """Invariant: a job cancelled at any moment, twice at once, is in a legal final state within
    2 s, confirmed by the process table; a cancel after the end changes nothing; no process is
    left."""
    cancel_often(server, 8, seed=11)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_many_cancels_meet_every_phase(server: Server) -> None:
    """The same invariant, often enough to meet every phase that lasts."""
    phases = cancel_often(server, 80, seed=12)
    assert {"starting", "executing", "succeeded"} <= phases.keys(), phases


def test_a_cancel_before_the_start(server: Server) -> None:
    """Invariant: a job cancelled in the queue never runs, and says so at once."""
    busy = [server.client.submit(ENDLESS) for _ in range(2)]
    for one in busy:
        server.executing(one)
    waiting = server.client.submit("SELECT 7")
    status = waiting.cancel()
    assert (status.state, status.attempt, status.cancel_confirmed) == (
        JobState.CANCELLED,
        0,
        True,
    )
    for one in busy:
        one.cancel()
    assert all(one.wait(20).cancel_confirmed for one in busy)
    assert not (server.data_dir / "jobs" / waiting.id).exists()
