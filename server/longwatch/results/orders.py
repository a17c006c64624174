"""What a server and a helper say to each other.

An order is a line of JSON on the helper's standard input. The answer, on its standard output, is
one or more lines of JSON, each followed by as many bytes as it announces; the one that is `last`
ends it, and the helper waits for another order. The end of its input ends the helper at once,
whatever it is busy with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from longwatch.protocol.results import ExportFormat
from longwatch.results.criteria import Criteria
from longwatch.results.errors import (
    HelperFailed,
    NoRoom,
    Refused,
    ResultDamaged,
    ResultError,
    ResultExpired,
)


class Order(msgspec.Struct, frozen=True, kw_only=True, tag_field="order"):
    """Something to be done with the result in `folder`."""

    folder: str
    criteria: Criteria = Criteria()

    def line(self) -> bytes:
        """The order as it is sent."""
        return msgspec.json.encode(self) + b"\n"


class MakeView(Order, frozen=True, kw_only=True, tag="view"):
    """Find the rows of a view and their order."""


class ReadFirst(Order, frozen=True, kw_only=True, tag="first"):
    """Answer with a page near the beginning of a view that is not made, and how many rows the view
    has."""

    offset: int
    limit: int
    arrow: bool


class MakeBlocks(Order, frozen=True, kw_only=True, tag="blocks"):
    """Gather blocks of a view that is made."""

    numbers: list[int]


class Look(Order, frozen=True, kw_only=True, tag="statistics"):
    """Answer with a `ColumnStatistics` of the rows that fulfil the filter."""

    column: int


class Find(Order, frozen=True, kw_only=True, tag="search"):
    """Answer with the number of the next row from `first` on that has `text` in `column` or, for
    `None`, in any, and with the column; in a view that is made."""

    column: int | None
    text: str
    first: int


class Encode(Order, frozen=True, kw_only=True, tag="page"):
    """Answer with a page as JSON. Blocks of a view are made."""

    offset: int
    limit: int


class Export(Order, frozen=True, kw_only=True, tag="export"):
    """Write the result as a file, piece by piece; the view is made. `columns` are places, all of
    them if `None`."""

    format: ExportFormat
    columns: list[int] | None
    escape: bool


AnyOrder = MakeView | ReadFirst | MakeBlocks | Look | Find | Encode | Export


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of an answer. `size` bytes follow it; `rows` have been written so far. With `failed`
    the order came to nothing, for the reason of that name."""

    last: bool = False
    size: int = 0
    rows: int = 0
    value: Any = None
    failed: str | None = None
    code: str = ""
    message: str = ""

    def line(self) -> bytes:
        """The answer as it is sent."""
        return msgspec.json.encode(self) + b"\n"

    def error(self) -> ResultError:
        """Why it came to nothing."""
        match self.failed:
            case "expired":
                return ResultExpired()
            case "damaged":
                return ResultDamaged(self.code)
            case "refused":
                return Refused(self.code, self.message)
            case "no_room":
                return NoRoom()
            case _:
                return HelperFailed(self.message)


def read_order(line: bytes) -> AnyOrder:
    """Raises `msgspec.MsgspecError`."""
    order: AnyOrder = msgspec.json.decode(line, type=AnyOrder)
    return order


def spill_of(jobs_folder: Path) -> Path:
    """Where helpers put what does not fit into their memory; no job is called like this. It is
    within the one folder that they may write in, and emptied when a server starts."""
    return jobs_folder / ".helpers"
