"""What the pages of a result ask of its server, in the order and with the filter in force."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.protocol.jobs import Column, ResultPage
from longwatch.protocol.results import ColumnStatistics, Condition, SearchHit, SortKey
from longwatch_desktop.results.wanted import Wanted, address
from longwatch_desktop.session import Session


class ResultReader:
    """Reads results. Every method raises `LongwatchClientError`; to cancel one ends the work for
    it on the server."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def rows(
        self, job_id: str, columns: Sequence[Column], wanted: Wanted, offset: int, limit: int
    ) -> ResultPage:
        """Rows from `offset` on; its `total_rows` counts those that match."""
        if wanted.is_plain:
            return await self._session.rows(job_id, offset, limit)
        return await self._session.client().result_rows(
            job_id,
            offset=offset,
            limit=limit,
            sort=keys(columns, wanted),
            where=wanted.where,
        )

    async def search(
        self,
        job_id: str,
        columns: Sequence[Column],
        wanted: Wanted,
        place: int | None,
        text: str,
        first: int,
    ) -> SearchHit:
        """The next row from `first` on that has the text in a column, or in any."""
        return await self._session.client().result_hit(
            job_id,
            None if place is None else address(columns, place),
            text,
            first=first,
            sort=keys(columns, wanted),
            where=wanted.where,
        )

    async def statistics(
        self, job_id: str, columns: Sequence[Column], where: Sequence[Condition], place: int
    ) -> ColumnStatistics:
        """A column in figures, of the rows that match."""
        return await self._session.client().result_statistics(
            job_id, address(columns, place), where=where
        )


def keys(columns: Sequence[Column], wanted: Wanted) -> list[SortKey]:
    """The order as the server takes it."""
    return [
        SortKey(column=address(columns, key.column), descending=key.descending)
        for key in wanted.sort
    ]
