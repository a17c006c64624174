"""Rows as CSV, column by column in Arrow's own code where it says what Python would say.

RFC 4180 with `\\n` at line ends. NULL is nothing at all, an empty text `""`. A text that a
spreadsheet would run as a formula gets an apostrophe before it, unless that is not wanted; what is
a number stays one.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from longwatch.protocol.texts import as_text
from longwatch.protocol.values import python_values
from longwatch.results.where import is_text

_FORMULA: Final = r"^(?:[=@\t\r\n＝＋－＠]|[+\-][\d .,()/+\-]*[^\d .,()/+\-])"
"""A cell that a spreadsheet would run (OWASP, "CSV Injection"): by how it begins, but for signed
numbers and telephone numbers, which hold nothing that could be run."""
_QUOTED: Final = '[",\r\n]'
_YEAR_1_US: Final = -62_135_596_800_000_000
_YEAR_9999_US: Final = 253_402_300_799_999_999


def header(names: list[str], *, escape: bool) -> bytes:
    """The line of column names."""
    return lines([pa.array([name], pa.string()) for name in names], escape=escape)


def lines(columns: list[pa.Array[Any]], *, escape: bool) -> bytes:
    """Rows, each with its line end."""
    if not columns or not len(columns[0]):
        return b""
    texts = [_cells(column, escape=escape) for column in columns]
    if len(texts) == 1:  # a line with nothing on it would be no row to many readers
        texts = [_array(pc.coalesce(texts[0], _text('""')))]
    joined = _join(*texts, by=",", null_handling="replace", null_replacement="")
    whole = _join(joined, _text("\n"))
    # One text follows the other in memory: they are the file.
    _, offsets, data = whole.buffers()
    bounds = memoryview(offsets).cast("q")
    return bytes(memoryview(data)[bounds[whole.offset] : bounds[whole.offset + len(whole)]])


def _cells(column: pa.Array[Any], *, escape: bool) -> pa.Array[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(column.cast(kind.value_type), escape=escape)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return column.cast(pa.large_string())
    if is_text(kind):
        return _quoted(column.cast(pa.large_string()), escape=escape)
    if _is_pythons(column):
        text = column.cast(pa.string()).cast(pa.large_string())
        return _array(pc.replace_substring_regex(text, r"\.0+$", ""))
    values = [None if value is None else as_text(value) for value in python_values(column)]
    # Numbers and moments may begin with a sign or a digit, and are what they are.
    own = pa.types.is_decimal(kind) or pa.types.is_temporal(kind)
    return _quoted(pa.array(values, pa.large_string()), escape=escape and not own)


def _quoted(texts: pa.Array[Any], *, escape: bool) -> pa.Array[Any]:
    if escape:
        risky = pc.match_substring_regex(texts, _FORMULA)
        if pc.any(risky).as_py():
            texts = pc.if_else(risky, _join(_text("'"), texts), texts)
    special = pc.or_(pc.match_substring_regex(texts, _QUOTED), pc.equal(texts, _text("")))
    if not pc.any(special).as_py():
        return texts
    mark = _text('"')
    inside = pc.replace_substring(texts, '"', '""')
    return _array(pc.if_else(special, _join(mark, inside, mark), texts))


def _join(*parts: Any, by: str = "", **options: Any) -> Any:
    join: Any = pc.binary_join_element_wise
    return join(*parts, _text(by), **options)


def _text(value: str) -> Any:
    return pa.scalar(value, pa.large_string())


def _array(value: Any) -> pa.Array[Any]:
    array: pa.Array[Any] = value
    return array


def _is_pythons(column: pa.Array[Any]) -> bool:
    """Whether these are dates or moments without a zone, of the years that Python has."""
    kind = column.type
    if pa.types.is_date32(kind):
        numbers: Any = column.cast(pa.int32())
        unit = 86_400_000_000
    elif pa.types.is_timestamp(kind) and kind.tz is None and kind.unit == "us":
        numbers = column.cast(pa.int64())
        unit = 1
    else:
        return False
    bounds: Any = pc.min_max(numbers).as_py()
    if bounds["min"] is None:
        return True
    return bool(bounds["min"] * unit >= _YEAR_1_US and bounds["max"] * unit <= _YEAR_9999_US)
