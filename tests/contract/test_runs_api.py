"""`/v1/runs` and `/v1/accuracy`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from longwatch.client.address import Address
from longwatch.client.api import AsyncClient
from longwatch.client.errors import BadRequest, NotFound
from longwatch.client.sync import Client
from longwatch.progress.fingerprint import Fingerprint
from longwatch.protocol import routes
from longwatch.protocol.runs import Run, RunPage
from longwatch.store import runs
from support.remembered import laid_in, run, told
from support.servers import Backend, serving

ON_BOTH_STORES = "slow"
EVERY = [run(number) for number in range(5)] + [run(9, "e", source="other", accuracy=None)]


@pytest.fixture
async def filled(behind: Backend) -> Backend:
    """The backend, with `EVERY` run."""
    for one in EVERY:
        await behind.store.run(runs.add, one)
    return behind


def numbers(found: list[Run]) -> list[int]:
    return [int(one.job_id.removeprefix("job-")) for one in found]


async def test_runs_are_read_page_by_page(filled: Backend, http: httpx.AsyncClient) -> None:
    seen: list[Run] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await http.get(routes.RUNS, params={"limit": "2", **cursor})
        page = msgspec.json.decode(answer.content, type=RunPage)
        seen += page.runs
        if page.next is None:
            break
        cursor = {"cursor": page.next}
    assert numbers(seen) == [9, 4, 3, 2, 1, 0]
    assert not any(len(one.trace) for one in seen)
    answer = await http.get(routes.RUNS, params={"digest": "d", "source": "sales", "traces": True})
    page = msgspec.json.decode(answer.content, type=RunPage)
    assert page.runs == [run(number, repeat=number > 0) for number in (4, 3, 2, 1, 0)]


async def test_one_run_and_none(filled: Backend, http: httpx.AsyncClient) -> None:
    answer = await http.get(routes.RUN.format(job_id="job-00000"))
    assert msgspec.json.decode(answer.content, type=Run) == run(0)
    answer = await http.get(routes.RUN.format(job_id="nobody"))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "bm90LW91cnM"},
        {"cursor": "bjEy"},
        {"limit": "0"},
        {"limit": "501"},
        {"traces": "perhaps"},
        {"source": "s" * 101},
    ],
    ids=" ".join,
)
async def test_what_is_not_understood(http: httpx.AsyncClient, asked: dict[str, str]) -> None:
    answer = await http.get(routes.RUNS, params=asked)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"invalid_cursor", "invalid_request"}


async def test_every_run_is_exported_with_its_trace(
    filled: Backend, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PAGE", 2)
    answer = await http.get(routes.RUNS_EXPORT)
    assert answer.headers["Content-Type"].startswith("application/jsonl")
    lines = [msgspec.json.decode(line, type=Run) for line in answer.content.splitlines()]
    assert numbers(lines) == [9, 4, 3, 2, 1, 0]
    assert all(len(one.trace) == 4 for one in lines)
    answer = await http.get(routes.RUNS_EXPORT, params={"source": "other"})
    assert len(answer.content.splitlines()) == 1


async def test_runs_are_forgotten_only_when_it_is_said_which(
    filled: Backend, http: httpx.AsyncClient
) -> None:
    memory = filled.parts.memory
    assert len(await memory.like(Fingerprint(digest="d"), "sales", "duckdb")) == 5
    for vague in ({}, {"all": "true", "source": "sales"}, {"sourec": "sales"}):
        answer = await http.delete(routes.RUNS, params=vague)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert "all=true" in answer.json()["detail"]
    answer = await http.delete(routes.RUNS, params={"source": "sales", "digest": "d"})
    assert answer.json() == {"deleted": 5}
    assert await memory.like(Fingerprint(digest="d"), "sales", "duckdb") == []
    assert (await http.delete(routes.RUNS, params={"all": "true"})).json() == {"deleted": 1}
    lines = (await http.get(routes.AUDIT)).json()["lines"]
    assert [(one["action"], one["target"], one["detail"]) for one in lines] == [
        ("runs.delete", "all", "1 forgotten"),
        ("runs.delete", "sales d", "5 forgotten"),
    ]


@pytest.fixture(scope="module")
def remembering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A real server that remembers runs, more than fit on a page."""
    folder: Path = tmp_path_factory.mktemp("remembering")
    many = [run(number + 100, f"f{number}", source="many") for number in range(600)]
    laid_in(folder / "jobs.sqlite", [*EVERY, *many])
    with serving(folder, warm_spare=False, runs_kept_days=0) as (_, address):
        yield address


async def test_the_client(remembering: Address) -> None:
    async with AsyncClient(remembering) as client:
        assert await client.run("job-00000") == run(0)
        with pytest.raises(NotFound, match="longwatch runs"):
            await client.run("nobody")
        page = await client.runs(source="sales", traces=True, limit=1)
        assert page.runs == [run(4, repeat=True)]
        page = await client.runs(source="sales", cursor=page.next, limit=1)
        assert numbers(page.runs) == [3]
        lines = b"".join([piece async for piece in client.export_runs(source="many")]).splitlines()
        assert len(lines) == 600
        with pytest.raises(BadRequest, match="all=true"):
            await client.delete_runs()


def test_the_client_without_async(remembering: Address) -> None:
    with Client(remembering) as client:
        assert len(list(client.runs(source="many"))) == 600
        assert numbers(list(client.runs(digest="d"))) == [4, 3, 2, 1, 0]
        assert next(client.runs(digest="e", traces=True)) == EVERY[-1]
        assert client.run("job-00004") == run(4, repeat=True)
        many, other, sales = client.accuracy()
        assert (many.source, many.runs, many.repeats) == ("many", 600, 0)
        assert (other.runs, other.fraction_error, other.range_held) == (1, None, None)
        assert (sales.runs, sales.repeats) == (5, 4)
        assert sales.fraction_error == pytest.approx(told(0.02).fraction_error)
        assert client.delete_runs(digest="f7") == 1
        assert client.delete_runs(source="nowhere") == 0
