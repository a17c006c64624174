"""What a saved query is to ask for."""

from __future__ import annotations

from typing import Any

import pytest

from longwatch.protocol.parameters import ParameterType
from longwatch.protocol.sources import QueryParameter, SavedQueryDraft
from longwatch_desktop.editor.fields import Kind, Typed
from longwatch_desktop.sources.drafts import DraftError
from longwatch_desktop.sources.query_drafts import checked, guessed, parameter_of

NUMBER, TEXT = ParameterType.NUMBER, ParameterType.TEXT


@pytest.mark.parametrize(
    ("typed", "kind", "many"),
    [
        (Typed("7"), NUMBER, False),
        (Typed("UA, DL", many=True), TEXT, True),
        (Typed("2013-05-01"), ParameterType.DATE, False),
        (Typed(""), TEXT, False),
        (Typed("", Kind.NUMBER), NUMBER, False),
        (Typed("", Kind.NULL), TEXT, False),
        (Typed("x", Kind.NUMBER), TEXT, False),
    ],
)
def test_a_type_is_guessed_from_what_was_typed(
    typed: Typed, kind: ParameterType, many: bool
) -> None:
    known, _ = guessed("a", {}, {"a": typed})
    assert (known.name, known.type, known.many) == ("a", kind, many)


def test_what_was_said_before_stays() -> None:
    declared = QueryParameter(name="a", type=NUMBER, title="A", default=1)
    known, typed = guessed("a", {"a": declared}, {"a": Typed("3")})
    assert known == declared
    assert typed == Typed("3", Kind.NUMBER)


@pytest.mark.parametrize(
    ("kind", "default", "many", "expected"),
    [
        (NUMBER, "7", False, 7),
        (NUMBER, "7.50", False, "7.50"),
        (NUMBER, "12345678901234567890", False, "12345678901234567890"),
        (NUMBER, "1, 2", True, [1, 2]),
        (TEXT, "7", False, "7"),
        (TEXT, "UA, DL", True, ["UA", "DL"]),
        (ParameterType.BOOLEAN, "yes", False, True),
        (ParameterType.DATE, "2013-05-01", False, "2013-05-01"),
        (NUMBER, "  ", False, None),
    ],
)
def test_defaults(kind: ParameterType, default: str, many: bool, expected: Any) -> None:
    assert parameter_of("a", kind, " A ", default, many=many) == QueryParameter(
        name="a", type=kind, title="A", default=expected, many=many
    )


def test_a_default_that_is_none_says_which() -> None:
    with pytest.raises(DraftError) as caught:
        parameter_of("month", NUMBER, "", "July", many=False)
    assert caught.value.where == "/parameters/month"
    assert ":month must be a number" in str(caught.value)


@pytest.mark.parametrize(("title", "where"), [(" ", "/title"), ("x" * 201, "/title")])
def test_what_cannot_be_kept(title: str, where: str) -> None:
    with pytest.raises(DraftError) as caught:
        checked(SavedQueryDraft(title=title, sql="select 1"))
    assert caught.value.where == where
