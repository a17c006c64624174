"""`/v1/jobs`, as a client without our own client sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import msgspec
import pytest

from longwatch.jobs.errors import UnknownJob
from longwatch.protocol.jobs import Job, JobPage, Phase, StatementKind
from longwatch.protocol.sources import SavedQueryList, SourceList
from longwatch.runner.spec import Ending, Outcome, Report
from support.servers import Backend, app_over, http_client
from support.waiting import eventually

ON_BOTH_STORES = "both"


async def submitted(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/v1/jobs", json={"sql": "select 42", **fields})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def launched(behind: Backend, job_id: str) -> None:
    await eventually(lambda: (job_id, 1) in behind.executor.open)


async def test_a_submit_is_answered_with_the_stored_job_and_where_it_is(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    body = {"sql": "select 1\nfrom x", "name": "Totals", "priority": 7, "source": "sample"}
    answer = await http.post("/v1/jobs", json=body)
    assert answer.status_code == 202
    one = msgspec.json.decode(answer.content, type=Job)
    assert answer.headers["location"] == f"/v1/jobs/{one.id}"
    assert (one.name, one.priority, one.owner, one.sql) == ("Totals", 7, "ada", body["sql"])
    assert one.preview == "select 1 from x"
    stored = await behind.job(one.id)
    assert (stored.id, stored.sql, stored.submitted_at) == (one.id, one.sql, one.submitted_at)
    again = await http.get(answer.headers["location"])
    assert again.json()["id"] == one.id


async def test_times_are_rfc_3339_in_utc(http: httpx.AsyncClient) -> None:
    text = (await submitted(http))["submitted_at"]
    assert text.endswith("Z")
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None
    assert moment.utcoffset() is not None


async def test_a_job_that_runs_shows_its_progress(http: httpx.AsyncClient, behind: Backend) -> None:
    one = await submitted(http)
    await launched(behind, one["id"])
    behind.executor.report(one["id"], fraction=0.5, elapsed_s=10.0, rows=1000)
    seen = (await http.get(f"/v1/jobs/{one['id']}")).json()
    assert (seen["state"], seen["phase"]) == ("running", "executing")
    assert (seen["progress"]["fraction"], seen["progress"]["basis"]) == (0.5, "measured")
    assert seen["progress"]["eta_low_s"] < seen["progress"]["eta_high_s"]
    listed = (await http.get("/v1/jobs")).json()["jobs"][0]
    assert listed["progress"] == seen["progress"]
    assert "sql" not in listed


async def test_a_finished_job(http: httpx.AsyncClient, behind: Backend) -> None:
    one = await submitted(http)
    await launched(behind, one["id"])
    await behind.executor.end(one["id"])
    seen = (await http.get(f"/v1/jobs/{one['id']}")).json()
    assert (seen["state"], seen["phase"], seen["progress"]["fraction"]) == ("succeeded", None, 1.0)


async def test_cancel(http: httpx.AsyncClient, behind: Backend) -> None:
    ids = [(await submitted(http))["id"] for _ in range(3)]
    await launched(behind, ids[0])
    await launched(behind, ids[1])
    waiting = await http.post(f"/v1/jobs/{ids[2]}/cancel")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "cancelled")
    assert waiting.json()["cancel_confirmed"] is True
    running = await http.post(f"/v1/jobs/{ids[0]}/cancel")
    assert (running.status_code, running.json()["state"]) == (202, "running")
    assert running.json()["cancel_requested_at"] is not None
    await behind.executor.end(ids[0], how=Ending.CANCELLED)
    for job_id, state in ((ids[0], "cancelled"), (ids[2], "cancelled")):
        final = await http.post(f"/v1/jobs/{job_id}/cancel")
        assert (final.status_code, final.json()["code"]) == (409, "already_final")
        assert f"it is {state}" in final.json()["detail"]
    unknown = await http.post("/v1/jobs/nobody/cancel")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_job")


async def test_the_list_pages_through_every_job_once(http: httpx.AsyncClient) -> None:
    ids = [(await submitted(http))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for size in (2, 2, 1):
        answer = await http.get("/v1/jobs", params={"limit": "2", **cursor})
        page = msgspec.json.decode(answer.content, type=JobPage)
        assert (len(page.jobs), page.total) == (size, 5)
        seen += [one.id for one in page.jobs]
        # What is submitted meanwhile is on a page before this one.
        cursor = {"cursor": page.next} if page.next else {}
    assert seen == ids[::-1]
    assert not cursor


async def test_the_list_filters(http: httpx.AsyncClient, behind: Backend) -> None:
    one = await submitted(http, sql="select 'needle'", name="First")
    two = await submitted(http, sql="select 2", name="Second")
    await launched(behind, one["id"])
    await behind.executor.end(one["id"], last=Report(phase=Phase.WRITING, elapsed_s=1.0))

    async def found(query: str) -> list[str]:
        page = (await http.get(f"/v1/jobs?{query}")).json()
        assert page["total"] == len(page["jobs"])
        return [entry["id"] for entry in page["jobs"]]

    await launched(behind, two["id"])
    assert await found("state=succeeded") == [one["id"]]
    assert await found("state=succeeded&state=running") == [two["id"], one["id"]]
    assert await found("text=NEEDLE") == [one["id"]]
    assert await found("text=second") == [two["id"]]
    assert await found("text=%25") == []
    assert await found("text=%00") == []
    assert await found("words=NEEDLE&words=first") == [one["id"]]
    assert await found("words=needle&words=second") == []
    assert await found(f"words={two['id']}&words=ada&words=sample") == [two["id"]]
    assert await found("words=%00") == []
    assert await found("source=other") == []
    assert await found("owner=ada&source=sample") == [two["id"], one["id"]]


async def test_log_and_result_of_a_job_that_has_written_none(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    one = await submitted(http)
    log = await http.get(f"/v1/jobs/{one['id']}/log")
    assert (log.status_code, log.text) == (200, "")
    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    await launched(behind, one["id"])
    for path in ("result", "result/page"):
        answer = await http.get(f"/v1/jobs/{one['id']}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_result")


async def test_the_log_is_its_last_mebibyte(http: httpx.AsyncClient, behind: Backend) -> None:
    one = await submitted(http)
    await launched(behind, one["id"])
    folder = behind.executor.folder(one["id"], 1)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_bytes(b"start" + b"\xc3\xa9" * 2**19 + b"\xff end")
    text = (await http.get(f"/v1/jobs/{one['id']}/log")).text
    assert "start" not in text
    assert text.endswith("\ufffd end")
    assert text[10] == "é"


async def test_sources_and_saved_queries(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/sources")
    sources = msgspec.json.decode(answer.content, type=SourceList).sources
    assert [(one.name, one.is_default) for one in sources] == [("sample", True)]
    answer = await http.get("/v1/saved-queries")
    queries = msgspec.json.decode(answer.content, type=SavedQueryList).queries
    assert queries
    assert {one.source for one in queries} == {"sample"}
    assert len({one.name for one in queries}) == len(queries)


async def test_health_needs_no_token_and_says_when_it_is_not_ready(behind: Backend) -> None:
    app = app_over(behind)
    async with http_client(app, token=None) as anybody:
        assert (await anybody.get("/v1/health/live")).json() == {"status": "live"}
        ready = await anybody.get("/v1/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        app.dependency_overrides.clear()
        starting = await anybody.get("/v1/health/ready")
        assert (starting.status_code, starting.json()["code"]) == (503, "starting")
        assert (await anybody.get("/v1/health/live")).status_code == 200


async def test_ready_is_503_once_the_store_is_closed(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    await behind.store.close()
    for answer in (await http.get("/v1/health/ready"), await http.get("/v1/jobs")):
        assert (answer.status_code, answer.json()["code"]) == (503, "stopping")


@pytest.mark.parametrize("store_kind", ["sqlite"])
async def test_a_full_disk_is_507_and_what_was_accepted_stays(
    http: httpx.AsyncClient, behind: Backend
) -> None:
    kept = await submitted(http)
    await launched(behind, kept["id"])
    pages = await behind.store.run(
        lambda tx: tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
    )
    await behind.store.run(
        lambda tx: tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()
    )
    answer = await http.post("/v1/jobs", json={"sql": "select '" + "x" * 200_000 + "'"})
    assert (answer.status_code, answer.json()["code"]) == (507, "store_full")
    assert "Nothing was lost" in answer.json()["detail"]
    page = (await http.get("/v1/jobs")).json()
    assert [one["id"] for one in page["jobs"]] == [kept["id"]]


@pytest.mark.parametrize("kind", list(StatementKind))
async def test_a_job_says_whether_it_writes(
    http: httpx.AsyncClient, behind: Backend, kind: StatementKind
) -> None:
    one = await submitted(http)
    await launched(behind, one["id"])
    last = Report(phase=Phase.WRITING, elapsed_s=1.0, kind=kind)
    outcome = Outcome(ending=Ending.SUCCEEDED, last=last)
    await behind.executor.end(one["id"], how=outcome, last=last)
    assert (await http.get(f"/v1/jobs/{one['id']}")).json()["kind"] == kind.value


async def test_a_job_nobody_knows(http: httpx.AsyncClient, behind: Backend) -> None:
    with pytest.raises(UnknownJob):
        await behind.service.get("x" * 1000)
    for path in ("", "/log", "/result", "/result/page"):
        answer = await http.get(f"/v1/jobs/{'x' * 1000}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job")
        assert len(answer.content) < 400
