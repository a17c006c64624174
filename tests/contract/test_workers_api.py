"""Who may say what of workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from longwatch.api import dependencies, workers
from longwatch.app import create_app
from longwatch.logs import close_log
from longwatch.protocol.people import Role
from longwatch.security.tokens import Principal
from longwatch.settings import Settings
from support.servers import http_client

PRESENCE: dict[str, Any] = {
    "name": "w",
    "version": "1",
    "host": "h",
    "queues": ["longwatch"],
    "concurrency": 1,
}


class NoWorkers:
    """As much of a server as these routes ask for."""

    workers = None
    owners = None


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    made = create_app(Settings(data_dir=tmp_path))
    made.dependency_overrides[dependencies.parts] = NoWorkers
    yield made
    close_log(made.state.log)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.WORKER, 409), (Role.ADMIN, 409), (Role.ANALYST, 403), (Role.VIEWER, 403)],
)
async def test_a_workers_calls_are_for_workers(app: FastAPI, role: Role, status: int) -> None:
    app.dependency_overrides[dependencies.principal] = lambda: Principal("somebody", role)
    attempt = f"/v1/worker/jobs/{'a' * 16}/attempts/1"
    key = {"Longwatch-Claim": "0" * 32}
    claim = {"job_id": "a" * 16, "attempt": 1, "key": "0" * 32, "worker": "w", "task_id": "t"}
    async with http_client(app, token=None) as http:
        answers = [
            await http.post("/v1/worker/presence", json=PRESENCE),
            await http.post("/v1/worker/claims", json=claim),
            await http.post(f"{attempt}/heartbeat", json={}, headers=key),
            await http.get(f"{attempt}/segments/000000.arrow", headers=key),
            await http.put(f"{attempt}/segments/000000.arrow", content=b"", headers=key),
            await http.put(f"{attempt}/index", content=b"{}", headers=key),
            await http.post(f"{attempt}/end", json={}, headers=key),
        ]
    assert [one.status_code for one in answers] == [status] * len(answers)
    code = "forbidden" if status == 403 else "no_workers_here"
    assert {one.json()["code"] for one in answers} == {code}


async def test_who_carries_jobs_out_may_be_seen_by_all(app: FastAPI) -> None:
    app.dependency_overrides[dependencies.principal] = lambda: Principal("eve", Role.VIEWER)
    async with http_client(app, token=None) as http:
        told = (await http.get("/v1/workers")).json()
    assert told == {"executor": "local", "workers": [], "trouble": None}


@pytest.mark.parametrize(
    "change",
    [{"name": "../x"}, {"queues": []}, {"queues": ["a b"]}, {"concurrency": 0}, {"more": 1}],
)
async def test_what_is_no_presence_is_refused(app: FastAPI, change: dict[str, Any]) -> None:
    app.dependency_overrides[dependencies.principal] = lambda: Principal("w", Role.WORKER)
    app.dependency_overrides[workers.working] = object
    async with http_client(app, token=None) as http:
        answer = await http.post("/v1/worker/presence", json={**PRESENCE, **change})
    assert answer.status_code == 422
