"""The frames of the feed (`GET /v1/feed`, WebSocket, text frames of JSON).

The conversation: the server sends `hello`; the client answers `subscribe` with the `since` and
`epoch` it knows, or without; the server sends either `delta` from there or `snapshot` in chunks,
newest first; then the newest `progress` of every running job; then `delta` and `progress` as they
come. A committed change has a `seq`, which is durable; progress has a `tick`, which lives and dies
with the server process. Either side may `ping`. The server's last word is `bye`.

A client whose own `seq` is not a delta's `from` has missed something: it connects again and
subscribes from what it has. One connection takes one `subscribe`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from longwatch.protocol.jobs import JobSummary, Phase, ProgressBasis

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL: Final = "longwatch.v1"
SNAPSHOT_CHUNK: Final = 2_000
MAX_CLIENT_FRAME_BYTES: Final = 64 * 1024


class Frame(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True
):
    """The base of every frame: `type` tells them apart, an unknown field is refused."""


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The server's first word. `server` names it, `epoch` names its store (a changed epoch voids
    every cursor), `seq` is its newest change, `time` its clock now (UTC)."""

    protocol: int
    server: str
    epoch: str
    version: str
    seq: int
    time: datetime


class Snapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """One chunk of every job there is, newest first. `offset` counts the jobs before this chunk:
    0 begins a snapshot and voids what the client had. After the last chunk (`more` false) the
    client stands at `seq`; changes made meanwhile follow as a delta from there."""

    jobs: list[JobSummary]
    offset: int
    total: int
    seq: int
    more: bool


class Delta(Frame, frozen=True, kw_only=True, tag="delta"):
    """What changed after `from` up to `to`: the newest form of each changed job, and the ids of
    removed ones."""

    from_: int = msgspec.field(name="from")
    to: int
    changed: list[JobSummary]
    removed: list[str]


class ProgressFrame(Frame, frozen=True, kw_only=True, tag="progress"):
    """The newest progress of running jobs, as columns of equal length (a third of the size of
    objects, and 3-5 times quicker to read). Units as in `jobs.Progress`."""

    tick: int
    ids: list[str]
    attempts: list[int]
    phases: list[Phase]
    fractions: list[float | None]
    bases: list[ProgressBasis]
    rows: list[int]
    bytes: list[int]
    memory_bytes: list[int]
    spill_bytes: list[int]
    eta_low_s: list[float | None]
    eta_high_s: list[float | None]
    stalled_s: list[float]
    statement: list[int]
    statements: list[int]


class Ping(Frame, frozen=True, kw_only=True, tag="ping"):
    """Asks for a `pong` with the same `n`; the time between is the latency."""

    n: int


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to a `ping`."""

    n: int


class Bye(Frame, frozen=True, kw_only=True, tag="bye"):
    """The server closes after this. `code` is stable: `stopping`, `malformed_frame`, `too_slow`,
    `store_unusable`, `unauthorized`; `reason` is a sentence."""

    code: str
    reason: str


class Subscribe(Frame, frozen=True, kw_only=True, tag="subscribe"):
    """What the client has: `since` and `epoch` from earlier frames, or neither for a snapshot.
    `max_hz` bounds how many frames a second it wants (the server's own bound is 30)."""

    since: Annotated[int, Meta(ge=0)] | None = None
    epoch: str | None = None
    max_hz: Annotated[float, Meta(gt=0, le=30)] | None = None


ServerFrame = Hello | Snapshot | Delta | ProgressFrame | Ping | Pong | Bye
ClientFrame = Subscribe | Ping | Pong
