"""A result as a file, and exports under way."""

from __future__ import annotations

import contextlib
import time
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from longwatch.api.dependencies import PartsDep, PrincipalDep, ServiceDep
from longwatch.api.disconnects import TokenEnded, unless_ended, until_gone
from longwatch.api.results import ReadableDep
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.results import (
    EXPORT_ID_PATTERN,
    MAX_CRITERIA_CHARS,
    ExportFormat,
    ExportStatus,
    Formulas,
)
from longwatch.results.criteria import parse_columns
from longwatch.results.exports import ExportCut, RunningExport
from longwatch.security.tokens import Principal, TokenChecker
from longwatch.service.jobs import JobService

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["results"])
MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSONL: "application/jsonl",
    ExportFormat.JSON: "application/json",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.ARROW: "application/vnd.apache.arrow.file",
}
_CONTENT: Final = {
    kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for kind in MEDIA_TYPES.values()
} | {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
_MOST_NAME_CHARS: Final = 100
_UNFIT: Final = frozenset('\\/:*?"<>|')


class ExportResponse(Response):
    """Relays the pieces of an export, no faster than they are read. Whoever hangs up ends it, and
    so does the end of the token; when it comes to no end the connection is cut, for by then nothing
    else can say so."""

    def __init__(
        self,
        export: RunningExport,
        jobs: JobService,
        job_id: str,
        headers: dict[str, str],
        tokens: TokenChecker,
        who: Principal,
    ) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._export = export
        self._jobs = jobs
        self._job_id = job_id
        self._tokens = tokens
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with (
            contextlib.suppress(ClientDisconnect, ExportCut, OSError, TokenEnded),
            self._tokens.ending(self._who) as ending,
        ):
            await until_gone(receive, unless_ended(self._relay(send), ending))

    async def _relay(self, send: Send) -> None:
        async with contextlib.aclosing(self._export.pieces(self._touch)) as pieces:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _touch(self) -> None:
        """Keep the result from expiring meanwhile."""
        self._jobs.opened_s[self._job_id] = time.monotonic()


@router.get(
    routes.JOB_RESULT_EXPORT,
    operation_id="export_result",
    response_class=StreamingResponse,
    responses={200: {"content": _CONTENT}},
)
async def export(
    server: PartsDep,
    jobs: ServiceDep,
    result: ReadableDep,
    who: PrincipalDep,
    form: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.CSV,
    columns: Annotated[
        str,
        Query(
            max_length=MAX_CRITERIA_CHARS,
            description="`carrier,dep_delay`, or a JSON list of names; all by default",
        ),
    ] = "",
    formulas: Annotated[
        Formulas,
        Query(
            description="in CSV, put an apostrophe before a text that a spreadsheet would run "
            "(=, +, -, @, tab, line break), or keep it as it is"
        ),
    ] = Formulas.ESCAPE,
    export_id: Annotated[
        str | None,
        Query(
            pattern=EXPORT_ID_PATTERN,
            description="a name to follow and to cancel it by; 8 to 64 letters, digits, - and _",
        ),
    ] = None,
) -> Response:
    """The result as a file, sorted and filtered if asked for, written while it is sent. One that
    cannot be finished ends with a cut connection."""
    result.require_all()
    begun = server.exports.begin(
        result.job_id,
        result.folder,
        result.index,
        result.criteria,
        columns=parse_columns(columns, result.index.columns),
        form=form,
        escape=formulas is Formulas.ESCAPE,
        export_id=export_id,
        owner=who.name,
    )
    await begun.ready()
    job = await jobs.get(result.job_id)
    headers = {
        "Content-Type": MEDIA_TYPES[form],
        "Content-Disposition": disposition(job.name, form.value),
        routes.EXPORT_ID_HEADER: begun.id,
        "X-Content-Type-Options": "nosniff",
    }
    return ExportResponse(begun, jobs, result.job_id, headers, server.tokens, who)


@router.get(routes.EXPORT, operation_id="get_export")
async def status(export_id: str, server: PartsDep) -> ExportStatus:
    """How far an export is."""
    return server.exports.get(export_id).status()


@router.delete(routes.EXPORT, operation_id="cancel_export")
async def cancel(export_id: str, server: PartsDep) -> ExportStatus:
    """End an export; its process is gone once this is answered. One that is over stays as it
    is."""
    export = server.exports.get(export_id)
    await export.cancel()
    return export.status()


def disposition(name: str, extension: str) -> str:
    """A `Content-Disposition` with a file's name: plain ASCII for old readers (RFC 6266), exact for
    others (RFC 8187)."""
    kept = "".join(
        "_" if sign in _UNFIT or not sign.isprintable() else sign for sign in name
    ).strip(" .")[:_MOST_NAME_CHARS]
    whole = f"{kept or 'result'}.{extension}"
    plain = whole.encode("ascii", "replace").decode().replace("?", "_")
    # One that is half a pair of surrogates has no UTF-8.
    exact = quote(whole.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
