"""Values of a result outside of Arrow, where Python or JSON has no such value: as text.

Python's dates end with the year 9999 and its times with microseconds; SQL's do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def python_values(column: pa.Array[Any] | pa.ChunkedArray[Any]) -> list[Any]:
    """The column's values as Python has them, each that it has not as text (ISO 8601)."""
    if _is_finer(column.type):
        return [_one(scalar) for scalar in column]
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        return [_one(scalar) for scalar in column]
    return values


def interval_text(interval: tuple[int, int, int]) -> str:
    """Months, days and nanoseconds as ISO 8601: `P14M3DT4.5S`."""
    months, days, nanoseconds = interval
    date = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    if not nanoseconds and date:
        return f"P{date}"
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"P{date}T{sign}{seconds}{fraction}S"


def _one(scalar: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s, and there is a column of it already

    value: Any
    match scalar:
        case _ if not scalar.is_valid:
            value = None
        case pa.StructScalar():
            value = {name: _one(field) for name, field in scalar.items()}
        case pa.MapScalar():
            value = [(_one(pair["key"]), _one(pair["value"])) for pair in scalar.values or ()]
        case pa.ListScalar():  # and its kinds
            value = [_one(element) for element in scalar.values or ()]
        case pa.UnionScalar():
            value = _one(scalar.value)
        case _:
            value = _simple(scalar)
    return value


def _is_finer(kind: pa.DataType) -> bool:
    """Whether there are nanoseconds in it: where pandas is installed Arrow hands out values of its,
    which nothing here expects."""
    return "[ns" in str(kind)


def _simple(scalar: Any) -> Any:
    if _is_finer(scalar.type) and scalar.value is not None:
        if scalar.value % 1000:
            return _time_text(scalar)
        scalar = scalar.cast(_in_microseconds(scalar.type))
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return _time_text(scalar)


def _in_microseconds(kind: Any) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415 - as above

    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us")


def _time_text(scalar: Any) -> str:
    import pyarrow as pa  # noqa: PLC0415 - as above

    largest = 2 ** (scalar.type.bit_width - 1) - 1
    if scalar.value in {largest, -largest} and not pa.types.is_time(scalar.type):
        return "infinity" if scalar.value > 0 else "-infinity"
    return str(scalar.cast(pa.string()).as_py()).replace(" ", "T")
