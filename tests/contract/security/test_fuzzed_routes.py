"""Every route against its document, by Schemathesis: whatever is sent, the answer is none of the
500s, its status and its type are documented, and it has the form that the document gives it.

What is sent is of two kinds: as the document has it, and in one way or other not. It comes by the
token of an admin, and by that of a worker or an analyst. Left out is the feed, which OpenAPI cannot
describe: `test_fuzzed_frames.py` has that.
"""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from longwatch.protocol import routes
from support.mutations import few, harmed_json
from support.people import Team, team
from support.waiting import wait_until
from support.workers import Valkey

Operation = APIOperation[Any, Any, Any, Any]
DOCUMENT: Final = Path(__file__).resolve().parents[3] / "resources" / "api" / "openapi.json"
CONFIG: Final = schemathesis.Config.from_dict(
    {
        # Who is let in is another test's.
        "generation": {"with-security-parameters": False},
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    }
)
SCHEMA: Final = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_bytes()), config=CONFIG)
OPERATIONS: Final[list[Operation]] = [
    found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
]
CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OTHERS: Final = ("willy", "ann")
"""Who asks beside the admin, in turn."""
PATIENCE_S: Final = 60.0
KEY: Final = "0" * 32
EXPORT: Final = "an-export-of-ours"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that carries its queries out, and one whose queries wait for workers."""

    here: Team
    elsewhere: Team
    sessions: dict[str, requests.Session]
    logs: tuple[Path, Path]
    known: list[str] = field(default_factory=list)
    """The job that has a result, if there is one."""
    claimed: list[str] = field(default_factory=list)
    """One that a worker has, for tests that do not end it."""

    def meant_by(self, operation: Operation) -> Team:
        """The server for a route."""
        return self.elsewhere if operation.path.startswith("/v1/worker/") else self.here

    def complaints(self) -> list[str]:
        """What the servers logged as errors."""
        lines = [line for log in self.logs for line in log.read_text("utf-8").splitlines()]
        return [line for line in lines if json.loads(line)["level"] == "error"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    # Hypothesis looks into it wherever it is loaded, and would while a server's thread loads it.
    importlib.import_module("numpy")
    here, elsewhere = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("elsewhere")
    with ExitStack() as stack:
        broker = stack.enter_context(Valkey(tmp_path_factory.mktemp("broker")))
        given = Served(
            stack.enter_context(team(here, max_running=1, on_stop="cancel")),
            stack.enter_context(
                # Attempts that no worker ends keep their places, or are offered anew: to nobody.
                team(elsewhere, executor="celery", broker=broker.url, max_running=256)
            ),
            {who: stack.enter_context(requests.Session()) for who in ("root", *OTHERS)},
            (here / "server.log", elsewhere / "server.log"),
        )
        for session in given.sessions.values():
            session.trust_env = False
        yield given


def known_places(served: Served, operation: Operation) -> dict[str, Any]:
    """Values for the names in the address that lead to something. What a route before has removed
    is made anew."""
    if operation.path.startswith("/v1/worker/jobs/"):
        return {"job_id": claimed(served), "attempt": 1, "file": "000000.arrow"}
    http = served.here.http("ann")
    values: dict[str, Any] = {"name": "sample", "column": "n", "export_id": EXPORT}
    named = {one.name for one in operation.path_parameters}
    if {"job_id", "export_id"} & named:
        if served.known and http.get(routes.job(served.known[-1])).status_code == 404:
            served.known.clear()
        if not served.known:
            body = {"sql": "select 42 as n, 'x' as s", "priority": 100}
            ran = answered(http.post(routes.JOBS, json=body, headers={"Prefer": "wait=30"}))
            assert ran["state"] == "succeeded"
            served.known.append(ran["id"])
        values["job_id"] = served.known[-1]
    if "export_id" in named:
        path = routes.JOB_RESULT_EXPORT.format(job_id=values["job_id"])
        http.get(path, params={"export_id": EXPORT})
    if operation.path == routes.SAVED_QUERY:
        kept = http.post(routes.SAVED_QUERIES, json={"title": "known", "sql": "select 1"})
        values["name"] = answered(kept)["name"]
    return {name: values[name] for name in named & values.keys()}


def claimed(served: Served) -> str:
    """A job whose first attempt is a worker's, by `KEY`."""
    submitted = served.elsewhere.http("ann").post(routes.JOBS, json={"sql": "select 42"})
    job_id: str = answered(submitted)["id"]
    asked = {"job_id": job_id, "attempt": 1, "key": KEY, "worker": "w", "task_id": "t"}
    http = served.elsewhere.http("willy")
    wait_until(
        lambda: http.post(routes.WORKER_CLAIMS, json=asked).is_success, patience_s=PATIENCE_S
    )
    return job_id


def answered(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found


def fuzz(served: Served, operation: Operation, chosen: settings) -> None:
    """Send what fits the document and what does not, by everybody's token."""
    asked = served.meant_by(operation)
    known = known_places(served, operation)
    headers = {routes.CLAIM_HEADER: KEY} if "attempt" in known else None
    others = itertools.cycle(OTHERS)

    def send(case: Case[Any]) -> None:
        for who in ("root", next(others)):
            response = case.call(
                base_url=asked.start.url,
                session=served.sessions[who],
                headers=dict(asked.addresses[who].headers()),
                timeout=PATIENCE_S,
            )
            # In an address `true` is a text like any other, which Schemathesis does not know.
            refused = [checks.negative_data_rejection] if operation.body else []
            case.validate_response(response, checks=[*CHECKS, *refused])

    fitting = operation.as_strategy(path_parameters=known or None, headers=headers)
    chosen(given(case=fitting)(send))()
    if can_be_wrong(operation):
        chosen(given(case=operation.as_strategy(GenerationMode.NEGATIVE))(send))()
    if "attempt" in known:  # else it is offered again when its lease is over, before others
        served.elsewhere.http("ann").post(routes.JOB_CANCEL.format(job_id=known["job_id"]))
    assert served.complaints() == []


def can_be_wrong(operation: Operation) -> bool:
    """Whether there is anything that a text could fail to be: a second is lost to each route where
    that is sought in vain."""
    bounds = [set(one.definition["schema"]) for one in operation.path_parameters]
    bounded = any(keys - {"type", "title"} for keys in bounds)
    return bool(operation.body or operation.query or bounded)


def label(operation: Operation) -> str:
    return str(operation.label)


@pytest.mark.parametrize("operation", OPERATIONS, ids=label)
def test_what_every_route_answers(served: Served, operation: Operation) -> None:
    fuzz(served, operation, few(2, derandomize=True, phases=[Phase.generate]))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=label)
def test_what_every_route_answers_to_much_more(served: Served, operation: Operation) -> None:
    fuzz(served, operation, few(60))


INDEX: Final[dict[str, Any]] = {
    "columns": [{"name": "n", "type": "int32"}],
    "segments": [{"file": "000000.arrow", "rows": 1, "bytes": 7, "batch_rows": None}],
    "complete": True,
    "stopped_at": None,
}


@few(15, derandomize=True, phases=[Phase.generate])
@given(data=st.data())
def test_what_a_worker_says_of_its_result(served: Served, data: st.DataObject) -> None:
    """Any bytes are taken for a segment, and read as what they are."""
    if not served.claimed:
        served.claimed.append(claimed(served))
    place = {"job_id": served.claimed[0], "attempt": 1}
    worker, http = served.elsewhere.http("willy"), served.elsewhere.http("ann")
    key = {routes.CLAIM_HEADER: KEY}
    segment = routes.WORKER_SEGMENT.format(**place, file="000000.arrow")
    octets = {**key, "Content-Type": "application/octet-stream"}
    worker.put(segment, content=b"garbage", headers=octets)
    index = data.draw(st.one_of(st.just(json.dumps(INDEX).encode()), harmed_json(INDEX)))
    json_type = {**key, "Content-Type": "application/json"}
    said = worker.put(routes.WORKER_INDEX.format(**place), content=index, headers=json_type)
    assert said.status_code in {204, 409, 413, 422}, said.text
    seen = http.get(routes.JOB_RESULT_PAGE.format(**place))
    assert seen.status_code in {200, 404, 410}, seen.text
    assert served.complaints() == []


def test_no_route_of_the_document_is_left_out() -> None:
    paths = json.loads(DOCUMENT.read_bytes())["paths"]
    assert len(OPERATIONS) == sum(map(len, paths.values()))
