"""Pages as bytes for the wire."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Final

import msgspec
import pyarrow as pa

from longwatch.protocol.jobs import ResultPage
from longwatch.protocol.values import interval_text, python_values
from longwatch.results.reader import Page

LARGEST_EXACT: Final = 2**53
"""Integers beyond it lose digits in JavaScript and many JSON readers: they travel as text."""


def as_arrow(page: Page) -> bytes:
    """The page as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, page.table.schema) as writer:
        writer.write_table(page.table)
    return bytes(sink.getvalue())


def as_json(page: Page, offset: int) -> bytes:
    """The page as a `ResultPage`: JSON values where JSON has the type, text where it has not."""
    columns = [[plain(value) for value in python_values(column)] for column in page.table.columns]
    return msgspec.json.encode(
        ResultPage(
            columns=page.index.columns,
            offset=offset,
            rows=[list(row) for row in zip(*columns, strict=True)],
            total_rows=page.total_rows,
            complete=page.index.complete,
        )
    )


def plain(value: Any) -> Any:
    """A value as JSON has it, or as text where JSON has no such type."""
    said: Any
    match value:
        case None | bool() | str():
            said = value
        case int():
            said = value if abs(value) <= LARGEST_EXACT else str(value)
        case float():
            said = value if math.isfinite(value) else str(value)
        case bytes():
            said = value.hex()
        case dict():
            said = {str(key): plain(one) for key, one in value.items()}
        case pa.MonthDayNano():
            said = interval_text(value)
        case list() | tuple():
            said = [plain(one) for one in value]
        case dt.datetime() | dt.date() | dt.time():
            said = value.isoformat()
        case _:
            said = str(value)
    return said
