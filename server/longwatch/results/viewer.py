"""What the server answers about a result: reads what is made, has made what is not.

Pages of a few hundred rows are read in a thread of the server (1-4 ms). Whatever takes longer, or
computes in Python, is a helper's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from longwatch.protocol.results import ColumnStatistics
from longwatch.results.criteria import Criteria
from longwatch.results.errors import HelperFailed, ResultError
from longwatch.results.index import Index
from longwatch.results.orders import Encode, Find, Look, MakeBlocks, MakeView, ReadFirst
from longwatch.results.pool import Helpers
from longwatch.results.views import View, view_of

MOST_CELLS: Final = 20_000
"""Of a page that the server itself turns into JSON, 10 ms; the rest of it waits meanwhile."""
LARGE_ROWS: Final = 100_000
"""A result of which somebody reads a page may be sorted next: from here on that takes long enough
for the start of a helper (0.4 s) to be better over by then."""
MOST_FIRST: Final = 1_000
"""Rows from the beginning of a view that are found without it; of more, DuckDB makes a sort."""
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class PageBytes:
    """A page as it is sent. `total_rows` can be paged through."""

    data: bytes
    total_rows: int
    complete: bool


class Viewer:
    """Reads the results of one server. Methods raise a `ResultError`."""

    def __init__(self, helpers: Helpers) -> None:
        self.helpers = helpers
        self._made: dict[Path, _Shared] = {}
        self._ahead: dict[Path, asyncio.Task[None]] = {}

    async def matched(self, folder: Path, index: Index, criteria: Criteria) -> int:
        """How many rows there are; the view is made by then."""
        if criteria.is_plain:
            return index.rows
        return await self._view(view_of(folder, index, criteria), criteria)

    async def page(
        self,
        folder: Path,
        index: Index,
        criteria: Criteria,
        *,
        offset: int,
        limit: int,
        arrow: bool,
    ) -> PageBytes:
        """Rows `offset` to `offset + limit`, fewer at the end."""
        if criteria.is_plain and index.rows >= LARGE_ROWS:
            self.helpers.prepare()
        if offset + limit <= MOST_FIRST and index.rows >= LARGE_ROWS and criteria.sort:
            view = view_of(folder, index, criteria)
            if view.ids not in self._made and await asyncio.to_thread(view.rows) is None:
                return await self._first(view, index, criteria, offset, limit, arrow=arrow)
        small = arrow or limit * max(1, len(index.columns)) <= MOST_CELLS
        for _ in range(_TRIES):
            total = await self._ready(folder, index, criteria, offset, limit)
            if not small:
                _, data = await self.helpers.call(
                    Encode(folder=str(folder), criteria=criteria, offset=offset, limit=limit)
                )
                return PageBytes(data, total, index.complete)
            found = await asyncio.to_thread(_read, folder, index, criteria, offset, limit, arrow)
            if found is not None:
                return found
        raise HelperFailed("cannot keep up: other pages push this one out")

    async def statistics(self, folder: Path, column: int, criteria: Criteria) -> ColumnStatistics:
        """What is in a column of the rows that fulfil the filter."""
        value, _ = await self.helpers.call(
            Look(folder=str(folder), criteria=criteria, column=column)
        )
        return msgspec.convert(value, ColumnStatistics)

    async def search(
        self,
        folder: Path,
        index: Index,
        criteria: Criteria,
        column: int | None,
        text: str,
        first: int,
    ) -> tuple[int, int] | None:
        """The number of the next row that has the text, and the column."""
        await self.matched(folder, index, criteria)
        order = Find(folder=str(folder), criteria=criteria, column=column, text=text, first=first)
        value, _ = await self.helpers.call(order)
        return None if value is None else (int(value[0]), int(value[1]))

    async def _first(
        self,
        view: View,
        index: Index,
        criteria: Criteria,
        offset: int,
        limit: int,
        *,
        arrow: bool,
    ) -> PageBytes:
        """A page near the beginning of a view; the view itself is made after it, and of several
        orders that were tried one after the other only the last."""
        order = ReadFirst(
            folder=str(view.folder), criteria=criteria, offset=offset, limit=limit, arrow=arrow
        )
        total, data = await self.helpers.call(order)
        before = self._ahead.get(view.folder)
        if before is not None:
            before.cancel()
        self._ahead = {at: task for at, task in self._ahead.items() if not task.done()}
        self._ahead[view.folder] = asyncio.create_task(
            self._make_ahead(view, criteria), name="view ahead"
        )
        return PageBytes(data, int(total), index.complete)

    async def _make_ahead(self, view: View, criteria: Criteria) -> None:
        with contextlib.suppress(ResultError):  # whoever asks for the next page will hear of it
            await self._view(view, criteria)

    async def close(self) -> None:
        """Give up what nobody waits for, and end the helpers."""
        for task in self._ahead.values():
            task.cancel()
        await asyncio.gather(*self._ahead.values(), return_exceptions=True)
        await self.helpers.close()

    async def _ready(
        self, folder: Path, index: Index, criteria: Criteria, offset: int, limit: int
    ) -> int:
        """Have everything made that a page is read from; how many rows there are."""
        if criteria.is_plain:
            return index.rows
        view = view_of(folder, index, criteria)
        total = await self._view(view, criteria)
        numbers = view.blocks_of(offset, limit, total)
        missing = await asyncio.to_thread(view.missing, numbers)
        if missing:
            order = MakeBlocks(folder=str(folder), criteria=criteria, numbers=missing)
            await self._once(view.block(missing[0]), lambda: self.helpers.call(order))
        return total

    async def _view(self, view: View, criteria: Criteria) -> int:
        for _ in range(_TRIES):
            rows = await asyncio.to_thread(view.rows)
            if rows is not None:
                return rows
            order = MakeView(folder=str(view.folder), criteria=criteria)
            await self._once(view.ids, lambda: self.helpers.call(order))  # noqa: B023 - awaited here
        raise HelperFailed("cannot keep up: other orders and filters push this one out")

    async def _once(self, what: Path, make: Callable[[], Awaitable[object]]) -> None:
        """Have something made, once for all who wait for it; given up when none of them does."""
        shared = self._made.get(what)
        if shared is None:
            shared = self._made[what] = _Shared(asyncio.ensure_future(make()))
            shared.task.add_done_callback(lambda _: self._made.pop(what, None))
        shared.waiting += 1
        try:
            await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting and not shared.task.done():
                self._made.pop(what, None)
                shared.task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await shared.task


@dataclass(slots=True)
class _Shared:
    task: asyncio.Future[object]
    waiting: int = 0


def _read(
    folder: Path, index: Index, criteria: Criteria, offset: int, limit: int, arrow: bool
) -> PageBytes | None:
    # Arrow costs 0.1 s to import: in this thread, and only once somebody reads a result.
    from longwatch.results import encode, paging  # noqa: PLC0415

    page = paging.page_by(folder, index, criteria, offset, limit)
    if page is None:
        return None
    data = encode.as_arrow(page) if arrow else encode.as_json(page, offset)
    return PageBytes(data, page.total_rows, page.index.complete)
