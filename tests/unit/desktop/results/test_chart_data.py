"""What a chart draws of rows."""

from __future__ import annotations

from typing import Any

from longwatch.protocol.jobs import Column
from longwatch_desktop.results.chart_data import (
    BINS,
    MOST_BARS,
    MOST_POINTS,
    MOST_SERIES,
    Choice,
    Kind,
    Measure,
    draw,
    first_choice,
    stretches,
)

COLUMNS = [
    Column(name="day", type="date32[day]"),
    Column(name="who", type="string"),
    Column(name="n", type="int64"),
    Column(name="m", type="double"),
]
ROWS: list[list[Any]] = [
    ["2013-01-02", "b", 2, 1.0],
    ["2013-01-01", "a", 1, 2.0],
    ["2013-01-03", "a", 3, None],
    [None, "b", 4, 4.0],
]
DAY = 86_400


def test_all_rows_are_read_if_there_are_not_too_many() -> None:
    for rows in (0, 1, 999, MOST_POINTS):
        pieces = stretches(rows, 19)
        assert sum(limit for _, limit in pieces) == rows
        assert all(limit * 19 <= 20_000 for _, limit in pieces)
    assert stretches(5_000, 4) == [(0, 5_000)]


def test_a_sample_lies_evenly_and_reaches_both_ends() -> None:
    pieces = stretches(336_776, 19)
    assert sum(limit for _, limit in pieces) == MOST_POINTS
    assert pieces[0][0] == 0
    assert sum(pieces[-1]) == 336_776
    assert all(before + size <= after for (before, size), (after, _) in
               zip(pieces, pieces[1:], strict=False))  # fmt: skip  # noqa: RUF007


def test_lines_go_from_left_to_right_by_series() -> None:
    found = draw(ROWS, COLUMNS, Choice(Kind.LINE, 0, 2, 1))
    assert found.moments
    first = 15_706 * DAY  # 2013-01-01
    assert {one.name: (one.xs, one.ys) for one in found.series} == {
        "b": ([first + DAY], [2]),
        "a": ([first, first + 2 * DAY], [1, 3]),
    }
    assert found.notes == ["1 row without a value left out."]


def test_bars_of_the_same_name_are_added_up() -> None:
    found = draw(ROWS, COLUMNS, Choice(Kind.BAR, 1, 2))
    assert found.names == ["b", "a"]
    assert [(one.name, one.ys) for one in found.series] == [("n", [6, 4])]
    assert found.notes == ["Values of the same x are added up."]


def test_bars_average_or_count_their_rows() -> None:
    average = draw(ROWS, COLUMNS, Choice(Kind.BAR, 1, 2, measure=Measure.AVERAGE))
    assert average.series[0].ys == [3, 2]
    assert average.notes == ["Each bar is the average of its rows."]
    count = draw(ROWS, COLUMNS, Choice(Kind.BAR, 1, 3, measure=Measure.COUNT))
    assert [(one.name, one.ys) for one in count.series] == [("Rows", [2, 2])]
    assert count.notes == [], "a row without a y counts too"
    assert count.merged
    assert not draw(ROWS[:2], COLUMNS, Choice(Kind.BAR, 1, 2)).merged


def test_only_the_largest_bars_are_drawn() -> None:
    rows = [[None, f"x{number}", number, 0.0] for number in range(MOST_BARS + 40)]
    found = draw(rows, COLUMNS, Choice(Kind.BAR, 1, 2))
    assert len(found.names) == MOST_BARS
    assert min(found.series[0].ys) == 40
    assert found.notes == [f"The {MOST_BARS} largest of 100 bars."]


def test_too_many_series_are_said() -> None:
    rows = [[None, f"s{number % 20}", number, 1.0] for number in range(100)]
    found = draw(rows, COLUMNS, Choice(Kind.SCATTER, 2, 3, 1))
    assert len(found.series) == MOST_SERIES
    assert found.notes == [f"The {MOST_SERIES} largest of 20 series."]


def test_a_histogram_counts_every_row_once() -> None:
    rows = [[None, "a", number, 1.0] for number in range(1_000)]
    found = draw(rows, COLUMNS, Choice(Kind.HISTOGRAM, 2, 2))
    (only,) = found.series
    assert len(only.ys) == BINS
    assert sum(only.ys) == 1_000
    assert max(only.ys) - min(only.ys) <= 1
    same = draw([[None, "a", 5, 1.0]] * 3, COLUMNS, Choice(Kind.HISTOGRAM, 2, 2))
    assert same.series[0].ys == [3]
    assert draw([], COLUMNS, Choice(Kind.HISTOGRAM, 2, 2)).series == []


def test_what_is_tried_first() -> None:
    def first(places: list[int], rows: list[list[Any]]) -> Choice:
        return first_choice(
            [COLUMNS[at] for at in places], [[r[at] for at in places] for r in rows]
        )

    assert first([0, 1, 2, 3], ROWS[:3]) == Choice(Kind.LINE, 0, 2), "one row a day"
    again = [*ROWS[:3], ["2013-01-01", "c", 5, 5.0]]
    assert first([0, 1, 2, 3], again) == Choice(Kind.BAR, 0, 2), "few days"
    assert first([1, 2, 3], ROWS) == Choice(Kind.BAR, 0, 1)
    many = [["2013-01-01", f"name {number}", number, 1.0] for number in range(500)]
    assert first([1, 2, 3], many) == Choice(Kind.SCATTER, 1, 2), "too many names for bars"
    assert first([2, 3], ROWS) == Choice(Kind.SCATTER, 0, 1)
    assert first([2], ROWS) == Choice(Kind.HISTOGRAM, 0, 0)
    assert first([1], ROWS) == Choice(Kind.BAR, 0, 0, measure=Measure.COUNT)


def test_numbers_that_only_tell_rows_apart_are_not_drawn_first() -> None:
    names = ("year", "customer_id", "carrier", "delay")
    columns = [Column(name=one, type="string" if one == "carrier" else "int64") for one in names]
    rows = [[2013, number, "UA" if number % 2 else "AA", 7] for number in range(10)]
    assert first_choice(columns, rows) == Choice(Kind.BAR, 2, 3)
