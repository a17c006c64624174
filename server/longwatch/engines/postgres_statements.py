"""Which SQL a PostgreSQL session takes, and whether running it again is safe.

What is refused here is refused for a clear message, and because nobody means it: the boundary is
the rights of the source's role on the server, which a function, a view or a trigger reaches
without any word of it in the statement. So a source's role should be a plain one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

from longwatch.engines.postgres_lexer import Kind, Token, tokens
from longwatch.protocol.jobs import JobError, StatementKind

_QUERIES: Final = frozenset({"select", "values", "table", "with"})
_CHANGES: Final = frozenset({"insert", "update", "delete", "merge"})
_TEMPORARY: Final = frozenset({"temp", "temporary"})
_MODES: Final = frozenset(
    {"default_transaction_read_only", "transaction_read_only", "default_transaction_deferrable"}
)
_OURS: Final = frozenset(
    {
        "application_name", "client_connection_check_interval", "client_encoding", "names",
        "standard_conforming_strings", "role", "session_authorization",
    }
)  # fmt: skip
"""Settings by which a session is found and ended, and its SQL understood."""
_FUNCTIONS: Final = frozenset(
    {
        "lo_export", "lo_import", "pg_cancel_backend", "pg_current_logfile", "pg_execute_server",
        "pg_reload_conf", "pg_rotate_logfile", "pg_stat_file", "pg_terminate_backend",
    }
)  # fmt: skip
_FAMILIES: Final = ("pg_read_", "pg_ls_", "pg_file_", "pg_logdir_", "dblink")
"""How the names of functions begin that reach files of the server, and other servers."""
_WITHOUT_EXPLAIN: Final = frozenset({"analyze", "verbose"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a statement's words tell. `kind` is `None` where the server has to be asked; `refusal`
    says why it may not be run, and `refused_at` from which character on. `calls` are the functions
    that it names, without their schemas if that is `pg_catalog`."""

    kind: StatementKind | None
    is_query: bool
    """Whether it can stand in `COPY (…) TO STDOUT`, by which rows stream."""
    changes: bool
    """Whether it begins with INSERT or the like."""
    calls: frozenset[str]
    refusal: JobError | None = None
    refused_at: int = 0


def look(sql: str, *, writable: bool) -> Shape:
    """What one statement is. `writable` says whether its source may be changed."""
    found = list(tokens(sql))
    words = [token for token in found if token.is_name]
    first = words[0].text if words and words[0].kind is Kind.WORD else ""
    is_explain = first == "explain"
    if is_explain:
        words = _explained(found)
        first = words[0].text if words else ""
    refused = _refusal(first, words, found, writable=writable)
    changes = any(token.is_word(*_CHANGES) for token in words)
    is_query = first in _QUERIES | _CHANGES
    if first in _QUERIES and not any(token.is_word("into") for token in words):
        kind = None if changes else StatementKind.READ
    else:
        kind = StatementKind.READ if first == "show" else StatementKind.WRITE
    return Shape(
        kind=kind,
        is_query=is_query and not is_explain,
        changes=first in _CHANGES,
        calls=frozenset(_calls(found)),
        refusal=refused[0] if refused else None,
        refused_at=refused[1].start if refused else 0,
    )


def _explained(found: list[Token]) -> list[Token]:
    """The words of the statement inside EXPLAIN; as EXPLAIN ANALYZE runs it, both are alike."""
    rest = found[1:]
    if rest and rest[0].text == "(" and not (len(rest) > 1 and rest[1].is_word(*_QUERIES)):
        closing = next((i for i, token in enumerate(rest) if token.text == ")"), len(rest) - 1)
        rest = rest[closing + 1 :]
    words = [token for token in rest if token.is_name]
    while words and words[0].is_word(*_WITHOUT_EXPLAIN):
        words = words[1:]
    return words


def _calls(found: list[Token]) -> list[str]:
    names = []
    for number, (token, after) in enumerate(itertools.pairwise(found)):
        if not token.is_name or after.text != "(" or after.kind is not Kind.OTHER:
            continue
        qualified = number >= 2 and found[number - 1].text == "."
        if qualified and found[number - 2].text != "pg_catalog":
            names.append(f"{found[number - 2].text}.{token.text}")
        else:
            names.append(token.text)
    return names


def _refusal(
    first: str, words: list[Token], found: list[Token], *, writable: bool
) -> tuple[JobError, Token] | None:
    if not words:
        return None
    second = words[1].text if len(words) > 1 else ""
    error = None
    if first == "copy":
        error = _denied("COPY is not allowed here.", "Run the SELECT alone and save its result.")
    elif first == "load" or (first, second) == ("alter", "system"):
        error = _denied(
            f"{first.upper()}{' SYSTEM' if first == 'alter' else ''} is not allowed here: it "
            "changes the server, not the source.",
            "Ask whoever runs the server.",
        )
    elif first in {"do", "call"} and not writable:
        error = _denied(
            f"{first.upper()} is not allowed here: it can end the transaction that only reads.",
            "Write the query itself, or ask for the source to be made writable.",
        )
    elif first in {"set", "reset", "discard"}:
        error = _setting_refused([token.text for token in words[1:]], first, writable=writable)
    elif first in {"begin", "start"} and not writable:
        error = _mode_refused([token.text for token in words])
    if error is not None:
        return error, words[0]
    return _call_refused(found)


def _call_refused(found: list[Token]) -> tuple[JobError, Token] | None:
    for token, after in itertools.pairwise(found):
        name = token.text
        if token.is_name and after.text == "(" and (
            name in _FUNCTIONS or name.startswith(_FAMILIES)
        ):  # fmt: skip
            error = _denied(
                f"{name} is not allowed here: a query reads its source, no file of the server, "
                "and no other session or server.",
                "Ask for what you need to be added as a source, or as a table of this one.",
            )
            return error, token
    return None


def _setting_refused(words: list[str], first: str, *, writable: bool) -> JobError | None:
    if words[:1] in (["session"], ["local"]) and len(words) > 1:
        words = words[1:]
    name = words[0] if words else ""
    if name in {"role", "authorization", "session_authorization"}:
        return _denied(
            "A query keeps the role of its source.",
            "Ask for a source with the other role, and query that.",
        )
    if name in _OURS or (first != "set" and name == "all"):
        return _denied(
            f"{first.upper()} {name.upper() if name in {'all', 'names'} else name} is not allowed "
            "here: a session is found and ended by its settings.",
            "Set what the query needs one by one.",
        )
    if writable:
        return None
    return _denied_mode() if name in _MODES else _mode_refused(words)


def _mode_refused(words: list[str]) -> JobError | None:
    pairs = list(itertools.pairwise(words))
    return _denied_mode() if ("read", "write") in pairs else None


def _denied_mode() -> JobError:
    return _denied(
        "This source is only read.", "Ask for it to be made writable, if it is meant to be changed."
    )


def _denied(message: str, hint: str) -> JobError:
    return JobError(code="permission_denied", message=message, hint=hint)


@dataclass(frozen=True, slots=True)
class TemporaryTable:
    """CREATE TEMP TABLE in two steps, the first of which makes it without rows and runs nothing of
    the query; `fill` is `None` when there is none."""

    define: str
    fill: str | None


def temporary_table(sql: str) -> TemporaryTable | None:
    """The steps of a CREATE TEMP TABLE; `None` for any other statement, and one that cannot be
    taken apart."""
    found = list(tokens(sql))
    head = [token.text for token in found[:4] if token.kind is Kind.WORD]
    if len(head) > 1 and head[1] in {"local", "global"}:
        del head[1]
    if len(head) < 3 or head[0] != "create" or head[1] not in _TEMPORARY or head[2] != "table":
        return None
    at = next(number for number, token in enumerate(found) if token.is_word("table")) + 1
    depth = 0
    for number in range(at, len(found)):
        token = found[number]
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind is Kind.OTHER else 0
        if depth == 0 and token.is_word("as"):
            return _as_query(sql, found, at, number)
    return TemporaryTable(sql, None)


def _as_query(sql: str, found: list[Token], name_at: int, as_at: int) -> TemporaryTable | None:
    name, query = found[name_at], found[as_at + 1 :]
    if not query or name.is_word("if") or query[0].is_word("execute"):
        return None
    tail = [token.text for token in query[-3:] if token.kind is Kind.WORD]
    end = query[-1].end
    empty = tail == ["with", "no", "data"]
    if empty or tail[-2:] == ["with", "data"]:
        end = query[-4 if empty else -3].end
    name_end = found[name_at + 2].end if found[name_at + 1].text == "." else name.end
    table = sql[name.start : name_end]
    if name_end == name.end:
        table = f"pg_temp.{table}"
    return TemporaryTable(
        f"{sql[:end]}\nWITH NO DATA",
        None if empty else f"INSERT INTO {table}\n{sql[query[0].start : end]}",
    )
