"""Writes an XLSX sheet: every row once, in constant memory, into a file of the helper's own.

A number stays a number where a sheet holds it exactly (15 digits) and is a text otherwise. Dates
and moments without a zone are dates of the sheet, which has microseconds no more than years before
1900; those it has not, and all with a zone, are texts in ISO 8601. A text is a cell of texts,
which no spreadsheet runs, whatever it begins with.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import xlsxwriter

from longwatch.protocol.results import MAX_SHEET_ROWS
from longwatch.protocol.texts import as_text
from longwatch.protocol.values import python_values
from longwatch.results.errors import Refused

MAX_COLUMNS: Final = 16_384
MAX_CELL_CHARS: Final = 32_767
_LARGEST_EXACT: Final = 10**15
_DIGITS: Final = 15
_FIRST_DAY: Final = dt.date(1900, 3, 1)
"""Before it sheets count a day that never was."""


def check_sheet(rows: int, columns: int) -> None:
    """Raises `Refused` (`too_large_for_xlsx`) for what no sheet holds."""
    if rows + 1 > MAX_SHEET_ROWS:
        raise Refused(
            "too_large_for_xlsx",
            f"A sheet holds {MAX_SHEET_ROWS - 1:,} rows below its header, and these are {rows:,}. "
            "Filter them, or export them as CSV or Parquet.",
        )
    if columns > MAX_COLUMNS:
        raise Refused(
            "too_large_for_xlsx",
            f"A sheet holds {MAX_COLUMNS:,} columns, and these are {columns:,}. Choose some with "
            "`columns`.",
        )


class SheetWriter:
    """One sheet. `write` each batch, then `close`; the file is whole then."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "tmpdir": str(path.parent)}
        )
        self._book.use_zip64()
        self._sheet = self._book.add_worksheet("Result")
        self._sheet.freeze_panes(1, 0)
        bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._names = names
        for column, name in enumerate(names):
            self._sheet.write_string(0, column, name[:MAX_CELL_CHARS], bold)
        self._row = 1

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows. Raises `Refused` for a text that no cell holds."""
        columns = [python_values(column) for column in batch.columns]
        for row in zip(*columns, strict=True):
            for column, value in enumerate(row):
                if value is not None:
                    self._cell(column, value)
            self._row += 1

    def close(self) -> None:
        """Finish the file."""
        self._book.close()

    def _cell(self, column: int, value: Any) -> None:
        sheet, row = self._sheet, self._row
        day = _dated(value)
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif _is_exact(value):
            sheet.write_number(row, column, float(value))
        elif day is not None:
            moment = day if isinstance(day, dt.datetime) else None
            style = self._day if moment is None else self._moment
            whole = moment or dt.datetime.combine(day, dt.time())
            sheet.write_datetime(row, column, whole, style)
        else:
            text = as_text(value)
            if len(text) > MAX_CELL_CHARS:
                raise Refused(
                    "too_large_for_xlsx",
                    f'Row {row} has {len(text):,} characters in "{self._names[column][:100]}", and '
                    f"a cell holds {MAX_CELL_CHARS:,}. Leave the column out, or export as CSV or "
                    "Parquet.",
                )
            sheet.write_string(row, column, text)


def _is_exact(value: Any) -> bool:
    """Whether a sheet's number says the same."""
    if isinstance(value, int):
        return abs(value) <= _LARGEST_EXACT
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, Decimal) and len(value.as_tuple().digits) <= _DIGITS


def _dated(value: Any) -> dt.date | dt.datetime | None:
    """The value if it is a date that a sheet has, to the millisecond."""
    if isinstance(value, dt.datetime):
        exact = value.tzinfo is None and value.microsecond % 1_000 == 0
        return value if exact and value.date() >= _FIRST_DAY else None
    if isinstance(value, dt.date) and value >= _FIRST_DAY:
        return value
    return None
