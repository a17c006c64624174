"""Every refusal is a problem document, whoever refuses."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from starlette.routing import BaseRoute, WebSocketRoute

from longwatch.protocol import routes
from longwatch.protocol.problems import Problem
from longwatch.security import attempts
from support.servers import Backend, app_over, http_client

ON_BOTH_STORES = "slow"

JSON = {"Content-Type": "application/json"}
HEALTH = {routes.HEALTH_LIVE, routes.HEALTH_READY}


def problem(answer: httpx.Response, status: int, code: str) -> Problem:
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text
    assert answer.headers["x-request-id"]
    found = msgspec.json.decode(answer.content, type=Problem)
    assert (found.status, found.code) == (status, code), found
    assert found.title
    assert found.detail.endswith(".")
    return found


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer", "word"),
    [
        (b"", 422, "invalid_request", "", "body is missing"),
        (b"{", 400, "malformed_json", None, "truncated"),
        (b'{"sql": "select 1",}', 400, "malformed_json", None, "byte"),
        (b'{"sql": "\xff"}', 400, "malformed_json", None, "not JSON"),
        (b"\xff\xfe{\x00}\x00", 400, "malformed_json", None, "not JSON"),
        (b'{"sql": "select \\ud800"}', 400, "malformed_json", None, "not JSON"),
        (b'{"sql": "x", "name": "\\udfff"}', 400, "malformed_json", None, "not JSON"),
        (b'{"sql": ' + b"[" * 100_000, 400, "malformed_json", None, "too deeply"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400, "malformed_json", None, "too deeply"),
        (b'{"sql": "x", "priority": 1' + b"0" * 5000 + b"}", 400, "malformed_json", None, "range"),
        (b'{"sql": "x", "limits": {"run_s": NaN}}', 400, "malformed_json", None, "byte"),
        (b'{"sql": "x", "limits": {"run_s": 1e999}}', 400, "malformed_json", None, "range"),
        (b"[]", 422, "invalid_request", "", "got `array`"),
        (b"null", 422, "invalid_request", "", "got `null`"),
        (b"1", 422, "invalid_request", "", "got `int`"),
        (b"{}", 422, "invalid_request", "", "`sql`"),
        (b'{"sql": "x", "surprise": 1}', 422, "invalid_request", "", "`surprise`"),
        (b'{"sql": 1}', 422, "invalid_request", "/sql", "Expected `str`"),
        (b'{"sql": "x", "priority": 101}', 422, "invalid_request", "/priority", "<= 100"),
        (b'{"sql": "x", "priority": 1.5}', 422, "invalid_request", "/priority", "`int`"),
        (b'{"sql": "x", "priority": true}', 422, "invalid_request", "/priority", "`int`"),
        (
            b'{"sql": "x", "limits": {"memory_bytes": 1}}',
            422,
            "invalid_request",
            "/limits/memory_bytes",
            ">= 67108864",
        ),
        (
            b'{"sql": "x", "limits": {"memory_bytes": 999999999999999999999999}}',
            422,
            "invalid_request",
            "/limits/memory_bytes",
            "<= ",
        ),
        (
            b'{"sql": "x", "limits": {"surprise": 1}}',
            422,
            "invalid_request",
            "/limits",
            "`surprise`",
        ),
        (b'{"sql": ""}', 422, "invalid_submission", "/sql", "Write a query"),
        (b'{"sql": " \\n\\t "}', 422, "invalid_submission", "/sql", "Write a query"),
        (b'{"sql": "select \\u0000"}', 422, "invalid_submission", "/sql", "NUL"),
        (b'{"sql": "x", "name": "\\u0000"}', 422, "invalid_submission", "/name", "NUL"),
        (b'{"sql": "x", "source": "nope"}', 422, "unknown_source", "/source", "Known: sample"),
        (b'{"sql": "x", "source": ""}', 422, "invalid_request", "/source", ">= 1"),
    ],
)
def test_bodies_that_cannot_be_taken(
    live_http: httpx.Client, body: bytes, status: int, code: str, pointer: str | None, word: str
) -> None:
    found = problem(live_http.post(routes.JOBS, content=body, headers=JSON), status, code)
    assert found.pointer == pointer
    assert word in found.detail
    assert live_http.get(routes.JOBS).json()["total"] == 0


async def test_sql_of_a_megabyte_is_taken_and_more_is_not(http: httpx.AsyncClient) -> None:
    most = "select '" + "x" * (1_000_000 - 9) + "'"
    assert (await http.post(routes.JOBS, json={"sql": most})).status_code == 202
    answer = await http.post(routes.JOBS, json={"sql": most + " "})
    assert problem(answer, 422, "invalid_request").pointer == "/sql"


async def stream(size: int) -> AsyncIterator[bytes]:
    yield b'{"sql": "'
    for _ in range(size // 65_536):
        yield b"x" * 65_536
    yield b'"}'


async def test_ten_megabytes_of_sql_are_too_large_declared_or_not(http: httpx.AsyncClient) -> None:
    body = json.dumps({"sql": "x" * 10_000_000}).encode()
    declared = await http.post(routes.JOBS, content=body, headers=JSON)
    assert "4 MiB" in problem(declared, 413, "too_large").detail
    undeclared = await http.post(routes.JOBS, content=stream(10_000_000), headers=JSON)
    problem(undeclared, 413, "too_large")
    huge = await http.post(routes.JOBS, content=b"", headers={**JSON, "Content-Length": "9" * 400})
    problem(huge, 413, "too_large")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/jsonx",
        "",
        None,
    ],
)
def test_a_body_must_be_declared_as_json(live_http: httpx.Client, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    body = b'{"sql": "select 1"}'
    answer = live_http.post(routes.JOBS, content=body, headers=headers)
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_by_its_other_spellings(http: httpx.AsyncClient, kind: str) -> None:
    body = b'{"sql": "select 1"}'
    answer = await http.post(routes.JOBS, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        ("limit=0", "invalid_request", "limit: "),
        ("limit=501", "invalid_request", "less than or equal to 500"),
        ("limit=many", "invalid_request", "limit: "),
        ("state=broken", "invalid_request", "'queued'"),
        ("text=" + "x" * 201, "invalid_request", "text: "),
        ("cursor=" + "x" * 101, "invalid_request", "cursor: "),
        ("cursor=", "invalid_cursor", "first page"),
        ("cursor=nonsense", "invalid_cursor", "first page"),
        ("cursor=%FF%FE", "invalid_cursor", "first page"),
        ("cursor=" + base64.urlsafe_b64encode(b"n" + b"9" * 50).decode(), "invalid_cursor", ""),
        ("cursor=" + base64.urlsafe_b64encode(b"n-5").decode(), "invalid_cursor", ""),
        ("cursor=" + base64.urlsafe_b64encode(b"n5").decode(), "invalid_cursor", ""),  # padded
        ("cursor=" + base64.urlsafe_b64encode(b"n\xd9\xa5").decode(), "invalid_cursor", ""),
    ],
)
def test_queries_that_cannot_be_taken(
    live_http: httpx.Client, query: str, code: str, word: str
) -> None:
    found = problem(live_http.get(f"{routes.JOBS}?{query}"), 422, code)
    assert word in found.detail
    assert found.pointer is None


async def test_paths_and_methods_that_are_not_there(http: httpx.AsyncClient) -> None:
    for path in ("/", "/nope", "/v1", "/v1/jobs/", "/v1/jobs/a/b", "/docs", "/openapi.json"):
        problem(await http.get(path), 404, "not_found")
    for method, path in (
        ("PUT", routes.JOBS),
        ("DELETE", routes.JOBS),
        ("GET", "/v1/jobs/x/cancel"),
    ):
        answer = await http.request(method, path)
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"]
    assert (await http.head(routes.JOBS)).status_code == 405
    problem(await http.options(routes.JOBS), 405, "method_not_allowed")


async def test_no_page_of_another_origin_is_let_in(http: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    problem(await http.options(routes.JOBS, headers=asked), 403, "foreign_origin")
    answer = await http.get(routes.JOBS, headers={"Origin": "http://127.0.0.1"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "set-cookie" not in answer.headers


async def test_a_foreign_host_is_refused_before_anything_else(behind: Backend) -> None:
    async with http_client(app_over(behind), token=None) as http:
        answer = await http.get("/v1/health/live", headers={"Host": "evil.example"})
        problem(answer, 400, "foreign_host")


def every_route(of: list[BaseRoute]) -> list[Any]:
    """The routes, those of included routers too."""
    found: list[Any] = []
    for route in of:
        inner = getattr(route, "routes", None) or getattr(
            getattr(route, "original_router", None), "routes", None
        )
        found += every_route(inner) if inner else [route]
    return found


async def test_every_route_but_health_requires_the_token(
    behind: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MOST_WRONG", 10_000)
    app = app_over(behind)
    seen: set[str] = set()
    async with http_client(app, token=None) as http:
        for route in every_route(app.routes):
            seen.add(route.path)
            if isinstance(route, WebSocketRoute) or route.path in HEALTH:
                continue
            for method in route.methods:
                path = re.sub("{[^}]*}", "x", route.path)
                for token in (None, "Bearer wrong", "Basic x", f"Bearer {'x' * 5000}"):
                    headers = {**JSON, **({"Authorization": token} if token else {})}
                    answer = await http.request(method, path, headers=headers)
                    problem(answer, 401, "unauthorized")
                    assert answer.headers["www-authenticate"] == "Bearer"
                # In the address it opens nothing.
                answer = await http.request(method, f"{path}?token=test&access_token=test")
                assert answer.status_code in {401, 415}
    declared = {value for name, value in vars(routes).items() if str(value).startswith("/v1/")}
    assert seen == declared


async def test_no_token_in_logs_or_answers(behind: Backend) -> None:
    canary = "canary-4711"
    async with http_client(app_over(behind), token=canary) as http:
        answers = [
            await http.get(routes.JOBS),
            await http.post(routes.JOBS, content=b"{", headers=JSON),
            await http.get("/nope", headers={"Origin": "http://evil"}),
        ]
    log = (behind.settings.data_dir / "server.log").read_text("utf-8")
    assert [json.loads(line).get("status") for line in log.splitlines()].count(401) == 1
    for text in (log, *(answer.text for answer in answers)):
        assert canary not in text
