"""The OpenAPI document describes what the server really takes and gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from longwatch.app import create_app
from longwatch.protocol import routes
from longwatch.protocol.bulk import BulkRequest, BulkResult
from longwatch.protocol.history import AttemptList, Story
from longwatch.protocol.jobs import (
    Job,
    JobFilter,
    JobPage,
    JobSummary,
    Limits,
    ResultInfo,
    Submission,
)
from longwatch.protocol.problems import Problem
from longwatch.protocol.sources import SavedQueryList, SourceList
from longwatch.protocol.wire import Wire
from longwatch.settings import Settings
from support.documents import follow_references


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("data")), token="canary-token")
    made: dict[str, Any] = app.openapi()
    return made


def schema(document: dict[str, Any], method: str, path: str, status: str) -> dict[str, Any]:
    answer = document["paths"][path][method]["responses"][status]
    found: dict[str, Any] = answer["content"]["application/json"]["schema"]
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("post", routes.JOBS, "202", Job),
        ("get", routes.JOBS, "200", JobPage),
        ("get", routes.JOB, "200", Job),
        ("post", routes.JOB_CANCEL, "202", Job),
        ("post", routes.JOBS, "200", Job),
        ("post", routes.JOB_RETRY, "202", Job),
        ("post", routes.JOBS_BULK, "200", BulkResult),
        ("get", routes.JOB_EVENTS, "200", Story),
        ("get", routes.JOB_ATTEMPTS, "200", AttemptList),
        ("get", routes.JOB_RESULT, "200", ResultInfo),
        ("get", routes.SOURCES, "200", SourceList),
        ("get", routes.SAVED_QUERIES, "200", SavedQueryList),
    ],
)
def test_answers_are_the_wire_types_field_by_field(
    document: dict[str, Any], method: str, path: str, status: str, kind: type[Wire]
) -> None:
    found = schema(document, method, path, status)
    fields = msgspec.structs.fields(kind)
    assert list(found["properties"]) == [field.name for field in fields]
    assert found["required"] == [field.name for field in fields if field.required]


def test_a_page_is_made_of_summaries(document: dict[str, Any]) -> None:
    entry = schema(document, "get", routes.JOBS, "200")["properties"]["jobs"]["items"]
    assert set(entry["properties"]) == set(JobSummary.__struct_fields__)
    assert "sql" not in entry["properties"]


def test_the_body_of_a_submit(document: dict[str, Any]) -> None:
    body = document["paths"][routes.JOBS]["post"]["requestBody"]
    assert body["required"] is True
    assert list(body["content"]) == ["application/json"]
    found = body["content"]["application/json"]["schema"]
    assert list(found["properties"]) == list(Submission.__struct_fields__)
    assert found["required"] == ["sql"]
    assert found["additionalProperties"] is False
    limits = found["properties"]["limits"]
    assert list(limits["properties"]) == list(Limits.__struct_fields__)


def test_the_headers_and_the_filter_are_documented(document: dict[str, Any]) -> None:
    def named(method: str, path: str) -> set[str]:
        return {one["name"] for one in document["paths"][path][method].get("parameters", [])}

    assert {"Idempotency-Key", "prefer"} <= named("post", routes.JOBS)
    assert {"Idempotency-Key", "prefer", "if-match"} <= named("post", routes.JOB_RETRY)
    assert "if-match" in named("delete", routes.JOB)
    assert "If-None-Match" in named("get", routes.JOB)
    # One filter, in an address and in a body.
    assert set(JobFilter.__struct_fields__) <= named("get", routes.JOBS)
    assert set(JobFilter.__struct_fields__) <= named("get", routes.JOBS_EXPORT)
    body = document["paths"][routes.JOBS_BULK]["post"]["requestBody"]["content"]
    found = body["application/json"]["schema"]["properties"]
    assert set(found) == set(BulkRequest.__struct_fields__)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    follow_references(document)


def test_every_operation_has_a_name_a_text_and_problems(document: dict[str, Any]) -> None:
    operations = [
        (path, one) for path, methods in document["paths"].items() for one in methods.values()
    ]
    names = [one["operationId"] for _, one in operations]
    assert len(set(names)) == len(names)
    for path, one in operations:
        assert one["description"], path
        refused = one["responses"]["4XX"]["content"]["application/problem+json"]["schema"]
        assert list(refused["properties"]) == list(Problem.__struct_fields__)
        secured = one.get("security") == [{"HTTPBearer": []}]
        assert secured is not path.startswith("/v1/health/"), path
    assert document["openapi"].startswith("3.1")


def test_no_token_is_ever_part_of_an_address(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert "canary-token" not in text
    parameters = [
        one
        for methods in document["paths"].values()
        for operation in methods.values()
        for one in operation.get("parameters", [])
    ]
    assert {one["in"] for one in parameters} <= {"path", "query", "header"}
    in_address = {one["name"] for one in parameters if one["in"] != "header"}
    in_address.remove("token_id")  # tells one from another, and opens nothing
    assert not [name for name in in_address if "token" in name or "key" in name or "auth" in name]
    about_tokens = {routes.TOKENS, routes.TOKEN}
    assert {path for path in document["paths"] if "token" in path} == about_tokens


def test_the_document_itself_is_not_public(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)
