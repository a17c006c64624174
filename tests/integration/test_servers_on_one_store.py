"""Several servers on one PostgreSQL store: as one server to whoever asks any of them."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from longwatch.client.address import Address
from longwatch.client.feed import Backoff, FeedEvent, FeedFollower
from longwatch.client.sync import Client
from longwatch.protocol.frames import Delta, Snapshot
from longwatch.protocol.jobs import JobState, Phase, Submission
from longwatch.protocol.people import Role, TokenDraft
from longwatch.protocol.sources import SourceDraft
from longwatch.runner.spec import Ending
from longwatch.security.tokens import Principal
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import LEADING
from longwatch.store.tables import meta
from support.feeds import listening
from support.postgres import cluster
from support.postgres_stores import databases, url_of
from support.processes import serve
from support.proxies import Proxy
from support.servers import ENDLESS, Backend, backend, serving
from support.waiting import eventually, wait_until

BROKER = "redis://:canary-of-the-broker@localhost"


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    """A store of its own."""
    made = databases.new()
    yield made
    databases.drop(made)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two servers on a store, whose attempts the test ends; the first leads at the beginning."""

    first: Backend
    second: Backend

    def launched(self) -> list[tuple[str, int]]:
        """What was started, wherever."""
        both = [*self.first.executor.launched, *self.second.executor.launched]
        return [(spec.job_id, spec.attempt) for spec in both]


@pytest.fixture
async def pair(address: StoreAddress, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two servers, each with a data folder of its own."""
    async with AsyncExitStack() as stack:
        both: list[Backend] = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            given = await stack.enter_async_context(
                backend(tmp_path / name, leads=not both, store=url_of(address), max_running=4)
            )
            both.append(given)
        yield Pair(*both)


def port_of(address: Address) -> int:
    """Where it listens."""
    return int(address.url.rpartition(":")[2])


async def test_either_takes_jobs_in_and_both_feeds_tell_all(pair: Pair) -> None:
    """Invariant: it makes no difference which server a job is submitted to, cancelled or asked
    for by; what changes is heard in both, in the order of `seq`, progress included."""
    first, second = pair.first, pair.second
    one = await second.service.submit(Submission(sql="select 1"), "ada")
    await eventually(lambda: (one.id, 1) in first.executor.open)
    first.executor.report(one.id, fraction=0.5, rows=7)
    await eventually(lambda: second.hub.tick > 0 and second.hub.progress_of([one.id], 0))

    async def seen() -> bool:
        job = await second.service.get(one.id)
        return job.phase is Phase.EXECUTING and job.progress.rows == 7

    await eventually(seen)
    waiting = asyncio.create_task(second.service.when_final(one.id, 30))
    await first.executor.end(one.id)
    assert (await waiting).state is JobState.SUCCEEDED

    two = await first.service.submit(Submission(sql="select 2"), "ada")
    await eventually(lambda: (two.id, 1) in first.executor.open)
    await second.service.cancel(two.id)
    await eventually(lambda: (two.id, 1) in first.executor.cancelled)
    await first.executor.end(two.id, how=Ending.CANCELLED)

    async def cancelled() -> bool:
        return (await second.service.get(two.id)).state is JobState.CANCELLED

    await eventually(cancelled)
    await eventually(lambda: first.hub.seq == second.hub.seq)
    told = [given.hub.delta(0) for given in (first, second)]
    assert [one.seq for one in told if one] == [first.hub.seq] * 2
    assert not second.executor.launched


async def test_a_client_that_moves_to_another_server_misses_nothing(pair: Pair) -> None:
    """Invariant: a `seq` is the store's: a client that comes back to another server goes on from
    where it was, without a snapshot, and is told every change in order."""
    made: list[str] = []
    known: set[str] = set()
    stands: list[int] = []

    async def submit(to: Backend) -> None:
        made.append((await to.service.submit(Submission(sql="select 1"), "ada")).id)

    async def hear(events: AsyncGenerator[FeedEvent]) -> None:
        """Until all jobs are known. What a snapshot begins with, deltas follow without a gap."""
        async with asyncio.timeout(20):
            while not set(made) <= known:
                event = await anext(events)
                if isinstance(event, Snapshot):
                    assert not stands, "a second snapshot"
                    stands.append(event.seq)
                    known.update(job.id for job in event.jobs)
                elif isinstance(event, Delta):
                    assert event.from_ == stands[-1]
                    stands.append(event.to)
                    known.update(job.id for job in event.changed)

    async with listening(pair.first) as here, listening(pair.second) as there:
        proxy = Proxy(port_of(here), random.Random(1))
        proxy.calm()
        async with proxy:
            through = Address(f"http://127.0.0.1:{proxy.port}", here.token)
            follower = FeedFollower(through, backoff=Backoff(least_s=0.02, most_s=0.1))
            async with aclosing(follower.events()) as events:
                for target in (there, here, there):
                    await submit(pair.second)
                    await submit(pair.first)
                    await hear(events)
                    proxy._target = port_of(target)
                    proxy.cut_all()
                    await submit(pair.second)
                    await hear(events)
    assert len(known) == 9


async def test_a_key_used_on_both_at_once_makes_one_job(pair: Pair) -> None:
    """Invariant: an idempotency key is one job's, whichever servers it is used on, and when."""
    for n in range(10):
        submission = Submission(sql=f"select {n}")
        takes = [
            given.service.take(submission, "ada", f"key-{n}") for given in (pair.first, pair.second)
        ]
        taken = await asyncio.gather(*takes)
        assert len({one.job.id for one in taken}) == 1
        assert sorted(one.replayed for one in taken) == [False, True]


async def test_one_leads_and_no_job_is_started_twice(address: StoreAddress, pair: Pair) -> None:
    """Invariant: whichever connections are cut, and whoever leads then, no attempt of a job is
    started twice; and all jobs are started."""
    ids = []
    for round_ in range(6):
        for given in (pair.first, pair.second):
            job = await given.service.submit(Submission(sql=f"select {round_}"), "ada")
            ids.append(job.id)
        with cluster().admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                "AND (application_name = 'longwatch listener' OR pid IN (SELECT pid FROM pg_locks "
                "WHERE locktype = 'advisory' AND objid = %s AND granted))",
                [address.parameters["dbname"], LEADING],
            )
        for given in (pair.first, pair.second):
            for job_id, attempt in sorted(given.executor.open):
                await given.executor.end(job_id, attempt)
        await eventually(lambda: pair.first.service.leading or pair.second.service.leading)

    async def all_over() -> bool:
        for given in (pair.first, pair.second):
            for job_id, attempt in sorted(given.executor.open):
                await given.executor.end(job_id, attempt)
        jobs = [await pair.first.service.get(job_id) for job_id in ids]
        return all(job.state is JobState.SUCCEEDED for job in jobs)

    await eventually(all_over, patience_s=30)
    launched = pair.launched()
    assert len(launched) == len(set(launched))
    assert {job_id for job_id, _ in launched} == set(ids)
    assert pair.second.executor.launched, "the second led now and then"


async def test_who_did_not_listen_hears_it_all_afterwards(
    address: StoreAddress, pair: Pair
) -> None:
    """Invariant: what is committed while a server's connection for notifications is away is in its
    feed as soon as that is back, though nobody asks it for anything."""
    for n in range(3):
        with cluster().admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
                "AND application_name = 'longwatch listener'",
                [address.parameters["dbname"]],
            )
        await pair.first.service.submit(Submission(sql=f"select {n}"), "ada")
        await eventually(lambda: pair.second.hub.seq == pair.first.hub.seq > 0)


async def test_sources_added_on_one_are_there_on_the_other(pair: Pair, tmp_path: Path) -> None:
    """Invariant: what is added, and removed, through one server is known to all."""
    (tmp_path / "data").mkdir()
    draft = SourceDraft(name="mine", engine="duckdb", options={"path": str(tmp_path / "data")})
    await pair.first.parts.sourcing.add(draft)
    await eventually(lambda: pair.second.sources.find("mine"))
    await pair.second.parts.sourcing.remove("mine")
    await eventually(lambda: pair.first.sources.find("mine") is None)


async def test_a_token_made_on_one_opens_the_other_until_it_is_revoked(pair: Pair) -> None:
    """Invariant: who is let in, or out, by one server is so by all."""
    who = Principal("ada")
    new = await pair.first.parts.people.create(TokenDraft(name="Bob", role=Role.VIEWER), who)
    there = pair.second.parts.tokens
    await eventually(lambda: there.principal(f"Bearer {new.secret}"))
    await pair.second.parts.people.revoke(new.token.id, who)
    here = pair.first.parts.tokens
    await eventually(lambda: here.principal(f"Bearer {new.secret}") is None)


@pytest.mark.slow
def test_each_has_its_own_settings_in_the_audit_log(address: StoreAddress, tmp_path: Path) -> None:
    """Invariant: a line is about the same server before and after, and the broker's password in
    none."""
    url = url_of(address)
    starts = [("first", 3), ("second", 4), ("first", 3), ("second", 5), ("first", 3)]
    for name, most in starts:
        folder = serving(
            tmp_path / name, store=url, max_running=most, warm_spare=False, broker=BROKER
        )
        with folder as (_, at), Client(at) as admin:
            lines = list(admin.audit())
    (line,) = lines
    assert (line.action, line.target) == ("settings.change", "max_running")
    assert line.detail == f"4 → 5, on {socket.gethostname()}"
    engine = address.engine("test")
    with engine.connect() as connection:
        kept = connection.execute(select(meta.c.value)).scalars().all()
    engine.dispose()
    assert not [one for one in kept if "canary" in one]


@pytest.mark.slow
def test_a_leader_that_is_killed_is_replaced(address: StoreAddress, tmp_path: Path) -> None:
    """Invariant: the leader's process dies in the middle of a query: another takes its place, and
    the query and those that waited come to their end; results are read by whichever server."""
    env = {
        "LONGWATCH_STORE": url_of(address),
        "LONGWATCH_JOBS_DIR": str(tmp_path / "jobs"),
        "LONGWATCH_WARM_SPARE": "false",
    }
    with serve(tmp_path / "first", **env) as first, serve(tmp_path / "second", **env) as second:
        with Client(second.address) as client:
            endless = client.submit(ENDLESS)
            wait_until(lambda: endless.status().state is JobState.RUNNING, patience_s=60)
            first.kill()
            assert client.submit("select 42").result(60).fetchall() == [(42,)]
            assert endless.status().attempt in {1, 2}
            endless.cancel()
            wait_until(lambda: endless.status().state is JobState.CANCELLED, patience_s=60)
        assert second.stop() == 0
