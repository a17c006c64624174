"""Some requests are answered in one of two ways, the quick one and FastAPI's: nobody can tell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI

from longwatch.app import create_app
from longwatch.protocol import routes
from longwatch.protocol.jobs import Submission
from support.servers import TOKEN, Backend, backend, http_client

JSON = {"content-type": "application/json"}
GOOD = b'{"sql": "select 42", "name": "Answer", "priority": 3}'
REQUESTS: dict[str, tuple[dict[str, str], bytes]] = {
    "good": (JSON, GOOD),
    "as little as there is": (JSON, b'{"sql": "select 1"}'),
    "with a charset": ({"content-type": "application/json; charset=utf-8"}, GOOD),
    "with a key": (JSON | {"idempotency-key": '"one"'}, GOOD),
    "with a bad key": (JSON | {"idempotency-key": '"'}, GOOD),
    "that waits": (JSON | {"prefer": "wait=0"}, GOOD),
    "with a wish that nobody knows": (JSON | {"prefer": "wait=soon, respond-async"}, GOOD),
    "without a type": ({}, GOOD),
    "of another type": ({"content-type": "text/plain"}, GOOD),
    "without a token": (JSON | {"authorization": ""}, GOOD),
    "with a wrong token": (JSON | {"authorization": "Bearer wrong"}, GOOD),
    "without a body": (JSON, b""),
    "not JSON": (JSON, b'{"sql": '),
    "not UTF-8": (JSON, b'{"sql": "\xff"}'),
    "nested too deeply": (JSON, b"[" * 100_000),
    "half of a surrogate pair": (JSON, b'{"sql": "\\ud800"}'),
    "a list": (JSON, b"[]"),
    "without SQL": (JSON, b"{}"),
    "with empty SQL": (JSON, b'{"sql": " "}'),
    "with an unknown field": (JSON, b'{"sql": "select 1", "sqll": 1}'),
    "of a wrong type": (JSON, b'{"sql": 1}'),
    "with a fraction for a number": (JSON, b'{"sql": "select 1", "priority": 1.0}'),
    "of an unknown source": (JSON, b'{"sql": "select 1", "source": "nowhere"}'),
    "too large": (JSON, b'{"sql": "' + b"x" * 5_000_000 + b'"}'),
}


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend(tmp_path, max_running=1) as given:
        yield given


def app_in(behind: Backend, *, solved: bool) -> FastAPI:
    app = create_app(behind.settings, token=TOKEN)
    app.state.parts = behind.parts
    behind.apps.append(app)
    if solved:  # one dependency that is replaced is enough, even if nothing needs it
        app.dependency_overrides[unused] = unused
    return app


def unused() -> None:
    """A dependency of nothing."""


@pytest.mark.parametrize("name", REQUESTS)
async def test_both_ways_answer_alike(behind: Backend, name: str) -> None:
    headers, body = REQUESTS[name]
    answers = []
    for solved in (False, True):
        app = app_in(behind, solved=solved)
        async with http_client(app) as http:
            sent = headers
            if "idempotency-key" in headers and len(headers["idempotency-key"]) > 1:
                sent = headers | {"idempotency-key": f'"{solved}"'}
            answers.append(told(await http.post(routes.JOBS, content=body, headers=sent)))
    assert answers[0] == answers[1]


def told(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """An answer without what differs from job to job."""
    changing = {"x-request-id", "location", "etag", "idempotency-expires", "content-length"}
    headers = {name: text for name, text in answer.headers.items() if name not in changing}
    headers |= dict.fromkeys(changing & set(answer.headers), "")
    body = msgspec.json.decode(answer.content)
    for name in ("id", "seq", "submitted_at", "started_at", "state", "phase", "attempt"):
        body.pop(name, None)
    return answer.status_code, headers, body


async def test_what_is_sent_in_pieces_is_one_body(behind: Backend) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(GOOD), 7):
            yield GOOD[at : at + 7]

    async with http_client(app_in(behind, solved=False)) as http:
        answer = await http.post(routes.JOBS, content=pieces(), headers=JSON)
        assert (answer.status_code, answer.json()["name"]) == (202, "Answer")


async def test_before_the_server_has_started_it_says_so(behind: Backend) -> None:
    app = app_in(behind, solved=False)
    app.state.parts = None
    async with http_client(app) as http:
        answer = await http.post(routes.JOBS, content=GOOD, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (503, "starting")


READS: dict[str, tuple[str, dict[str, str]]] = {
    "all": ("", {}),
    "a page": ("?limit=2", {}),
    "the next page": ("?limit=2&cursor=CURSOR", {}),
    "a filter": ("?state=queued&limit=1", {}),
    "two limits": ("?limit=x&limit=2", {}),
    "no limit": ("?limit=", {}),
    "a limit of 0": ("?limit=0", {}),
    "a limit in words": ("?limit=two", {}),
    "a limit with a sign": ("?limit=%2B2", {}),
    "a limit in other digits": ("?limit=%D9%A2", {}),
    "a limit too high": ("?limit=100000", {}),
    "an empty cursor": ("?cursor=", {}),
    "a foreign cursor": ("?cursor=eHk", {}),
    "a long cursor": ("?cursor=" + "x" * 101, {}),
    "an unknown parameter": ("?limits=2", {}),
    "a list, without a token": ("", {"authorization": ""}),
    "one": ("/JOB", {}),
    "one that waits": ("/JOB", {"prefer": "wait=0"}),
    "one that is known": ("/JOB", {"if-none-match": "*"}),
    "one that has changed": ("/JOB", {"if-none-match": '"0"'}),
    "one with a parameter": ("/JOB?x=1", {}),
    "none": ("/nothing", {}),
    "one, with a wrong token": ("/JOB", {"authorization": "Bearer wrong"}),
}


@pytest.mark.parametrize("name", READS)
async def test_both_ways_read_alike(behind: Backend, name: str) -> None:
    path, headers = READS[name]
    taken = [await behind.service.submit(Submission(sql=f"select {n}"), "ada") for n in range(5)]
    while not behind.executor.launched:
        await behind.job(taken[0].id)
    answers = []
    for solved in (False, True):
        async with http_client(app_in(behind, solved=solved)) as http:
            first = (await http.get(f"{routes.JOBS}?limit=2")).json()
            place = path.replace("CURSOR", first["next"]).replace("JOB", taken[2].id)
            answer = await http.get(routes.JOBS + place, headers=headers)
            named = {key: text for key, text in answer.headers.items() if key != "x-request-id"}
            answers.append((answer.status_code, named, answer.content))
    assert answers[0] == answers[1]
