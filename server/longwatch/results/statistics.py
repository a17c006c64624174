"""What is in a column, counted by DuckDB."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from longwatch.protocol.results import Bin, ColumnStatistics, Frequent, Quantile
from longwatch.protocol.values import python_values
from longwatch.results.criteria import Check
from longwatch.results.encode import plain
from longwatch.results.errors import Refused
from longwatch.results.index import Index
from longwatch.results.reader import read_schema
from longwatch.results.scan import Scan
from longwatch.results.where import where

QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MOST_FREQUENT: Final = 20
BINS: Final = 20
_EXACT_UP_TO: Final = 100_000
"""Distinct values that are all counted; of more, those that seem frequent are."""
_CANDIDATES: Final = 60
_LONGEST_TEXT: Final = 500


class _Column:
    """One column's rows, read anew by each question."""

    def __init__(
        self, scan: Scan, folder: Path, index: Index, column: int, checks: tuple[Check, ...]
    ) -> None:
        self._scan = scan
        self._folder = folder
        self._index = index
        self._columns = {column, *(check.column for check in checks)}
        self._condition, self._values = where(checks, read_schema(folder, index))
        self._column = f"c{column}"

    def ask(self, sql: str, *values: object) -> list[list[Any]]:
        """Rows of an answer: `sql` selects from `t`, whose one column is `v`."""
        self._scan.rows(self._folder, self._index, self._columns)
        whole = f"WITH t AS (SELECT {self._column} AS v FROM r WHERE {self._condition}) {sql}"  # noqa: S608 - see scan
        return self._scan.fetch(whole, [*self._values, *values])

    def may(self, sql: str, *values: object) -> list[list[Any]]:
        """The same, nothing where the type does not allow it."""
        with contextlib.suppress(Refused):
            return self.ask(sql, *values)
        return []


def statistics(
    folder: Path, index: Index, column: int, checks: tuple[Check, ...], spill: Path
) -> ColumnStatistics:
    """Look at one column of the rows that fulfil `checks`. Raises `Refused`, `ResultExpired`,
    `ResultDamaged`."""
    kind = read_schema(folder, index).field(column).type
    with Scan(spill) as scan:
        return _statistics(_Column(scan, folder, index, column, checks), index, column, kind)


def _statistics(asked: _Column, index: Index, column: int, kind: pa.DataType) -> ColumnStatistics:
    ((rows, nulls),) = asked.ask("SELECT count(*), count(*) - count(v) FROM t")
    numeric = _is_number(kind)
    finite = "isfinite(v)" if _has_infinity(kind) else "v IS NOT NULL"
    (distinct,) = (asked.may("SELECT approx_count_distinct(v) FROM t") or [[0]])[0]
    low, high = (asked.may("SELECT min(v), max(v) FROM t") or [[None, None]])[0]
    mean = std = None
    if numeric:
        mean, std = asked.ask(
            f"SELECT avg(v::DOUBLE), stddev_samp(v::DOUBLE) FROM t WHERE {finite}"  # noqa: S608
        )[0]
    quantiles: list[Quantile] = []
    bins: list[Bin] = []
    if numeric or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        quantiles = _quantiles(asked, finite)
        bins = _histogram(asked, kind, finite)
    frequent, exact = _frequent(asked, distinct)
    return ColumnStatistics(
        column=index.columns[column].name,
        type=index.columns[column].type,
        rows=rows,
        nulls=nulls,
        distinct=min(distinct, rows - nulls),
        min=_shown(low),
        max=_shown(high),
        mean=_number(mean),
        std=_number(std),
        quantiles=quantiles,
        frequent=frequent,
        frequent_exact=exact,
        histogram=bins,
    )


def _quantiles(asked: _Column, finite: str) -> list[Quantile]:
    listed = ", ".join(map(str, QUANTILES))
    found = asked.may(f"SELECT approx_quantile(v, [{listed}]) FROM t WHERE {finite}")  # noqa: S608
    values = found[0][0] if found else None
    if values is None:
        return []
    pairs = zip(QUANTILES, values, strict=True)
    return [Quantile(at=at, value=_shown(value)) for at, value in pairs]


def _frequent(asked: _Column, distinct: int) -> tuple[list[Frequent], bool]:
    exact = distinct <= _EXACT_UP_TO
    most = "SELECT v, count(*) AS k FROM t WHERE v IS NOT NULL"
    order = f"GROUP BY v ORDER BY k DESC, v LIMIT {MOST_FREQUENT}"
    if exact:
        found = asked.may(f"{most} {order}")
    else:
        # Grouping ten million values takes seconds and hundreds of megabytes; this finds some that
        # are frequent in little memory, and then counts them.
        candidates = asked.may(f"SELECT unnest(approx_top_k(v, {_CANDIDATES})) FROM t")  # noqa: S608
        values = [row[0] for row in candidates if isinstance(row[0], str | int | float | bool)]
        if len(values) < len(candidates) or not values:
            return [], False
        marks = ", ".join("?" for _ in values)
        found = asked.may(f"{most} AND v IN ({marks}) {order}", *values)
    return [Frequent(value=_shown(value), count=count) for value, count in found], exact


def _histogram(asked: _Column, kind: pa.DataType, finite: str) -> list[Bin]:
    """Bars of equal width."""
    moment = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    number = "epoch(v)" if moment else "v::DOUBLE"
    found = asked.may(
        f"SELECT min({number}), max({number}), count(v) FROM t WHERE {finite}"  # noqa: S608
    )
    if not found or not found[0][2]:
        return []
    low, high, count = found[0]
    label = _moment(kind) if moment else _number
    if not low < high or not math.isfinite(high - low):
        return [Bin(low=label(low), high=label(high), count=count)]
    width = (high - low) / BINS
    counted = dict(
        asked.may(
            f"SELECT least({BINS - 1}, floor(({number} - ?) / ?))::INTEGER AS b, count(*) "  # noqa: S608
            f"FROM t WHERE {finite} GROUP BY b",
            low,
            width,
        )
    )
    edges = [low + width * number for number in range(BINS)] + [high]
    return [
        Bin(low=label(edges[number]), high=label(edges[number + 1]), count=counted.get(number, 0))
        for number in range(BINS)
    ]


def _moment(kind: pa.DataType) -> Callable[[float], Any]:
    """Seconds since 1970 as a value of the column's type, as pages show it."""

    def label(seconds: float) -> Any:
        unit = pa.timestamp("us", getattr(kind, "tz", None))
        try:
            made = pa.array([round(seconds * 1e6)], unit)
        except OverflowError:
            return None
        return plain(python_values(made)[0])

    return label


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _has_infinity(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _number(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _shown(value: Any) -> Any:
    shown = plain(value)
    if isinstance(shown, str):
        return shown if len(shown) <= _LONGEST_TEXT else shown[:_LONGEST_TEXT] + "…"
    if isinstance(shown, list | dict) and len(msgspec.json.encode(shown)) > _LONGEST_TEXT:
        return msgspec.json.encode(shown).decode("utf-8")[:_LONGEST_TEXT] + "…"
    return shown
