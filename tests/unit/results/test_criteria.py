"""Orders and filters of an address: what fits, and what is said of what does not."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from longwatch.protocol.jobs import Column
from longwatch.protocol.results import Op
from longwatch.results.criteria import (
    Check,
    Criteria,
    Key,
    find_column,
    parse_columns,
    parse_filter,
    parse_sort,
)
from longwatch.results.errors import Refused
from longwatch.results.where import where

NAMES = ["a", "b,c", "-d", "", "a", "naïve 😀", 'x"; DROP TABLE r; --', "#1"]
COLUMNS = [Column(name=name, type="int64") for name in NAMES]
PLAIN = [Column(name=name, type="int64") for name in ("a", "b", "c")]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        ("a", (Key(0, False),)),
        ("-a,b", (Key(0, True), Key(1, False))),
        ("#2,-#3", (Key(1, False), Key(2, True))),
        ('[{"column": "c", "descending": true}, {"column": "a"}]', (Key(2, True), Key(0, False))),
    ],
)
def test_orders(text: str, keys: tuple[Key, ...]) -> None:
    assert parse_sort(text, PLAIN) == keys


@pytest.mark.parametrize("place", [1, 2, 3, 5, 6, 7])
def test_any_name_is_found_in_json(place: int) -> None:
    assert parse_sort(json.dumps([{"column": NAMES[place]}]), COLUMNS) == (Key(place, False),)


def test_names_shared_by_two_columns_are_told_apart_by_place() -> None:
    with pytest.raises(Refused, match="#1 or #5") as caught:
        find_column(COLUMNS, "a")
    assert caught.value.code == "ambiguous_column"
    assert find_column(COLUMNS, "#5") == 4
    assert find_column(COLUMNS, "#1") == 7, "a column that is called so comes first"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("nope", "unknown_column", '"a", "b", "c"'),
        ("#4", "unknown_column", "no column"),
        ("#0", "unknown_column", "no column"),
        ("a,", "unknown_column", 'no column ""'),
        ("a,-a", "invalid_sort", "twice"),
        ("[", "invalid_sort", "It reads like"),
        ('[{"column": 1}]', "invalid_sort", "Expected `str`"),
        ('[{"column": "a", "up": true}]', "invalid_sort", "up"),
        (",".join(["a"] * 17), "invalid_sort", "16 columns"),
        ("\ud800", "unknown_column", "no column"),
        ("[\ud800", "invalid_sort", "sort"),
    ],
)
def test_orders_that_are_none(text: str, code: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_sort(text, PLAIN)
    assert caught.value.code == code
    assert said in str(caught.value)


def conditions(*tests: dict[str, Any]) -> str:
    return json.dumps(tests)


def test_a_filter() -> None:
    text = conditions(
        {"column": "a", "op": "in", "value": [1, 2]}, {"column": "b", "op": "is_null"}
    )
    assert parse_filter(text, PLAIN) == (Check(0, Op.IN, [1, 2]), Check(1, Op.IS_NULL, None))


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"op": "eq", "value": None}, "is_null or not_null"),
        ({"op": "eq"}, "needs a value"),
        ({"op": "eq", "value": [1]}, "a number, a text or a boolean"),
        ({"op": "eq", "value": {"a": 1}}, "a number, a text or a boolean"),
        ({"op": "in", "value": 1}, "a list of 1 to 1000"),
        ({"op": "in", "value": []}, "a list of 1 to 1000"),
        ({"op": "in", "value": [None]}, "each value of in"),
        ({"op": "is_null", "value": 1}, "takes no value"),
        ({"op": "contains", "value": 1}, "takes a text"),
        ({"op": "like", "value": "x"}, "Invalid enum value"),
        ({"op": "eq", "value": 1, "or": 2}, "unknown field"),
    ],
)
def test_filters_that_are_none(test: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_filter(conditions({"column": "a", **test}), PLAIN)
    assert caught.value.code == "invalid_filter"
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["{}", "[1]", "x", "[" * 5_000, "\ud800"])
def test_filters_that_are_no_list(text: str) -> None:
    with pytest.raises(Refused, match="It reads like"):
        parse_filter(text, PLAIN)


@pytest.mark.parametrize(
    ("text", "places"), [("", None), ("c,a", [2, 0]), ('["b"]', [1]), ("#3", [2])]
)
def test_columns(text: str, places: list[int] | None) -> None:
    assert parse_columns(text, PLAIN) == places


@pytest.mark.parametrize("text", ["a,a", "[]", "[1]"])
def test_columns_that_are_none(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_columns(text, PLAIN)
    assert caught.value.code == "invalid_columns"


def test_a_view_has_one_name_for_each_meaning() -> None:
    sort = Criteria(sort=(Key(0, False),))
    digests = {
        sort.digest(10),
        sort.digest(11),
        Criteria(sort=(Key(0, True),)).digest(10),
        Criteria(checks=(Check(0, Op.EQ, 1),)).digest(10),
        Criteria(checks=(Check(0, Op.EQ, "1"),)).digest(10),
    }
    assert len(digests) == 5
    assert sort.digest(10) == Criteria(sort=(Key(0, False),)).digest(10)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), "abc"),
        (pa.int64(), True),
        (pa.bool_(), 1),
        (pa.string(), 1),
        (pa.float64(), "1,5"),
        (pa.decimal128(9, 2), "1.5 apples"),
        (pa.timestamp("us"), 5),
        (pa.list_(pa.int8()), "[1]"),
    ],
)
def test_a_value_that_is_none_of_the_column(kind: pa.DataType, value: Any) -> None:
    with pytest.raises(Refused) as caught:
        where((Check(0, Op.EQ, value),), pa.schema([pa.field("v", kind)]))
    assert caught.value.code == "invalid_filter"


def test_no_value_and_no_name_is_part_of_the_sql() -> None:
    name = 'x"; DROP TABLE r; --'
    sql, values = where((Check(0, Op.EQ, name),), pa.schema([pa.field(name, pa.string())]))
    assert sql == "true AND c0 = ?"
    assert values == [name]
