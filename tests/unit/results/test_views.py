"""Results in another order: against what Python makes of the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from longwatch.protocol.results import Op
from longwatch.results import gather as gathering
from longwatch.results import scan, views
from longwatch.results.criteria import Check, Criteria, Key
from longwatch.results.errors import Refused, ResultDamaged, ResultExpired
from longwatch.results.gather import first_rows, gather, make_blocks, make_view, row_numbers
from longwatch.results.index import Index, require_index
from longwatch.results.paging import page_of_view
from longwatch.results.search import next_hit
from longwatch.results.views import View, view_of
from longwatch.runner.segments import SegmentWriter

ROWS = 3_000
N, WORD, REAL, MOMENT, PRICE = range(5)


def write(folder: Path, table: pa.Table, batch_rows: int = 100) -> Index:
    writer = SegmentWriter(folder, table.schema)
    for batch in table.to_batches(max_chunksize=batch_rows):
        writer.write(batch)
    writer.finish()
    return require_index(folder)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    dice = random.Random(7)
    words = [None, "", "Äpfel", "apfel", "it's", 'q"', "%", "zebra " * 10]
    return pa.table(
        {
            "n": range(ROWS),
            "word": pa.array([dice.choice(words) for _ in range(ROWS)], pa.string()),
            "real": pa.array(
                [dice.choice([None, float("nan"), 0.5, -1.0, dice.random()]) for _ in range(ROWS)],
                pa.float64(),
            ),
            "moment": pa.array([datetime(2020, 1, 1 + dice.randrange(28)) for _ in range(ROWS)]),
            "price": pa.array(
                [Decimal(dice.randrange(10)) / 10 for _ in range(ROWS)], pa.decimal128(9, 2)
            ),
        }
    )


@pytest.fixture
def result(tmp_path: Path, table: pa.Table) -> tuple[Path, Index]:
    folder = tmp_path / "result"
    folder.mkdir()
    return folder, write(folder, table)


def made(result: tuple[Path, Index], criteria: Criteria) -> View:
    folder, index = result
    view = view_of(folder, index, criteria)
    make_view(view, index, criteria, folder.parent / "spill")
    return view


def numbers(view: View) -> list[int]:
    with row_numbers(view) as ids:
        return [int(one or 0) for one in ids.to_pylist()]


def by(value: Callable[[dict[str, Any]], Any], *, descending: bool = False) -> Callable[..., Any]:
    """A key that puts NULLs last either way."""

    def key(row: dict[str, Any]) -> Any:
        found = value(row)
        return (found is None, 0 if found is None else found)

    def flipped(row: dict[str, Any]) -> Any:
        found = value(row)
        return (found is not None, found if found is not None else 0)

    return flipped if descending else key


@pytest.mark.parametrize(
    ("column", "descending"),
    [(N, True), (WORD, False), (WORD, True), (MOMENT, True), (PRICE, False)],
)
def test_an_order_is_stable_and_has_nulls_last(
    result: tuple[Path, Index], table: pa.Table, column: int, descending: bool
) -> None:
    name = table.schema.names[column]
    rows = table.to_pylist()

    def value(row: dict[str, Any]) -> Any:
        found = row[name]
        return found.encode() if isinstance(found, str) else found

    key = by(value, descending=descending)
    expected = [row["n"] for row in sorted(rows, key=key, reverse=descending)]
    if descending:  # Python's reverse keeps ties in order, as it should be
        assert expected[0] != expected[-1]
    assert numbers(made(result, Criteria(sort=(Key(column, descending),)))) == expected


def test_an_order_of_two_columns(result: tuple[Path, Index], table: pa.Table) -> None:
    rows = table.to_pylist()
    expected = [row["n"] for row in sorted(rows, key=lambda row: (row["price"], -row["n"]))]
    view = made(result, Criteria(sort=(Key(PRICE, False), Key(N, True))))
    assert numbers(view) == expected


@pytest.mark.parametrize(
    ("test", "fits"),
    [
        (Check(N, Op.LT, 10), lambda row: row["n"] < 10),
        (Check(N, Op.LT, 9.5), lambda row: row["n"] < 9.5),
        (Check(N, Op.GE, "2990"), lambda row: row["n"] >= 2990),
        (Check(N, Op.EQ, 10**30), lambda _: False),
        (Check(WORD, Op.EQ, "it's"), lambda row: row["word"] == "it's"),
        (Check(WORD, Op.NE, "it's"), lambda row: row["word"] not in {None, "it's"}),
        (Check(WORD, Op.EQ, "' OR 1=1 --"), lambda _: False),
        (Check(WORD, Op.CONTAINS, "ÄPF"), lambda row: row["word"] == "Äpfel"),
        (Check(WORD, Op.CONTAINS, "%"), lambda row: row["word"] == "%"),
        (Check(WORD, Op.STARTS_WITH, "A"), lambda row: row["word"] == "apfel"),
        (Check(WORD, Op.IS_NULL, None), lambda row: row["word"] is None),
        (Check(WORD, Op.NOT_NULL, None), lambda row: row["word"] is not None),
        (Check(WORD, Op.IN, ["", "%"]), lambda row: row["word"] in {"", "%"}),
        (
            Check(REAL, Op.EQ, "nan"),
            lambda row: row["real"] is not None and row["real"] != row["real"],
        ),
        (Check(REAL, Op.LT, 0), lambda row: row["real"] is not None and row["real"] < 0),
        (Check(MOMENT, Op.GE, "2020-01-27"), lambda row: row["moment"].day >= 27),
        (Check(MOMENT, Op.EQ, "2020-01-02T00:00:00"), lambda row: row["moment"].day == 2),
        (Check(PRICE, Op.EQ, 0.3), lambda row: row["price"] == Decimal("0.3")),
        (
            Check(PRICE, Op.IN, [0.1, "0.20"]),
            lambda row: row["price"] in {Decimal("0.1"), Decimal("0.2")},
        ),
        (Check(N, Op.CONTAINS, "99"), lambda row: "99" in str(row["n"])),
    ],
)
def test_a_filter(
    result: tuple[Path, Index], table: pa.Table, test: Check, fits: Callable[[Any], bool]
) -> None:
    expected = [row["n"] for row in table.to_pylist() if fits(row)]
    assert numbers(made(result, Criteria(checks=(test,)))) == expected


def test_a_value_that_cannot_be_read_is_refused(result: tuple[Path, Index]) -> None:
    with pytest.raises(Refused, match="yesterday") as caught:
        made(result, Criteria(checks=(Check(MOMENT, Op.EQ, "yesterday"),)))
    assert caught.value.code == "invalid_filter"
    assert list(result[0].glob("view-*")) == []


def test_pages_come_from_blocks(result: tuple[Path, Index], table: pa.Table) -> None:
    folder, index = result
    criteria = Criteria(sort=(Key(N, True),))
    view = view_of(folder, index, criteria)
    assert page_of_view(view, index, 0, 10) is None
    view = made(result, criteria)
    small = View(folder, view.digest, view.width, 700)
    assert page_of_view(small, index, 650, 100) is None
    make_blocks(small, index, small.missing(small.blocks_of(650, 1500, ROWS)))
    page = page_of_view(small, index, 650, 1500)
    assert page is not None
    assert page.total_rows == ROWS
    assert page.table.column("n").to_pylist() == list(range(ROWS - 651, ROWS - 2151, -1))
    assert page.table.schema == table.schema
    past = page_of_view(small, index, ROWS + 5, 10)
    assert past is not None
    assert past.table.num_rows == 0


def test_blocks_are_gathered_in_windows(
    result: tuple[Path, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "WINDOW_BYTES", 1)
    folder, index = result
    view = made(result, Criteria(sort=(Key(N, True),)))
    small = View(folder, view.digest, view.width, 300)
    make_blocks(small, index, list(range(10)))
    page = page_of_view(small, index, 0, ROWS)
    assert page is not None
    assert page.table.column("n").to_pylist() == list(range(ROWS - 1, -1, -1))


@pytest.mark.parametrize(("offset", "limit"), [(0, 10), (5, 1), (2_995, 10), (4_000, 5)])
def test_the_first_rows_are_those_of_the_view(
    result: tuple[Path, Index], table: pa.Table, offset: int, limit: int
) -> None:
    folder, index = result
    for checks in ((), (Check(WORD, Op.NOT_NULL, None),)):
        criteria = Criteria(sort=(Key(PRICE, True), Key(WORD, False)), checks=checks)
        view = view_of(folder, index, criteria)
        spill = folder.parent / "spill"
        page = first_rows(view, index, criteria, offset=offset, limit=limit, spill=spill)
        assert not view.ids.exists()
        make_view(view, index, criteria, spill)
        assert page.total_rows == view.rows()
        assert page.table["n"].to_pylist() == numbers(view)[offset : offset + limit]
        assert page.table.schema == table.schema
        view.ids.unlink()


def test_rows_of_every_kind_are_gathered_as_they_are(tmp_path: Path) -> None:
    union = pa.UnionArray.from_sparse(
        pa.array([0, 1] * 50, pa.int8()), [pa.array(range(100)), pa.array(["x"] * 100)]
    )
    table = pa.table(
        {
            "list": pa.array([[n, None] for n in range(100)]),
            "map": pa.array([[("k", n)] for n in range(100)], pa.map_(pa.string(), pa.int64())),
            "interval": pa.array([(1, 2, n) for n in range(100)], pa.month_day_nano_interval()),
            "choice": pa.array(["a", "b"] * 50).dictionary_encode(),
            "union": union,
            "view": pa.array([str(n) for n in range(100)], pa.string_view()),
            "wide": pa.array([Decimal(10**60 + n) for n in range(100)], pa.decimal256(76, 0)),
        }
    )
    index = write(tmp_path, table, 7)
    wanted = [99, 0, 50, 50, 7]
    found = gather(tmp_path, index, pa.array(wanted, pa.uint32()))
    rows = table.to_pylist()
    assert found.to_pylist() == [rows[n] for n in wanted]
    assert found.schema == table.schema


def test_a_sort_that_does_not_fit_into_memory_spills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "MEMORY_BYTES", 24 * 2**20)
    count = 1_000_000
    table = pa.table({"n": pa.array([n * 7919 % count for n in range(count)], pa.int64())})
    folder = tmp_path / "result"
    folder.mkdir()
    index = write(folder, table, 10_240)
    criteria = Criteria(sort=(Key(N, False),))
    view = view_of(folder, index, criteria)
    spill = tmp_path / "not" / "there"
    make_view(view, index, criteria, spill)
    found = gather(folder, index, pa.array(numbers(view)[500_000:500_003], pa.uint32()))
    assert found["n"].to_pylist() == [500_000, 500_001, 500_002]
    assert not spill.exists()


def test_only_so_many_views_and_blocks_are_kept(
    result: tuple[Path, Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, index = result
    for number in range(views.MOST_VIEWS + 2):
        view = made(result, Criteria(checks=(Check(N, Op.LT, number + 1),)))
        make_blocks(view, index, [0])
    assert len(list(folder.glob("*.ids"))) == views.MOST_VIEWS
    assert len(list(folder.glob("view-*.arrow"))) == views.MOST_VIEWS
    assert view.ids.exists()
    monkeypatch.setattr(views, "MOST_BLOCK_BYTES", 1)
    views.tidy(view)
    assert list(folder.glob("view-*.arrow")) == []
    assert len(list(folder.glob("0*.arrow"))) == len(index.segments)


def test_a_result_that_is_gone_or_damaged(result: tuple[Path, Index]) -> None:
    folder, index = result
    path = folder / index.segments[-1].file
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ResultDamaged):
        made(result, Criteria(sort=(Key(N, True),)))
    path.unlink()
    with pytest.raises(ResultExpired):
        made(result, Criteria(sort=(Key(N, True),)))
    assert list(folder.glob("view-*")) == []


@pytest.mark.parametrize("first", [0, 1, 1500, ROWS - 1, ROWS, ROWS + 10])
def test_the_next_row_with_a_text(result: tuple[Path, Index], table: pa.Table, first: int) -> None:
    folder, index = result
    words = table.column("word").to_pylist()
    hits = [n for n, word in enumerate(words) if word is not None and "äpf" in word.lower()]
    assert row_with(folder, index, WORD, "ÄPF", first, None) == next(
        (n for n in hits if n >= first), None
    )
    view = made(result, Criteria(sort=(Key(N, True),), checks=(Check(N, Op.NE, 3),)))
    order = numbers(view)
    expected = next((at for at in range(first, len(order)) if order[at] in set(hits)), None)
    assert row_with(folder, index, WORD, "äpf", first, view) == expected


def test_a_text_in_columns_that_hold_none(result: tuple[Path, Index]) -> None:
    folder, index = result
    assert row_with(folder, index, N, "299", 300, None) == 1299
    assert row_with(folder, index, MOMENT, "2020-01-0", 0, None) is not None
    assert row_with(folder, index, REAL, "nan", 0, None) is not None
    assert row_with(folder, index, WORD, "nowhere", 0, None) is None
    assert next_hit(folder, index, None, "nowhere", 0, None) is None


def test_a_text_in_any_column(result: tuple[Path, Index], table: pa.Table) -> None:
    folder, index = result
    words = table.column("word").to_pylist()
    first = next(n for n, word in enumerate(words) if word is not None and "äpf" in word.lower())
    assert next_hit(folder, index, None, "ÄPF", 0, None) == (first, WORD)
    view = made(result, Criteria(sort=(Key(N, True),)))
    order = numbers(view)
    expected = next(at for at, n in enumerate(order) if "äpf" in str(words[n]).lower())
    assert next_hit(folder, index, None, "äpf", 0, view) == (expected, WORD)


def row_with(*asked: Any) -> int | None:
    """The row of a hit."""
    hit = next_hit(*asked)
    return None if hit is None else hit[0]
