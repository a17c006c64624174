"""Workers of several servers on one store: it makes no difference which of them a worker asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from longwatch.client.address import Address
from longwatch.client.errors import Forbidden, Unauthorized
from longwatch.client.sync import Client, JobHandle
from longwatch.protocol import routes
from longwatch.protocol.jobs import JobState, Phase
from longwatch.protocol.people import Role
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import LEADING
from support.postgres import cluster
from support.postgres_stores import databases, url_of
from support.processes import Served, serve
from support.servers import ENDLESS
from support.waiting import wait_until
from support.workers import ANSWER, SECONDS, Valkey, WorkerProcess, worker_of, working

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Celery's pool is POSIX's"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]
LEASE_S = 4
PATIENCE_S = 60.0


@pytest.fixture
def store() -> Iterator[StoreAddress]:
    made = databases.new()
    yield made
    databases.drop(made)


@dataclass(frozen=True, slots=True)
class Pair:
    """A server that leads, one that does not, and a worker that knows the second alone."""

    leader: Served
    follower: Served
    worker: WorkerProcess
    admin: str
    """A token that both know."""
    store: StoreAddress

    def depose(self) -> None:
        """Cut the connection by which the leader leads: another takes its place, and it lives."""
        with cluster().admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND objid = %s AND granted AND database = "
                "(SELECT oid FROM pg_database WHERE datname = %s)",
                [LEADING, self.store.parameters["dbname"]],
            )

    def client(self, served: Served) -> Client:
        return Client(Address(served.address.url, self.admin))


def times_led(served: Served) -> int:
    log = served.data_dir / "server.log"
    return log.read_text().count('"this server leads"') if log.exists() else 0


def leads(served: Served) -> bool:
    return times_led(served) > 0


def is_let_in(address: Address) -> bool:
    """Whether its token is known there: one made on another server is in a moment."""
    with Client(address) as client:
        try:
            client.me()
        except Unauthorized:
            return False
    return True


@pytest.fixture
def pair(store: StoreAddress, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        broker = stack.enter_context(Valkey(tmp_path / "valkey"))
        env = {
            "LONGWATCH_STORE": url_of(store),
            "LONGWATCH_JOBS_DIR": str(tmp_path / "jobs"),
            "LONGWATCH_EXECUTOR": "celery",
            "LONGWATCH_BROKER": broker.url,
            "LONGWATCH_WORKER_LEASE_S": str(LEASE_S),
            "LONGWATCH_RETRY_DELAY_S": "0",
            "LONGWATCH_THREADS": "1",
            "LONGWATCH_MEMORY_BYTES": str(2**29),
            "LONGWATCH_WARM_SPARE": "false",
        }
        leader = stack.enter_context(serve(tmp_path / "first", **env))
        wait_until(lambda: leads(leader), patience_s=PATIENCE_S)
        follower = stack.enter_context(serve(tmp_path / "second", **env))
        with Client(leader.address) as client:
            tokens = {
                role: client.create_token(role.value, role).secret
                for role in (Role.WORKER, Role.ADMIN)
            }
        seen_by = Address(follower.address.url, tokens[Role.ADMIN])
        wait_until(lambda: is_let_in(seen_by), patience_s=PATIENCE_S)
        worker = stack.enter_context(
            working(
                Address(follower.address.url, tokens[Role.WORKER]),
                broker,
                tmp_path,
                *("--concurrency", "2"),
                seen_by=seen_by,
            )
        )
        assert not leads(follower)
        yield Pair(leader, follower, worker, tokens[Role.ADMIN], store)


def story(job: JobHandle) -> list[str]:
    return [line.event for line in job.events()]


def executing(job: JobHandle) -> None:
    wait_until(lambda: job.status().phase is Phase.EXECUTING, patience_s=PATIENCE_S)


def test_a_worker_may_ask_a_server_that_does_not_lead(pair: Pair) -> None:
    """Claims, heartbeats, results and ends are as good there, and so is a cancel."""
    with pair.client(pair.leader) as here, pair.client(pair.follower) as there:
        job = there.submit("SELECT range AS n FROM range(300000)")
        assert job.result(PATIENCE_S).arrow().num_rows == 300_000
        assert here.job(job.id).result(PATIENCE_S).arrow().num_rows == 300_000
        status = job.status()
        assert (status.state, status.worker, status.attempt) == (
            JobState.SUCCEEDED,
            pair.worker.name,
            1,
        )
        for client in (here, there):
            seen = worker_of(client, pair.worker.name)
            assert seen is not None
            assert seen.is_there
        endless = here.submit(ENDLESS)
        executing(endless)
        there.job(endless.id).cancel()
        status = endless.wait(20)
        assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)
        viewer = here.create_token("viewer", Role.VIEWER).secret
        wait_until(lambda: is_let_in(Address(pair.follower.address.url, viewer)))
    presence = f"{pair.follower.address.url}{routes.WORKER_PRESENCE}"
    for token, refused in (("nobody's", 401), (viewer, 403)):
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.post(presence, json={}, headers=headers).status_code == refused
    with (
        Client(pair.follower.address) as own,
        pytest.raises(Forbidden, match="opens this server only"),
    ):
        worker_of(own, pair.worker.name)


def test_the_leader_is_killed_while_a_worker_asks_another(pair: Pair) -> None:
    """Invariant: what workers carry out goes on, is told to the next leader, and is not run
    again, whether it reads or writes."""
    with pair.client(pair.follower) as client:
        reads = client.submit(SECONDS)
        writes = client.submit(f"CREATE TABLE t AS {SECONDS}")
        for job in (reads, writes):
            executing(job)
        waits = client.submit("SELECT 7")
        pair.leader.kill()
        assert reads.result(PATIENCE_S).fetchall() == ANSWER
        assert writes.wait(PATIENCE_S).state is JobState.SUCCEEDED
        for job in (reads, writes):
            assert story(job) == ["submitted", "started", "succeeded"]
        assert waits.result(PATIENCE_S).fetchall() == [(7,)]
        assert leads(pair.follower)
        assert pair.follower.stop() == 0


def depose(pair: Pair, successor: Served) -> None:
    """Let another lead."""
    before = times_led(successor)
    pair.depose()
    wait_until(lambda: times_led(successor) > before, patience_s=PATIENCE_S)


def outlast(job: JobHandle, seconds: float) -> None:
    """Return when the query has run for so much longer."""
    until_s = elapsed_s(job) + seconds
    wait_until(lambda: elapsed_s(job) > until_s, patience_s=PATIENCE_S)


def elapsed_s(job: JobHandle) -> float:
    """For how long it has run."""
    status = job.status()
    assert status.started_at is not None, status
    return (datetime.now(UTC) - status.started_at).total_seconds()


def test_a_leader_that_leads_no_more_gives_nothing_up(pair: Pair) -> None:
    """Invariant: a server that another has taken over from holds no attempt of a worker any more,
    though it hears nothing of them; and when it leads again, it takes them up again."""
    with pair.client(pair.follower) as client:
        reads = client.submit(ENDLESS)
        writes = client.submit(f"CREATE TABLE t AS {ENDLESS}")
        for job in (reads, writes):
            executing(job)
        for leads_then in (pair.follower, pair.leader):
            depose(pair, leads_then)
            outlast(reads, 2 * LEASE_S)
            for job in (reads, writes):
                assert story(job) == ["submitted", "started"]
        reads.cancel()
        assert reads.wait(20).cancel_confirmed is True
        writes.cancel()
        assert writes.wait(20).cancel_confirmed is True
