"""The bracket that belongs to the one at the cursor."""

from __future__ import annotations

import pytest

from longwatch_desktop.editor.brackets import MOST_CHARS, pair_at


@pytest.mark.parametrize(
    ("marked", "pair"),
    [
        ("f|(a, (b))", (1, 8)),
        ("f(|a, (b))", (1, 8)),
        ("f(a, (b)|)", (8, 1)),
        ("f(a, (b)) |", None),
        ("f(a, '|)')", None),
        ("(')'|)", (4, 0)),
        ("|(]", (0, None)),
        ("(|]", (1, None)),
        ("-- (\n|)", (5, None)),
        ("|", None),
    ],
)
def test_pairs(marked: str, pair: tuple[int, int | None] | None) -> None:
    at = marked.index("|")
    assert pair_at(marked.replace("|", ""), at) == pair


def test_a_long_text_is_left_alone() -> None:
    assert pair_at("(" + " " * MOST_CHARS + ")", 0) is None
