"""The job service over a real store; attempts end when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from longwatch.execution.contract import Died
from longwatch.jobs.errors import (
    AlreadyFinal,
    AttemptOver,
    LimitTooHigh,
    NoResult,
    QueueFull,
    UnknownJob,
    UnknownSource,
)
from longwatch.protocol.jobs import (
    Job,
    JobError,
    JobState,
    Limits,
    Phase,
    ProgressBasis,
    StatementKind,
    Submission,
)
from longwatch.runner.spec import Ending, Outcome, Report
from longwatch.store import repository
from longwatch.store.listing import Filter
from longwatch.store.writer import Transaction
from support.servers import Backend, backend
from support.waiting import eventually

READ = Report(phase=Phase.EXECUTING, elapsed_s=1.0, kind=StatementKind.READ, rows=3)
WRITE = Report(phase=Phase.EXECUTING, elapsed_s=1.0, kind=StatementKind.WRITE)
STARTING = Report(phase=Phase.STARTING, elapsed_s=0.1)
KILLED = Died("was killed by signal 9 (SIGKILL)")


async def submitted(given: Backend, sql: str = "select 42", **fields: Any) -> Job:
    return await given.service.submit(Submission(sql=sql, **fields), "ada")


async def running(given: Backend, sql: str = "select 42", attempt: int = 1) -> Job:
    one = await submitted(given, sql)
    await launched(given, one.id, attempt)
    return one


async def launched(given: Backend, job_id: str, attempt: int = 1) -> None:
    await eventually(lambda: (job_id, attempt) in given.executor.open)


async def in_state(given: Backend, job_id: str, state: JobState) -> Job:
    async def reached() -> Job | None:
        one = await given.job(job_id)
        return one if one.state is state else None

    found: Job = await eventually(reached)
    return found


async def test_a_job_runs_and_succeeds(behind: Backend) -> None:
    one = await running(behind, "select 1")
    spec = behind.executor.launched[0]
    assert (spec.sql, spec.engine, spec.attempt) == ("select 1", "duckdb", 1)
    behind.executor.report(one.id, rows=3, fraction=0.5)
    seen = await behind.service.get(one.id)
    assert (seen.state, seen.phase, seen.progress.rows) == (JobState.RUNNING, Phase.EXECUTING, 3)
    await behind.executor.end(one.id, last=READ)
    ended = await behind.job(one.id)
    assert (ended.state, ended.phase, ended.kind) == (JobState.SUCCEEDED, None, StatementKind.READ)
    assert (ended.progress.fraction, ended.progress.basis) == (1.0, ProgressBasis.MEASURED)
    assert ended.finished_at is not None
    assert ended.cancel_confirmed is None
    assert behind.hub.progress_since(0) is None


async def test_a_success_that_was_never_measured_is_whole_all_the_same(behind: Backend) -> None:
    one = await running(behind)
    await behind.executor.end(one.id)
    progress = (await behind.job(one.id)).progress
    assert (progress.fraction, progress.basis) == (1.0, ProgressBasis.MEASURED)


async def test_a_failure_keeps_its_reason_and_how_far_it_came(behind: Backend) -> None:
    one = await running(behind)
    error = JobError(code="syntax_error", message="No.", line=2, column=7)
    last = Report(phase=Phase.EXECUTING, elapsed_s=5.0, fraction=0.5)
    await behind.executor.end(
        one.id, how=Outcome(ending=Ending.FAILED, last=last, error=error), last=last
    )
    ended = await behind.job(one.id)
    assert (ended.state, ended.error) == (JobState.FAILED, error)
    assert ended.progress.fraction == 0.5
    assert ended.progress.eta_low_s is None


async def test_an_unknown_source_is_refused_and_nothing_stored(behind: Backend) -> None:
    with pytest.raises(UnknownSource, match=r"no source 'nope' on this server\. Known: sample"):
        await submitted(behind, source="nope")
    listed = await behind.service.page(Filter(), before_n=None, limit=10)
    assert listed.total == 0


async def test_no_more_run_at_once_than_allowed_and_the_next_goes_by_priority_then_age(
    tmp_path: Path,
) -> None:
    async with backend(tmp_path, max_running=2) as given:
        first, second = await running(given), await running(given)
        third = await submitted(given)
        low = await submitted(given, priority=-1)
        high = await submitted(given, priority=1)
        assert len(given.executor.launched) == 2
        for done, following in ((first, high), (second, third), (high, low)):
            await given.executor.end(done.id)
            await launched(given, following.id)
            assert len(given.executor.open) == 2
        order = [spec.job_id for spec in given.executor.launched]
        assert order == [first.id, second.id, high.id, third.id, low.id]


async def test_cancel_of_a_queued_job_is_at_once(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1) as given:
        await running(given)
        waiting = await submitted(given)
        ended = await given.service.cancel(waiting.id)
        assert (ended.state, ended.cancel_confirmed) == (JobState.CANCELLED, True)
        assert ended.finished_at == ended.cancel_requested_at is not None
        with pytest.raises(AlreadyFinal, match="it is cancelled"):
            await given.service.cancel(waiting.id)
        assert given.executor.cancelled == []


@pytest.mark.parametrize("confirmed", [True, False])
async def test_cancel_of_a_running_job_is_over_when_its_process_is_gone(
    behind: Backend, confirmed: bool
) -> None:
    one = await running(behind)
    asked = await behind.service.cancel(one.id)
    assert (asked.state, asked.cancel_confirmed) == (JobState.RUNNING, None)
    again = await behind.service.cancel(one.id)
    assert again.cancel_requested_at == asked.cancel_requested_at
    assert again.seq == asked.seq
    assert set(behind.executor.cancelled) == {(one.id, 1)}
    await behind.executor.end(one.id, how=Ending.CANCELLED, confirmed=confirmed)
    ended = await behind.job(one.id)
    assert (ended.state, ended.cancel_confirmed, ended.error) == (
        JobState.CANCELLED,
        confirmed,
        None,
    )


async def test_a_query_that_was_quicker_than_its_cancel_has_succeeded(behind: Backend) -> None:
    one = await running(behind)
    await behind.service.cancel(one.id)
    await behind.executor.end(one.id)
    assert (await behind.job(one.id)).state is JobState.SUCCEEDED


async def test_a_cancel_between_claim_and_launch_is_not_forgotten(tmp_path: Path) -> None:
    async with backend(tmp_path) as given:
        launch: Callable[..., Awaitable[None]] = given.executor.launch
        cancelled_early = asyncio.Event()

        async def slow_launch(spec: Any) -> None:
            await given.service.cancel(spec.job_id)
            given.executor.cancelled.clear()  # an executor that knows no such attempt does nothing
            cancelled_early.set()
            await launch(spec)

        given.executor.launch = slow_launch  # type: ignore[method-assign]
        one = await submitted(given)
        await asyncio.wait_for(cancelled_early.wait(), 10)
        await eventually(lambda: (one.id, 1) in given.executor.cancelled)


async def test_a_read_whose_process_died_is_tried_again_and_says_why(behind: Backend) -> None:
    one = await running(behind)
    behind.executor.report(one.id, kind=StatementKind.READ, fraction=0.5)
    await behind.executor.end(one.id, how=KILLED, last=READ)
    await launched(behind, one.id, attempt=2)
    again = await behind.service.get(one.id)
    assert (again.state, again.attempt) == (JobState.RUNNING, 2)
    assert again.progress.fraction is None
    assert again.error == JobError(
        code="runner_died",
        message="The query's process was killed by signal 9 (SIGKILL).",
        hint="It is tried again.",
    )
    await behind.executor.end(one.id, attempt=2)
    ended = await behind.job(one.id)
    assert (ended.state, ended.error) == (JobState.SUCCEEDED, None)


async def test_a_read_that_dies_each_time_fails_with_the_reason(behind: Backend) -> None:
    one = await running(behind)
    await behind.executor.end(one.id, how=KILLED, last=READ)
    await launched(behind, one.id, attempt=2)
    await behind.executor.end(one.id, attempt=2, how=KILLED, last=READ)
    ended = await behind.job(one.id)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error.code == "runner_died"
    assert "It was tried 2 times" in (ended.error.hint or "")


async def test_a_write_whose_process_died_is_lost_and_never_run_again(behind: Backend) -> None:
    one = await running(behind)
    await behind.executor.end(one.id, how=KILLED, last=WRITE)
    ended = await behind.job(one.id)
    assert ended.state is JobState.LOST
    assert ended.error is not None
    assert "was not run again" in (ended.error.hint or "")
    other = await running(behind)
    assert [spec.job_id for spec in behind.executor.launched] == [one.id, other.id]


async def test_what_died_before_it_had_read_its_sql_has_run_nothing(behind: Backend) -> None:
    one = await running(behind)
    await behind.executor.end(one.id, how=KILLED, last=Report(phase=Phase.STARTING, elapsed_s=0.1))
    await launched(behind, one.id, attempt=2)


async def test_a_death_after_a_cancel_is_the_cancel(behind: Backend) -> None:
    one = await running(behind)
    await behind.service.cancel(one.id)
    await behind.executor.end(one.id, how=KILLED, last=WRITE)
    ended = await behind.job(one.id)
    assert (ended.state, ended.cancel_confirmed, ended.error) == (JobState.CANCELLED, True, None)


async def test_a_word_from_an_earlier_attempt_changes_nothing(behind: Backend) -> None:
    one = await running(behind)
    await behind.executor.end(one.id, how=KILLED, last=READ)
    await launched(behind, one.id, attempt=2)
    behind.executor.report(one.id, attempt=1, rows=999)
    await behind.executor.end(one.id, attempt=1)
    seen = await behind.job(one.id)
    assert (seen.state, seen.attempt, seen.progress.rows) == (JobState.RUNNING, 2, 0)


@pytest.mark.parametrize(
    "refusal", [OSError(28, "No space left on device"), RuntimeError("a bug"), LookupError("x")]
)
async def test_what_cannot_be_started_fails_and_the_next_has_its_turn(
    behind: Backend, refusal: Exception
) -> None:
    behind.executor.refuse_with = refusal
    one = await submitted(behind)
    ended = await in_state(behind, one.id, JobState.FAILED)
    assert ended.error is not None
    assert ended.error.code == "not_started"
    assert str(refusal) in ended.error.message
    behind.executor.refuse_with = None
    await running(behind)


async def test_a_full_store_delays_the_end_of_a_job_and_loses_nothing(
    behind: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longwatch.service.recording.RETRY_S", 0.02)
    one = await running(behind)

    def pragma(text: str) -> Callable[[Transaction], Any]:
        return lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {text}").scalar()

    pages = await behind.store.run(pragma("page_count"))
    await behind.store.run(pragma(f"max_page_count={pages}"))
    error = JobError(code="x", message="long " * 50_000)
    outcome = Outcome(ending=Ending.FAILED, last=READ, error=error)
    ending = asyncio.create_task(behind.executor.end(one.id, how=outcome))
    log = behind.settings.data_dir / "server.log"
    await eventually(lambda: "end of a job not recorded yet" in log.read_text("utf-8"))
    assert not ending.done()
    await behind.store.run(pragma("max_page_count=100000"))
    await ending
    assert (await behind.job(one.id)).error == error


async def test_a_restart_adopts_what_ran_and_goes_on_cancelling(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=2) as given:
        one, two = await running(given), await running(given)
        waiting = await submitted(given)
        await given.service.cancel(two.id)
        given.executor.open.clear()  # as if the server had died: nobody reports their end
    async with backend(tmp_path, max_running=2) as given:
        assert given.executor.adopted == [(one.id, 1), (two.id, 1)]
        assert given.executor.cancelled == [(two.id, 1)]
        assert given.executor.launched == []
        given.executor.report(one.id, rows=5)
        assert (await given.service.get(one.id)).progress.rows == 5
        await given.executor.end(two.id, how=Ending.CANCELLED)
        await launched(given, waiting.id)


@pytest.mark.parametrize(
    ("on_stop", "last", "state"),
    [
        ("requeue", READ, JobState.QUEUED),
        ("requeue", WRITE, JobState.CANCELLED),
        ("cancel", READ, JobState.CANCELLED),
    ],
)
async def test_what_the_servers_stop_ends(
    tmp_path: Path, on_stop: str, last: Report, state: JobState
) -> None:
    async with backend(tmp_path, on_stop=on_stop) as given:
        one = await running(given)
        outcome = Outcome(ending=Ending.CANCELLED, last=last)
        await given.executor.end(one.id, how=outcome, last=last)
        ended = await given.job(one.id)
        if state is JobState.CANCELLED:
            assert ended.state is state
            assert ended.cancel_confirmed is True
        assert ended.error is not None
        assert ended.error.code == "server_stopped"


async def test_stop_waits_for_a_launch_that_is_under_way(tmp_path: Path) -> None:
    async with backend(tmp_path) as given:
        launch: Callable[..., Awaitable[None]] = given.executor.launch
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow_launch(spec: Any) -> None:
            begun.set()
            await go_on.wait()
            await launch(spec)

        given.executor.launch = slow_launch  # type: ignore[method-assign]
        one, two = await submitted(given), await submitted(given)
        await asyncio.wait_for(begun.wait(), 10)
        stopping = asyncio.create_task(given.service.stop())
        await asyncio.sleep(0)
        assert not stopping.done()
        go_on.set()
        await asyncio.wait_for(stopping, 10)
        # Started, then ended with the others; what came after it was never begun.
        assert (await given.job(one.id)).attempt == 1
        assert (await given.job(one.id)).state is JobState.QUEUED
        assert (await given.job(two.id)).attempt == 0


async def test_a_submit_while_the_server_stops_is_kept_for_the_next_start(tmp_path: Path) -> None:
    async with backend(tmp_path) as given:
        await given.service.stop()
        one = await submitted(given)
    async with backend(tmp_path) as given:
        await launched(given, one.id)


async def test_a_job_that_was_never_run_has_neither_rows_nor_log(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1) as given:
        await running(given)
        waiting = await submitted(given)
        with pytest.raises(NoResult, match=r"is queued and has no result\. Rows can be read as"):
            await given.service.result_folder(waiting.id)
        assert await given.service.log_path(waiting.id) is None
        with pytest.raises(UnknownJob):
            await given.service.log_path("nobody")


async def test_limits_bound_an_attempt(tmp_path: Path) -> None:
    async with backend(tmp_path, memory_bytes=2**29, max_run_s=60) as given:
        for limits, granted in (
            (Limits(memory_bytes=2**28, run_s=5), [2**28, 5]),
            (Limits(), [2**29, 60]),
        ):
            one = await submitted(given, limits=limits)
            await launched(given, one.id)
            spec = given.executor.launched[-1]
            assert [spec.memory_bytes, spec.run_s] == granted
            await given.executor.end(one.id)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(memory_bytes=2**30), "1,024 MiB of memory; this server grants 512 MiB"),
        (Limits(run_s=61), "61 s of running time; this server grants 60 s"),
    ],
)
async def test_more_than_the_server_grants_is_refused(
    tmp_path: Path, limits: Limits, words: str
) -> None:
    async with backend(tmp_path, memory_bytes=2**29, max_run_s=60) as given:
        with pytest.raises(LimitTooHigh, match=words):
            await submitted(given, limits=limits)
        assert await given.service.is_idle()


async def test_a_full_queue_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1, max_queued_per_owner=2, max_queued=3) as given:
        first = await running(given)
        kept = [await submitted(given) for _ in range(2)]
        with pytest.raises(QueueFull, match="2 jobs of yours wait"):
            await submitted(given)
        other = await given.service.submit(Submission(sql="select 1"), "bob")
        with pytest.raises(QueueFull, match="3 jobs in all wait"):
            await given.service.submit(Submission(sql="select 1"), "eve")
        await given.executor.end(first.id)
        await launched(given, other.id)
        assert [(await given.job(one.id)).state for one in kept] == [JobState.QUEUED] * 2
        await given.executor.end(other.id)
        await launched(given, kept[0].id)
        await submitted(given)


async def test_owners_share_and_sources_are_bounded(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=3, max_running_per_owner=2) as given:
        mine = [await submitted(given) for _ in range(4)]
        await launched(given, mine[1].id)
        other = await given.service.submit(Submission(sql="select 1"), "bob")
        await launched(given, other.id)
        assert (await given.job(mine[2].id)).state is JobState.QUEUED
        await given.executor.end(other.id)
        assert len(given.executor.open) == 2, "an owner has two at once, room or not"


async def test_who_waits_too_long_fails_and_says_so(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1) as given:
        first = await running(given)
        late = await submitted(given, limits=Limits(queue_s=0.05))
        patient = await submitted(given, limits=Limits(queue_s=3_600))
        ended = await in_state(given, late.id, JobState.FAILED)
        assert ended.error is not None
        assert (ended.error.code, ended.attempt) == ("queue_timeout", 0)
        assert (await given.job(patient.id)).state is JobState.QUEUED
        await given.executor.end(first.id)
        await launched(given, patient.id)


async def test_a_lost_attempt_is_tried_again_after_a_while(tmp_path: Path) -> None:
    async with backend(tmp_path, retry_delay_s=0.2, max_running=1) as given:
        one = await running(given)
        await given.executor.end(one.id, how=KILLED, last=READ)
        other = await submitted(given)
        await launched(given, other.id)
        assert (await given.job(one.id)).state is JobState.QUEUED, "it is kept back"
        await given.executor.end(other.id)
        await launched(given, one.id, 2)


async def test_kept_attempts_are_adopted_by_the_next_server(tmp_path: Path) -> None:
    async with backend(tmp_path) as given:
        one = await running(given)
        await given.service.stop(keep=True)
        assert (await given.job(one.id)).state is JobState.RUNNING
        given.executor.open.clear()
    async with backend(tmp_path) as given:
        assert given.executor.adopted == [(one.id, 1)]
        assert not await given.service.is_idle()
        await given.executor.end(one.id)
        assert (await given.job(one.id)).state is JobState.SUCCEEDED
        assert await given.service.is_idle()


async def test_what_another_server_let_write_is_never_run_again(tmp_path: Path) -> None:
    """Invariant: an attempt is let write only while it is the one that runs, and whoever gives it
    up then finds that in the store, though no report of it said so there."""
    async with backend(tmp_path) as given:
        one, silent = await running(given), Died("is with a worker that was silent")
        await given.store.run(repository.note_write, one.id, 1)
        await given.executor.end(one.id, 1, silent, confirmed=False, last=STARTING)
        assert (await given.job(one.id)).state is JobState.LOST

        other = await running(given)
        await given.executor.end(other.id, 1, silent, confirmed=False, last=STARTING)
        await launched(given, other.id, 2)
        with pytest.raises(AttemptOver):
            await given.store.run(repository.note_write, other.id, 1)
        assert (await given.job(other.id)).kind is None


async def test_who_is_told_to_follow_while_it_takes_up_does_not_lead(behind: Backend) -> None:
    behind.service.follow()
    leading = asyncio.create_task(behind.service.lead(lambda _tx: True))
    await asyncio.sleep(0)  # it asks the store for what runs
    behind.service.follow()
    await leading
    assert not behind.service.leading
    one = await submitted(behind)
    assert behind.executor.launched == []
    await behind.service.lead(lambda _tx: True)
    await launched(behind, one.id)
