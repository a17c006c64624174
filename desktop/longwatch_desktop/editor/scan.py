"""What a text of SQL consists of, as far as the window needs it to choose what to run and what to
ask for. Engines parse for themselves; the notation is what most of them share."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\* .*? (?: \*/ | \Z ) )
    | (?P<quoted>
          ' [^']* (?: '' [^']* )* (?: ' | \Z )
        | " [^"]* (?: "" [^"]* )* (?: " | \Z )
        | ` [^`]* (?: ` | \Z )
        | \$\$ .*? (?: \$\$ | \Z )
        | \$ (?P<tag> [A-Za-z_]\w* ) \$ .*? (?: \$ (?P=tag) \$ | \Z )
      )
    | (?P<end> ; )
    | (?P<name> (?<![\w:'"`\])}]) : [A-Za-z_]\w* )
    | (?P<other> [^\s] )
    """,
    re.VERBOSE | re.DOTALL,
)
"""`list[1:n]`, `{'key':x}` and `x::text` have no parameters."""

_IN: Final = re.compile(r"\bin\s+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, from `start` up to `end`, in characters."""

    start: int
    end: int


def parameter_names(sql: str) -> list[str]:
    """The `:name`s outside of strings and comments, each once, in the order of the text."""
    found = (match["name"] for match in _TOKEN.finditer(sql))
    return list(dict.fromkeys(name[1:] for name in found if name))


def listed_names(sql: str) -> set[str]:
    """Those `:name`s that stand behind an IN, where a list belongs."""
    found = set()
    for match in _TOKEN.finditer(sql):
        if match["name"] and _IN.search(sql, max(0, match.start() - 40), match.start()):
            found.add(match["name"][1:])
    return found


def signs(sql: str) -> Iterator[int]:
    """Where each single character is that is in no string, name in quotes or comment."""
    return (match.start() for match in _TOKEN.finditer(sql) if match["other"])


def in_code(sql: str, at: int) -> bool:
    """Whether character `at` is outside of strings, quoted names and comments."""
    for match in _TOKEN.finditer(sql):
        if match.start() >= at:
            return True
        if match["comment"] or match["quoted"]:
            text, end = match.group(), match.end()
            closed = not text.startswith("--") and _is_closed(text)
            if at < end or (at == end and not closed):
                return False
    return True


def _is_closed(text: str) -> bool:
    if text.startswith("/*"):
        return len(text) > 3 and text.endswith("*/")
    if text.startswith("$"):
        tag = text[: text.index("$", 1) + 1]
        return len(text) >= 2 * len(tag) and text.endswith(tag)
    return len(text) > 1 and text.endswith(text[0]) and text.count(text[0]) % 2 == 0


def statements(sql: str) -> list[Span]:
    """Where each statement is, without the blanks and comments before it and the semicolon."""
    found: list[Span] = []
    start: int | None = None
    last = 0
    for match in _TOKEN.finditer(sql):
        if match.lastgroup == "comment":
            continue
        if match["end"]:
            if start is not None:
                found.append(Span(start, last))
            start = None
        else:
            start = match.start() if start is None else start
            last = match.end()
    if start is not None:
        found.append(Span(start, last))
    return found


def statement_at(sql: str, at: int) -> Span | None:
    """The statement that a cursor at character `at` is in: behind a semicolon on the same line that
    is the one before it, in between the one that follows, at the end the last one."""
    found = statements(sql)
    for before, after in itertools.pairwise([*found, None]):
        assert before is not None
        if at <= before.end:
            return before
        if after is None or (at < after.start and "\n" not in sql[before.end : at]):
            return before
    return None
