"""`/v1/metrics`: what a server counts, and who may read it."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

from longwatch.client.address import Address
from longwatch.client.sync import Client
from longwatch.protocol import routes
from longwatch.protocol.jobs import Phase
from longwatch.runner.spec import Ending
from support.servers import ENDLESS, Backend, app_over, backend, http_client
from support.waiting import eventually, wait_until

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]
ON_BOTH_STORES = "slow"
CANARY = "canary_5d1f"


def series(text: str) -> Series:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(http: httpx.Client) -> Series:
    answer = http.get(routes.METRICS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return series(answer.text)


def value(found: Series, name: str, **labels: str) -> float:
    return found.get((f"longwatch_{name}", tuple(sorted(labels.items()))), 0.0)


def test_jobs_that_run_and_end_are_counted(live: Address, live_http: httpx.Client) -> None:
    with Client(live) as client:
        assert client.submit(f"SELECT 42 AS {CANARY}", name=CANARY).result(30)
        assert client.submit("SELEC").wait(30).state.value == "failed"
        busy = client.submit(ENDLESS)
        wait_until(lambda: busy.status().phase is Phase.EXECUTING)
        assert value(read(live_http), "jobs", state="running") == 1
        busy.cancel()
        busy.wait(30)
    found = read(live_http)
    for ending in ("succeeded", "failed", "cancelled"):
        assert value(found, "jobs_ended_total", engine="duckdb", ending=ending) == 1
        assert value(found, "jobs", state=ending) == 1
        ran = {"engine": "duckdb", "ending": ending}
        assert value(found, "job_duration_seconds_count", **ran) == 1
    assert value(found, "attempts_total", engine="duckdb") == 3
    assert value(found, "job_wait_seconds_count", engine="duckdb") == 3
    assert value(found, "cancels_total", confirmed="true") == 1
    assert value(found, "store_up") == 1
    assert value(found, "store_commit_seconds_count") >= 9
    assert value(found, "results_bytes") > 0
    assert 0 < value(found, "disk_free_bytes") < value(found, "disk_size_bytes")
    wait_until(lambda: value(read(live_http), "loop_lateness_seconds_count") > 0)


def test_no_label_says_whose_or_what(live_http: httpx.Client) -> None:
    text = live_http.get(routes.METRICS).text
    assert CANARY not in text
    labels = {label for _, labels in series(text) for label, _ in labels}
    assert labels == {"state", "engine", "ending", "confirmed", "version", "python", "le"}


def test_what_the_feed_sends_is_counted(live: Address, live_http: httpx.Client) -> None:
    before = read(live_http)
    with connect(live.feed_url, additional_headers=live.headers(), proxy=None) as feed:
        feed.recv(10)
        feed.send('{"type": "subscribe"}')
        told = feed.recv(10)
        assert value(read(live_http), "feed_subscribers") == 1
    after = read(live_http)
    assert value(after, "feed_frames_total") > value(before, "feed_frames_total")
    sent = value(after, "feed_bytes_total") - value(before, "feed_bytes_total")
    assert sent >= len(told)


async def test_it_takes_a_token_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    for public, status in ((False, 401), (True, 200)):
        folder = tmp_path / str(public)
        folder.mkdir()
        async with (
            backend(folder, metrics_public=public) as given,
            http_client(app_over(given), token=None) as http,
        ):
            assert (await http.get(routes.METRICS)).status_code == status


async def test_a_second_attempt_is_counted_and_who_waits_is_seen(
    behind: Backend, http: httpx.AsyncClient
) -> None:
    jobs = [(await http.post(routes.JOBS, json={"sql": "SELECT 1"})).json() for _ in range(3)]
    await eventually(lambda: len(behind.executor.launched) == 2)
    found = series((await http.get(routes.METRICS)).text)
    assert value(found, "jobs", state="queued") == 1
    assert value(found, "queue_oldest_seconds") > 0
    await behind.service.cancel(jobs[0]["id"])
    found = series((await http.get(routes.METRICS)).text)
    assert value(found, "attempts_total", engine="duckdb") == 2, "a cancel starts no attempt"
    await behind.executor.end(jobs[0]["id"], how=Ending.CANCELLED, confirmed=False)
    found = series((await http.get(routes.METRICS)).text)
    assert value(found, "cancels_total", confirmed="false") == 1


async def test_a_store_that_does_not_answer_is_told(
    behind: Backend, http: httpx.AsyncClient
) -> None:
    await behind.store.close()
    answer = await http.get(routes.METRICS)
    assert answer.status_code == 200
    assert value(series(answer.text), "store_up") == 0
    assert "longwatch_jobs{" not in answer.text
