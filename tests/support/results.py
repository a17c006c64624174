"""Results as tests look into them."""

from __future__ import annotations

from pathlib import Path

from longwatch.results.index import read_index
from longwatch.results.reader import Page, page_of


def read_page(folder: Path, offset: int, limit: int) -> Page | None:
    """A page of the result in `folder`; `None` while nothing has been written."""
    index = read_index(folder)
    return None if index is None else page_of(folder, index, offset, limit)
