"""What tokens open, and where they are not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from longwatch.protocol import routes
from longwatch.protocol.people import Role
from support.people import Team, team


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def ours(data_dir: Path) -> Iterator[Team]:
    with team(data_dir, log_level="debug") as given:
        yield given


def test_a_token_in_an_address_or_a_cookie_opens_nothing(ours: Team) -> None:
    token = ours.addresses["root"].token
    nobody = ours.http("nobody")
    for name in ("token", "access_token", "authorization", "key"):
        assert nobody.get(routes.JOBS, params={name: token}).status_code == 401
        answer = nobody.get(routes.JOBS, headers={"Cookie": f"{name}={token}"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    answer = ours.http("root").get(routes.JOBS)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_no_other_page_is_let_read_an_answer(ours: Team) -> None:
    origin = {"Origin": ours.start.url, "Access-Control-Request-Method": "POST"}
    for answer in (
        ours.http("root").get(routes.JOBS, headers=origin),
        ours.http("root").options(routes.JOBS, headers=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/%74okens",
        "//v1/tokens",
        "/v1//tokens",
        "/v1/jobs/../tokens",
        "/v1/jobs/%2e%2e/tokens",
        "/v1/jobs/..%2ftokens",
        "/v1/tokens/",
        "/v1/tokens;x",
        "/V1/TOKENS",
        "/v1/tokens%00",
        "/v1/health/live/../../tokens",
    ],
)
def test_rights_go_by_the_route_that_is_reached(ours: Team, path: str) -> None:
    """Invariant: however an address is written, what is reached asks for its own rights."""
    raw = httpx.URL(ours.start.url).copy_with(raw_path=path.encode())
    sly = {
        "X-Original-URL": "/v1/jobs",
        "X-Rewrite-URL": "/v1/jobs",
        "X-Forwarded-Prefix": "/v1/jobs",
        "X-HTTP-Method-Override": "GET",
    }
    for more in ({}, sly):
        answer = ours.http("vera").get(raw, headers=more)
        assert answer.status_code in {403, 404}
        assert "prefix" not in answer.text


def test_the_method_is_the_one_of_the_request(ours: Team) -> None:
    headers = {"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET"}
    answer = ours.http("vera").post(routes.JOBS, json={"sql": "select 1"}, headers=headers)
    assert answer.status_code == 403


def test_the_data_folder_holds_no_token(ours: Team, data_dir: Path) -> None:
    """Invariant: whoever reads the store, a backup or the log cannot use the server."""
    assert ours.http("root").post(routes.BACKUPS).status_code == 201
    ours.http("nobody").get(routes.JOBS, headers=ours.addresses["gone"].headers())
    secrets = [one.token.encode() for one in ours.addresses.values()]
    files = [one for one in data_dir.rglob("*") if one.is_file()]
    assert {"jobs.sqlite", "server.log"} <= {one.name for one in files}
    for file in files:
        data = file.read_bytes()
        for secret in secrets:
            assert secret not in data, file
            assert secret[-30:] not in data, file
    backup = next((data_dir / "backups").iterdir())
    with closing(sqlite3.connect(backup)) as store:
        hashes = [row[0] for row in store.execute("SELECT hash FROM tokens")]
    assert {len(one) for one in hashes} == {32}


@pytest.mark.parametrize("name", ["..", "%2e%2e", "../../etc/passwd", "..%2f..%2fserver.json"])
def test_no_id_leads_out_of_its_folder(ours: Team, name: str) -> None:
    paths = (
        routes.JOB,
        routes.JOB_LOG,
        routes.JOB_RESULT,
        routes.JOB_RESULT_PAGE,
        routes.JOB_RESULT_EXPORT,
        routes.EXPORT,
    )
    for path in paths:
        at = path.replace("{job_id}", name).replace("{export_id}", name)
        raw = httpx.URL(ours.start.url).copy_with(raw_path=at.encode())
        answer = ours.http("root").get(raw)
        assert answer.status_code == 404
        assert ours.start.token not in answer.text


def test_a_worker_is_let_do_nothing_else(ours: Team) -> None:
    answer = ours.http("willy").get(routes.ME)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert Role.WORKER.value in answer.json()["detail"]
