"""Moving a job that waits to another server, and whatever may break off in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from longwatch.client import errors
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.moving import NotMoved, PutBack, key_of, move
from longwatch.protocol.jobs import Job, JobFilter, JobState, Limits, Submission
from support.proxies import AnswerProxy
from support.servers import ENDLESS, serving
from support.waiting import eventually


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Address, Address]]:
    """A server on which one job runs for ever, so that others wait, and one that has room."""
    with (
        serving(tmp_path_factory.mktemp("here"), max_running=1) as (_, here),
        serving(tmp_path_factory.mktemp("there"), max_queued=2, max_running=1) as (_, there),
    ):
        yield here, there


@pytest.fixture
async def both(
    addresses: tuple[Address, Address],
) -> AsyncIterator[tuple[AsyncClient, AsyncClient]]:
    """Clients of the two; the first is busy."""
    async with AsyncClient(addresses[0]) as here, AsyncClient(addresses[1]) as there:
        await here.submit(Submission(sql=ENDLESS), key="busy")
        yield here, there


async def waiting(api: AsyncClient, sql: str = "select 42", **more: Any) -> Job:
    return await api.submit(Submission(sql=sql, **more))


async def copies(there: AsyncClient, name: str) -> int:
    return (await there.jobs(JobFilter(text=name))).total


async def test_only_a_job_that_waits_is_cancelled_where_only_that_is_wanted(
    both: tuple[AsyncClient, AsyncClient],
) -> None:
    here, _ = both
    runs = await here.submit(Submission(sql=ENDLESS), key="busy")
    await eventually(lambda: _is(here, runs.id, JobState.RUNNING))
    with pytest.raises(errors.Conflict) as refused:
        await here.cancel(runs.id, only_queued=True)
    assert refused.value.problem.code == "has_begun"
    assert (await here.job(runs.id)).cancel_requested_at is None
    job = await waiting(here)
    done = await here.cancel(job.id, only_queued=True, reason="it is not needed")
    assert (done.state, done.cancel_confirmed) == (JobState.CANCELLED, True)
    assert (await here.events(job.id))[-1].detail == "it is not needed"
    with pytest.raises(errors.Conflict) as over:
        await here.cancel(job.id, only_queued=True)
    assert over.value.problem.code == "already_final"


async def test_a_job_is_moved_as_it_is_and_once(both: tuple[AsyncClient, AsyncClient]) -> None:
    here, there = both
    job = await waiting(here, name="once", priority=3, limits=Limits(run_s=9.0))
    moved = await move(here, there, job.id, to="Warehouse")
    assert moved.id != job.id
    assert moved.submission() == job.submission()
    assert (await here.job(job.id)).state is JobState.CANCELLED
    assert (await here.events(job.id))[-1].detail == "moved to Warehouse"
    assert (await move(here, there, job.id, to="Warehouse")).id == moved.id  # asked again
    assert await copies(there, "once") == 1
    with pytest.raises(NotMoved, match="cancelled, so it was not moved"):
        await move(here, there, job.id, to="Elsewhere")


async def test_a_move_that_broke_off_goes_on(both: tuple[AsyncClient, AsyncClient]) -> None:
    here, there = both
    job = await waiting(here, name="broke off")
    await here.cancel(job.id, only_queued=True, reason="moved to Warehouse")  # then it crashed
    moved = await move(here, there, job.id, to="Warehouse")
    assert (await there.wait(moved.id, timeout_s=30)).state is JobState.SUCCEEDED
    with pytest.raises(errors.BadRequest, match="was used for another request"):
        await there.submit(Submission(sql="select 43"), key=key_of(job.id))


async def test_lost_answers_make_no_second_job(
    addresses: tuple[Address, Address], both: tuple[AsyncClient, AsyncClient]
) -> None:
    here, there = both
    job = await waiting(here, name="lost answers")
    async with (
        AnswerProxy.to(addresses[0]) as near,
        AnswerProxy.to(addresses[1]) as far,
        AsyncClient(Address(near.url, here.address.token)) as badly,
        AsyncClient(Address(far.url, there.address.token)) as worse,
    ):
        moved = await move(badly, worse, job.id, to="Warehouse")
    assert (near.lost, far.lost) == ([f"/v1/jobs/{job.id}/cancel"], ["/v1/jobs"])
    assert (await here.job(job.id)).state is JobState.CANCELLED
    assert await copies(there, "lost answers") == 1
    assert (await there.wait(moved.id, timeout_s=30)).state is JobState.SUCCEEDED


async def test_what_has_begun_stays(both: tuple[AsyncClient, AsyncClient]) -> None:
    here, there = both
    runs = await here.submit(Submission(sql=ENDLESS), key="busy")
    await eventually(lambda: _is(here, runs.id, JobState.RUNNING))
    with pytest.raises(NotMoved, match="The job is running, so it was not moved"):
        await move(here, there, runs.id, to="Warehouse")
    assert (await here.job(runs.id)).cancel_requested_at is None


async def test_a_source_that_is_not_there_is_told_before_anything_is_done(
    both: tuple[AsyncClient, AsyncClient],
) -> None:
    here, there = both
    job = await waiting(here)
    with pytest.raises(NotMoved, match=r"no source 'nowhere'\. It has: sample"):
        await move(here, there, job.id, to="Warehouse", source="nowhere")
    assert (await here.job(job.id)).state is JobState.QUEUED
    await here.cancel(job.id)


async def test_what_is_refused_there_waits_here_again(
    both: tuple[AsyncClient, AsyncClient],
) -> None:
    here, there = both
    blocking = [await there.submit(Submission(sql=ENDLESS)) for _ in range(3)]
    try:
        job = await waiting(here, name="refused")
        with pytest.raises(PutBack, match="2 jobs in all wait already") as put_back:
            await move(here, there, job.id, to="Warehouse")
        back = put_back.value.job
        assert (back.state, back.retry_of) == (JobState.QUEUED, job.id)
        assert isinstance(put_back.value.refusal, errors.TooManyRequests)
    finally:
        await asyncio.gather(*(there.cancel(one.id) for one in blocking))
    with pytest.raises(NotMoved, match="was put back"):
        await move(here, there, job.id, to="Warehouse")
    assert await copies(there, "refused") == 0
    moved = await move(here, there, back.id, to="Warehouse")
    assert moved.name == "refused"


async def _is(api: AsyncClient, job_id: str, state: JobState) -> bool:
    return (await api.job(job_id)).state is state
