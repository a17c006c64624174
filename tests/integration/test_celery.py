"""Queries that workers carry out: what a client sees is what it sees without them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from longwatch.cli.exits import Exit
from longwatch.client.address import Address
from longwatch.client.errors import BadRequest, Conflict, JobFailed, TooLarge
from longwatch.client.sync import Client, JobHandle
from longwatch.client.worker import Claimed, WorkerClient
from longwatch.protocol.attempts import Ending, Outcome, Report
from longwatch.protocol.jobs import Column, JobState, Phase, StatementKind
from longwatch.protocol.worker import AttemptEnd, Claim, ClaimRequest, Heartbeat, Presence
from longwatch.results.index import Index, Segment
from support.processes import is_alive, longwatch
from support.runs import UNHEEDING
from support.servers import ENDLESS, serving
from support.waiting import wait_until
from support.workers import Valkey, WorkerProcess, worker_of, working

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Celery's pool is POSIX's")

T = TypeVar("T")
FAR = "far"
"""A source whose queue no worker takes jobs of: the tests claim them by hand."""
_NO_SUCH = "LONGWATCH_SOURCE_NONE"
KEY, OTHER = "0" * 32, "1" * 32


@dataclass(frozen=True, slots=True)
class Team:
    """A server, a broker and a worker."""

    address: Address
    client: Client
    broker: Valkey
    worker: WorkerProcess
    data_dir: Path

    def executing(self, job: JobHandle) -> None:
        wait_until(lambda: job.status().phase is Phase.EXECUTING, patience_s=20)

    def say(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a call of a worker's."""
        return asyncio.run(work)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    settings: dict[str, Any] = {
        "executor": "celery",
        "warm_spare": False,
        "worker_lease_s": 3,
        "retry_delay_s": 0,
        "sources": {
            FAR: {"queue": "nobody"},
            "near": {"queue": "near"},
            "closed": {"engine": "postgres", "secrets": {"password": {"env": _NO_SUCH}}},
        },
    }
    with (
        Valkey(folder / "valkey") as broker,
        serving(folder / "data", broker=broker.url, **settings) as (_, address),
        working(address, broker, folder, "--concurrency", "2") as worker,
        Client(address) as client,
    ):
        yield Team(address, client, broker, worker, folder / "data")
        assert worker.stop() == 0, worker.log.read_text()
        seen = worker_of(client, worker.name)
        assert seen is not None
        assert not seen.is_there


def test_a_query_is_carried_out_by_a_worker(team: Team) -> None:
    job = team.client.submit("SELECT range AS n FROM range(100000)")
    rows = job.result(30).arrow()
    assert (rows.num_rows, rows["n"][-1].as_py()) == (100_000, 99_999)
    status = job.status()
    assert (status.state, status.worker) == (JobState.SUCCEEDED, team.worker.name)
    assert status.task_id
    assert status.result is not None
    assert status.result.complete
    seen = worker_of(team.client, team.worker.name)
    assert seen is not None
    assert (seen.is_there, seen.concurrency, seen.queues) == (True, 2, ["longwatch"])


def test_a_mistake_is_told_with_its_place(team: Team) -> None:
    with pytest.raises(JobFailed) as failed:
        team.client.submit("SELECT carier FROM flights").result(30)
    assert (failed.value.line, failed.value.column) == (1, 8)


def test_progress_is_live_and_a_cancel_is_confirmed_by_the_process_table(team: Team) -> None:
    job = team.client.submit(ENDLESS)
    team.executing(job)
    runner = team.worker.runner(job.id)
    wait_until(lambda: job.status().progress.memory_bytes, patience_s=20)
    before = job.status().progress.fraction or 0.0
    wait_until(lambda: (job.status().progress.fraction or 0.0) > before, patience_s=20)
    seen = worker_of(team.client, team.worker.name)
    assert seen is not None
    assert seen.jobs == [job.id]
    job.cancel()
    status = job.wait(20)
    assert (status.state, status.cancel_confirmed) == (JobState.CANCELLED, True)
    assert not is_alive(runner)


@pytest.mark.slow
def test_the_command_line_lists_them(team: Team) -> None:
    env = {"LONGWATCH_URL": team.address.url, "LONGWATCH_TOKEN": team.address.token}
    listed = longwatch("workers", env=env)
    assert listed.code == 0, listed.err
    assert listed.text.splitlines()[1].split()[:4] == ["worker", "ready", "0/2", "longwatch"]
    told = json.loads(longwatch("workers", "--json", env=env).text)
    assert (told["name"], told["jobs"]) == ("worker", [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--server", "http://10.9.8.7:1", "--broker", "redis://x"), "in the clear"),
        (("--server", "http://127.0.0.1:1", "--broker", "http://x"), "redis://localhost"),
        (("--server", "http://127.0.0.1:1", "--broker", "redis://x", "--queues", "a b"), "'a b'"),
        (("--server", "http://127.0.0.1:1", "--broker", "redis://x", "--name", "../x"), "no name"),
        (("--broker", "redis://x"), "LONGWATCH_URL"),
    ],
)
def test_a_worker_that_cannot_be(arguments: tuple[str, ...], said: str) -> None:
    done = longwatch("worker", *arguments, env={"LONGWATCH_TOKEN": "x"})
    assert done.code == Exit.USAGE
    assert said in done.err


@pytest.mark.slow
def test_a_worker_whose_server_does_not_know_it(team: Team, tmp_path: Path) -> None:
    arguments = ("--broker", team.broker.url, "--work-dir", tmp_path / "w")
    env = {"LONGWATCH_URL": team.address.url, "LONGWATCH_TOKEN": "wrong"}
    done = longwatch("worker", *arguments, env=env)
    assert done.code == Exit.UNREACHABLE
    assert "token" in done.err


@pytest.mark.slow
def test_the_queue_of_a_source_that_was_added(team: Team, tmp_path: Path) -> None:
    """Invariant: a job that waits goes to the workers of the queue that its source has now."""
    env = {"LONGWATCH_URL": team.address.url, "LONGWATCH_TOKEN": team.address.token}
    (tmp_path / "numbers.csv").write_text("n\n7\n", encoding="ascii")
    source = ("moving", "--path", tmp_path)
    added = longwatch("sources", "add", *source, "--queue", "of-nobody", env=env)
    assert added.code == 0, added.err
    assert next(one for one in team.client.sources() if one.name == "moving").queue == "of-nobody"
    job = team.client.submit("SELECT n FROM numbers", "moving")
    wait_until(lambda: team.broker.tell("LLEN", "of-nobody") == b":1\r\n")
    kept = longwatch("sources", "change", "moving", "--title", "Moved", env=env)
    assert kept.code == 0, kept.err
    assert next(one for one in team.client.sources() if one.name == "moving").queue == "of-nobody"
    assert job.status().state is JobState.QUEUED
    moved = longwatch("sources", "change", "moving", "--queue", "", "--no-test", env=env)
    assert moved.code == 0, moved.err
    assert job.result(30).fetchall() == [(7,)]
    wrong = longwatch("sources", "change", "moving", "--queue", "a b", "--no-test", env=env)
    assert wrong.code == Exit.USAGE
    assert "queue" in wrong.err


@pytest.mark.slow
def test_a_query_that_does_not_listen_is_ended(team: Team) -> None:
    job = team.client.submit(UNHEEDING)
    team.executing(job)
    runner = team.worker.runner(job.id)
    job.cancel()
    assert job.wait(20).cancel_confirmed is True
    assert not is_alive(runner)


@pytest.mark.slow
def test_a_result_can_be_read_while_it_is_sent(team: Team) -> None:
    job = team.client.submit("SELECT range AS n FROM range(1000000000000)")
    wait_until(lambda: job.status().result, patience_s=20)
    page = team.client._call(team.client._api.result_rows(job.id, offset=5, limit=2))
    assert page.rows == [[5], [6]]
    job.cancel()
    status = job.wait(20)
    assert status.result is not None
    assert not status.result.complete
    assert status.cancel_confirmed is True


@pytest.mark.slow
def test_a_large_result_arrives_whole(team: Team) -> None:
    """More segments than one, some of which are sent in several pieces."""
    job = team.client.submit(
        "SELECT range AS n, md5(range::VARCHAR) AS t FROM range(2000000) ORDER BY n"
    )
    rows = job.result(60).arrow()
    assert rows["n"].to_pylist() == list(range(2_000_000))
    log = job.log()
    assert isinstance(log, str)


def test_a_cancel_while_it_waits_for_a_worker(team: Team) -> None:
    job = team.client.submit("SELECT 7", FAR)
    assert job.cancel().state is JobState.CANCELLED
    with pytest.raises(Conflict) as refused:
        team.say(claim(team, job))
    assert refused.value.problem.code == "not_offered"


def offered(team: Team) -> JobHandle:
    """A job that the test may claim."""
    job = team.client.submit("SELECT 7", FAR)
    queue = lambda: team.broker.tell("LLEN", "nobody") != b":0\r\n"  # noqa: E731
    wait_until(queue)
    return job


async def claim(team: Team, job: JobHandle, key: str = KEY, attempt: int = 1) -> Claim:
    async with WorkerClient(team.address) as worker:
        return await worker.claim(
            ClaimRequest(job_id=job.id, attempt=attempt, key=key, worker="hand", task_id="t")
        )


def outcome(rows: int = 0) -> AttemptEnd:
    last = Report(phase=Phase.WRITING, elapsed_s=1.0, rows=rows, kind=StatementKind.READ)
    return AttemptEnd(outcome=Outcome(ending=Ending.SUCCEEDED, last=last), confirmed=True)


def test_what_a_worker_may_say_of_an_attempt(team: Team) -> None:
    """Claims fence: nobody else has it, nothing is taken twice or out of order, and what is late
    does not count."""
    job = offered(team)

    async def talk() -> None:
        async with WorkerClient(team.address) as worker:
            given = await claim(team, job)
            assert (given.spec.sql, given.spec.attempt) == ("SELECT 7", 1)
            assert await claim(team, job) == given, "an answer that was lost is given again"
            with pytest.raises(Conflict):
                await claim(team, job, OTHER)
            mine, theirs = Claimed(job.id, 1, KEY), Claimed(job.id, 1, OTHER)
            with pytest.raises(Conflict) as refused:
                await worker.heartbeat(theirs, Heartbeat())
            assert refused.value.problem.code == "attempt_over"
            report = Report(phase=Phase.EXECUTING, elapsed_s=1.0, kind=StatementKind.WRITE)
            answer = await worker.heartbeat(mine, Heartbeat(report=report, log=b"hello\n"))
            assert (answer.may_write, answer.log_bytes) == (True, 6)
            again = await worker.heartbeat(mine, Heartbeat(log=b"hello\n"))
            assert again.log_bytes == 6, "a piece of the log that comes twice is kept once"

            assert await worker.put_segment(mine, "000000.arrow", 0, b"abc") == 3
            with pytest.raises(Conflict) as refused:
                await worker.put_segment(mine, "000000.arrow", 0, b"abc")
            assert refused.value.problem.code == "wrong_offset"
            assert await worker.segment_bytes(mine, "000000.arrow") == 3
            with pytest.raises(BadRequest):
                await worker.put_segment(mine, "outside.arrow", 0, b"abc")
            with pytest.raises(TooLarge):
                await worker.put_segment(mine, "000001.arrow", 0, bytes(2**22 + 1))
            with pytest.raises(Conflict):
                await worker.end(mine, outcome())
            index = Index(
                columns=[Column(name="n", type="int64")],
                segments=[Segment(file="000000.arrow", rows=1, bytes=4)],
                complete=True,
            )
            with pytest.raises(Conflict):
                await worker.put_index(mine, msgspec.json.encode(index))
            assert await worker.put_segment(mine, "000000.arrow", 3, b"d") == 4
            await worker.put_index(mine, msgspec.json.encode(index))
            await worker.end(mine, outcome(rows=1))
            await worker.end(mine, outcome(rows=1))
            with pytest.raises(Conflict):
                await worker.heartbeat(mine, Heartbeat())

    team.say(talk())
    status = job.wait(10)
    assert (status.state, status.worker) == (JobState.SUCCEEDED, "hand")
    assert job.log() == "hello\n"


@pytest.mark.slow
def test_results_in_a_folder_that_both_see(team: Team, tmp_path: Path) -> None:
    """The worker puts them where the server looks, rather than send them; and it takes jobs of a
    source's queue."""
    arguments = ("--results-dir", str(team.data_dir / "jobs"), "--queues", "near,another")
    with working(team.address, team.broker, tmp_path, *arguments, name="near") as worker:
        job = team.client.submit("SELECT range AS n FROM range(1000000)", "near")
        assert job.result(30).arrow()["n"].to_pylist() == list(range(1_000_000))
        assert job.status().worker == "near"
        assert worker.stop() == 0
    folder = team.data_dir / "jobs" / job.id / "1"
    assert (folder / "result" / "000000.arrow").stat().st_nlink == 1, "the worker's name is gone"


@pytest.mark.slow
def test_a_source_whose_secret_is_missing(team: Team) -> None:
    job = team.client.submit("SELECT 1", "closed")
    with pytest.raises(JobFailed) as failed:
        job.result(30)
    assert "LONGWATCH_SOURCE_NONE" in str(failed.value)


@pytest.mark.slow
def test_a_worker_that_is_silent_loses_what_it_had(team: Team) -> None:
    """What only reads goes to the next one, and the late result of the first is refused."""
    job = offered(team)
    team.say(claim(team, job))
    wait_until(lambda: job.status().state is JobState.QUEUED, patience_s=20)

    async def late() -> None:
        async with WorkerClient(team.address) as worker:
            with pytest.raises(Conflict) as refused:
                await worker.end(Claimed(job.id, 1, KEY), outcome())
            assert refused.value.problem.code == "attempt_over"

    team.say(late())
    error = job.status().error
    assert error is not None
    assert "silent" in error.message
    job.cancel()
    with suppress(Conflict):
        job.wait(10)


async def test_a_server_that_needs_no_workers_says_so(tmp_path: Path) -> None:
    with serving(tmp_path / "data", warm_spare=False) as (_, address):
        async with WorkerClient(address) as worker:
            with pytest.raises(Conflict) as refused:
                await worker.presence(
                    Presence(name="w", version="1", host="h", queues=["q"], concurrency=1)
                )
    assert refused.value.problem.code == "no_workers_here"
