"""A result in another order, or some of its rows: which rows those are, and blocks of them.

A view lies beside the segments it is a view of, so that whatever removes or counts a result does
so with its views. `view-D.ids` holds the numbers of its rows, in order, 4 bytes each (8 beyond
2³² rows): that is all a sort has to write. `view-D-7.arrow` holds its rows 7 × `block_rows`
onward. Neighbours in a view lie all over the result: to gather 500 of them means to open most
batches there are (0.5 s of ten million rows), and so does to gather 8,192. So rows are gathered
in blocks, and a page that was read once, or is near one that was, is read as quickly as a plain
one. Blocks are kept while there is room for them, the views read last as well.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longwatch.results.criteria import Criteria
from longwatch.results.index import Index

MOST_VIEWS: Final = 4
MOST_BLOCK_BYTES: Final = 256 * 2**20
"""Of all blocks of a result."""
LARGEST_BLOCK_BYTES: Final = 8 * 2**20
"""Of one, as its rows lie in the result."""
LARGEST_BLOCK_ROWS: Final = 8_192
_SMALLEST_BLOCK_ROWS: Final = 128
BATCH_ROWS: Final = 1_024
"""Of a block's batches, all but the last: what a page of a few hundred rows opens."""


@dataclass(frozen=True, slots=True)
class View:
    """Where the files of a view are. It may not be made yet."""

    folder: Path
    digest: str
    width: int
    block_rows: int

    @property
    def ids(self) -> Path:
        """The numbers of its rows."""
        return self.folder / f"view-{self.digest}.ids"

    def block(self, number: int) -> Path:
        """The rows from `number * block_rows` on."""
        return self.folder / f"view-{self.digest}-{number}.arrow"

    def rows(self) -> int | None:
        """How many rows it has; `None` while it is not made."""
        try:
            return self.ids.stat().st_size // self.width
        except FileNotFoundError:
            return None

    def blocks_of(self, offset: int, limit: int, rows: int) -> range:
        """The numbers of the blocks that hold rows `offset` to `offset + limit`."""
        end = min(offset + limit, rows)
        if offset >= end:
            return range(0)
        return range(offset // self.block_rows, (end - 1) // self.block_rows + 1)

    def missing(self, numbers: range) -> list[int]:
        """Those of the blocks that are not made."""
        return [number for number in numbers if not self.block(number).exists()]

    def touch(self) -> None:
        """Say that it was read: the views that were not are the first to go."""
        with contextlib.suppress(OSError):
            os.utime(self.ids)


def view_of(folder: Path, index: Index, criteria: Criteria) -> View:
    """The view that `criteria` make of a result."""
    rows = LARGEST_BLOCK_ROWS
    while rows > _SMALLEST_BLOCK_ROWS and rows * index.bytes > LARGEST_BLOCK_BYTES * max(
        1, index.rows
    ):
        rows //= 2
    width = 4 if index.rows <= 2**32 else 8
    return View(folder, criteria.digest(index.rows), width, rows)


def tidy(kept: View) -> None:
    """Remove what there are too many of, the longest unread first, and never `kept`'s own list."""
    files = list(_files(kept.folder))
    lists = sorted((one for one in files if one.suffix == ".ids"), key=_changed_s, reverse=True)
    for old in [one for one in lists if one != kept.ids][MOST_VIEWS - 1 :]:
        for file in files:
            if file.name.startswith(old.stem):
                file.unlink(missing_ok=True)
    left = MOST_BLOCK_BYTES
    blocks = [one for one in files if one.suffix == ".arrow"]
    for block in sorted(blocks, key=_changed_s, reverse=True):
        with contextlib.suppress(FileNotFoundError):
            left -= block.stat().st_size
            if left < 0:
                block.unlink()


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("view-"):
                yield Path(entry.path)


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
