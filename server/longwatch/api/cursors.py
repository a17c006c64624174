"""Opaque cursors of lists."""

from __future__ import annotations

import base64
import re
from typing import Final

from longwatch.api.problems import ApiError

_OURS: Final = re.compile(rb"n(0|[1-9][0-9]{0,17})")
_PLACE: Final = re.compile(rb"t(0|-?[1-9][0-9]{0,17}) ([!-~]{1,32})")


def encode(n: int | None) -> str | None:
    """The cursor of the page that begins below number `n`; `None` for none."""
    return None if n is None else _encoded(b"n%d" % n)


def decode(cursor: str | None) -> int | None:
    """The number in `cursor`. Raises a 422 when it is none of ours."""
    found = _found(_OURS, cursor)
    return None if found is None else int(found[1])


def encode_place(place: tuple[int, str] | None) -> str | None:
    """The cursor of the page that begins after a moment and an id; `None` for none."""
    return None if place is None else _encoded(b"t%d %b" % (place[0], place[1].encode()))


def decode_place(cursor: str | None) -> tuple[int, str] | None:
    """The moment and the id in such a cursor. Raises a 422 when it is none of ours."""
    found = _found(_PLACE, cursor)
    return None if found is None else (int(found[1]), found[2].decode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _found(ours: re.Pattern[bytes], cursor: str | None) -> re.Match[bytes] | None:
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    found = ours.fullmatch(raw)
    if found is None or _encoded(raw) != cursor:
        detail = "This cursor is not from this list. Ask for the first page again."
        raise ApiError(422, "invalid_cursor", detail)
    return found
