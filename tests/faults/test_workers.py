"""Workers, brokers and servers that die, each at the worst moment: nothing is lost, nothing that
writes runs twice, nothing stays running for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from longwatch.client.errors import JobEnded
from longwatch.client.sync import Client, JobHandle
from longwatch.execution.celery_broker import TASK, VISIBILITY, Broker, celery_app
from longwatch.execution.celery_hints import Hints
from longwatch.protocol.jobs import Job, JobState, Phase
from longwatch.protocol.worker import Hint
from support.processes import Served, is_alive, serve
from support.servers import ENDLESS
from support.waiting import wait_until
from support.workers import ANSWER, SECONDS, Valkey, WorkerProcess, free_port, worker_of, working

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Celery's pool is POSIX's"),
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

WRITES = f"CREATE TABLE t AS {ENDLESS}"
LEASE_S = 4
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A broker, and a folder for all else."""

    folder: Path
    broker: Valkey

    @contextmanager
    def server(self) -> Iterator[tuple[Served, Client]]:
        env = {
            "LONGWATCH_THREADS": "1",
            "LONGWATCH_MEMORY_BYTES": str(2**29),
            "LONGWATCH_WARM_SPARE": "false",
            "LONGWATCH_WORKER_LEASE_S": str(LEASE_S),
            "LONGWATCH_RETRY_DELAY_S": "0",
            "LONGWATCH_PORT": str(self.port),
            "LONGWATCH_TOKEN": "a-token-that-outlives-the-server",
        }
        arguments = ("--executor", "celery", "--broker", self.broker.url)
        with (
            serve(self.data_dir, *arguments, **env) as served,
            Client(served.address) as client,
        ):
            yield served, client

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def port(self) -> int:
        """The server's: it comes back where it was."""
        kept = self.folder / "port"
        if not kept.exists():
            kept.write_text(str(free_port()))
        return int(kept.read_text())

    def worker(
        self, served: Served, *arguments: str, name: str = "worker"
    ) -> contextlib.AbstractContextManager[WorkerProcess]:
        return working(served.address, self.broker, self.folder, *arguments, name=name)

    def story(self, job: JobHandle) -> list[str]:
        """What the store says happened to a job, in order."""
        with closing(sqlite3.connect(self.data_dir / "jobs.sqlite")) as connection:
            rows = connection.execute(
                "SELECT event FROM events WHERE job_id = ? ORDER BY seq", [job.id]
            )
            return [event for (event,) in rows]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Valkey(tmp_path / "valkey") as broker:
        yield Scene(tmp_path, broker)


def executing(job: JobHandle) -> Job:
    wait_until(lambda: job.status().phase is Phase.EXECUTING, patience_s=PATIENCE_S)
    return job.status()


def state(job: JobHandle) -> JobState:
    return job.status().state


def ended(job: JobHandle) -> Job:
    """The job once it is over."""
    wait_until(lambda: state(job).is_final, patience_s=PATIENCE_S)
    return job.status()


def pool_process_of(runner: psutil.Process) -> psutil.Process:
    parent = runner.parent()
    assert parent is not None
    return parent


@pytest.mark.parametrize("victim", ["runner", "pool", "worker"])
@pytest.mark.parametrize("sql", [SECONDS, WRITES], ids=["read", "write"])
def test_whoever_is_killed(scene: Scene, victim: str, sql: str) -> None:
    """Kill -9 of the runner, of the process of the pool that looks after it, of the whole worker:
    what reads is run again, what writes is lost and says so, and no process is left."""
    with scene.server() as (served, client), ExitStack() as workers:
        worker = workers.enter_context(scene.worker(served))
        job = client.submit(sql)
        executing(job)
        wait_until(lambda: job.status().kind is not None)
        runner = worker.runner(job.id)
        if victim == "runner":
            runner.kill()
        elif victim == "pool":
            pool_process_of(runner).kill()
        else:
            worker.kill()
        wait_until(lambda: not is_alive(runner))
        if victim == "worker":
            workers.enter_context(scene.worker(served, name="another"))
        if sql == WRITES:
            status = ended(job)
            assert (status.state, status.attempt) == (JobState.LOST, 1)
            assert scene.story(job) == ["submitted", "started", "lost"]
        else:
            assert job.result(PATIENCE_S).fetchall() == ANSWER
            assert job.status().attempt == 2
        assert client.submit("SELECT 7").result(PATIENCE_S).fetchall() == [(7,)]


def test_the_same_worker_comes_back(scene: Scene) -> None:
    """It tells at once what it had, rather than when the lease has run out."""
    with scene.server() as (served, client):
        with scene.worker(served) as worker:
            job = client.submit(ENDLESS)
            executing(job)
            worker.kill()
        with scene.worker(served) as worker:
            wait_until(lambda: job.status().attempt == 2, patience_s=PATIENCE_S)
            executing(job)
            assert worker.runner(job.id)
            job.cancel()
            status = job.wait(20)
            assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)


def test_the_broker_is_killed_and_comes_back(scene: Scene) -> None:
    """What runs goes on, what waits runs when it is back."""
    with scene.server() as (served, client), scene.worker(served):
        running = client.submit(SECONDS)
        executing(running)
        scene.broker.kill()
        waiting = client.submit("SELECT 7")
        assert running.result(PATIENCE_S).fetchall() == ANSWER
        scene.broker.start()
        assert waiting.result(PATIENCE_S).fetchall() == [(7,)]
        assert waiting.status().attempt == 1


def test_the_broker_forgets_everything(scene: Scene) -> None:
    with scene.server() as (served, client):
        jobs = [client.submit(f"SELECT {n}") for n in range(5)]
        wait_until(lambda: scene.broker.tell("LLEN", "longwatch") != b":0\r\n")
        scene.broker.tell("FLUSHALL")
        with scene.worker(served):
            for n, job in enumerate(jobs):
                assert job.result(PATIENCE_S).fetchall() == [(n,)]
            busy = client.submit(ENDLESS)
            executing(busy)
            behind = client.submit("SELECT 7")
            wait_until(lambda: scene.broker.tell("LLEN", "longwatch") != b":0\r\n")
            scene.broker.tell("FLUSHALL")
            busy.cancel()
            assert behind.result(PATIENCE_S).fetchall() == [(7,)]


def test_the_server_is_killed_and_comes_back(scene: Scene) -> None:
    """Its workers go on, and tell the next one how it went."""
    with ExitStack() as later:
        with scene.server() as (served, client):
            worker = later.enter_context(scene.worker(served))
            job = client.submit(SECONDS)
            executing(job)
            runner = worker.runner(job.id)
            runner.send_signal(signal.SIGSTOP)  # it is not to end before the next server is there
            served.kill()
        with scene.server() as (served, client):
            again = client.job(job.id)
            assert again.status().state is JobState.RUNNING
            runner.send_signal(signal.SIGCONT)
            assert again.result(PATIENCE_S).fetchall() == ANSWER
            assert again.status().attempt == 1
            assert scene.story(again) == ["submitted", "started", "succeeded"]


def test_a_query_that_ends_while_no_server_runs_is_told_of_later(scene: Scene) -> None:
    with ExitStack() as later:
        with scene.server() as (served, client):
            worker = later.enter_context(scene.worker(served))
            job = client.submit(SECONDS)
            executing(job)
            runner = worker.runner(job.id)
            assert served.stop() == 0, "a server that is stopped leaves its workers at it"
        wait_until(lambda: not is_alive(runner), patience_s=PATIENCE_S)
        with scene.server() as (served, client):
            assert client.job(job.id).result(PATIENCE_S).fetchall() == ANSWER
            assert client.job(job.id).status().attempt == 1


def test_no_hint_is_the_brokers_to_give_away_while_its_query_runs(scene: Scene) -> None:
    """However short its visibility timeout is; and one that comes twice all the same does no
    harm."""
    with (
        scene.server() as (served, client),
        scene.worker(served, name="one") as one,
        scene.worker(served, name="two") as two,
    ):
        job = client.submit(ENDLESS)
        executing(job)
        assert scene.broker.tell("HLEN", "unacked") == b":0\r\n"
        first = job.status()
        asyncio.run(send(scene.broker, Hint(job=job.id, attempt=1)))
        logs = [worker.work_dir / "worker.log" for worker in (one, two)]
        wait_until(
            lambda: any('"hint left"' in log.read_text() for log in logs if log.exists()),
            patience_s=PATIENCE_S,
        )
        again = job.status()
        assert (again.state, again.attempt, again.worker) == (JobState.RUNNING, 1, first.worker)
        busy = [process for worker in (one, two) for process in worker.runners()]
        assert len([process for process in busy if job.id in process.cwd()]) == 1
        job.cancel()
        assert job.wait(20).cancel_confirmed is True


def test_a_visibility_timeout_shorter_than_the_job(scene: Scene) -> None:
    """Invariant: a broker that gives a hint to another after a second starts no second attempt:
    none that a worker has taken is the broker's any more, and none is claimed twice."""
    url = f"{scene.broker.url}?{VISIBILITY}=1"
    with (
        scene.server() as (served, client),
        working(served.address, url, scene.folder, name="one") as one,
        working(served.address, url, scene.folder, name="two") as two,
    ):
        jobs = [client.submit(SECONDS) for _ in range(2)]
        behind = client.submit("SELECT 7")  # its hint waits with the broker meanwhile
        for job in jobs:
            executing(job)
        for _ in range(3):  # and what it would deliver again comes again
            asyncio.run(send(scene.broker, Hint(job=jobs[0].id, attempt=1)))
        for job in jobs:
            assert job.result(PATIENCE_S).fetchall() == ANSWER
            assert scene.story(job) == ["submitted", "started", "succeeded"]
            assert (status := job.status()).finished_at is not None
            assert status.started_at is not None
            assert (status.finished_at - status.started_at).total_seconds() > 1
        assert behind.result(PATIENCE_S).fetchall() == [(7,)]
        logs = [worker.work_dir / "worker.log" for worker in (one, two)]
        wait_until(lambda: sum(log.read_text().count('"hint left"') for log in logs) >= 3)
        assert sum(log.read_text().count('"attempt claimed"') for log in logs) == 3


def test_what_is_no_hint_is_left_alone(scene: Scene) -> None:
    """Whoever reaches the broker can make a worker look up, and nothing else."""
    with scene.server() as (served, client), scene.worker(served) as worker:
        app = celery_app(Broker.parse(scene.broker.url))
        with app.connection_for_write() as connection:
            for name, arguments in (
                ("celery.map", {"task": TASK, "it": [[1]]}),
                ("os.system", {"command": "true"}),
                (TASK, {"job": "../../etc", "attempt": 1}),
                (TASK, {"job": "a" * 16, "attempt": "1; drop table"}),
                (TASK, {"surprise": True}),
                (TASK, {"job": "a" * 16, "attempt": 7}),
            ):
                app.send_task(name, kwargs=arguments, queue="longwatch", connection=connection)
            connection.SimpleQueue("longwatch", serializer="pickle").put({"no": "task"})
        assert client.submit("SELECT 7").result(PATIENCE_S).fetchall() == [(7,)]
        assert worker.process.poll() is None
        assert "unregistered task" in worker.log.read_text()
        assert '"no hint"' in (worker.work_dir / "worker.log").read_text()


async def send(broker: Valkey, hint: Hint) -> None:
    hints = Hints(Broker.parse(broker.url))
    await hints.send(hint, "longwatch", "another-task")
    await hints.close()


def test_a_worker_out_of_touch_loses_what_it_had_and_ends_it(scene: Scene) -> None:
    """As when a machine was asleep: its attempt is another\'s by then."""
    with (
        scene.server() as (served, client),
        scene.worker(served, name="asleep") as asleep,
    ):
        job = client.submit(ENDLESS)
        executing(job)
        runner = asleep.runner(job.id)
        pool = pool_process_of(runner)
        pool.send_signal(signal.SIGSTOP)
        with scene.worker(served, name="awake") as awake:
            wait_until(lambda: job.status().worker == "awake", patience_s=PATIENCE_S)
            executing(job)
            assert is_alive(runner)
            pool.send_signal(signal.SIGCONT)
            wait_until(lambda: not is_alive(runner), patience_s=20)
            status = job.status()
            assert (status.state, status.attempt) == (JobState.RUNNING, 2)
            job.cancel()
            assert job.wait(20).cancel_confirmed is True
            assert awake.process.poll() is None


def test_a_cancel_that_nobody_can_confirm(scene: Scene) -> None:
    """The worker is not heard of: the job ends all the same, and does not claim more."""
    with scene.server() as (served, client), scene.worker(served) as worker:
        job = client.submit(ENDLESS)
        executing(job)
        runner = worker.runner(job.id)
        pool = pool_process_of(runner)
        pool.send_signal(signal.SIGSTOP)
        job.cancel()
        status = ended(job)
        assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, False)
        pool.send_signal(signal.SIGCONT)
        wait_until(lambda: not is_alive(runner), patience_s=20)


def test_a_worker_that_stops_finishes_what_it_runs(scene: Scene) -> None:
    with scene.server() as (served, client), scene.worker(served) as worker:
        job = client.submit(SECONDS)
        executing(job)
        waiting = client.submit("SELECT 7")
        assert worker.stop() == 0, worker.log.read_text()
        assert job.result(PATIENCE_S).fetchall() == ANSWER
        assert job.status().attempt == 1
        assert state(waiting) is JobState.QUEUED
        seen = worker_of(client, worker.name)
        assert seen is not None
        assert not seen.is_there
        with scene.worker(served, name="another"):
            assert waiting.result(PATIENCE_S).fetchall() == [(7,)]


def test_a_worker_that_stops_gives_back_what_only_reads(scene: Scene) -> None:
    """And finishes what writes, since that cannot be run again."""
    with scene.server() as (served, client):
        with scene.worker(served, "--drain", "0", "--concurrency", "2") as worker:
            reads = client.submit(ENDLESS)
            writes = client.submit(f"CREATE TABLE t AS {SECONDS}")
            executing(reads)
            executing(writes)
            assert worker.stop() == 0, worker.log.read_text()
        assert state(writes) is JobState.SUCCEEDED
        wait_until(lambda: state(reads) is JobState.QUEUED)
        error = reads.status().error
        assert error is not None
        assert error.code == "worker_stopped"
        with scene.worker(served, name="another"):
            wait_until(lambda: reads.status().worker == "another", patience_s=PATIENCE_S)
            reads.cancel()
            assert reads.wait(20).cancel_confirmed is True


def test_many_jobs_while_everything_is_killed(scene: Scene) -> None:
    """Each ends once, and with the right answer."""
    with (
        scene.server() as (served, client),
        scene.worker(served, "--concurrency", "2", name="one") as one,
        scene.worker(served, "--concurrency", "2", name="two") as two,
    ):
        jobs = [client.submit(f"SELECT {n}") for n in range(60)]
        stop = threading.Event()

        def destroy() -> None:
            while not stop.wait(1.0):
                with contextlib.suppress(psutil.Error, OSError, IndexError):
                    scene.broker.tell("FLUSHALL")
                    one.pool[0].kill()
                    two.runners()[0].kill()

        thread = threading.Thread(target=destroy)
        thread.start()
        try:
            wait_until(lambda: sum(state(job).is_final for job in jobs) > 30, patience_s=120)
        finally:
            stop.set()
            thread.join()
        answers = []
        for n, job in enumerate(jobs):
            try:
                answers.append(job.result(PATIENCE_S).fetchall() == [(n,)])
            except JobEnded:  # killed twice, which is as often as it is tried
                assert job.status().attempt == 2
                assert job.status().error is not None
        assert all(answers)
        assert len(answers) > 40
        assert all(scene.story(job)[-1] in {"succeeded", "failed"} for job in jobs)
