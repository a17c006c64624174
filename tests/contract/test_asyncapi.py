"""The AsyncAPI document describes the frames that really go over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from longwatch.api.asyncapi import asyncapi_document
from longwatch.app import create_app
from longwatch.jobs.model import evolve, summary
from longwatch.protocol.frames import (
    Bye,
    ClientFrame,
    Delta,
    FeedFilter,
    Frame,
    Hello,
    Ping,
    Pong,
    ProgressFrame,
    ServerFrame,
    Show,
    Snapshot,
    Subscribe,
)
from longwatch.protocol.jobs import (
    Activity,
    Column,
    JobError,
    JobState,
    Phase,
    Progress,
    ProgressBasis,
    ResultInfo,
    StatementKind,
)
from longwatch.settings import Settings
from support.documents import follow_references
from support.servers import job

FOLDER: Final = Path(__file__).parents[2] / "resources" / "api"
AGAIN: Final = "run .venv/bin/python packaging/documents.py"
FRAMES: Final = tuple(dict.fromkeys((*get_args(ServerFrame), *get_args(ClientFrame))))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text(encoding="utf-8"))
    return found


def validator(document: dict[str, Any], frame: type[Frame]) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource("urn:feed", resource)
    name = frame.__struct_config__.tag
    where = f"urn:feed#/components/messages/{name}/payload"
    return Draft202012Validator({"$ref": where}, registry=registry)


def problems(document: dict[str, Any], frame: Frame) -> list[str]:
    sent = json.loads(msgspec.json.encode(frame))
    return [error.message for error in validator(document, type(frame)).iter_errors(sent)]


def full_job() -> Any:
    done = evolve(
        job(),
        state=JobState.FAILED,
        phase=None,
        kind=StatementKind.READ,
        attempt=2,
        started_at=job().submitted_at,
        finished_at=job().submitted_at,
        cancel_requested_at=job().submitted_at,
        cancel_confirmed=True,
        progress=Progress(fraction=0.5, basis=ProgressBasis.HISTORY, eta_low_s=1.5, eta_high_s=2.0),
        error=JobError(code="died", message="It died.", line=1, column=2, hint="Try again."),
        result=ResultInfo(
            rows=1, bytes=2, columns=[Column(name="a", type="int64")], complete=False
        ),
        seq=7,
    )
    return summary(done)


def columns(count: int) -> ProgressFrame:
    return ProgressFrame(
        tick=9,
        ids=["a"] * count,
        attempts=[1] * count,
        phases=[Phase.EXECUTING] * count,
        fractions=[None, 0.5][:count],
        bases=[ProgressBasis.MEASURED] * count,
        rows=[3] * count,
        bytes=[4] * count,
        memory_bytes=[5] * count,
        spill_bytes=[6] * count,
        eta_low_s=[1.5, None][:count],
        eta_high_s=[2.5, None][:count],
        stalled_s=[0.0] * count,
        activities=[Activity.MOVING] * count,
        statement=[1] * count,
        statements=[1] * count,
    )


EXAMPLES: Final[list[Frame]] = [
    Hello(protocol=1, server="s", epoch="e", version="v", seq=1, time=job().submitted_at, user="u"),
    Snapshot(jobs=[summary(job()), full_job()], offset=0, total=2, seq=7, more=False, older="x"),
    Delta(from_=1, to=7, changed=[full_job()], removed=["b"]),
    columns(2),
    Ping(n=1),
    Pong(n=1),
    Bye(code="stopping", reason="The server is stopping."),
    Subscribe(),
    Subscribe(
        since=1,
        epoch="e",
        max_hz=0.5,
        newest=10,
        filter=FeedFilter(state=(JobState.RUNNING,), source="s", owner="o"),
    ),
    Show(ids=["a", "b"]),
    Show(ids=None),
]


def test_the_documents_that_are_kept_are_those_of_the_application(tmp_path: Path) -> None:
    openapi = create_app(Settings(data_dir=tmp_path)).openapi()
    made = {"openapi.json": openapi, "asyncapi.json": asyncapi_document()}
    for name, document in made.items():
        kept = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        assert kept == json.loads(json.dumps(document)), f"{name} is out of date: {AGAIN}"


def test_every_frame_has_an_example() -> None:
    assert {type(one) for one in EXAMPLES} == set(FRAMES)


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_every_frame_is_what_the_document_says(document: dict[str, Any], frame: Frame) -> None:
    assert problems(document, frame) == []


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_the_document_and_the_decoder_refuse_the_same(
    document: dict[str, Any], frame: Frame
) -> None:
    """A field too many, a field too few, or another type's name."""
    sent = json.loads(msgspec.json.encode(frame))
    required = [
        field.encode_name for field in msgspec.structs.fields(type(frame)) if field.required
    ]
    wrong = [{**sent, "surprise": 1}, {**sent, "type": "nonsense"}]
    wrong += [{key: value for key, value in sent.items() if key != name} for name in required]
    decoder = msgspec.json.Decoder(type(frame))
    for one in wrong:
        assert list(validator(document, type(frame)).iter_errors(one)), one
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(json.dumps(one))


@given(
    max_hz=st.one_of(st.none(), st.floats(-1, 40, allow_nan=False)),
    since=st.one_of(st.none(), st.integers(-3, 3)),
    newest=st.one_of(st.none(), st.integers(-1, 2)),
)
def test_bounds_are_in_the_document_too(
    max_hz: float | None, since: int | None, newest: int | None
) -> None:
    sent = {"type": "subscribe", "max_hz": max_hz, "since": since, "newest": newest}
    documented = not list(validator(asyncapi_document(), Subscribe).iter_errors(sent))
    try:
        msgspec.json.decode(json.dumps(sent), type=Subscribe)
    except msgspec.ValidationError:
        assert not documented
    else:
        assert documented


def test_every_reference_leads_somewhere_and_both_sides_are_there(document: dict[str, Any]) -> None:
    follow_references(document)
    assert document["asyncapi"].startswith("3.")
    tags = {one.__struct_config__.tag for one in FRAMES}
    assert set(document["channels"]["feed"]["messages"]) == tags
    for operation, frames in (("tell", ServerFrame), ("hear", ClientFrame)):
        named = {
            one["$ref"].rpartition("/")[2] for one in document["operations"][operation]["messages"]
        }
        assert named == {one.__struct_config__.tag for one in get_args(frames)}
