"""Which SQL a DuckDB session takes, and whether running it again is safe.

Only what is named here is let through. A folder's files could be overwritten from within (DuckDB's
`allowed_directories` knows no read-only), so whatever writes files is refused by its type, also
inside of EXPLAIN ANALYZE. PREPARE would hide a statement from this look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb

from longwatch.engines.contract import EngineError, Statement
from longwatch.engines.parameters import Bound
from longwatch.protocol.jobs import JobError, StatementKind

# PIVOT is a MULTI: it looks for the values to make columns of, then selects.
_READS: Final = frozenset({"SELECT", "MULTI"})
# Everything not named in `_READS` counts as writing, if only to the session's own memory: a
# statement may be rerun only when that is safe.
_WRITES: Final = frozenset(
    {
        "ALTER", "ANALYZE", "CALL", "CREATE", "CREATE_FUNC", "DELETE", "DROP", "INSERT",
        "MERGE_INTO", "PRAGMA", "SET", "TRANSACTION", "UPDATE", "VACUUM", "VARIABLE_SET",
    }
)  # fmt: skip
_EXPORTS: Final = frozenset({"COPY", "COPY_DATABASE", "EXPORT"})
_EXPLAINABLE: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "MERGE_INTO"})
PLACEHOLDER: Final = "longwatch_{}"
"""A name for value number n; DuckDB takes `$` and the name."""
_NAMES: Final = {"COPY_DATABASE": "COPY", "EXTENSION": "INSTALL", "UNKNOWN": "Such"}


@dataclass(frozen=True, slots=True)
class Classified(Statement):
    """A statement, whether EXPLAIN can check it without running anything, and the values of its
    placeholders."""

    explainable: bool
    values: dict[str, Any]


def classify(bound: Bound, found: list[duckdb.Statement]) -> list[Classified]:
    """The statements `found` in `bound.sql`. Raises `EngineError` for one that is not allowed here,
    and when there is none."""
    sql = bound.sql
    values = {PLACEHOLDER.format(number): one for number, one in enumerate(bound.values, start=1)}
    statements: list[Classified] = []
    at = 0
    for one in found:
        at = max(sql.find(one.query, at), at)
        type_name = _type(one)
        kind = _kind(type_name, one.query)
        if kind is None:
            raise EngineError(_refusal(type_name, bound.place(at + _indent(one.query))))
        mine = {name: values[name] for name in one.named_parameters if name in values}
        statements.append(Classified(one.query, at, kind, type_name in _EXPLAINABLE, mine))
        at += len(one.query)
    if not statements:
        raise EngineError(
            JobError(
                code="empty_sql",
                message="There is no statement in this SQL, only space and comments.",
                hint="Write a query, then run it.",
            )
        )
    return statements


def _type(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # a type that the driver's own list has not, such as UPDATE EXTENSIONS
        return "UNKNOWN"


def _kind(type_name: str, sql: str) -> StatementKind | None:
    """`None` for what is refused."""
    if type_name in _READS:
        return StatementKind.READ
    if type_name == "EXPLAIN":
        return _kind_of_explained(sql)
    if type_name not in _WRITES or (type_name == "PRAGMA" and not _is_plain_pragma(sql)):
        return None
    return StatementKind.WRITE


def _kind_of_explained(sql: str) -> StatementKind | None:
    """EXPLAIN ANALYZE runs what it explains, so both are what the inner statement is."""
    words = [token for token in _tokens(sql) if token[0] not in {"explain", "analyze"}]
    if words and words[0][0] == "(":  # options
        words = words[next(i for i, (text, _) in enumerate(words) if text == ")") + 1 :]
    inner = sql.encode()[words[0][1] :].decode() if words else ""
    try:
        found = duckdb.extract_statements(inner)
    except duckdb.Error:
        return None
    return _kind(_type(found[0]), inner) if len(found) == 1 else None


def _is_plain_pragma(sql: str) -> bool:
    """IMPORT DATABASE and COPY FROM DATABASE come as pragmas too, and run what a file says."""
    words = [text.strip('"') for text, _ in _tokens(sql)[:2]]
    return words[0] == "pragma" and words[1:] != ["import_database"]


def _tokens(sql: str) -> list[tuple[str, int]]:
    """Words and signs but for comments: each with its byte position, in lower case, cut at the
    next space or bracket."""
    data = sql.encode()
    found = duckdb.tokenize(sql)
    ends = [start for start, _ in found[1:]] + [len(data)]
    return [
        (data[start:end].decode(errors="replace").strip().lower(), start)
        for (start, kind), end in zip(found, ends, strict=True)
        if kind != duckdb.token_type.comment
    ]


def _indent(sql: str) -> int:
    return len(sql) - len(sql.lstrip())


def _refusal(type_name: str, where: tuple[int, int]) -> JobError:
    line, column = where
    if type_name in _EXPORTS:
        message = "COPY and EXPORT are not allowed here: a query cannot write files."
        hint = "Run the SELECT alone and save its result."
    elif type_name in {"PREPARE", "EXECUTE"}:
        message = "PREPARE and EXECUTE are not allowed here."
        hint = "Run the statement itself."
    elif type_name == "EXPLAIN":
        message = "EXPLAIN is allowed here only for what may be run."
        hint = "Explain the SELECT alone."
    else:
        name = _NAMES.get(type_name, type_name)
        message = f"{name} statements are not allowed here: a query reads its source, no more."
        hint = "Ask for another source to be added, and query that."
    return JobError(code="permission_denied", message=message, line=line, column=column, hint=hint)
