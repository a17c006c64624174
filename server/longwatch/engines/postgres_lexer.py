"""The words of PostgreSQL's SQL, cut as its own scanner cuts them (`scan.l`).

What is refused, and where a script is split, must not depend on a reading that differs from the
server's: of nested comments, `E'\\''`, `$tag$…$tag$`, or that a no-break space is a letter.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


class Kind(enum.Enum):
    """What a token is."""

    WORD = "word"
    """A key word or a name without quotes."""
    NAME = "name"
    """A quoted name."""
    STRING = "string"
    OTHER = "other"
    """A number, or one character."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is in lower case for a word, without its quotes for a quoted name."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, not quoted."""
        return self.kind is Kind.WORD and self.text in words

    @property
    def is_name(self) -> bool:
        """Whether it can name something."""
        return self.kind in {Kind.WORD, Kind.NAME}


_SPACE: Final = r"[ \t\n\r\f\v]"
_LETTER: Final = r"[A-Za-z_\x80-\U0010ffff]"
_GAP: Final = rf"{_SPACE}*[\n\r]{_SPACE}*"
"""Between the parts of one string."""
_TOKEN: Final = re.compile(
    rf"""
      (?P<space>{_SPACE}+|--[^\n\r]*)
    | (?P<comment>/\*)
    | (?P<string>
          [eE]'(?:[^'\\]|\\.|'')*(?:'(?:{_GAP}'(?:[^'\\]|\\.|'')*')*|\Z)
        | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
        | \$(?P<tag>(?:{_LETTER}(?:{_LETTER}|[0-9])*)?)\$.*?(?:\$(?P=tag)\$|\Z)
      )
    | (?P<name>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
    | (?P<word>{_LETTER}(?:{_LETTER}|[0-9$])*)
    | (?P<other>[0-9](?:{_LETTER}|[0-9.])*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"/\*|\*/")


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of `sql` but for space and comments."""
    at = 0
    while at < len(sql):
        found = _TOKEN.match(sql, at)
        assert found is not None  # any character is a token
        end = found.end()
        group = found.lastgroup
        if found["comment"]:
            end = _end_of_comment(sql, end)
        elif found["string"] is not None:
            yield Token(Kind.STRING, found["string"], at, end)
        elif found["name"] is not None:
            yield Token(Kind.NAME, _unquoted(found["name"]), at, end)
        elif group == "word":
            yield Token(Kind.WORD, found["word"].lower(), at, end)
        elif group == "other":
            yield Token(Kind.OTHER, found["other"], at, end)
        at = end


def pieces(sql: str) -> Iterator[tuple[int, str]]:
    """Each statement of a script without the semicolon after it, and where it begins."""
    first = last = None
    for token in tokens(sql):
        if token.text == ";" and token.kind is Kind.OTHER:
            if first is not None and last is not None:
                yield first, sql[first:last]
            first = last = None
        else:
            first = token.start if first is None else first
            last = token.end
    if first is not None and last is not None:
        yield first, sql[first:last]


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    while depth:
        found = _COMMENT.search(sql, at)
        if found is None:
            return len(sql)
        depth += 1 if found[0] == "/*" else -1
        at = found.end()
    return at


def _unquoted(name: str) -> str:
    inner = name.partition('"')[2].removesuffix('"').replace('""', '"')
    if name[:1] in "uU":
        inner = re.sub(
            r"\\(?:([0-9A-Fa-f]{4})|\+([0-9A-Fa-f]{6}))",
            lambda one: chr(min(int(one[1] or one[2], 16), 0x10FFFF)),
            inner,
        )
    return inner
