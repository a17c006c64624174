"""Headers that qualify a request: entity tags (RFC 9110, 8.8.3 and 13), `Prefer: wait` (RFC 7240)
and `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07)."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Final

import msgspec
from fastapi import Depends, Header, Request, Response

from longwatch.api.problems import ApiError
from longwatch.protocol import routes
from longwatch.protocol.jobs import Job, JobState

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')
_OURS: Final = re.compile(r"([0-9]{1,18})(?:\.[0-9a-f]{1,8})?")
_WAIT: Final = re.compile(r'wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.IGNORECASE)
_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"\s*(?:;.*)?')
_BARE: Final = re.compile(r"[!#-+\--\[\]-~]+")  # visible, without what quotes, escapes or separates


def etag(job: Job, body: bytes) -> str:
    """The entity tag of a job: its `seq`. Of one that runs also a sum of its `body`, since
    progress moves without being committed."""
    if job.state is JobState.RUNNING:
        return f'"{job.seq}.{zlib.crc32(body):x}"'
    return f'"{job.seq}"'


def answer(
    job: Job, status: int, headers: dict[str, str] | None = None, known: str | None = None
) -> Response:
    """A job as an answer, with its entity tag; 304 without a body to who names it in `known`, an
    `If-None-Match`."""
    body = msgspec.json.encode(job)
    tag = etag(job, body)
    headers = {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}
    if known is not None and (known.strip() == "*" or tag.strip('"') in _TAG.findall(known)):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, media_type="application/json")


async def expected_forms(
    if_match: Annotated[
        str | None, Header(description="entity tags of the forms the request is meant for")
    ] = None,
) -> frozenset[int] | None:
    """The `seq` numbers in `If-Match`; `None` when any form will do.

    What counts is the committed form: progress that moved on meanwhile changes no decision. Tags
    that are none of ours match nothing.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    ours = (_OURS.fullmatch(tag) for tag in _TAG.findall(if_match))
    return frozenset(int(found[1]) for found in ours if found)


async def preferred_wait(
    prefer: Annotated[
        str | None,
        Header(
            description=f"`wait=N`: answer once the job is over, or after N ≤ "
            f"{routes.MAX_WAIT_S} seconds"
        ),
    ] = None,
) -> int | None:
    """The seconds in `Prefer: wait=N`, no more than are granted; `None` without. What cannot be
    understood is ignored, as RFC 7240 wants it."""
    for preference in (prefer or "").split(","):
        found = _WAIT.fullmatch(preference.strip())
        if found:
            return min(int(found[1]), routes.MAX_WAIT_S)
    return None


async def idempotency_key(request: Request) -> str | None:
    """The key of a request; `None` without. A string in quotes, as the draft has it, or a bare
    word, as most clients send it. Raises a 400."""
    given = request.headers.getlist(routes.IDEMPOTENCY_KEY_HEADER)
    if not given:
        return None
    text = given[0].strip()
    quoted = _QUOTED.fullmatch(text)
    key = text if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])
    good = quoted is not None or _BARE.fullmatch(text) is not None
    if len(given) > 1 or not good or not 1 <= len(key) <= routes.MAX_KEY_CHARS:
        raise ApiError(
            400,
            "invalid_idempotency_key",
            f"An Idempotency-Key is one string in quotes of 1 to {routes.MAX_KEY_CHARS} visible "
            "ASCII characters, best a random one.",
        )
    return key


def http_date(moment: datetime) -> str:
    """A moment as HTTP writes it, to the second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


KNOWN_TAG: Final = Header(alias="If-None-Match", description="entity tags of forms known already")
ExpectedDep = Annotated[frozenset[int] | None, Depends(expected_forms)]
WaitDep = Annotated[int | None, Depends(preferred_wait)]
KeyDep = Annotated[str | None, Depends(idempotency_key)]
