"""Pages of a result, and of views of it whose blocks are made."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from longwatch.results.criteria import Criteria
from longwatch.results.errors import ResultDamaged
from longwatch.results.index import Index
from longwatch.results.reader import Page, is_damage, page_of, read_schema
from longwatch.results.views import BATCH_ROWS, View, view_of


def page_by(folder: Path, index: Index, criteria: Criteria, offset: int, limit: int) -> Page | None:
    """A page of the result as it was written, or else of the view that `criteria` make of it.
    Raises as `page_of` does, and returns `None` as `page_of_view` does."""
    if criteria.is_plain:
        return page_of(folder, index, offset, limit)
    return page_of_view(view_of(folder, index, criteria), index, offset, limit)


def page_of_view(view: View, index: Index, offset: int, limit: int) -> Page | None:
    """Rows `offset` to `offset + limit` of a view, with its number of rows in the index; `None`
    when the view or one of the blocks is not made. Raises `ResultExpired`, `ResultDamaged`."""
    rows = view.rows()
    if rows is None:
        return None
    view.touch()
    parts: list[pa.RecordBatch] = []
    for number in view.blocks_of(offset, limit, rows):
        start = number * view.block_rows
        path = view.block(number)
        try:
            parts += _rows(path, max(0, offset - start), offset + limit - start)
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError) as error:
            if not is_damage(error):
                raise
            path.unlink(missing_ok=True)
            raise ResultDamaged(path.name) from None
    schema = parts[0].schema if parts else read_schema(view.folder, index)
    return Page(pa.Table.from_batches(parts, schema), index, rows)


def _rows(path: Path, first: int, end: int) -> list[pa.RecordBatch]:
    parts = []
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        row = 0
        for number in range(reader.num_record_batches):
            if row >= end:
                break
            if row + BATCH_ROWS <= first:
                row += BATCH_ROWS
                continue
            batch = reader.get_batch(number)
            low, high = max(first - row, 0), min(end - row, batch.num_rows)
            if low < high:
                parts.append(batch.slice(low, high - low))
            row += batch.num_rows
    return parts
