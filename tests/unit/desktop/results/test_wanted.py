"""Orders and filters as the window makes them, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import MAX_CONDITIONS, MAX_SORT_KEYS, Condition, Op
from longwatch_desktop.results.wanted import (
    WITHOUT_VALUE,
    Key,
    NoValue,
    Wanted,
    address,
    condition,
    in_words,
    like_cell,
    operators,
    order_in_words,
    place_of,
    typed_text,
)

COLUMNS = [
    Column(name="n", type="int64"),
    Column(name="t", type="string"),
    Column(name="day", type="date32[day]"),
    Column(name="ok", type="bool"),
    Column(name="x", type="double"),
    Column(name="x", type="decimal128(10, 2)"),
    Column(name="list", type="list<item: int64>"),
    Column(name="span", type="duration[us]"),
]


def test_clicks_on_one_header_go_round() -> None:
    wanted = Wanted()
    seen = []
    for _ in range(4):
        wanted = wanted.clicked(2, adds=False)
        seen.append(wanted.sort)
    assert seen == [(Key(2),), (Key(2, True),), (), (Key(2),)]


def test_a_click_takes_the_place_of_the_order_before_and_shift_adds_to_it() -> None:
    wanted = Wanted().clicked(0, adds=False).clicked(1, adds=True)
    assert wanted.sort == (Key(0), Key(1))
    assert wanted.clicked(0, adds=True).sort == (Key(0, True), Key(1))
    assert wanted.clicked(0, adds=True).clicked(0, adds=True).sort == (Key(1),)
    assert wanted.clicked(3, adds=False).sort == (Key(3),)
    assert wanted.clicked(1, adds=False).sort == (Key(1, True),)
    assert wanted.key_of(1) == (2, Key(1))
    assert wanted.key_of(2) is None


def test_an_order_has_no_more_columns_than_the_server_takes() -> None:
    wanted = Wanted()
    for column in range(MAX_SORT_KEYS + 5):
        wanted = wanted.clicked(column, adds=True)
    assert len(wanted.sort) == MAX_SORT_KEYS


def test_conditions_are_added_changed_and_taken_away() -> None:
    one = condition(COLUMNS, 0, Op.GT, "1")
    other = condition(COLUMNS, 1, Op.EQ, "a")
    wanted = Wanted((Key(0),)).also(one).also(other).also(one)
    assert wanted.where == (one, other)
    assert wanted.without(0).where == (other,)
    assert wanted.instead(1, one).where == (one, one)
    assert wanted.without(0).sort == (Key(0),)
    for number in range(MAX_CONDITIONS + 5):
        wanted = wanted.also(Condition(column="n", op=Op.GT, value=number))
    assert len(wanted.where) == MAX_CONDITIONS


def test_columns_of_one_name_are_told_apart() -> None:
    assert [address(COLUMNS, place) for place in (3, 4, 5)] == ["ok", "#5", "#6"]
    assert all(place_of(COLUMNS, address(COLUMNS, at)) == at for at in range(len(COLUMNS)))


@pytest.mark.parametrize(
    ("place", "op", "typed", "value"),
    [
        (0, Op.EQ, " 12 ", "12"),
        (0, Op.EQ, "9007199254740993", "9007199254740993"),
        (0, Op.LT, "1 000", "1000"),
        (4, Op.GE, "-1.5e3", "-1.5e3"),
        (4, Op.EQ, "NaN", "NaN"),
        (5, Op.EQ, "0.10", "0.10"),
        (0, Op.IN, "1, 2,,3", ["1", "2", "3"]),
        (1, Op.EQ, " as typed ", " as typed "),
        (1, Op.EQ, "", ""),
        (1, Op.CONTAINS, "a,b", "a,b"),
        (1, Op.IN, "UA, AA", ["UA", "AA"]),
        (2, Op.LE, "2013-07-04", "2013-07-04"),
        (3, Op.EQ, "True", True),
        (3, Op.NE, "false", False),
        (6, Op.CONTAINS, "3", "3"),
        (0, Op.IS_NULL, "ignored", None),
    ],
)
def test_what_is_typed_becomes_a_value(place: int, op: Op, typed: str, value: Any) -> None:
    assert op in operators(COLUMNS[place])
    made = condition(COLUMNS, place, op, typed)
    assert (made.column, made.op, made.value) == (address(COLUMNS, place), op, value)
    assert type(made.value) is type(value)


@pytest.mark.parametrize(
    ("place", "op", "typed", "says"),
    [
        (0, Op.EQ, "twelve", "no number"),
        (0, Op.EQ, "NaN", "no number"),
        (0, Op.IN, "1, x", "no number"),
        (0, Op.IN, " , ", "1 to 1,000 values"),
        (0, Op.EQ, "", "is NULL"),
        (2, Op.EQ, "  ", "is NULL"),
        (3, Op.EQ, "yes", "true or false"),
        (1, Op.CONTAINS, "", "the text to look for"),
    ],
)
def test_what_is_no_value_is_said(place: int, op: Op, typed: str, says: str) -> None:
    with pytest.raises(NoValue, match=says):
        condition(COLUMNS, place, op, typed)


def test_a_cell_becomes_a_condition() -> None:
    assert like_cell(COLUMNS, 0, 5, same=True) == Condition(column="n", op=Op.EQ, value=5)
    assert like_cell(COLUMNS, 1, "a", same=False).op is Op.NE
    assert like_cell(COLUMNS, 1, None, same=True) == Condition(column="t", op=Op.IS_NULL)
    assert like_cell(COLUMNS, 6, None, same=False).op is Op.NOT_NULL
    with pytest.raises(NoValue, match="cannot be compared"):
        like_cell(COLUMNS, 6, [1], same=True)


def test_every_kind_of_column_can_be_asked_for_nulls() -> None:
    for column in COLUMNS:
        assert operators(column).keys() >= WITHOUT_VALUE
    assert Op.LT not in operators(COLUMNS[1])
    assert Op.EQ not in operators(COLUMNS[6])


def test_in_words() -> None:
    said = [
        in_words(COLUMNS, condition(COLUMNS, place, op, typed))
        for place, op, typed in (
            (0, Op.GE, "60"),
            (1, Op.EQ, "JFK"),
            (1, Op.IN, "UA,AA"),
            (2, Op.CONTAINS, "2013"),
            (4, Op.IS_NULL, ""),
            (3, Op.NE, "true"),
            (1, Op.STARTS_WITH, "z" * 60),
        )
    ]
    assert said == [
        "n ≥ 60",
        "t = “JFK”",
        "t is one of UA, AA",
        "day contains “2013”",
        "x is NULL",
        "ok ≠ true",
        f"t starts with “{'z' * 39}…”",
    ]
    assert order_in_words(COLUMNS, (Key(0, True), Key(1))) == "n descending, then t"


def test_a_condition_can_be_typed_again() -> None:
    for place, op, typed in ((0, Op.IN, "1, 2"), (3, Op.EQ, "true"), (1, Op.EQ, "a b")):
        made = condition(COLUMNS, place, op, typed)
        assert condition(COLUMNS, place, op, typed_text(made)) == made
