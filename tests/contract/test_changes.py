"""Changing jobs by HTTP: waits, entity tags, retry, delete, and the feed's word of it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from longwatch.client import errors
from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.sync import Client
from longwatch.execution.contract import Died
from longwatch.protocol.jobs import JobFilter, JobState, Submission
from longwatch.runner.spec import Ending
from support.servers import Backend, app_over, backend, http_client
from support.waiting import eventually

ON_BOTH_STORES = "slow"


async def submitted(http: httpx.AsyncClient, **fields: Any) -> str:
    answer = await http.post("/v1/jobs", json={"sql": "select 42", **fields})
    assert answer.status_code == 202, answer.text
    found: str = answer.json()["id"]
    return found


async def running(http: httpx.AsyncClient, behind: Backend, **fields: Any) -> str:
    job_id = await submitted(http, **fields)
    await eventually(lambda: (job_id, 1) in behind.executor.open)
    return job_id


async def finished(http: httpx.AsyncClient, behind: Backend, **fields: Any) -> str:
    job_id = await running(http, behind, **fields)
    await behind.executor.end(job_id)
    return job_id


class TestWait:
    async def test_it_is_answered_when_the_job_is_over(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        asking = asyncio.create_task(
            http.post("/v1/jobs", json={"sql": "select 1"}, headers={"Prefer": "wait=30"})
        )
        await eventually(lambda: behind.executor.open)
        assert not asking.done()
        ((job_id, _),) = behind.executor.open
        await behind.executor.end(job_id)
        answer = await asking
        assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
        assert answer.headers["preference-applied"] == "wait=30"
        assert answer.headers["location"] == f"/v1/jobs/{job_id}"

    async def test_a_cancel_in_the_queue_ends_it_too(self, tmp_path: Path) -> None:
        async with backend(tmp_path, max_running=1) as given, http_client(app_over(given)) as http:
            await running(http, given)
            asking = asyncio.create_task(
                http.post(
                    "/v1/jobs",
                    json={"sql": "select 1", "name": "w"},
                    headers={"Prefer": "respond-async, Wait=30"},
                )
            )

            async def queued() -> Any:
                return (await http.get("/v1/jobs?text=w&state=queued")).json()["jobs"]

            (one,) = await eventually(queued)
            await http.post(f"/v1/jobs/{one['id']}/cancel")
            answer = await asking
            assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")

    @pytest.mark.parametrize(
        ("prefer", "applied"),
        [("wait=0", "wait=0"), ("wait=1; x=y", "wait=1"), ("wait=x", None), ("wait", None)],
    )
    async def test_it_is_answered_when_the_time_is_up(
        self, http: httpx.AsyncClient, prefer: str, applied: str | None
    ) -> None:
        body = {"sql": "select 1"}
        answer = await http.post("/v1/jobs", json=body, headers={"Prefer": prefer})
        assert answer.status_code == 202
        assert answer.headers.get("preference-applied") == applied

    async def test_no_more_is_granted_than_half_a_minute_and_a_stop_ends_it(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        asking = asyncio.create_task(
            http.post("/v1/jobs", json={"sql": "select 1"}, headers={"Prefer": "wait=86400"})
        )
        await eventually(lambda: behind.executor.open)
        begun_s = time.monotonic()
        await behind.service.stop(keep=True)
        answer = await asking
        assert time.monotonic() - begun_s < 10
        assert (answer.status_code, answer.json()["state"]) == (202, "running")
        assert answer.headers["preference-applied"] == "wait=30"
        assert not behind.service._endwatch._waiting

    async def test_the_client_waits_so(self, live: Address) -> None:
        async with AsyncClient(live) as api:
            one = await api.submit(Submission(sql="select 1"), wait_s=20)
            assert one.state is JobState.SUCCEEDED


class TestTags:
    async def test_who_knows_the_job_is_sent_nothing(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        job_id = await running(http, behind)
        path = f"/v1/jobs/{job_id}"

        async def tag_of() -> str:
            found: str = (await http.get(path)).headers["etag"]
            return found

        before = await tag_of()
        known = await http.get(path, headers={"If-None-Match": f'"1", W/{before}'})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", before)
        behind.executor.report(job_id, fraction=0.5, rows=7)
        moved = await tag_of()
        assert moved != before  # progress is news, though nothing was committed
        await behind.executor.end(job_id)
        over = await http.get(path, headers={"If-None-Match": moved})
        assert over.status_code == 200
        assert over.headers["etag"] == f'"{over.json()["seq"]}"'
        assert (await http.get(path, headers={"If-None-Match": "*"})).status_code == 304

    async def test_what_was_decided_on_an_older_form_is_not_done(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        job_id = await submitted(http)
        path = f"/v1/jobs/{job_id}"
        old = {"If-Match": (await http.get(path)).headers["etag"]}
        await eventually(lambda: (job_id, 1) in behind.executor.open)
        stale = await http.post(f"{path}/cancel", headers={"If-Match": '"0", "x", W/"y"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        assert (await behind.job(job_id)).cancel_requested_at is None
        tag = (await http.get(path)).headers["etag"]
        behind.executor.report(job_id, rows=1)  # progress alone voids no decision
        fresh = await http.post(f"{path}/cancel", headers={"If-Match": f'"0", {tag}'})
        assert fresh.status_code == 202
        await behind.executor.end(job_id, how=Ending.CANCELLED)
        for method, where in (("POST", f"{path}/retry"), ("DELETE", path)):
            refused = await http.request(method, where, headers=old)
            assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        tag = (await http.get(path)).headers["etag"]
        done = await http.post(f"{path}/retry", headers={"If-Match": tag})
        assert done.status_code == 202
        assert (await http.delete(path, headers={"If-Match": "*"})).status_code == 204


class TestRetry:
    async def test_it_is_a_new_job_with_the_same_query(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        limits = {"memory_bytes": 2**28, "run_s": 5.0, "queue_s": 60.0}
        old = await finished(http, behind, name="Totals", priority=3, limits=limits)
        answer = await http.post(f"/v1/jobs/{old}/retry")
        assert answer.status_code == 202
        anew, was = answer.json(), (await http.get(f"/v1/jobs/{old}")).json()
        assert answer.headers["location"] == f"/v1/jobs/{anew['id']}"
        assert anew["retry_of"] == old != anew["id"]
        assert (anew["state"], anew["attempt"], was["retry_of"]) == ("queued", 0, None)
        for field in ("sql", "source", "name", "priority", "limits", "owner", "preview"):
            assert anew[field] == was[field], field

    async def test_a_job_that_is_not_over_is_not_doubled(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        job_id = await running(http, behind)
        answer = await http.post(f"/v1/jobs/{job_id}/retry")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_final")
        assert (await http.post("/v1/jobs/nobody/retry")).json()["code"] == "unknown_job"

    async def test_a_full_queue_refuses_it(self, tmp_path: Path) -> None:
        settings = {"max_running": 1, "max_queued_per_owner": 1}
        async with backend(tmp_path, **settings) as given, http_client(app_over(given)) as http:
            old = await finished(http, given)
            await running(http, given)
            await submitted(http)
            answer = await http.post(f"/v1/jobs/{old}/retry")
            assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
            assert answer.headers["retry-after"]


class TestDelete:
    async def test_it_is_gone_with_its_files_and_its_story(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        job_id = await finished(http, behind)
        folder = behind.executor.folder(job_id, 1)
        (folder / "result").mkdir(parents=True)
        (folder / "result" / "0.arrow").write_bytes(b"x")
        answer = await http.delete(f"/v1/jobs/{job_id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert not folder.parent.exists()
        for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel"), ("DELETE", "")):
            again = await http.request(method, f"/v1/jobs/{job_id}{path}")
            assert (again.status_code, again.json()["code"]) == (404, "unknown_job")

    async def test_a_job_that_is_not_over_stays(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        job_id = await running(http, behind)
        answer = await http.delete(f"/v1/jobs/{job_id}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_final")
        assert (await behind.job(job_id)).state is JobState.RUNNING

    async def test_a_deadline_of_a_deleted_job_holds_up_nobody(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        for _ in range(2):
            await running(http, behind)
        one = await submitted(http, limits={"queue_s": 0.2})
        await http.post(f"/v1/jobs/{one}/cancel")
        assert (await http.delete(f"/v1/jobs/{one}")).status_code == 204
        await eventually(lambda: not behind.service._turns._deadlines.waiting)
        assert behind.service._turns._scheduler._task is not None
        assert not behind.service._turns._scheduler._task.done()
        log = (behind.settings.data_dir / "server.log").read_text("utf-8")
        assert "no job could be started" not in log

    async def test_feeds_hear_of_it_live_and_after_an_absence(self, live: Address) -> None:
        async with AsyncClient(live) as api:
            kept, gone = [
                await api.submit(Submission(sql=f"select {n}"), wait_s=20) for n in range(2)
            ]
            headers = live.headers()
            async with connect(live.feed_url, additional_headers=headers, proxy=None) as ws:
                epoch = json.loads(await ws.recv())["epoch"]
                await ws.send('{"type":"subscribe"}')
                snapshot = json.loads(await ws.recv())
                assert {kept.id, gone.id} <= {job["id"] for job in snapshot["jobs"]}
                await api.delete(gone.id)
                removed: list[str] = []
                while gone.id not in removed:
                    frame = json.loads(await asyncio.wait_for(ws.recv(), 10))
                    if frame["type"] == "delta":
                        removed += frame["removed"]
            async with connect(live.feed_url, additional_headers=headers, proxy=None) as ws:
                await ws.recv()
                back = {"type": "subscribe", "since": snapshot["seq"], "epoch": epoch}
                await ws.send(json.dumps(back))
                delta = json.loads(await asyncio.wait_for(ws.recv(), 10))
                assert delta["type"] == "delta"
                assert delta["removed"] == [gone.id]
                assert gone.id not in {job["id"] for job in delta["changed"]}


class TestStory:
    async def test_what_happened_in_order(self, http: httpx.AsyncClient, behind: Backend) -> None:
        job_id = await running(http, behind)
        await behind.executor.end(job_id, how=Died("was killed by signal 9 (SIGKILL)"))
        await eventually(lambda: (job_id, 2) in behind.executor.open)
        await http.post(f"/v1/jobs/{job_id}/cancel")
        tries = (await http.get(f"/v1/jobs/{job_id}/attempts")).json()["attempts"]
        assert [(one["attempt"], one["how"]) for one in tries] == [(1, "requeued"), (2, None)]
        assert tries[1]["ended_at"] is None
        await behind.executor.end(job_id, 2, Ending.CANCELLED)
        story = (await http.get(f"/v1/jobs/{job_id}/events")).json()["events"]
        assert [(one["event"], one["attempt"]) for one in story] == [
            ("submitted", 0),
            ("started", 1),
            ("requeued", 1),
            ("started", 2),
            ("cancel_requested", 2),
            ("cancelled", 2),
        ]
        assert [one["seq"] for one in story] == sorted({one["seq"] for one in story})
        assert story[2]["detail"] == "The query's process was killed by signal 9 (SIGKILL)."
        tries = (await http.get(f"/v1/jobs/{job_id}/attempts")).json()["attempts"]
        assert [one["how"] for one in tries] == ["requeued", "cancelled"]
        assert tries[0]["error"]["code"] == "runner_died"
        assert tries[0]["started_at"] <= tries[0]["ended_at"] <= tries[1]["started_at"]
        assert tries[1]["error"] is None

    async def test_a_job_that_never_ran_had_no_try(
        self, http: httpx.AsyncClient, behind: Backend
    ) -> None:
        for _ in range(2):
            await running(http, behind)
        job_id = await submitted(http)
        await http.post(f"/v1/jobs/{job_id}/cancel")
        assert (await http.get(f"/v1/jobs/{job_id}/attempts")).json() == {"attempts": []}
        story = (await http.get(f"/v1/jobs/{job_id}/events")).json()["events"]
        assert [one["event"] for one in story] == ["submitted", "cancelled"]


def test_from_a_notebook(live: Address) -> None:
    with Client(live) as client:
        one = client.submit("select 1", name="notebook", key="notebook")
        assert client.submit("select 1", name="notebook", key="notebook").id == one.id
        one.wait(20)
        anew = one.retry()
        assert anew.status().retry_of == one.id
        anew.wait(20)
        assert [line.event for line in anew.events()] == ["submitted", "started", "succeeded"]
        assert [each.how for each in anew.attempts()] == ["succeeded"]
        found = client.jobs(state=["succeeded", JobState.FAILED], text="NOTEBOOK")
        assert [job.id for job in found] == [anew.id, one.id]
        one.delete()
        with pytest.raises(errors.NotFound):
            client.job(one.id)


async def test_the_clients_conditions(live: Address) -> None:
    async with AsyncClient(live) as api:
        one = await api.submit(Submission(sql="select 1", name="conditions"), wait_s=20)
        for refused in (
            api.retry(one.id, if_seq=0),
            api.delete(one.id, if_seq=0),
            api.cancel(one.id, if_seq=0),
        ):
            with pytest.raises(errors.Changed):
                await refused
        await api.delete(one.id, if_seq=one.seq)
        assert (await api.jobs(JobFilter(text="conditions"))).total == 0
