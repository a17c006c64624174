"""Many jobs at once: bulk requests, the history as a file, bursts past the quota."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import insert

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import TooManyRequests
from longwatch.jobs.model import evolve
from longwatch.protocol.bulk import BulkAction, BulkRequest, BulkResult
from longwatch.protocol.jobs import Job, JobError, JobFilter, JobState, ResultInfo, Submission
from longwatch.store import repository
from longwatch.store.rows import to_row
from longwatch.store.tables import jobs as table
from longwatch.store.writer import Transaction
from support.servers import ENDLESS, Backend, app_over, backend, http_client, job, serving
from support.waiting import eventually

ON_BOTH_STORES = "slow"

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def kept(tx: Transaction, made: list[Job]) -> None:
    """Jobs as an earlier server left them."""
    seq = repository.newest_seq(tx)
    rows = [to_row(evolve(one, seq=seq)) for one in made]
    tx.connection.execute(insert(table), rows)


def old(number: int, **changes: Any) -> Job:
    given = {"state": JobState.SUCCEEDED, "attempt": 1, **changes}
    at = FIRST + timedelta(minutes=number)
    return evolve(job(f"select {number}"), submitted_at=at, finished_at=at, **given)


async def bulk(http: httpx.AsyncClient, **request: Any) -> BulkResult:
    answer = await http.post("/v1/jobs/bulk", json=request)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=BulkResult)


@pytest.mark.slow
async def test_two_thousand_are_deleted_while_others_are_served(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    made = [old(n) for n in range(2_000)]
    await behind.store.run(kept, made)
    running = (await http.post("/v1/jobs", json={"sql": "select 1"})).json()["id"]
    await eventually(lambda: behind.executor.open)
    seq = behind.hub.seq
    asking = asyncio.create_task(bulk(http, action="delete", filter={}))
    served = 0
    while not asking.done():
        assert (await behind.service.get(running)).id == running
        served += 1
    result = await asking
    assert served > 20, "the store was held for whole batches"
    assert (result.matched, result.succeeded, result.failed) == (2_000, 2_000, 0)
    assert [one.id for one in result.items] == [one.id for one in reversed(made)]
    assert result.next is None
    assert [one["id"] for one in (await http.get("/v1/jobs")).json()["jobs"]] == [running]
    told = await behind.store.run(repository.since, seq, most=5_000)
    assert told is not None
    assert set(told.removed) == {one.id for one in made}


async def test_each_is_told_of_for_itself(http: httpx.AsyncClient, behind: Backend) -> None:
    done = [old(n) for n in range(2)]
    await behind.store.run(kept, done)
    ids = [(await http.post("/v1/jobs", json={"sql": "select 1"})).json()["id"] for _ in range(3)]
    await eventually(lambda: len(behind.executor.open) == 2)
    named = [done[0].id, *ids, "nobody", ids[0]]
    result = await bulk(http, action="cancel", ids=named)
    assert [(one.id, one.ok, one.code) for one in result.items] == [
        (done[0].id, False, "already_final"),
        *((job_id, True, None) for job_id in ids),
        ("nobody", False, "unknown_job"),
    ]
    assert (result.matched, result.succeeded, result.failed) == (5, 3, 2)
    assert result.items[0].detail is not None
    assert sorted(behind.executor.cancelled) == sorted((job_id, 1) for job_id in ids[:2])
    assert (await behind.job(ids[2])).state is JobState.CANCELLED


async def test_a_retry_names_the_new_jobs(http: httpx.AsyncClient, behind: Backend) -> None:
    done = [old(n, state=JobState.FAILED) for n in range(3)]
    await behind.store.run(kept, [*done, old(9)])
    result = await bulk(http, action="retry", filter={"state": ["failed", "queued"]})
    assert [one.id for one in result.items] == [one.id for one in reversed(done)]
    for item in result.items:
        assert item.retried_as is not None
        assert (await behind.job(item.retried_as)).retry_of == item.id


async def test_a_dry_run_does_nothing_and_a_cursor_goes_on(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    made = [old(n) for n in range(5)]
    await behind.store.run(kept, made)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for size in (2, 2, 1):
        request = {"action": "retry", "filter": {}, "limit": 2, "dry_run": True, **cursor}
        result = await bulk(http, **request)
        assert (result.matched, len(result.items), result.dry_run) == (5, size, True)
        seen += [one.id for one in result.items]
        cursor = {"cursor": result.next} if result.next else {}
    assert seen == [one.id for one in reversed(made)]
    assert not cursor
    assert (await http.get("/v1/jobs")).json()["total"] == 5


@pytest.mark.parametrize(
    "request_",
    [
        {"action": "cancel"},
        {"action": "cancel", "ids": [], "filter": {}},
        {"action": "explode", "ids": []},
        {"action": "cancel", "filter": {}, "limit": 10_001},
        {"action": "cancel", "ids": ["x"] * 10_001},
        {"action": "cancel", "filter": {"submitted_after": "2026-01-01T00:00:00"}},
        {"action": "cancel", "filter": {"surprise": 1}},
        {"action": "cancel", "ids": [], "cursor": "bjU"},
        {"action": "cancel", "filter": {}, "cursor": "nonsense"},
    ],
)
async def test_requests_that_cannot_be_taken(
    http: httpx.AsyncClient, request_: dict[str, Any]
) -> None:
    answer = await http.post("/v1/jobs/bulk", json=request_)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"invalid_request", "invalid_cursor"}


async def test_lists_by_time_and_the_totals_of_each_state(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    states = [JobState.SUCCEEDED, JobState.FAILED, JobState.LOST, JobState.FAILED]
    made = [old(n, state=state) for n, state in enumerate(states)]
    await behind.store.run(kept, made)

    async def listed(**query: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await http.get("/v1/jobs", params=query)).json()
        return found

    page = await listed(state="failed", submitted_after="2026-01-01T01:01:00+01:00")
    assert [one["id"] for one in page["jobs"]] == [made[3].id, made[1].id]
    assert page["total"] == 2
    zero = {state.value: 0 for state in JobState}
    assert page["totals"] == {**zero, "failed": 2, "lost": 1}
    met = await listed(submitted_before="2026-01-01T00:01:00Z")
    assert [one["id"] for one in met["jobs"]] == [made[0].id]
    assert met["totals"] == {**zero, "succeeded": 1}
    for wrong in ("2026-01-01", "2026-01-01T00:00:00", "yesterday"):
        answer = await http.get("/v1/jobs", params={"submitted_after": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\ttab", "\rcr", "＝1"]


async def test_the_history_as_a_file(http: httpx.AsyncClient, behind: Backend) -> None:
    error = JobError(code="x", message="=cmd|' /C calc'!A0")
    result = ResultInfo(rows=7, bytes=8, columns=[], complete=True)
    made = [old(n) for n in range(250)]
    made += [evolve(old(300 + n), sql=sql, name=sql) for n, sql in enumerate(HOSTILE)]
    made.append(old(400, state=JobState.FAILED, error=error, result=result, priority=-5))
    await behind.store.run(kept, made)
    answer = await http.get("/v1/jobs/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('"longwatch-jobs.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == [one.id for one in reversed(made)]
    first = rows[0]
    assert (first["rows"], first["bytes"], first["priority"]) == ("7", "8", "-5")
    assert (first["error_code"], first["error_message"]) == ("x", "'" + error.message)
    assert [row["sql"] for row in rows[1:8]] == ["'" + sql for sql in reversed(HOSTILE)]
    assert datetime.fromisoformat(first["submitted_at"]) == made[-1].submitted_at
    lines = await http.get("/v1/jobs/export", params={"format": "jsonl", "state": "failed"})
    assert lines.headers["content-type"].startswith("application/jsonl")
    (only,) = [msgspec.json.decode(line, type=Job) for line in lines.content.splitlines()]
    assert evolve(only, seq=0) == evolve(made[-1], seq=0)
    none = await http.get("/v1/jobs/export", params={"text": "no such thing"})
    assert len(none.text.splitlines()) == 1
    assert (await http.get("/v1/jobs/export?format=xlsx")).status_code == 422


async def test_the_clients_bulk_and_export(live: Address, tmp_path: Path) -> None:
    async with AsyncClient(live) as api:
        made = [
            await api.submit(Submission(sql=f"select {n}", name="of the bulk"), wait_s=20)
            for n in range(2)
        ]
        which = JobFilter(text="of the bulk", submitted_after=datetime.now() - timedelta(hours=1))
        text = b"".join([piece async for piece in api.export_jobs(which, form="jsonl")])
        assert {msgspec.json.decode(line)["id"] for line in text.splitlines()} == {
            one.id for one in made
        }
        result = await api.bulk(BulkRequest(action=BulkAction.DELETE, filter=which))
        assert (result.succeeded, result.failed) == (2, 0)
        assert (await api.jobs(which)).total == 0


async def test_past_the_quota_a_burst_is_refused_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    settings = {"max_running": 1, "max_queued_per_owner": 70}
    async with backend(tmp_path, **settings) as given, http_client(app_over(given)) as http:
        first = (await http.post("/v1/jobs", json={"sql": "select 0"})).json()["id"]
        await eventually(lambda: given.executor.open)
        answers = await asyncio.gather(
            *(http.post("/v1/jobs", json={"sql": f"select {n}"}) for n in range(140))
        )
        taken = {one.json()["id"] for one in answers if one.status_code == 202}
        refused = [one for one in answers if one.status_code != 202]
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(429, "queue_full")}
        assert all(int(one.headers["retry-after"]) >= 1 for one in refused)
        assert len(taken) == 70
        page = (await http.get("/v1/jobs?limit=500")).json()
        assert {one["id"] for one in page["jobs"]} == {first, *taken}
        told = await given.store.run(repository.since, 0, most=1_000)
        assert told is not None
        assert {one.id for one in told.changed} == {first, *taken}


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_ten_thousand_submits_over_real_sockets(tmp_path: Path) -> None:
    """Every submit that was taken is in the store, once; every other was told to come back."""
    settings = {"max_running": 1, "max_queued": 6_000, "max_queued_per_owner": 6_000}
    with serving(tmp_path, warm_spare=False, **settings) as (_, address):
        taken: dict[int, str] = {}
        refused: list[str] = []
        async with AsyncClient(address, timeout_s=60) as api:

            async def some(numbers: range) -> None:
                for n in numbers:
                    try:
                        taken[n] = (await api.submit(Submission(sql=ENDLESS, name=str(n)))).id
                    except TooManyRequests as error:
                        refused.append(error.problem.code)

            await asyncio.gather(*(some(range(n, 10_000, 20)) for n in range(20)))
            assert len(taken) + len(refused) == 10_000
            assert set(refused) == {"queue_full"}
            assert 6_000 <= len(taken) <= 6_001  # one of them runs
            found = [one async for page in api.each_job() for one in page.jobs]
            assert {one.name: one.id for one in found} == {str(n): i for n, i in taken.items()}
            assert len(found) == len(taken)
            result = await api.bulk(BulkRequest(action=BulkAction.CANCEL, filter=JobFilter()))
            assert result.succeeded == len(taken)
