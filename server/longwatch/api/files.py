"""`/v1/files`: uploads that sources are made of."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from longwatch.api.dependencies import PartsDep, PrincipalDep
from longwatch.api.disconnects import TokenEnded, unless_ended
from longwatch.api.problems import ApiError
from longwatch.api.rights import AUTHENTICATED
from longwatch.protocol import routes
from longwatch.protocol.sources import UploadedFile
from longwatch.sources.files import Files, Upload

router: Final = APIRouter(dependencies=AUTHENTICATED, tags=["sources"])
_CHUNK: Final = 2**20
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(routes.FILES, status_code=201, operation_id="upload_file", openapi_extra=_BODY)
async def upload(
    request: Request,
    server: PartsDep,
    who: PrincipalDep,
    name: Annotated[str, Query(min_length=1, max_length=routes.MAX_FILE_NAME)],
) -> UploadedFile:
    """Take in a file: its bytes are the body, as they are. The answer's `path` is what a source
    names it by; the table will be called after `name`. It goes with the source."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/octet-stream":  # a form in a foreign page can send no such thing
        raise ApiError(
            415, "unsupported_media_type", "Send the file's bytes as application/octet-stream."
        )
    server.check_room(who.name)
    files = server.files
    taken = None
    try:
        taken = await asyncio.to_thread(files.begin, name, who.name)
        with server.tokens.ending(who) as ending:
            size = await unless_ended(_receive(request, files, taken), ending)
        path = await asyncio.to_thread(files.keep, taken)
    except BaseException as error:
        if taken is not None:
            await asyncio.shield(asyncio.to_thread(files.drop, taken))
        if isinstance(error, ClientDisconnect):
            raise ApiError(400, "bad_request", "The upload broke off. Send it again.") from None
        if isinstance(error, TokenEnded):
            raise ApiError(401, "unauthorized", f"The token was {error}.") from None
        if isinstance(error, OSError):
            raise ApiError(
                507, "no_room", f"The file could not be written: {error.strerror}. Make room."
            ) from error
        raise
    server.log.info("file uploaded", file=path, bytes=size)
    return UploadedFile(path=path, name=taken.name, bytes=size)


async def _receive(request: Request, files: Files, taken: Upload) -> int:
    size = 0
    waiting = bytearray()
    with taken.part.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > files.most_bytes:
                raise ApiError(
                    413,
                    "too_large",
                    f"This server takes files of {files.most_bytes / 2**20:,.0f} MiB at most.",
                )
            waiting += chunk
            if len(waiting) >= _CHUNK:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    return size
