"""Opaque cursors of lists."""

from __future__ import annotations

import base64
import binascii

from longwatch.api.problems import ApiError


def encode(n: int) -> str:
    """The cursor of the page that begins below number `n`."""
    return base64.urlsafe_b64encode(b"n%d" % n).decode().rstrip("=")


def decode(cursor: str | None) -> int | None:
    """The number in `cursor`. Raises a 422 when it is none of ours."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if not raw.startswith(b"n"):
            raise ValueError
        return int(raw[1:])
    except (ValueError, binascii.Error):
        detail = "This cursor is not from this list. Ask for the first page again."
        raise ApiError(422, "invalid_cursor", detail) from None
