"""The feed over connections that are cut, delayed, half open and refused."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from longwatch.client.address import Address
from longwatch.client.feed import Backoff, Connected, Disconnected, FeedFollower
from longwatch.protocol.jobs import JobState, JobSummary, Submission
from longwatch.runner.spec import Ending
from longwatch.store import listing
from longwatch.store.listing import Filter
from longwatch_desktop.mirror.jobs import Changes, JobMirror
from support.feeds import feeding
from support.proxies import Harm, Proxy
from support.servers import Backend
from support.waiting import eventually

QUICK = Backoff(least_s=0.01, most_s=0.1)
CHANGES = 100


class Window:
    """What a window makes of a feed: the mirror, and the endings it would tell a person of."""

    def __init__(self, address: Address, dice: random.Random, **kwargs: Any) -> None:
        self.mirror = JobMirror()
        self.told: Counter[str] = Counter()
        self.known_at_first: set[str] = set()
        self.polled = False
        self.follower = FeedFollower(
            address,
            backoff=QUICK,
            dice=dice,
            ping_every_s=0.1,
            pong_within_s=0.3,
            open_within_s=0.5,
            poll_every_s=0.02,
            socket_again_s=0.5,
            **kwargs,
        )
        self._open: set[str] = set()
        self._loaded = False

    async def follow(self) -> None:
        async with aclosing(self.follower.events()) as events:
            async for event in events:
                if isinstance(event, Connected):
                    self.polled = event.polling
                elif not isinstance(event, Disconnected):
                    self._heed(self.mirror.apply(event))

    def _heed(self, changes: Changes) -> None:
        """As `longwatch_desktop.notifications` does."""
        new = set(changes.added) if self._loaded and not changes.reset else set()
        for slot in (*changes.added, *changes.updated):
            job = self.mirror.record(slot)
            if not job.state.is_final:
                self._open.add(job.id)
            elif job.id in self._open or slot in new:
                self._open.discard(job.id)
                self.told[job.id] += 1
            else:
                self.known_at_first.add(job.id)
        self._loaded = self.mirror.seq is not None

    def jobs(self) -> dict[str, JobSummary]:
        return {job_id: self.mirror.record(slot) for job_id, slot in self._slots()}

    def _slots(self) -> list[tuple[str, int]]:
        found = [(job_id, self.mirror.slot(job_id)) for job_id in self.mirror.ids()]
        return [(job_id, slot) for job_id, slot in found if slot is not None]


async def stored(behind: Backend) -> dict[str, JobSummary]:
    listed = await behind.store.run(listing.page, Filter(), before_n=None, limit=10_000)
    return {job.id: job for job in listed.jobs}


async def live_a_while(behind: Backend, dice: random.Random, changes: int) -> set[str]:
    """Submit, run, report, end and delete jobs; the ids of those deleted."""
    deleted: set[str] = set()
    for _ in range(changes):
        running = sorted(behind.executor.open)
        what = dice.random()
        if what < 0.4 or not running:
            await behind.service.submit(Submission(sql=f"select {dice.random()}"), "ada")
        elif what < 0.6:
            behind.executor.report(*dice.choice(running), rows=dice.randrange(1000))
        elif what < 0.93:
            how = dice.choice([Ending.SUCCEEDED, Ending.FAILED])
            await behind.executor.end(*dice.choice(running), how)
        else:
            over = [job.id for job in (await stored(behind)).values() if job.state.is_final]
            if over:
                deleted.add(gone := dice.choice(over))
                await behind.service.delete(gone)
        await asyncio.sleep(dice.choice([0, 0, 0, 0.01, 0.05]))
    return deleted


def without_progress(jobs: dict[str, JobSummary]) -> dict[str, JobSummary]:
    """Progress of what runs is not the store's to know."""
    return {
        job_id: msgspec.structs.replace(job, progress=None, phase=None)
        if job.state is JobState.RUNNING
        else job
        for job_id, job in jobs.items()
    }


async def converged(window: Window, behind: Backend) -> bool:
    return without_progress(window.jobs()) == without_progress(await stored(behind))


def polls(window: Window, expected: bool) -> bool:
    return window.polled is expected


async def schedule(seed: int, folder: Path, **kwargs: Any) -> list[Harm]:
    """One run: some windows behind a proxy while jobs come and go; then all must agree."""
    dice = random.Random(seed)
    upgrades = kwargs.pop("upgrades", True)
    async with feeding(folder, max_running=4) as (behind, address):
        port = int(address.url.rpartition(":")[2])
        async with Proxy(port, dice, upgrades=upgrades) as proxy:
            through = Address(f"http://127.0.0.1:{proxy.port}", address.token)
            windows = [Window(through, random.Random(seed + n), **kwargs) for n in range(3)]
            following = [asyncio.create_task(window.follow()) for window in windows]
            deleted = await live_a_while(behind, dice, CHANGES)
            proxy.calm()
            try:
                for window in windows:
                    await eventually(partial(converged, window, behind))
                over = {job.id for job in (await stored(behind)).values() if job.state.is_final}
                for window in windows:
                    assert not [job for job, times in window.told.items() if times > 1]
                    missing = over - window.told.keys() - window.known_at_first
                    assert not missing, f"{len(missing)} endings were never told"
                    await eventually(partial(polls, window, not upgrades))
                    assert window.told.keys() <= over | deleted
            finally:
                for task in following:
                    task.cancel()
                await asyncio.gather(*following, return_exceptions=True)
            return proxy.harms


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_harm_to_its_connections_a_mirror_equals_the_store(
    seed: int, tmp_path: Path
) -> None:
    """Invariant: whatever the network does, in the end every client has what the store has, and
    each ending was told once."""
    assert set(await schedule(seed, tmp_path)) - {Harm.NONE}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
async def test_after_many_other_harms_too(seed: int, tmp_path: Path) -> None:
    """Invariant: the same."""
    await schedule(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0])
async def test_so_it_does_where_no_websocket_gets_through(seed: int, tmp_path: Path) -> None:
    """Invariant: the same by plain requests."""
    await schedule(seed, tmp_path, upgrades=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 210))
async def test_and_there_after_many_other_harms_too(seed: int, tmp_path: Path) -> None:
    """Invariant: the same."""
    await schedule(seed, tmp_path, upgrades=False)
