"""Lays SQL out anew: other blanks and line ends, and nothing else.

By sqlparse, which only looks at words. sqlglot, which understands SQL, writes it again in its own
way: `:name` becomes `$name`, `x::int` a CAST, and remarks move.
"""

from __future__ import annotations

from typing import Final

from longwatch_desktop.translation import tr

MOST_CHARS: Final = 100_000
"""sqlparse takes 2 s for so much."""


class CannotFormat(Exception):
    """The text is left as it is; the message says why."""


def formatted(sql: str) -> str:
    """`sql` with a line for each clause; not for the window's thread. Raises `CannotFormat`."""
    import sqlparse  # noqa: PLC0415 - in the thread that this is called in

    if len(sql) > MOST_CHARS:
        raise CannotFormat(
            tr("It is longer than %n characters; select a part of it.", "", MOST_CHARS)
        )
    try:
        text = sqlparse.format(sql, reindent=True, indent_columns=True, indent_width=4)
    except (sqlparse.exceptions.SQLParseError, RecursionError) as error:
        raise CannotFormat(f"{error}.") from error
    if "".join(text.split()) != "".join(sql.split()):
        raise CannotFormat(tr("It would not have stayed the same query."))
    return str(text)
