"""Opaque cursors of lists."""

from __future__ import annotations

import base64
import re
from typing import Final

from longwatch.api.problems import ApiError

_OURS: Final = re.compile(rb"n([0-9]{1,18})")


def encode(n: int | None) -> str | None:
    """The cursor of the page that begins below number `n`; `None` for none."""
    return None if n is None else _encoded(n)


def _encoded(n: int) -> str:
    return base64.urlsafe_b64encode(b"n%d" % n).decode().rstrip("=")


def decode(cursor: str | None) -> int | None:
    """The number in `cursor`. Raises a 422 when it is none of ours."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    found = _OURS.fullmatch(raw)
    if found is None or _encoded(int(found[1])) != cursor:
        detail = "This cursor is not from this list. Ask for the first page again."
        raise ApiError(422, "invalid_cursor", detail)
    return int(found[1])
