"""Workers whose broker is a RabbitMQ: hints are carried, lost, and sent anew, as with Valkey."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from longwatch.client.sync import Client, JobHandle
from longwatch.execution.celery_broker import Broker, celery_app
from longwatch.protocol.jobs import JobState, Phase
from support.processes import serve
from support.rabbitmq import RabbitMQ, server_script
from support.servers import ENDLESS
from support.waiting import wait_until
from support.workers import WorkerProcess, working

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Celery's pool is POSIX's"),
    pytest.mark.skipif(server_script() is None, reason="no RabbitMQ is installed"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Site:
    """A broker, a server and two workers that take one job each."""

    broker: RabbitMQ
    client: Client
    workers: list[WorkerProcess]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("rabbitmq")
    env = {
        "LONGWATCH_THREADS": "1",
        "LONGWATCH_MEMORY_BYTES": str(2**29),
        "LONGWATCH_WARM_SPARE": "false",
        "LONGWATCH_WORKER_LEASE_S": "4",
        "LONGWATCH_RETRY_DELAY_S": "0",
    }
    with ExitStack() as stack:
        broker = stack.enter_context(RabbitMQ(folder / "rabbitmq"))
        arguments = ("--executor", "celery", "--broker", broker.url)
        served = stack.enter_context(serve(folder / "data", *arguments, **env))
        workers = [
            stack.enter_context(working(served.address, broker.url, folder, name=name))
            for name in ("one", "two")
        ]
        client = stack.enter_context(Client(served.address))
        yield Site(broker, client, workers)
        for worker in workers:
            assert worker.stop() == 0, worker.log.read_text()


def story(job: JobHandle) -> list[str]:
    return [line.event for line in job.events()]


def executing(job: JobHandle) -> None:
    wait_until(lambda: job.status().phase is Phase.EXECUTING, patience_s=PATIENCE_S)


def carried_out(client: Client, count: int) -> None:
    """So many jobs are, each once."""
    jobs = [client.submit(f"SELECT {n}") for n in range(count)]
    for n, job in enumerate(jobs):
        assert job.result(PATIENCE_S).fetchall() == [(n,)]
        assert story(job) == ["submitted", "started", "succeeded"]


def test_jobs_are_carried_out_and_cancelled(site: Site) -> None:
    carried_out(site.client, 8)
    job = site.client.submit(ENDLESS)
    executing(job)
    job.cancel()
    status = job.wait(20)
    assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)


def test_hints_that_are_kept_for_too_long(site: Site) -> None:
    """RabbitMQ closes a worker's channel which keeps a hint longer than `consumer_timeout`: the
    next jobs are carried out all the same, and none twice."""
    busy = [site.client.submit(ENDLESS) for _ in site.workers]
    behind = [site.client.submit(f"SELECT {n}") for n in range(4)]
    for job in busy:
        executing(job)
    log = site.broker.log
    wait_until(lambda: "delivery acknowledgement" in log.read_text(), patience_s=PATIENCE_S)
    for job in busy:
        job.cancel()
        assert job.wait(20).cancel_confirmed is True
    for n, job in enumerate(behind):
        assert job.result(PATIENCE_S).fetchall() == [(n,)]
        assert story(job) == ["submitted", "started", "succeeded"]
    carried_out(site.client, 2)


def test_the_broker_is_killed_and_comes_back(site: Site) -> None:
    busy = site.client.submit(ENDLESS)
    executing(busy)
    site.broker.kill()
    waits = [site.client.submit(f"SELECT {n}") for n in range(3)]
    assert busy.status().state is JobState.RUNNING
    site.broker.start()
    for n, job in enumerate(waits):
        assert job.result(PATIENCE_S).fetchall() == [(n,)]
    busy.cancel()
    assert busy.wait(20).cancel_confirmed is True


def test_the_broker_forgets_everything(site: Site) -> None:
    busy = [site.client.submit(ENDLESS) for _ in site.workers]
    for job in busy:
        executing(job)
    waits = [site.client.submit(f"SELECT {n}") for n in range(3)]
    with celery_app(Broker.parse(site.broker.url)).connection_for_write() as connection:
        channel = connection.channel()
        channel.queue_delete(queue="longwatch")
    for job in busy:
        job.cancel()
        assert job.wait(20).cancel_confirmed is True
    for n, job in enumerate(waits):
        assert job.result(PATIENCE_S).fetchall() == [(n,)]
