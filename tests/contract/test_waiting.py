"""Waiting for a job's end: the server holds its answer back, and the client asks once."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import NotFound, WaitTimeout
from longwatch.protocol.jobs import JobState, Submission
from support.servers import ENDLESS, Backend
from support.waiting import eventually

ON_BOTH_STORES = "slow"


async def running(http: httpx.AsyncClient, behind: Backend) -> str:
    job_id: str = (await http.post("/v1/jobs", json={"sql": "select 1"})).json()["id"]
    await eventually(lambda: (job_id, 1) in behind.executor.open)
    return job_id


async def test_the_answer_comes_with_the_end(http: httpx.AsyncClient, behind: Backend) -> None:
    job_id = await running(http, behind)
    asking = asyncio.create_task(http.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"}))
    await eventually(lambda: behind.service._endwatch._waiting.get(job_id))
    assert not asking.done()
    await behind.executor.end(job_id)
    answer = await asking
    assert answer.status_code == 200
    assert answer.json()["state"] == "succeeded"
    assert answer.headers["preference-applied"] == "wait=30"


async def test_or_after_the_time_asked_for(http: httpx.AsyncClient, behind: Backend) -> None:
    job_id = await running(http, behind)
    answer = await http.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=0"})
    assert answer.json()["state"] == "running"


class Counted(AsyncClient):
    """Counts what it asks for."""

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self.asked = 0

    async def _send(self, *args: object, **options: object) -> httpx.Response:
        self.asked += 1
        return await super()._send(*args, **options)  # type: ignore[arg-type]


async def test_the_client_asks_once(live: Address) -> None:
    async with Counted(live) as client:
        job = await client.submit(Submission(sql="SELECT count(*) FROM range(100000000)"))
        client.asked = 0
        ended = await client.wait(job.id, timeout_s=60)
        assert ended.state is JobState.SUCCEEDED
        assert client.asked <= 3, "once in ten seconds"
        client.asked = 0
        assert (await client.wait(job.id)).state is JobState.SUCCEEDED
        assert client.asked == 1


async def test_a_wait_has_its_own_time(live: Address) -> None:
    async with AsyncClient(live) as client:
        job = await client.submit(Submission(sql=ENDLESS))
        with pytest.raises(WaitTimeout):
            await client.wait(job.id, timeout_s=0.2)
        waiting = asyncio.create_task(client.wait(job.id, timeout_s=30))
        await client.cancel(job.id)
        assert (await waiting).state is JobState.CANCELLED
        with pytest.raises(NotFound):
            await client.wait("nosuchjob")
