"""Every dependency can be replaced, by a plain function or a coroutine, and nothing else is
needed: no store, no executor, no lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from longwatch.api import dependencies
from longwatch.api.problems import ApiError
from longwatch.app import create_app
from longwatch.jobs.errors import AlreadyFinal, NoResult, UnknownJob
from longwatch.jobs.model import evolve, new_job, summary
from longwatch.logs import close_log
from longwatch.protocol.jobs import Job, JobState, Submission
from longwatch.security.tokens import Principal
from longwatch.service.requests import CancelWish
from longwatch.service.submitting import Taken
from longwatch.settings import Settings, SourceSettings
from longwatch.sources.catalogue import SourceCatalogue
from longwatch.store.listing import Filter, Listed
from support.servers import http_client


class MemoryService:
    """What the routes ask of a `JobService`, kept in a dict."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    async def take(self, submission: Submission, owner: str, key: str | None = None) -> Taken:
        assert key is None
        made = new_job(submission, source="memory", owner=owner, now=datetime.now(UTC))
        self.jobs[made.id] = made
        return Taken(made)

    async def get(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise UnknownJob(job_id)
        return self.jobs[job_id]

    async def page(self, which: Filter, *, before_n: int | None, limit: int) -> Listed:
        found = [
            summary(one)
            for one in reversed(self.jobs.values())
            if which.states is None or one.state in which.states
        ]
        start = 0 if before_n is None else before_n
        more = start + limit if start + limit < len(found) else None
        return Listed(found[start : start + limit], more, len(found))

    async def cancel(self, job_id: str, expected: Collection[int] | None, wish: CancelWish) -> Job:
        assert expected is None
        assert wish == CancelWish()
        one = await self.get(job_id)
        if one.state.is_final:
            raise AlreadyFinal(job_id, one.state)
        self.jobs[job_id] = evolve(one, state=JobState.CANCELLED, cancel_confirmed=True)
        return self.jobs[job_id]

    async def result_folder(self, job_id: str) -> tuple[Job, Path]:
        one = await self.get(job_id)
        raise NoResult(one.id, one.state)

    async def log_path(self, job_id: str) -> Path | None:
        await self.get(job_id)
        return None


class MemoryOwners:
    """Everything is grace's."""

    async def of_job(self, job_id: str) -> str:
        return "grace"


class MemoryAudit:
    """Nothing is somebody else's."""

    async def note_others(
        self, who: Principal, action: str, jobs: Sequence[tuple[str, str]]
    ) -> None:
        assert all(owner == who.name for _, owner in jobs)


def plainly(value: Any) -> Callable[[], Any]:
    def give() -> Any:
        return value

    return give


def in_a_coroutine(value: Any) -> Callable[[], Any]:
    async def give() -> Any:
        return value

    return give


def in_a_generator(value: Any) -> Callable[[], Any]:
    async def give() -> AsyncIterator[Any]:
        yield value

    return give


@pytest.fixture(params=[plainly, in_a_coroutine, in_a_generator])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FastAPI]:
    given: Callable[[Any], Callable[[], Any]] = request.param
    made = create_app(Settings(data_dir=tmp_path))
    catalogue = SourceCatalogue({"memory": SourceSettings(path=tmp_path)}, "memory")
    made.dependency_overrides |= {
        dependencies.service: given(MemoryService()),
        dependencies.principal: given(Principal("grace")),
        dependencies.sources: given(catalogue),
        dependencies.owners: given(MemoryOwners()),
        dependencies.audit: given(MemoryAudit()),
    }
    yield made
    close_log(made.state.log)


async def test_the_whole_life_of_a_job(app: FastAPI) -> None:
    async with http_client(app, token=None) as http:
        answer = await http.post("/v1/jobs", json={"sql": "select 1"})
        one = answer.json()
        assert (answer.status_code, one["owner"], one["source"]) == (202, "grace", "memory")
        path = answer.headers["location"]
        assert (await http.get(path)).json() == one
        assert (await http.get("/v1/jobs?state=queued")).json()["total"] == 1
        assert (await http.get(f"{path}/log")).text == ""
        assert (await http.get(f"{path}/result")).json()["code"] == "no_result"
        assert (await http.post(f"{path}/cancel")).json()["state"] == "cancelled"
        assert (await http.post(f"{path}/cancel")).status_code == 409
        assert (await http.get("/v1/jobs?state=queued")).json()["jobs"] == []


async def test_cursors_are_the_services_own(app: FastAPI) -> None:
    async with http_client(app, token=None) as http:
        for n in range(3):
            await http.post("/v1/jobs", json={"sql": f"select {n}"})
        first = (await http.get("/v1/jobs?limit=2")).json()
        second = (await http.get("/v1/jobs", params={"limit": 2, "cursor": first["next"]})).json()
        names = [one["name"] for one in first["jobs"] + second["jobs"]]
        assert names == ["select 2", "select 1", "select 0"]
        assert second["next"] is None


async def test_sources(app: FastAPI) -> None:
    async with http_client(app, token=None) as http:
        names = [one["name"] for one in (await http.get("/v1/sources")).json()["sources"]]
        assert names == ["memory", "sample"]


async def test_an_override_may_refuse(app: FastAPI) -> None:
    async def nobody() -> Principal:
        raise ApiError(403, "forbidden", "Not today.")

    app.dependency_overrides[dependencies.principal] = nobody
    async with http_client(app) as http:
        answer = await http.get("/v1/jobs")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("failure", [RuntimeError("canary-secret"), KeyError("x"), OSError(5)])
async def test_whatever_goes_wrong_unforeseen_is_a_problem_and_in_the_log(
    app: FastAPI, tmp_path: Path, failure: Exception
) -> None:
    class Broken(MemoryService):
        async def get(self, job_id: str) -> Job:
            raise failure

    app.dependency_overrides[dependencies.service] = Broken
    async with http_client(app) as http:
        answer: httpx.Response = await http.get("/v1/jobs/x")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "canary-secret" not in answer.text
    log = (tmp_path / "server.log").read_text("utf-8")
    assert type(failure).__name__ in log
    assert answer.headers["x-request-id"] in log
