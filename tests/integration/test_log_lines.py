"""What a server's log says of requests and jobs, and what it never says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from longwatch.client.sync import Client
from longwatch.logs import close_log, open_log
from longwatch.protocol.routes import REQUEST_ID_HEADER
from support.processes import serve
from support.servers import serving
from support.waiting import wait_until

CANARY = "canary-6e0c"


def lines(data_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data_dir / "server.log").read_text("utf-8").splitlines()]


def test_a_request_keeps_the_id_it_came_with(tmp_path: Path) -> None:
    with (
        serving(tmp_path, log_level="debug", warm_spare=False) as (_, address),
        httpx.Client(base_url=address.url, headers=address.headers(), trust_env=False) as http,
    ):
        answer = http.post(
            "/v1/jobs?", json={"sql": "SELECT 1"}, headers={REQUEST_ID_HEADER: "from-a-proxy.1"}
        )
        assert answer.headers[REQUEST_ID_HEADER] == "from-a-proxy.1"
        job = answer.json()["id"]
        http.get(f"/v1/jobs/{job}", headers={REQUEST_ID_HEADER: "x" * 65})
        made = http.get(f"/v1/jobs/{job}", headers={REQUEST_ID_HEADER: 'a"b'})
        assert len(made.headers[REQUEST_ID_HEADER]) == 16, "one that is not fit for a log"
        wait_until(lambda: http.get(f"/v1/jobs/{job}").json()["state"] == "succeeded")
        said = [one for one in lines(tmp_path) if one.get("job") == job]
    events = [one["event"] for one in said]
    assert events[0] == "job submitted"
    assert {"attempt started", "attempt ended", "request"} <= set(events)
    assert said[0]["request"] == "from-a-proxy.1"
    assert all("request" in one for one in said if one["event"] == "request")


def test_no_log_has_a_secret(tmp_path: Path) -> None:
    data_dir, token = tmp_path / "data", f"token-{CANARY}"
    arguments = ("--port", "0")
    with (
        serve(data_dir, *arguments, LONGWATCH_TOKEN=token, LONGWATCH_LOG_LEVEL="debug") as served,
        Client(served.address) as client,
    ):
        client.add_source(
            "ledger",
            "postgres",
            options={"host": "127.0.0.1", "port": "1", "dbname": "x", "user": "ada"},
            secrets={"password": CANARY},
        )
        client.submit("SELECT 1", "ledger").wait(30)
        client.submit("SELECT 42").result(30)
        httpx.get(
            f"{served.address.url}/v1/jobs",
            headers={"Authorization": f"Bearer {CANARY}"},
            trust_env=False,
        )
        assert served.stop() == 0
    logs = [*data_dir.rglob("*.log*"), *data_dir.rglob("log.txt"), tmp_path / "data.out"]
    assert len(logs) > 3
    for log in logs:
        assert CANARY not in log.read_text("utf-8"), log


def test_for_people_and_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    log = open_log(None, "info", "text")
    log.info("job submitted", job="j-1", name="a b", token=CANARY)
    log.warning("two\nlines")
    close_log(log)
    said = capfd.readouterr()
    assert said.out == ""
    first, second = said.err.splitlines()
    assert first.endswith('Z info     job submitted job=j-1 name="a b" token=***')
    assert second.endswith(r"two\nlines")


def test_a_server_of_its_own_can_say_it_on_standard_error(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serve(data_dir, LONGWATCH_LOG_TO="stderr", LONGWATCH_LOG_FORMAT="text") as served:
        assert served.stop() == 0
    assert "server started version=" in (tmp_path / "data.out").read_text("utf-8")
    assert not (data_dir / "server.log").exists()
