"""One value of a result as text, for tables and CSV, and as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")


def as_text(value: Any) -> str:
    """A value for a cell: nothing for null, ISO 8601 for times, JSON for nested values."""
    text: str
    match value:
        case None:
            text = ""
        case bool():
            text = "true" if value else "false"
        case bytes():
            text = value.hex()
        case Decimal():
            text = format(value, "f")
        case list() | dict():
            text = as_json(value).decode()
        case datetime():
            text = value.isoformat(" ")
        case _:
            text = str(value)
    return text


def as_json(value: Any) -> bytes:
    """A value as JSON; what JSON cannot say (NaN, infinity) becomes null."""
    return _encoder.encode(value)


def unique(names: list[str]) -> list[str]:
    """Column names made distinct, `a, a` → `a, a_2`: an object has each key once."""
    seen: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 1
        while candidate in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        result.append(candidate)
    return result
