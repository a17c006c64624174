"""Places in SQL, and names and strings as SQL writes them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import Tokenizer
    from sqlglot.tokenizer_core import Token


def place(sql: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of the character `at`."""
    before = sql[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str | Path) -> str:
    """`value` as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def tokens(sql: str, dialect: str) -> list[Token] | None:
    """The words and signs of `sql` but for comments, in sqlglot's `dialect`; `None` when something
    in it is not closed, or not to be read at all. 0.24 s for the first call."""
    from sqlglot.errors import TokenError  # noqa: PLC0415 - as said, and most queries need none

    try:
        return _tokenizer(dialect)(dialect=dialect).tokenize(sql)
    except TokenError:
        return None


@cache
def _tokenizer(dialect: str) -> type[Tokenizer]:
    from sqlglot.dialects.dialect import Dialect  # noqa: PLC0415 - as above

    base = Dialect.get_or_raise(dialect).tokenizer_class
    # Behind the word of a command, such as EXPLAIN or CALL, it would make one token of all text.
    return type("Tokens", (base,), {"COMMANDS": set()})
