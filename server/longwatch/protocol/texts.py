"""One value of a result as text, for tables, CSV and sheets, and as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from longwatch.protocol.values import interval_text

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
        case tuple() if type(value).__name__ == "MonthDayNano":
            text = interval_text(value)
        case Decimal():
            text = format(value, "f")
        case list() | dict() | tuple():
            text = as_json(value).decode()
        case datetime():
            text = value.isoformat(" ")
        case _:
            text = str(value)
    return text


def as_json(value: Any) -> bytes:
    """A value as JSON; what JSON cannot say (NaN, infinity) becomes null."""
    return _encoder.encode(sayable(value))


def as_json_lines(rows: list[Any]) -> bytes:
    """Each of `rows` as JSON, with a line end behind it."""
    return _encoder.encode_lines(rows)


def sayable(value: Any) -> Any:
    """`value` with Arrow's intervals as text: to JSON they are arrays of three numbers. Bytes
    stay: in JSON they become base64."""
    match value:
        case tuple() if type(value).__name__ == "MonthDayNano":
            return interval_text(value)
        case dict():
            return {key: sayable(one) for key, one in value.items()}
        case list() | tuple():
            return [sayable(one) for one in value]
        case _:
            return value


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
