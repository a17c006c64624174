"""Scripts for engines whose drivers take one statement at a time: split, bound, classified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from longwatch.engines.contract import EngineError, Statement
from longwatch.engines.parameters import Bound, advice, bind
from longwatch.engines.text import place, tokens
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.protocol.parameters import Parameter

_READS: Final = frozenset({"SELECT", "VALUES", "TABLE", "SHOW", "DESCRIBE"})
_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "INTO"})


@dataclass(frozen=True, slots=True)
class BoundStatement(Statement):
    """A statement with its values. `sql` is what the engine gets; `script` is all of the SQL as it
    was given, for places."""

    script: str
    bound: Bound

    @property
    def values(self) -> list[Any]:
        """The values of its placeholders in order."""
        return self.bound.values


def split(
    sql: str,
    parameters: Mapping[str, Parameter],
    *,
    dialect: str,
    placeholder: Callable[[int], str],
    quoted: Callable[[str], str],
    kind: Callable[[str], StatementKind | None],
    nothing: tuple[str, str] | None = None,
) -> list[BoundStatement]:
    """The statements of `sql` in order. `kind` is the engine's own word on one, `None` where it
    has none: then the words of the statement decide, and in doubt it counts as writing. The others
    are those of `bind`.

    Raises `EngineError` when there is none, or a parameter is not of its type.
    """
    statements = []
    for start, text in _pieces(sql, dialect):
        bound = bind(
            text,
            parameters,
            dialect=dialect,
            placeholder=placeholder,
            quoted=quoted,
            nothing=nothing,
        )
        found = kind(bound.sql) or _guess(bound.sql, dialect)
        statements.append(BoundStatement(bound.sql, start, found, sql, bound))
    if not statements:
        raise nothing_to_run()
    return statements


def nothing_to_run() -> EngineError:
    """What is wrong with SQL without a statement."""
    return EngineError(
        JobError(
            code="empty_sql",
            message="There is no statement in this SQL, only space and comments.",
            hint="Write a query, then run it.",
        )
    )


def at_place(error: JobError, statement: BoundStatement, at: int | None) -> JobError:
    """`error` at character `at` of the statement's own text, if that is known, told in terms of the
    script; with advice on what looks like a parameter without a value."""
    hint = error.hint
    if error.code == "syntax_error":
        hint = advice(statement.bound.missing) or hint
    if at is None:
        return msgspec.structs.replace(error, hint=hint)
    line, column = place(statement.script, statement.start + statement.bound.original(at))
    return msgspec.structs.replace(error, line=line, column=column, hint=hint)


def check_values(statement: BoundStatement) -> None:
    """For dialects in which a `:name` can be nothing but a parameter. Raises `EngineError` when one
    has no value."""
    missing = statement.bound.missing
    if missing:
        at = statement.bound.given.find(":" + missing[0])
        line, column = place(statement.script, statement.start + at)
        raise EngineError(
            JobError(
                code="invalid_parameter",
                message=f"The parameter :{missing[0]} has no value.",
                line=line,
                column=column,
                hint="Give it one, then run the query again.",
            )
        )


def _pieces(sql: str, dialect: str) -> Iterator[tuple[int, str]]:
    """Each statement without the semicolon after it, and where it begins."""
    if ";" not in sql and "--" not in sql and "/*" not in sql:
        if sql.strip():
            yield len(sql) - len(sql.lstrip()), sql.strip()
        return
    found = tokens(sql, dialect)
    if found is None:
        yield 0, sql  # the engine says what is wrong with it
        return
    first = last = None
    for token in found:
        if sql[token.start : token.end + 1] == ";":
            if first is not None and last is not None:
                yield first, sql[first : last + 1]
            first = last = None
        elif token.end >= token.start:
            first = token.start if first is None else first
            last = token.end
    if first is not None and last is not None:
        yield first, sql[first : last + 1]


def _guess(sql: str, dialect: str) -> StatementKind:
    words = [token.text.upper() for token in tokens(sql, dialect) or ()]
    reads = words and (words[0] in _READS or words[0] == "WITH") and not _WRITES & set(words)
    return StatementKind.READ if reads else StatementKind.WRITE
