"""What can be asked of a result beside its pages: an order, a filter, statistics, exports."""

from __future__ import annotations

import enum
from typing import Any, Final

from longwatch.protocol.wire import Wire

MAX_SORT_KEYS: Final = 16
MAX_CONDITIONS: Final = 50
MAX_LISTED: Final = 1_000
"""Values of one `in`."""
MAX_CRITERIA_CHARS: Final = 16_000
"""Of a filter or an order in an address."""
MAX_SEARCH_CHARS: Final = 1_000
EXPORT_ID_PATTERN: Final = "^[A-Za-z0-9_-]{8,64}$"
MAX_SHEET_ROWS: Final = 1_048_576
"""Of an XLSX sheet, its header included (ECMA-376; Excel's own bound)."""


class SortKey(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column to sort by. NULLs come last, whichever way."""

    column: str
    descending: bool = False


class Op(enum.StrEnum):
    """How a condition compares. `contains` and `starts_with` take upper and lower case for the
    same; all others are exact."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_NULL = "is_null"
    NOT_NULL = "not_null"
    IN = "in"


class Condition(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a row must fulfil. `value` is a number, a text (also for moments, ISO 8601) or a
    boolean; a list of them for `in`; none for `is_null` and `not_null`. NULL fulfils `is_null`
    alone."""

    column: str
    op: Op
    value: Any = None


class Frequent(Wire, frozen=True, kw_only=True):
    """A value and how many rows have it."""

    value: Any
    count: int


class Bin(Wire, frozen=True, kw_only=True):
    """One bar of a histogram: rows from `low` up to `high`, which only the last one includes."""

    low: Any
    high: Any
    count: int


class Quantile(Wire, frozen=True, kw_only=True):
    """The value that the share `at` of all rows lies at or below."""

    at: float
    value: Any


class ColumnStatistics(Wire, frozen=True, kw_only=True):
    """One column of a result, of the rows that match the filter.

    `rows` counts them, `nulls` those without a value. `distinct` is an estimate (HyperLogLog, some
    per cent off), and so are `quantiles` (t-digest). `frequent` holds the most frequent values
    with exact counts; which values they are is exact as well if `frequent_exact`. What a type does
    not have is `None` or empty: only numbers have `mean` and `std`, only numbers, dates and
    moments quantiles and a `histogram`, for which NaN and infinities do not count. Values are as
    in a page of JSON; long texts are cut.
    """

    column: str
    type: str
    rows: int
    nulls: int
    distinct: int
    min: Any
    max: Any
    mean: float | None
    std: float | None
    quantiles: list[Quantile]
    frequent: list[Frequent]
    frequent_exact: bool
    histogram: list[Bin]


class SearchHit(Wire, frozen=True, kw_only=True):
    """The next row with the text, counted from 0 in the order and filter that were asked for, and
    the first column that has it there, from 0; `None` when there is none."""

    row: int | None
    column: int | None = None


class ExportFormat(enum.StrEnum):
    """The kinds of file that a result can become."""

    CSV = "csv"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"
    ARROW = "arrow"


class Formulas(enum.StrEnum):
    """What becomes of a text that a spreadsheet would run as a formula."""

    ESCAPE = "escape"
    KEEP = "keep"


class ExportState(enum.StrEnum):
    """Where an export stands; the last three are final."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ExportStatus(Wire, frozen=True, kw_only=True):
    """One export. `rows` have been written of `total_rows`, which is `None` while a filter still
    looks for them; `bytes` have been sent."""

    id: str
    job_id: str
    format: ExportFormat
    state: ExportState
    rows: int
    total_rows: int | None
    bytes: int
    error: str | None
