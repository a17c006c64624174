"""What `AsyncClient` asks about results beside their pages: figures, texts, files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from longwatch.client._http import Connection
from longwatch.protocol import routes
from longwatch.protocol.results import (
    ColumnStatistics,
    Condition,
    ExportFormat,
    ExportStatus,
    Formulas,
    SearchHit,
    SortKey,
)

if TYPE_CHECKING:
    from collections.abc import Callable

WORK_S: Final = 600.0
"""How long the server may sort, count or search: as long as it takes, but not for ever."""


def sort_keys(columns: Sequence[str | SortKey]) -> list[SortKey]:
    """Columns to sort by: names, a minus before one for the largest first."""
    return [
        one
        if isinstance(one, SortKey)
        else SortKey(column=one.removeprefix("-"), descending=one.startswith("-"))
        for one in columns
    ]


def in_address(sort: str | Sequence[SortKey], where: str | Sequence[Condition]) -> dict[str, str]:
    """An order and a filter as parameters of an address; as texts they are so already."""
    query = {}
    if sort:
        query["sort"] = sort if isinstance(sort, str) else msgspec.json.encode(sort).decode()
    if where:
        query["filter"] = where if isinstance(where, str) else msgspec.json.encode(where).decode()
    return query


class ResultCalls(Connection):
    """One method a route. `sort` and `where` say in which order, and which rows."""

    async def result_statistics(
        self, job_id: str, column: str, *, where: Sequence[Condition] = ()
    ) -> ColumnStatistics:
        """One column in figures; some seconds for ten million rows. Raises `NotFound`,
        `BadRequest`, and `Conflict` (`result_incomplete`)."""
        return await self._json(
            "GET",
            routes.statistics(job_id, column),
            ColumnStatistics,
            query=in_address((), where),
            longer_s=WORK_S,
        )

    async def result_search(
        self,
        job_id: str,
        column: str,
        text: str,
        *,
        first: int = 0,
        sort: Sequence[SortKey] = (),
        where: Sequence[Condition] = (),
    ) -> int | None:
        """The row of `result_hit`."""
        hit = await self.result_hit(job_id, column, text, first=first, sort=sort, where=where)
        return hit.row

    async def result_hit(
        self,
        job_id: str,
        column: str | None,
        text: str,
        *,
        first: int = 0,
        sort: Sequence[SortKey] = (),
        where: Sequence[Condition] = (),
    ) -> SearchHit:
        """The next row from `first` on with the text in `column` or, for `None`, in any, upper or
        lower case. Raises as `result_statistics` does."""
        query = {**in_address(sort, where), "text": text, "from": str(first)}
        if column is not None:
            query["column"] = column
        path = routes.JOB_RESULT_SEARCH.format(job_id=job_id)
        return await self._json("GET", path, SearchHit, query=query, longer_s=WORK_S)

    async def export_result(
        self,
        job_id: str,
        form: ExportFormat,
        *,
        sort: str | Sequence[SortKey] = (),
        where: str | Sequence[Condition] = (),
        columns: Sequence[str] = (),
        formulas: Formulas = Formulas.ESCAPE,
        export_id: str | None = None,
    ) -> AsyncGenerator[bytes]:
        """The result as a file, in pieces as they come; to close this early ends it on the server
        too. Raises as `result_statistics` does, and `ServerUnreachable` when it is cut short;
        `export_status` then says why."""
        query = {
            **in_address(sort, where),
            "format": form.value,
            "formulas": formulas.value,
        }
        if columns:
            query["columns"] = msgspec.json.encode(columns).decode()
        if export_id is not None:
            query["export_id"] = export_id
        path = routes.JOB_RESULT_EXPORT.format(job_id=job_id)
        async with self._stream(path, query=query, accept="*/*", longer_s=WORK_S) as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def export_status(self, export_id: str) -> ExportStatus:
        """How far an export is. Raises `NotFound`."""
        path = routes.EXPORT.format(export_id=export_id)
        return await self._json("GET", path, ExportStatus)

    async def cancel_export(self, export_id: str) -> ExportStatus:
        """End an export. Raises `NotFound`."""
        path = routes.EXPORT.format(export_id=export_id)
        return await self._json("DELETE", path, ExportStatus)


async def save(
    pieces: AsyncGenerator[bytes], path: Path, progress: Callable[[int], None] | None = None
) -> int:
    """Write a file that appears under its name only once it is whole; its bytes. Raises `OSError`
    and whatever `pieces` raise; nothing is left then."""
    part = path.with_name(f".{path.name}.part")
    total = 0
    try:
        async with aclosing(pieces):
            with part.open("wb") as file:
                async for piece in pieces:
                    file.write(piece)
                    total += len(piece)
                    if progress is not None:
                        progress(total)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return total


def form_of(path: Path) -> ExportFormat:
    """The kind of file that a name's extension says. Raises `ValueError`."""
    try:
        return ExportFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        known = ", ".join(f".{one.value}" for one in ExportFormat)
        raise ValueError(f"{path.name}: the extension must be one of {known}.") from None
