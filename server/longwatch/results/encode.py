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
    columns = [[_plain(value) for value in python_values(column)] for column in page.table.columns]
    return msgspec.json.encode(
        ResultPage(
            columns=page.index.columns,
            offset=offset,
            rows=[list(row) for row in zip(*columns, strict=True)],
            total_rows=page.index.rows,
            complete=page.index.complete,
        )
    )


def _plain(value: Any) -> Any:
    plain: Any
    match value:
        case None | bool() | str():
            plain = value
        case int():
            plain = value if abs(value) <= LARGEST_EXACT else str(value)
        case float():
            plain = value if math.isfinite(value) else str(value)
        case bytes():
            plain = value.hex()
        case dict():
            plain = {str(key): _plain(one) for key, one in value.items()}
        case pa.MonthDayNano():
            plain = interval_text(value)
        case list() | tuple():
            plain = [_plain(one) for one in value]
        case dt.datetime() | dt.date() | dt.time():
            plain = value.isoformat()
        case _:
            plain = str(value)
    return plain
