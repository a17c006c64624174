"""PostgreSQL as the job store, when it fails: nothing is lost, nothing is taken in twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from longwatch.protocol.jobs import Job
from longwatch.store import listing, repository, upgrade
from longwatch.store.errors import StoreError, StoreTooNew, StoreUnreachable, StoreUnusable
from longwatch.store.listing import Filter
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import take_write_lock
from longwatch.store.postgres.writer import PostgresThread
from longwatch.store.thread import Changes
from support.commit_proxy import CommitProxy, Cut
from support.postgres import Cluster, cluster, new_cluster
from support.postgres_stores import PostgresDatabases, databases, url_of
from support.servers import app_over, backend, http_client, job
from support.waiting import eventually


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    """A store of its own."""
    made = databases.new()
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def fragile() -> tuple[Cluster, PostgresDatabases]:
    """A cluster to be stopped and started, as durable as it comes."""
    durable = {"fsync": "on", "synchronous_commit": "off", "full_page_writes": "on"}
    made = new_cluster(**durable)
    return made, PostgresDatabases(lambda: made)


def opened(address: StoreAddress) -> tuple[PostgresThread, list[Changes]]:
    announced: list[Changes] = []
    thread = PostgresThread(address, announced.append)
    thread.open()
    return thread, announced


def add(thread: PostgresThread, one: Job) -> Future[Job]:
    return thread.submit(lambda tx: repository.add(tx, one))


def ids(thread: PostgresThread) -> list[str]:
    found: Any = thread.submit(
        lambda tx: listing.find(tx, Filter(), before_n=None, limit=10_000)
    ).result(20)
    return list(found.ids)


@pytest.mark.parametrize("cut", Cut)
def test_a_connection_cut_at_its_commit(address: StoreAddress, cut: Cut) -> None:
    """Invariant: whichever side of the commit a connection breaks on, it is found out what became
    of it: what was submitted is there once, is answered, and is announced once."""
    with CommitProxy(int(address.parameters["port"])) as proxy:
        through = StoreAddress({**address.parameters, "port": str(proxy.port)})
        thread, announced = opened(through)
        first = add(thread, job("select 1")).result(20)
        proxy.cut = cut
        second = add(thread, job("select 2")).result(20)
        third = add(thread, job("select 3")).result(20)
        assert proxy.cuts == 1
        assert [first.seq, second.seq, third.seq] == [1, 2, 3]
        assert ids(thread) == [third.id, second.id, first.id]
        assert [changes.seq for changes in announced] == [1, 2, 3]
        thread.close()


def test_connections_that_the_server_ends_are_made_anew(address: StoreAddress) -> None:
    """Invariant: an administrator who ends sessions costs no request."""
    thread, _ = opened(address)
    for n in range(5):
        add(thread, job(f"select {n}")).result(20)
        with cluster().admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [address.parameters["dbname"]],
            )
    assert len(ids(thread)) == 5
    thread.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_server_that_stops_and_comes_back(
    fragile: tuple[Cluster, PostgresDatabases], mode: str
) -> None:
    """Invariant: PostgreSQL crashes while submits are on their way: those that were answered are
    there, each once; those that were refused were told so; and it all goes on by itself."""
    here, stores = fragile
    thread, announced = opened(stores.new())
    stop = threading.Event()
    answered: list[str] = []
    refused: list[str] = []

    def submit() -> None:
        while not stop.is_set():
            one = job()
            try:
                answered.append(add(thread, one).result(60).id)
            except StoreError:
                refused.append(one.id)

    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(submit) for _ in range(4)]
        for _ in range(3):
            before = len(answered)
            while len(answered) < before + 20:
                stop.wait(0.01)
            here.stop(mode)
            here.start()
        before = len(answered)
        while len(answered) < before + 20:
            stop.wait(0.01)
        stop.set()
        for one in busy:
            one.result(60)
    there = ids(thread)
    assert len(there) == len(set(there))
    assert set(answered) == set(there)
    assert not set(refused) & set(there)
    heard = [job_id for changes in announced for job_id in changes.changed]
    assert sorted(heard) == sorted(there)
    assert sorted(one.seq for one in announced) == [one.seq for one in announced]
    thread.close()


@pytest.mark.slow
async def test_an_absence_is_answered_503(
    fragile: tuple[Cluster, PostgresDatabases], tmp_path: Path
) -> None:
    """Invariant: while PostgreSQL is away requests are answered 503 with what to do, and soon
    after it is back they are carried out, without a restart of the server."""
    here, stores = fragile
    address = stores.new()
    async with (
        backend(tmp_path, store=url_of(address)) as given,
        http_client(app_over(given)) as client,
    ):
        assert (await client.post("/v1/jobs", json={"sql": "select 1"})).status_code == 202
        here.stop("fast")
        for _ in range(2):
            answer = await client.post("/v1/jobs", json={"sql": "select 2"})
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unusable")
            assert "cannot be reached" in answer.json()["detail"]
            assert "goes on by itself" in answer.json()["detail"]
            assert answer.headers["Retry-After"]
        assert (await client.get("/v1/health/ready")).status_code == 503
        here.start()

        async def taken() -> bool:
            return (await client.post("/v1/jobs", json={"sql": "select 3"})).is_success

        await eventually(taken)
        await eventually(lambda: len(given.executor.launched) >= 2)
        assert (await client.get("/v1/health/ready")).status_code == 200


async def test_a_database_that_takes_no_changes_is_answered_503(
    address: StoreAddress, tmp_path: Path
) -> None:
    """Invariant: with no room on its disk, or while it is read-only, submits are answered 503 and
    leave nothing; reading goes on; and so does all else when that has passed."""
    name = address.parameters["dbname"]
    full = (
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON jobs EXECUTE FUNCTION no_room()",
    )
    harms = [
        ("has no room left", full, ("DROP TRIGGER no_room ON jobs",)),
        (
            "takes no changes",
            (
                f"ALTER DATABASE {name} SET default_transaction_read_only = on",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            ),
            (
                "SET default_transaction_read_only = off",
                f"ALTER DATABASE {name} RESET default_transaction_read_only",
            ),
        ),
    ]
    async with (
        backend(tmp_path, store=url_of(address)) as given,
        http_client(app_over(given)) as client,
    ):
        kept = (await client.post("/v1/jobs", json={"sql": "select 1"})).json()["id"]
        for told, harm, cure in harms:
            with cluster().admin(name) as admin:
                for statement in harm:
                    admin.execute(statement.encode())
            answer = await client.post("/v1/jobs", json={"sql": "select 2"})
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unusable")
            assert told in answer.json()["detail"]
            assert "Nothing was lost" in answer.json()["detail"]
            listed = (await client.get("/v1/jobs")).json()["jobs"]
            assert [one["id"] for one in listed] == [kept]
            with cluster().admin(name) as admin:
                for statement in cure:
                    admin.execute(statement.encode())
            kept_too = await client.post("/v1/jobs", json={"sql": "select 3"})
            assert kept_too.status_code == 202
            assert (await client.delete(f"/v1/jobs/{kept_too.json()['id']}")).status_code in {
                204,
                409,
            }
            await given.store.run(
                lambda tx: tx.connection.execute(
                    text("DELETE FROM jobs WHERE id <> :kept"), {"kept": kept}
                )
            )


def test_two_servers_that_start_at_once_upgrade_once() -> None:
    """Invariant: a store of an earlier schema, or none, is brought up to date by one of those that
    start, while the others wait; no job is lost."""
    here = cluster()
    for earlier in (None, "0004"):
        address = StoreAddress(dict(here.options(here.create_database())))
        if earlier is not None:
            engine = address.engine("earlier")
            with engine.begin() as connection:
                take_write_lock(connection)
                upgrade.upgrade(connection, earlier)
                connection.execute(text(_EARLIER))
        with ThreadPoolExecutor(4) as pool:
            threads = [one for one, _ in pool.map(opened, [address] * 4)]
        epochs = {thread.submit(repository.epoch).result(20) for thread in threads}
        assert len(epochs) == 1
        made = [add(thread, job()).result(20) for thread in threads]
        before = [] if earlier is None else ["earlier000000000"]
        assert ids(threads[0])[::-1] == [*before, *(one.id for one in made)]
        if earlier is not None:
            counted = threads[0].submit(repository.count_queued).result(20)
            assert counted == 5
        for thread in threads:
            thread.close()
        databases.drop(address)


_EARLIER = """
WITH job AS (
    INSERT INTO jobs (id, name, preview, source, owner, state, priority, attempt, submitted_us,
                      limits, seq, sql)
    VALUES ('earlier000000000', 'q', 'select 1', 'sample', 'ada', 'queued', 0, 0, 1, '{}', 1,
            'select 1')
)
INSERT INTO events (seq, job_id, event, attempt, at_us)
VALUES (1, 'earlier000000000', 'submitted', 0, 1)
"""


def test_what_is_wrong_is_said_at_the_start(address: StoreAddress, tmp_path: Path) -> None:
    """Invariant: a store that cannot be used is a sentence with what to do, without a password."""
    wrong = {
        "cannot be reached": {"port": "1"},
        "password authentication failed": {"password": "not-the-canary"},
    }
    for told, change in wrong.items():
        with pytest.raises(StoreUnreachable, match=told) as caught:
            opened(StoreAddress({**address.parameters, **change}))
        assert "canary" not in str(caught.value)
    for url in ("sqlite:///x", "postgresql://me:canary%@host/x", "host=x password=canary"):
        with pytest.raises(StoreUnusable) as refused:
            StoreAddress.parse(url)
        assert "canary" not in str(refused.value)
    with cluster().admin(address.parameters["dbname"]) as admin:
        admin.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match=r"newer Longwatch .* --store"):
        opened(address)
