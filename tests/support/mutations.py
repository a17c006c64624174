"""Data as nobody means it: what is sent or written, harmed in every way there is (Hypothesis)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

DEEP: Final = 30_000
"""Far more than any reader follows; 30 KB."""
_ODD: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 2**31, 2**53 + 1, 2**63, 2**64, 10**40, 0.5, -1e300, 1e300]),
    st.sampled_from(["", "x", "é\u2028", "\x00", "9999-12-31T23:59:59Z", "../../etc/passwd"]),
    st.text(max_size=20),
    st.sampled_from([[], {}, [[]], {"type": "hello"}, "y" * 70_000]),
)


def quickly(test: Callable[..., None]) -> Callable[..., None]:
    """A few examples, the same each time."""
    found: Callable[..., None] = few(25, derandomize=True, phases=[Phase.generate])(test)
    return found


def thoroughly(test: Callable[..., None]) -> Callable[..., None]:
    """Many examples, others each time."""
    found: Callable[..., None] = few(600)(test)
    return found


def few(examples: int, **more: Any) -> settings:
    """So many examples, with fixtures that they share and with nothing kept of them."""
    return settings(
        max_examples=examples,
        database=None,
        suppress_health_check=[*HealthCheck],
        **more,
    )


@st.composite
def harmed_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    """`whole`, cut off, with bits turned over, or with pieces lost, repeated or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["cut", "flip", "lose", "repeat", "insert"])):
            case "cut":
                del data[at:]
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "lose":
                del data[at : at + draw(st.integers(1, 64))]
            case "repeat":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case _:
                data[at:at] = draw(st.binary(min_size=1, max_size=16))
    return bytes(data)


@st.composite
def harmed_json(draw: st.DrawFn, record: Any) -> bytes:
    """A record as JSON in which a value is another, is not there or has company; or nested without
    end; or harmed as bytes."""
    match draw(st.sampled_from(["value", "value", "value", "less", "more", "deep", "bytes"])):
        case "value":
            return _written(_changed(draw, record))
        case "less" if isinstance(record, dict) and record:
            gone = draw(st.sampled_from(sorted(record)))
            return _written({key: value for key, value in record.items() if key != gone})
        case "more" if isinstance(record, dict):
            return _written({**record, draw(st.text(max_size=8)): draw(_ODD)})
        case "deep":
            opened = draw(st.sampled_from(["[", '{"a":', '[{"type":']))
            before = _written(record)[:-1] + b',"deep":' if draw(st.booleans()) else b""
            return before + (opened * DEEP).encode()
    return draw(harmed_bytes(_written(record)))


def _changed(draw: st.DrawFn, record: Any) -> Any:
    """The same with one value, however deep, replaced."""
    if isinstance(record, dict) and record and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(record)))
        return {**record, key: _changed(draw, record[key])}
    if isinstance(record, list) and record and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(record) - 1))
        return [*record[:at], _changed(draw, record[at]), *record[at + 1 :]]
    return draw(_ODD)


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
