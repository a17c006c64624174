"""Values for `:name`s from Python and from a command line."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from longwatch.client.parameters import from_python, from_text
from longwatch.protocol.parameters import Given, Parameter, ParameterType, typed


def of(kind: str, value: Any) -> Parameter:
    return Parameter(type=ParameterType(kind), value=value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, of("number", 5)),
        (2.5, of("number", 2.5)),
        (Decimal("1.10"), of("number", "1.10")),
        (2**60, of("number", str(2**60))),
        (True, of("boolean", True)),
        ("UA", of("text", "UA")),
        (dt.date(2013, 5, 1), of("date", "2013-05-01")),
        (dt.datetime(2013, 5, 1, 12), of("timestamp", "2013-05-01T12:00:00")),
        (["a", None], of("text", ["a", None])),
        ((1, 2), of("number", [1, 2])),
        ([], of("text", [])),
        (None, None),
        (of("identifier", "t"), of("identifier", "t")),
    ],
)
def test_python_values(value: object, expected: Given) -> None:
    assert from_python({"x": value}) == {"x": expected}


@pytest.mark.parametrize("value", [object(), {"a": 1}, [1, "a"], [[1]], b"x"])
def test_values_that_no_query_takes(value: object) -> None:
    with pytest.raises(TypeError, match="The parameter x"):
        from_python({"x": value})


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("x=5", "x", 5),
        ("x=-2.5", "x", -2.5),
        ("x=UA", "x", "UA"),
        ("x=", "x", ""),
        ("x=a=b", "x", "a=b"),
        ("x=true", "x", True),
        ("x=null", "x", None),
        ("x=[1, 2]", "x", [1, 2]),
        ("x=00123", "x", "00123"),
        ("x=12345678901234567.5", "x", of("number", "12345678901234567.5")),
        ("x=1.50", "x", of("number", "1.50")),
        ("x=1e5", "x", of("number", "1e5")),
        ('x={"a": 1}', "x", '{"a": 1}'),
        ('x="quoted"', "x", '"quoted"'),
        ("x:text=5", "x", of("text", "5")),
        ("x:number=5", "x", of("number", 5)),
        ("x:date=2013-05-01", "x", of("date", "2013-05-01")),
        ('x:date=["2013-05-01"]', "x", of("date", ["2013-05-01"])),
        ("t:identifier=people", "t", of("identifier", "people")),
    ],
)
def test_a_command_lines_values(text: str, name: str, expected: Given) -> None:
    assert from_text(text) == (name, expected)


@pytest.mark.parametrize("text", ["", "x", "=5", "a b=5", "x:colour=5", "1x=5"])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(ValueError, match=r"of the form name=value|no type of a parameter"):
        from_text(text)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (5, "number"), (True, "boolean"), ("a", "text"), (None, "text"), ([1, None], "number"),
        ([], "text"), ([True, 1], "number"), (["a", 1], "text"),
    ],
)  # fmt: skip
def test_plain_json_says_its_type(given: Given, kind: str) -> None:
    assert typed(given).type is ParameterType(kind)
