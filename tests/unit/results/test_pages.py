"""Reading pages out of a result, and putting them on the wire."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longwatch.results.encode import as_arrow, as_json
from longwatch.results.errors import ResultDamaged, ResultExpired
from longwatch.results.index import INDEX, Index, Segment
from longwatch.results.reader import Page
from longwatch.runner.segments import SegmentWriter
from support.results import read_page

ROWS = 1000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 rows in segments of 70, 140, 280, 510 rows, batches of 70 but for the last."""
    folder = tmp_path_factory.mktemp("result")
    table = pa.table({"n": range(ROWS)})
    writer = SegmentWriter(folder, table.schema)
    for batch in table.to_batches(max_chunksize=70):
        writer.write(batch)
    writer.finish()
    return folder


def numbers(folder: Path, offset: int, limit: int) -> list[Any]:
    page = read_page(folder, offset, limit)
    assert page is not None
    return page.table["n"].to_pylist()


@settings(max_examples=150, deadline=None)
@given(offset=st.integers(0, ROWS + 50), limit=st.integers(1, ROWS + 50))
def test_any_page(folder: Path, offset: int, limit: int) -> None:
    assert numbers(folder, offset, limit) == list(range(ROWS))[offset : offset + limit]


@pytest.mark.parametrize("offset", [ROWS, ROWS + 1, 2**31, 2**63, 10**30])
def test_past_the_end_there_are_columns_and_no_rows(folder: Path, offset: int) -> None:
    page = read_page(folder, offset, 10**30)
    assert page is not None
    assert page.table.num_rows == 0
    assert page.table.schema.names == ["n"]


@pytest.mark.parametrize(("offset", "limit"), [(-1, 10), (0, -1), (-5, 5)])
def test_pages_that_cannot_be(folder: Path, offset: int, limit: int) -> None:
    with pytest.raises(ValueError, match="page"):
        read_page(folder, offset, limit)


def test_nothing_written_yet(tmp_path: Path) -> None:
    assert read_page(tmp_path, 0, 10) is None
    assert read_page(tmp_path / "nowhere", 0, 10) is None


def test_files_that_are_gone(tmp_path: Path) -> None:
    index = Index(
        columns=[], segments=[Segment(file="000000.arrow", rows=1, bytes=1)], complete=True
    )
    (tmp_path / INDEX).write_bytes(msgspec.json.encode(index))
    with pytest.raises(ResultExpired, match="Run the query again"):
        read_page(tmp_path, 0, 10)


def page_of(column: pa.Array[Any]) -> Page:
    index = Index(columns=[], segments=[], complete=True)
    return Page(pa.table({"v": column}), index, len(column))


def through_json(column: pa.Array[Any]) -> list[Any]:
    decoded = json.loads(as_json(page_of(column), 0))
    return [row[0] for row in decoded["rows"]]


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([True, None], pa.bool_(), [True, None]),
        ([2**53, 2**53 + 1, -(2**63)], pa.int64(), [2**53, str(2**53 + 1), str(-(2**63))]),
        ([2**64 - 1], pa.uint64(), [str(2**64 - 1)]),
        ([1.5, float("nan"), float("inf")], pa.float64(), [1.5, "nan", "inf"]),
        ([1.5], pa.float32(), [1.5]),
        ([Decimal("1.50")], pa.decimal128(9, 2), ["1.50"]),
        ([Decimal(10**60)], pa.decimal256(76, 0), [str(10**60)]),
        (["Zoë \x00 \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")],
         pa.large_string(), ["Zoë \x00 😀"]),
        (["view"], pa.string_view(), ["view"]),
        ([b"\xaa\x00"], pa.binary(), ["aa00"]),
        ([b"\xaa\x00"], pa.large_binary(), ["aa00"]),
        ([b"\xaa\x00"], pa.binary(2), ["aa00"]),
        ([dt.date(2013, 1, 2)], pa.date32(), ["2013-01-02"]),
        ([10**7], pa.date32(), ["29349-01-26"]),
        ([2**31 - 1], pa.date32(), ["infinity"]),
        ([dt.date(2013, 1, 2)], pa.date64(), ["2013-01-02"]),
        ([dt.time(1, 2, 3)], pa.time32("s"), ["01:02:03"]),
        ([1], pa.time64("ns"), ["00:00:00.000000001"]),
        ([1, -(2**63) + 1, 0], pa.timestamp("ns"),
         ["1970-01-01T00:00:00.000000001", "-infinity", "1970-01-01T00:00:00"]),
        ([0], pa.timestamp("us", "Europe/Berlin"), ["1970-01-01T01:00:00+01:00"]),
        ([dt.timedelta(days=1, seconds=2)], pa.duration("us"), ["1 day, 0:00:02"]),
        ([(14, 3, 4_500_000_000), (0, 0, 0), (0, 0, -1), (0, 2, 0)], pa.month_day_nano_interval(),
         ["P14M3DT4.5S", "PT0S", "PT-0.000000001S", "P2D"]),
        ([[1, None], [], None], pa.list_(pa.int8()), [[1, None], [], None]),
        ([[2**60]], pa.large_list(pa.int64()), [[str(2**60)]]),
        ([[1, 2]], pa.list_(pa.int8(), 2), [[1, 2]]),
        ([{"a": 1, "b": [b"\x01"]}],
         pa.struct([("a", pa.int8()), ("b", pa.list_(pa.binary()))]), [{"a": 1, "b": ["01"]}]),
        ([[("k", 1)]], pa.map_(pa.string(), pa.int8()), [[["k", 1]]]),
        ([None, None], pa.null(), [None, None]),
    ],
)  # fmt: skip
def test_values_as_json(values: list[Any], kind: pa.DataType, said: list[Any]) -> None:
    column = pa.array(values, kind)
    assert through_json(column) == said


def test_a_dictionary_as_json() -> None:
    assert through_json(pa.array(["a", None, "a"]).dictionary_encode()) == ["a", None, "a"]


def test_a_nested_value_that_python_lacks() -> None:
    kind = pa.list_(pa.struct([("t", pa.timestamp("ns"))]))
    column = pa.array([[{"t": 1}, None], None], kind)
    assert through_json(column) == [[{"t": "1970-01-01T00:00:00.000000001"}, None], None]


def test_columns_of_one_name_keep_their_values() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    page = Page(table, Index(columns=[], segments=[], complete=False), 0)
    answer = json.loads(as_json(page, 5))
    assert answer["rows"] == [[1, 2]]
    assert (answer["offset"], answer["complete"]) == (5, False)


def test_a_page_as_arrow_is_the_page(folder: Path) -> None:
    page = read_page(folder, 65, 10)
    assert page is not None
    with pa.ipc.open_stream(as_arrow(page)) as reader:
        table = reader.read_all()
    assert table["n"].to_pylist() == list(range(65, 75))
    assert table.schema == page.table.schema


def shorten(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("harm", [shorten, empty, zero])
@pytest.mark.parametrize("name", ["000002.arrow", INDEX])
def test_what_a_power_cut_took_is_named(
    folder: Path, tmp_path: Path, harm: Callable[[Path], None], name: str
) -> None:
    hurt = shutil.copytree(folder, tmp_path / "hurt")
    harm(hurt / name)
    with pytest.raises(ResultDamaged, match=f"{name} is not whole.*Run the query again"):
        read_page(hurt, 200, 500)
    if name != INDEX:
        assert numbers(hurt, 0, 210) == list(range(210)), "the other files can still be read"
