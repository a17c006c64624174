"""How much one person may keep, and all together: who has more submits nothing until some of it is
deleted, and nothing goes by itself."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from longwatch.client.sync import Client
from longwatch.protocol import routes
from longwatch.protocol.jobs import JobState
from support.people import Team, team
from support.waiting import wait_until

LARGE = "select i as n, random() as x from range(40000) r(i)"
"""Half a megabyte, as it does not compress."""


def submitted(http: httpx.Client, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {routes.IDEMPOTENCY_KEY_HEADER: key}
    return http.post(routes.JOBS, json={"sql": "select 42"}, headers=headers)


def ran(given: Team, who: str, sql: str) -> str:
    with Client(given.addresses[who]) as client:
        handle = client.submit(sql)
        assert handle.wait(60).state is JobState.SUCCEEDED
        return handle.id


def uploaded(http: httpx.Client, size: int) -> httpx.Response:
    body = (b"n\n" * size)[:size]
    kind = {"Content-Type": "application/octet-stream"}
    return http.post(routes.FILES, params={"name": "t.csv"}, content=body, headers=kind)


def refusal(response: httpx.Response) -> str:
    assert response.status_code == 403, response.text
    assert response.json()["code"] == "quota_exceeded"
    return str(response.json()["detail"])


def test_what_one_person_may_keep(tmp_path: Path) -> None:
    settings = {"results_bytes_per_person": 300_000, "max_running": 1}
    with team(tmp_path, **settings) as ours:
        ann, otto, root = (ours.http(who) for who in ("ann", "otto", "root"))
        first = submitted(ann, "first")
        assert first.status_code == 202
        large = ran(ours, "ann", LARGE)
        detail = refusal(submitted(ann))
        assert detail.startswith("Your results and uploads take up 0.")
        assert "0.3 MB may be kept" in detail
        assert f"(your largest: {large}, " in detail
        refusal(ann.post(routes.JOB_RETRY.format(job_id=large)))
        bulk = {"action": "retry", "ids": [large]}
        (item,) = ann.post(routes.JOBS_BULK, json=bulk).json()["items"]
        assert item["code"] == "quota_exceeded"
        assert submitted(ann, "first").json()["id"] == first.json()["id"], "it was taken in before"
        assert submitted(otto).status_code == 202, "what is ann's is not his"
        assert ann.get(routes.JOB_RESULT_PAGE.format(job_id=large)).status_code == 200
        # Uploads count as well, of whoever made them.
        assert uploaded(root, 299_000).status_code == 201
        assert uploaded(root, 2_000).status_code == 201
        assert "or ask an admin" in refusal(uploaded(root, 1))
        refusal(submitted(root))

    with team(tmp_path, **settings) as ours:  # who comes back has what was there
        ann = ours.http("ann")
        wait_until(lambda: submitted(ann).status_code == 403)
        refusal(submitted(ours.http("root")))
        assert ann.delete(routes.job(large)).status_code == 204
        assert submitted(ann).status_code == 202
        ran(ours, "ann", LARGE)
        refusal(submitted(ann))
        going = {"kind": "results", "older_days": 0}
        assert ours.http("root").post(routes.SWEEPS, json=going).is_success
        assert submitted(ann).status_code == 202, "the job stays, its result is gone"


def test_what_all_may_keep(tmp_path: Path) -> None:
    with team(tmp_path, results_bytes=300_000) as ours:
        ann, root = ours.http("ann"), ours.http("root")
        sent = uploaded(root, 301_000).json()
        detail = refusal(submitted(ann))
        assert detail.startswith("The results and uploads of this server take up 0.3 MB")
        draft = {"name": "t", "engine": "duckdb", "options": {"path": sent["path"]}}
        assert root.post(routes.SOURCES, json=draft).status_code == 201
        assert root.delete(routes.SOURCE.format(name="t")).status_code == 204
        assert submitted(ann).status_code == 202, "what was uploaded went with its source"


@pytest.mark.parametrize("name", ["results_bytes_per_person", "results_bytes"])
def test_they_are_settings_like_others(name: str, tmp_path: Path) -> None:
    from longwatch.settings import SettingsError, load_settings

    (tmp_path / "config.toml").write_text(f"{name} = 5\n", "utf-8")
    assert getattr(load_settings(tmp_path, {}), name) == 5
    with pytest.raises(SettingsError, match=name):
        load_settings(tmp_path, {name: -1})
