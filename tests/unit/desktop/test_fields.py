"""What is typed for a parameter is taken as the type it is meant to be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.protocol.parameters import Parameter, ParameterType
from longwatch.protocol.sources import QueryParameter
from longwatch_desktop.editor.fields import FieldError, Kind, Typed, meant, prefilled, retyped


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("42", ParameterType.NUMBER, "42"),
        (" -1.5e3 ", ParameterType.NUMBER, "-1.5e3"),
        ("123456789012345678901234567890", ParameterType.NUMBER, "123456789012345678901234567890"),
        ("true", ParameterType.BOOLEAN, True),
        ("No", ParameterType.BOOLEAN, False),
        ("2013-05-01", ParameterType.DATE, "2013-05-01"),
        ("2013-05-01 12:00", ParameterType.TIMESTAMP, "2013-05-01T12:00:00"),
        ("2013-05-01T12:00:00+02:00", ParameterType.TIMESTAMP, "2013-05-01T12:00:00+02:00"),
        ("nan", ParameterType.TEXT, "nan"),
        ("2013-13-01", ParameterType.TEXT, "2013-13-01"),
        ("  some text ", ParameterType.TEXT, "  some text "),
    ],
)
def test_what_it_looks_like(text: str, kind: ParameterType, value: Any) -> None:
    assert meant("a", Typed(text)) == Parameter(type=kind, value=value)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (Typed("42", Kind.TEXT), Parameter(type=ParameterType.TEXT, value="42")),
        (Typed("", Kind.TEXT), Parameter(type=ParameterType.TEXT, value="")),
        (Typed("ignored", Kind.NULL), Parameter(type=ParameterType.TEXT, value=None)),
        (
            Typed("carrier", Kind.IDENTIFIER),
            Parameter(type=ParameterType.IDENTIFIER, value="carrier"),
        ),
        (Typed("1, 2", many=True), Parameter(type=ParameterType.NUMBER, value=["1", "2"])),
        (Typed("1, x", many=True), Parameter(type=ParameterType.TEXT, value=["1", "x"])),
        (
            Typed('"a, b", c', Kind.TEXT, many=True),
            Parameter(type=ParameterType.TEXT, value=["a, b", "c"]),
        ),
        (Typed("[1, 2, ]", many=True), Parameter(type=ParameterType.NUMBER, value=["1", "2"])),
        (Typed(" ", Kind.NUMBER, many=True), Parameter(type=ParameterType.NUMBER, value=[])),
    ],
)
def test_what_is_chosen(typed: Typed, value: Parameter) -> None:
    assert meant("a", typed) == value


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (Typed(""), "Give :month a value"),
        (Typed("  "), "Give :month a value"),
        (Typed("July", Kind.NUMBER), "must be a number, such as 42; 'July' is not"),
        (Typed("inf", Kind.NUMBER), "must be a number"),
        (Typed("maybe", Kind.BOOLEAN), "true or false"),
        (Typed("1.7.2013", Kind.DATE), "must be a date, such as 2013-05-01"),
        (Typed("noon", Kind.TIMESTAMP), "must be a date and time"),
        (Typed("1, x", Kind.NUMBER, many=True), "'x' is not"),
    ],
)
def test_what_cannot_be_taken(typed: Typed, words: str) -> None:
    with pytest.raises(FieldError, match=words) as caught:
        meant("month", typed)
    assert caught.value.name == "month"


@pytest.mark.parametrize(
    ("declared", "typed"),
    [
        (QueryParameter(name="a", type=ParameterType.NUMBER, default=7), Typed("7", Kind.NUMBER)),
        (
            QueryParameter(name="a", type=ParameterType.BOOLEAN, default=True),
            Typed("true", Kind.BOOLEAN),
        ),
        (QueryParameter(name="a", type=ParameterType.TEXT), Typed("", Kind.TEXT)),
        (
            QueryParameter(name="a", type=ParameterType.TEXT, many=True, default=["x, y", "z"]),
            Typed('"x, y", z', Kind.TEXT, many=True),
        ),
    ],
)
def test_what_a_saved_query_suggests(declared: QueryParameter, typed: Typed) -> None:
    assert prefilled(declared) == typed


@given(st.lists(st.text(alphabet=' ,"abc', min_size=1).filter(lambda one: one.strip()), min_size=1))
def test_a_list_comes_back_as_it_was(texts: list[str]) -> None:
    before = Parameter(type=ParameterType.TEXT, value=texts)
    assert meant("a", retyped(before)) == before


@pytest.mark.parametrize("value", ["7", True, None, "x"])
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    kinds = {"7": ParameterType.NUMBER, True: ParameterType.BOOLEAN}
    before = Parameter(type=kinds.get(value, ParameterType.TEXT), value=value)
    assert meant("a", retyped(before)) == before
