"""Following a server by plain requests, where something on the way lets no WebSocket through.

`GET /v1/changes` is asked every other second what is new, with the tag of the last answer: while
nothing is, the answer is a bare 304. What the server can no longer tell is read as a list.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.client._http import Connection, Query, T
from longwatch.client.address import Address
from longwatch.client.errors import ProtocolMismatch
from longwatch.client.feed_cursor import Cursor
from longwatch.protocol import routes
from longwatch.protocol.frames import Changes, Delta, FeedFilter, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobPage, JobState
from longwatch.protocol.wire import UNREADABLE

if TYPE_CHECKING:
    import httpx

_OPEN: Final = [JobState.QUEUED.value, JobState.RUNNING.value]


class Poller(Connection):
    """Asks one server what has changed. Raises what every `Connection` does."""

    def __init__(self, address: Address, which: FeedFilter | None, *, timeout_s: float) -> None:
        super().__init__(address, timeout_s=timeout_s)
        self._which: dict[str, str | list[str]] = {}
        if which is not None:
            named = {"source": which.source, "owner": which.owner}
            self._which = {name: value for name, value in named.items() if value is not None}
            self._which["state"] = [state.value for state in which.state]
        states = [] if which is None else [state.value for state in which.state]
        self._still_open = [state for state in _OPEN if state in states or not states]
        self._tag: str | None = None
        self._tick = 0

    async def ask(self, cursor: Cursor) -> Changes | None:
        """What is new since the cursor; `None` when nothing is."""
        query = dict(self._which)
        if cursor.seq is not None and cursor.epoch is not None:
            query |= {"since": str(cursor.seq), "epoch": cursor.epoch}
        headers = {"If-None-Match": self._tag} if self._tag else {}
        answer = await self._get(routes.CHANGES, query, headers)
        if answer.status_code == 304:
            return None
        self._tag = answer.headers.get("ETag")
        return self._read(answer, Changes)

    async def events(
        self, changes: Changes, cursor: Cursor, newest: int | None
    ) -> AsyncGenerator[Snapshot | Delta | ProgressFrame]:
        """What an answer brings, as the feed would have told it."""
        if changes.delta is None:
            async for chunk in self._list(changes.hello.seq, newest):
                fitting = cursor.take(chunk)
                if fitting is not None:
                    yield fitting
            self._tick = 0
        elif (fitting := cursor.take(changes.delta)) is not None:
            yield fitting
        if changes.progress is not None and changes.progress.tick > self._tick:
            self._tick = changes.progress.tick
            yield self._whole(changes.progress)

    async def _list(self, seq: int, newest: int | None) -> AsyncGenerator[Snapshot]:
        """Every job, or the newest and what is not over, in chunks. What changes meanwhile follows
        as a delta from `seq`."""
        offset, cursor, older, open_only = 0, None, None, False
        more = True
        total: int | None = None
        while more:
            query = {**self._which, "limit": str(routes.MAX_LIST_PAGE)}
            if newest is not None and not open_only:
                query["limit"] = str(min(routes.MAX_LIST_PAGE, newest - offset))
            if open_only:
                query["state"] = self._still_open
            if cursor is not None:
                query["cursor"] = cursor
            page = self._read(await self._get(routes.JOBS, query, {}), JobPage)
            total = page.total if total is None else total
            count = len(page.jobs)
            cursor, more = page.next, page.next is not None
            if more and not open_only and newest is not None and offset + count >= newest:
                open_only, older = True, cursor
                more = bool(self._still_open)
            yield Snapshot(
                jobs=page.jobs,
                offset=offset,
                total=max(total, offset + count),
                seq=seq,
                more=more,
                older=None if more else older,
            )
            offset += count

    async def _get(self, path: str, query: Query, headers: dict[str, str]) -> httpx.Response:
        with self._failing():
            answer = await self._opened().get(path, params=query, headers=headers)
        if not answer.is_success and answer.status_code != 304:
            raise self._refusal(answer)
        return answer

    def _whole(self, frame: ProgressFrame) -> ProgressFrame:
        try:
            return frame.whole()
        except ValueError as error:
            raise self._mismatch(error) from error

    def _mismatch(self, error: Exception) -> ProtocolMismatch:
        return ProtocolMismatch(f"{self.address.url} sent what this version cannot read ({error}).")

    def _read(self, answer: httpx.Response, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=shape)
        except UNREADABLE as error:
            raise self._mismatch(error) from error
