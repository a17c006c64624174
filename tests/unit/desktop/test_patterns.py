"""What the find bar finds."""

from __future__ import annotations

import time

import pytest

from longwatch_desktop.editor.patterns import BadPattern, Match, matches


def found(text: str, what: str, *, case: bool = False) -> list[Match]:
    return list(matches(text, what, regex=True, case=case))


def test_places_are_characters_whatever_stands_before_them() -> None:
    text = "\U0001f600a\U0001f600\U0001f600aa\nAb\u00e4"
    for one in (*found(text, "a+"), *found(text, "\\w+$"), *found(text, "\U0001f600")):
        assert text[one.start : one.end] == one.groups[0]
    assert [one.span for one in found(text, "a+")] == [(1, 2), (4, 6), (7, 8)]
    assert [one.span for one in matches(text, "A", regex=False, case=True)] == [(7, 8)]


def test_what_is_empty_is_not_found() -> None:
    assert [one.span for one in found("aab", "a*")] == [(0, 2)]


def test_lines_begin_and_end() -> None:
    assert [one.span for one in found("ab\nab", "^a")] == [(0, 1), (3, 4)]
    assert [one.span for one in found("ab\nab", "(?<=a)b$")] == [(1, 2), (4, 5)]


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        (r"\2-\1", "b-a"),
        (r"\g<two>\g<1>", "ba"),
        (r"\n\\", "\n\\"),
        (r"[\3]", "[]"),
        (r"\9", r"\9"),
        (r"\g<none>", r"\g<none>"),
        ("plain", "plain"),
    ],
)
def test_replacements(template: str, expanded: str) -> None:
    (one,) = found("ab", r"(a)(?P<two>b)(c)?")
    assert one.expand(template) == expanded


def test_no_expression_says_why() -> None:
    with pytest.raises(BadPattern, match="parenthesis"):
        found("a", "(")


@pytest.mark.parametrize("what", [r"(a+)+$", r"(a|aa)+$", r"(\w*)*\d$"])
def test_an_expression_that_never_ends_is_given_up(what: str) -> None:
    began_s = time.thread_time()
    with pytest.raises(BadPattern, match="too complex"):
        found(("a" * 60 + "b\n") * 100, what)
    assert time.thread_time() - began_s < 1.0
