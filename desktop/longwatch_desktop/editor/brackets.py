"""Which bracket belongs to the one at the cursor."""

from __future__ import annotations

from typing import Final

from longwatch_desktop.editor.scan import signs

MOST_CHARS: Final = 100_000
"""A longer text is not searched at every move of the cursor (10 ms)."""
_OPENING: Final = {")": "(", "]": "[", "}": "{"}
_BRACKETS: Final = frozenset("()[]{}")


def pair_at(sql: str, at: int) -> tuple[int, int | None] | None:
    """The bracket behind or before a cursor at character `at`, and the one that it belongs to, if
    there is one; `None` where no bracket is. Those in strings and comments do not count."""
    near = [place for place in (at, at - 1) if 0 <= place < len(sql) and sql[place] in _BRACKETS]
    if not near or len(sql) > MOST_CHARS:
        return None
    partner: dict[int, int] = {}
    alone: set[int] = set()
    open_: list[int] = []
    for place in signs(sql):
        sign = sql[place]
        if sign in "([{":
            open_.append(place)
        elif sign in _OPENING:
            if open_ and sql[open_[-1]] == _OPENING[sign]:
                begin = open_.pop()
                partner[begin], partner[place] = place, begin
            else:
                alone.add(place)
    alone.update(open_)
    for place in near:
        if place in partner:
            return place, partner[place]
        if place in alone:
            return place, None
    return None
