"""`/v1/changes`: what a feed would tell, for clients that no WebSocket gets through to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Header, Query, Response

from longwatch.api.dependencies import Parts, PartsDep, PrincipalDep
from longwatch.api.feed import history_of
from longwatch.api.rights import AUTHENTICATED
from longwatch.feed.encoded import Encoded
from longwatch.feed.views import View
from longwatch.protocol import routes
from longwatch.protocol.frames import PROTOCOL_VERSION, Changes, Hello
from longwatch.protocol.jobs import JobState
from longwatch.version import version

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["changes"])
_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = b"null"


@router.get(
    routes.CHANGES,
    operation_id="get_changes",
    response_model=Changes,
    responses={304: {"description": "Nothing has changed since the `If-None-Match`"}},
)
async def changes(
    server: PartsDep,
    who: PrincipalDep,
    since: Annotated[int | None, Query(ge=0, description="`seq` of the last answer")] = None,
    epoch: Annotated[str | None, Query(description="of the last answer")] = None,
    state: Annotated[list[JobState] | None, Query(description="may be given several times")] = None,
    source: str | None = None,
    owner: str | None = None,
    known: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    """What has changed after `since`, and the progress of all that runs: the feed for those who
    can only ask. Ask again with the answer's `ETag`, every other second or so.

    Without `since`, or when that is too long ago, `delta` is null: read the list of jobs then, and
    ask for what has changed after `hello.seq`.
    """
    hub = server.hub
    view = View(frozenset(state) if state else None, source, owner).within(who.only_of)
    tag = f'"{server.epoch}.{hub.seq}.{hub.tick}"'
    if known == tag and since == hub.seq:
        return Response(status_code=304, headers={"ETag": tag})
    hello = Hello(
        protocol=PROTOCOL_VERSION,
        server=server.server_name,
        epoch=server.epoch,
        version=version(),
        seq=hub.seq,
        time=datetime.now(UTC),
        user=who.name,
    )
    delta = None
    if since is not None and epoch == server.epoch:
        delta = await _delta(server, since, view)
    progress = hub.progress_since(0, view)
    # Encoded already, and shared with everybody's feed.
    body = b'{"hello":%b,"delta":%b,"progress":%b}' % (
        _encode(hello),
        _NOTHING if delta is None else delta.text,
        _NOTHING if progress is None else progress.text,
    )
    return Response(body, media_type="application/json", headers={"ETag": tag})


async def _delta(server: Parts, since: int, view: View) -> Encoded | None:
    hub = server.hub
    if since <= hub.seq and not hub.reaches(since):
        missed = await history_of(server.store, server.epoch).since(since)
        if missed is not None:
            hub.recall(since, missed.changed, missed.removed)
    if not hub.reaches(since):
        return None
    told = hub.delta(since, view)
    return None if told is None else told.frame
