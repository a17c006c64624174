"""The frames of the feed (`GET /v1/feed`, WebSocket, text frames of JSON).

The conversation: the server sends `hello`; the client answers `subscribe` with the `since` and
`epoch` it knows, or without; the server sends either `delta` from there or `snapshot` in chunks,
newest first; then the newest `progress` of every running job; then `delta` and `progress` as they
come. A committed change has a `seq`, which is durable; progress has a `tick`, which lives and dies
with the server process. Either side may `ping`. The server's last word is `bye`.

A client may follow some jobs only (`filter`), and say with `show` which jobs are in sight: these
have their progress as often as it moves, up to `max_hz`, all others a few times a second.

A client whose own `seq` is not a delta's `from` has missed something: it connects again and
subscribes from what it has. One connection takes one `subscribe`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from longwatch.protocol.jobs import (
    MAX_TEXT_CHARS,
    Activity,
    AttemptNumber,
    JobState,
    JobSummary,
    Phase,
    ProgressBasis,
)
from longwatch.protocol.jobs import SourceName as _SourceName
from longwatch.protocol.wire import Count, Wire

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL: Final = "longwatch.v1"
SNAPSHOT_CHUNK: Final = 2_000
MAX_CLIENT_FRAME_BYTES: Final = 64 * 1024
MAX_SHOWN: Final = 1_000
"""Jobs that one client may say are in sight."""


class Frame(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True
):
    """The base of every frame: `type` tells them apart, an unknown field is refused."""


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The server's first word. `server` names it, `epoch` names its store (a changed epoch voids
    every cursor), `seq` is its newest change, `time` its clock now (UTC), `user` the owner of what
    the client submits."""

    protocol: int
    server: str
    epoch: str
    version: str
    seq: Count
    time: datetime
    user: str = ""


class Snapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """One chunk of every job there is, from the newest chunk to the oldest; within one in no order.
    `offset` counts the jobs before this chunk: 0 begins a snapshot and voids what the client had.
    After the last chunk (`more` false) the client stands at `seq`; changes made meanwhile follow
    as a delta from there.

    `total` counts every job of the server, or all that match the filter. Who asked for the newest
    alone gets older ones too as long as they are not over; `older`, on the last chunk, is then the
    cursor with which a list of jobs goes on below the newest, `None` where nothing is left."""

    jobs: list[JobSummary]
    offset: Count
    total: Count
    seq: Count
    more: bool
    older: str | None = None


class Delta(Frame, frozen=True, kw_only=True, tag="delta"):
    """What changed after `from` up to `to`: the newest form of each changed job, and the ids of
    removed ones, and of those that left the states asked for. An id may be one that the client
    never heard of."""

    from_: Count = msgspec.field(name="from")
    to: Count
    changed: list[JobSummary]
    removed: list[str]


class ProgressFrame(Frame, frozen=True, kw_only=True, tag="progress"):
    """The newest progress of running jobs, as columns (a third of the size of objects, and 3-5
    times quicker to read). Units as in `jobs.Progress`.

    Every column is as long as `ids`, or holds one value that is that of all: see `whole`.
    """

    tick: Count
    ids: list[str]
    attempts: list[AttemptNumber]
    phases: list[Phase]
    fractions: list[float | None]
    bases: list[ProgressBasis]
    rows: list[Count]
    bytes: list[Count]
    memory_bytes: list[Count]
    spill_bytes: list[Count]
    eta_low_s: list[float | None]
    eta_high_s: list[float | None]
    stalled_s: list[float]
    activities: list[Activity]
    statement: list[Count]
    statements: list[Count]

    def whole(self) -> ProgressFrame:
        """The same with every column as long as `ids`. Raises `ValueError` where one is of another
        length."""
        count = len(self.ids)
        short = {
            name: column * count
            for name in self.__struct_fields__[2:]
            if len(column := getattr(self, name)) == 1
        }
        whole = msgspec.structs.replace(self, **short) if short and count != 1 else self
        if any(len(getattr(whole, name)) != count for name in self.__struct_fields__[2:]):
            raise ValueError("The columns of a progress frame are not of one length.")
        return whole


class Ping(Frame, frozen=True, kw_only=True, tag="ping"):
    """Asks for a `pong` with the same `n`; the time between is the latency."""

    n: int


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to a `ping`."""

    n: int


class Bye(Frame, frozen=True, kw_only=True, tag="bye"):
    """The server closes after this. `code` is stable: `stopping`, `malformed_frame`, `too_slow`,
    `store_unusable`, `unauthorized`, and `revoked` or `expired` for a token; `reason` is a
    sentence."""

    code: str
    reason: str


class FeedFilter(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs a client follows; `None` means any, as does no state at all. There is no text to
    look for: the feed carries no SQL."""

    state: tuple[JobState, ...] = ()
    source: _SourceName | None = None
    owner: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)] | None = None


class Subscribe(Frame, frozen=True, kw_only=True, tag="subscribe"):
    """What the client has: `since` and `epoch` from earlier frames of the same `filter`, or neither
    for a snapshot. `max_hz` bounds how many frames a second it wants (the server's own bound is
    30). A snapshot brings the `newest` jobs, and those older that are not over yet; `None` is
    all."""

    since: Annotated[int, Meta(ge=0)] | None = None
    epoch: str | None = None
    max_hz: Annotated[float, Meta(gt=0, le=30)] | None = None
    filter: FeedFilter | None = None
    newest: Annotated[int, Meta(ge=1)] | None = None


class Show(Frame, frozen=True, kw_only=True, tag="show"):
    """The jobs in sight from now on, instead of those before; `None` treats all alike again, as
    before the first `show`. Comes after `subscribe`, as often as the client likes."""

    ids: Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=MAX_SHOWN)] | None


ServerFrame = Hello | Snapshot | Delta | ProgressFrame | Ping | Pong | Bye
ClientFrame = Subscribe | Show | Ping | Pong


class Changes(Wire, frozen=True, kw_only=True):
    """The feed as one answer to a plain GET, for a client that no WebSocket gets through to.

    `hello` is what a feed begins with. `delta` is what changed since the client's `since`, of some
    hundred jobs at most: then there is more, and its `to` is the next `since`; it is `None` when
    the client must read the whole list anew and go on from `hello.seq`. `progress` is that of every
    running job.
    """

    hello: Hello
    delta: Delta | None
    progress: ProgressFrame | None
