"""`index.json` of a result folder: which segments there are, and what they hold.

A result is a folder of segments, each a complete Arrow IPC file (lz4) that any Arrow program
opens: `000000.arrow`, `000001.arrow` … The index is replaced whenever a segment is finished, so
a reader pages through what is there while more is being written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from longwatch.protocol.jobs import Column, ResultInfo, StoppedAt
from longwatch.protocol.wire import UNREADABLE, Count
from longwatch.protocol.worker import SEGMENT_PATTERN
from longwatch.results.errors import ResultDamaged, ResultExpired

INDEX: Final = "index.json"


FileName = Annotated[str, Meta(pattern=SEGMENT_PATTERN)]
"""It becomes part of a path, and an index may be a worker's."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One finished file: its name, its rows, its bytes on disk.

    `batch_rows` are the rows of each of its batches but the last, so that the one with a row is
    found at once: an Arrow file does not say, and to open a batch is to decompress it (0.5 ms, 30
    for half a segment). `None` where they differ.
    """

    file: FileName
    rows: Count
    bytes: Count
    batch_rows: Count | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Every finished segment in order; `complete` once no more will come, be it because the result
    `stopped_at` a limit."""

    columns: list[Column]
    segments: Annotated[list[Segment], Meta(min_length=1)]
    complete: bool
    stopped_at: StoppedAt | None = None

    @property
    def rows(self) -> int:
        """Rows in all finished segments."""
        return sum(segment.rows for segment in self.segments)

    @property
    def bytes(self) -> int:
        """Bytes on disk of all finished segments."""
        return sum(segment.bytes for segment in self.segments)

    def info(self) -> ResultInfo:
        """The result as the wire describes it."""
        return ResultInfo(
            rows=self.rows,
            bytes=self.bytes,
            columns=self.columns,
            complete=self.complete and self.stopped_at is None,
            stopped_at=self.stopped_at,
        )


def read_index(folder: Path) -> Index | None:
    """The index of a result `folder`; `None` while nothing has been written. Raises
    `ResultDamaged`."""
    try:
        return msgspec.json.decode((folder / INDEX).read_bytes(), type=Index)
    except FileNotFoundError:
        return None
    except UNREADABLE:
        raise ResultDamaged(INDEX) from None


def require_index(folder: Path) -> Index:
    """The same of a result that was there. Raises `ResultExpired` and `ResultDamaged`."""
    index = read_index(folder)
    if index is None:
        raise ResultExpired
    return index
