"""Which SQL a Spark session takes, and whether running it again is safe.

Spark has no sessions that only read. So without `writable` only that is run which Spark's own
grammar knows for a query, what looks at the catalogue, and what stays in the session. And in any
source what loads code or runs programs where the server runs is refused: its rights are the
boundary, and a query is not to have all of them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from longwatch.engines.scripts import BoundStatement
from longwatch.engines.text import tokens
from longwatch.protocol.jobs import JobError, StatementKind

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_QUERIES: Final = frozenset({"FROM", "SELECT", "TABLE", "VALUES", "WITH"})
_LOOKS: Final = frozenset({"DESC", "DESCRIBE", "EXPLAIN", "SHOW"})
"""These run nothing of what they name: Spark has no EXPLAIN ANALYZE."""
_CHANGES: Final = frozenset({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"})
_OF_THE_SESSION: Final = frozenset({"DECLARE", "RESET", "SET", "USE"})
_LOCKED: Final = ("spark.sql.catalog.", "spark.sql.runSQLOnFiles", "spark.connect.")
"""Settings that would have the session reach what its source does not name."""
_CODE: Final = frozenset({"java_method", "reflect", "try_reflect"})
"""Functions that call whatever method of Java they are told to."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the words of a statement tell. `kind` is `None` for a query that may change something,
    which only Spark can tell; `refusal` is why it is not allowed at all, at character `refused_at`
    of it; `in_session` says that what it changes ends with the session."""

    kind: StatementKind | None
    is_query: bool
    in_session: bool = False
    refusal: JobError | None = None
    refused_at: int = 0


@dataclass(frozen=True, slots=True)
class Looked(BoundStatement):
    """A statement with what its words tell."""

    shape: Shape


def look(sql: str) -> Shape:
    """What one statement is by its words. Words of which nothing is known are taken to write."""
    found = tokens(sql, "spark")
    words = _words(found or [])
    first = next((word for word in words if word != "("), "")
    refused = _refused(found or [], words)
    if refused is not None:
        error, at = refused
        return Shape(StatementKind.WRITE, False, refusal=error, refused_at=at)
    if first in _LOOKS:
        return Shape(StatementKind.READ, is_query=False)
    if first in _QUERIES:
        return Shape(None if _CHANGES & {*words} else StatementKind.READ, is_query=True)
    in_session = first in _OF_THE_SESSION or _is_temporary_view(words)
    return Shape(StatementKind.WRITE, is_query=False, in_session=in_session)


def as_query(sql: str) -> str:
    """`sql` in a place where Spark's grammar has queries and nothing else: a syntax error of this
    that the statement alone has not says that it is none."""
    return f"SELECT * FROM (\n{sql}\n)"  # noqa: S608 - looked at, and not run


def only_read() -> JobError:
    """What is wrong with a statement that changes a source which is only read."""
    return JobError(
        code="permission_denied",
        message="This source is only read, and this statement may change something.",
        hint="Temporary views can be made (CREATE TEMPORARY VIEW v AS SELECT …). Ask for the "
        "source to be made writable, if it is meant to be changed.",
    )


def _words(found: list[Token]) -> list[str]:
    """The words and signs as they are compared: what is quoted, and what is text, is none."""
    return [
        "" if token.token_type.name == "IDENTIFIER" or _is_text(token) else token.text.upper()
        for token in found
    ]


def _is_text(token: Token) -> bool:
    return token.token_type.name.endswith("STRING")


def _is_temporary_view(words: list[str]) -> bool:
    """CREATE [OR REPLACE] TEMP VIEW … AS: not one that another session sees, and not one of a file
    or another database, which has USING."""
    head = [word for word in words[:5] if word not in {"OR", "REPLACE"}]
    return (
        head[:1] == ["CREATE"]
        and head[1:2] in (["TEMP"], ["TEMPORARY"])
        and head[2:3] == ["VIEW"]
        and "USING" not in words[: words.index("AS") if "AS" in words else None]
    )


def _refused(found: list[Token], words: list[str]) -> tuple[JobError, int] | None:
    """What is refused whatever the source, and where it begins."""
    first = words[0].split()[0] if words and words[0] else ""  # `ADD JAR` is one token
    error: JobError | None = None
    if first == "ADD":
        error = _denied("ADD loads files or code into the server.", _ASK)
    elif first in {"BEGIN", "EXECUTE"}:
        error = _denied(
            f"{first} is not allowed here: what it runs cannot be seen before.",
            "Send its statements one by one.",
        )
    elif first == "CREATE" and "FUNCTION" in words[:5] and _names_a_class(found, words):
        error = _denied("A function of a class loads code into the server.", _ASK)
    elif first == "SET" and found[1:] and _setting(found).startswith(_LOCKED):
        error = _denied(f"SET {_setting(found)} is not allowed here: it is the source's.", _ASK)
    elif first == "RESET" and (_setting(found).rstrip(";") or _LOCKED[0]).startswith(_LOCKED):
        # What the source has set would be as the server has it: files could be read by their path.
        error = _denied(
            f"{f'RESET {_setting(found)}'.strip()} is not allowed here: it undoes what the source "
            "has set.",
            "Reset by its name what you have set: RESET spark.sql.shuffle.partitions.",
        )
    return (error, found[0].start) if error is not None else _inner_refused(found, words)


def _inner_refused(found: list[Token], words: list[str]) -> tuple[JobError, int] | None:
    for number, (token, after) in enumerate(itertools.pairwise(found)):
        word, follows = words[number], words[number + 1]
        # In double quotes as well: a setting of Spark's has it take them for names.
        if token.text.lower() in _CODE and follows == "(":
            error = _denied(
                f"{token.text} is not allowed here: it runs any code of the server's.",
                "Write it with Spark's other functions.",
            )
            return error, token.start
        if word == "USING" and (_is_text(after) or follows in {":", "?"}):
            error = _denied(
                "TRANSFORM … USING is not allowed here: it runs a program where the server runs.",
                "Write it with Spark's own functions.",
            )
            return error, token.start
        if word == "OVERWRITE" and "DIRECTORY" in words[number + 1 : number + 3]:
            error = _denied(
                "INSERT OVERWRITE DIRECTORY is not allowed here: it writes files of the server's.",
                "Run the SELECT alone and save its result.",
            )
            return error, token.start
        if word == "IDENTIFIER" and follows == "(" and _calls(words[number + 1 :]):
            error = _denied(
                "A function named by IDENTIFIER is not allowed here: it cannot be seen before "
                "which it is.",
                "Write its name.",
            )
            return error, token.start
    return None


def _calls(words: list[str]) -> bool:
    """Whether what stands in the brackets that `words` begin with is called."""
    depth = 0
    for number, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0:
            return words[number + 1 : number + 2] == ["("]
    return False


def _names_a_class(found: list[Token], words: list[str]) -> bool:
    """`CREATE FUNCTION f AS 'class' USING JAR …`, and not one of SQL."""
    return any(
        word == "AS" and _is_text(after) for word, after in zip(words, found[1:], strict=False)
    )


def _setting(found: list[Token]) -> str:
    """The name that SET sets: dots and words are tokens of their own."""
    name = ""
    end = found[0].end
    for token in found[1:]:
        if name and token.start != end + 1:
            break
        name += token.text
        end = token.end
    return name


def _denied(message: str, hint: str) -> JobError:
    return JobError(code="permission_denied", message=message, hint=hint)


_ASK: Final = "Ask whoever runs the server."
