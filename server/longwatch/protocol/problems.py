"""Errors on the wire: RFC 9457 problem documents with a stable `code`."""

from __future__ import annotations

from typing import Final

from longwatch.protocol.wire import Wire

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Wire, frozen=True, kw_only=True):
    """What went wrong, as every error answer carries it.

    `title` is the same for every problem of a `code`, `detail` is about this one and says what to
    do, `pointer` names the offending place in the body where there is one.
    """

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    pointer: str | None = None
