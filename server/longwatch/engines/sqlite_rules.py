"""What an SQLite session may do, and what its errors mean."""

from __future__ import annotations

from typing import Final

import apsw

from longwatch.protocol.jobs import JobError

_READS: Final = frozenset(
    {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}
)
_TEMPORARY: Final = frozenset(
    {
        apsw.SQLITE_CREATE_TEMP_TABLE,
        apsw.SQLITE_CREATE_TEMP_INDEX,
        apsw.SQLITE_CREATE_TEMP_VIEW,
        apsw.SQLITE_DROP_TEMP_TABLE,
        apsw.SQLITE_DROP_TEMP_INDEX,
        apsw.SQLITE_DROP_TEMP_VIEW,
    }
)
_CHANGES: Final = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})
_STEPS: Final = frozenset({apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT})
_PRAGMAS: Final = frozenset(
    {
        "application_id", "collation_list", "compile_options", "database_list", "encoding",
        "foreign_key_list", "freelist_count", "function_list", "index_info", "index_list",
        "index_xinfo", "integrity_check", "journal_mode", "page_count", "page_size",
        "pragma_list", "quick_check", "schema_version", "table_info", "table_list", "table_xinfo",
        "user_version",
    }
)  # fmt: skip
_WITH_ARGUMENT: Final = frozenset(
    {
        "foreign_key_list", "index_info", "index_list", "index_xinfo", "integrity_check",
        "quick_check", "table_info", "table_list", "table_xinfo",
    }
)  # fmt: skip
_DENIED: Final = "not authorized"
_SYNTAX: Final = ("syntax error", "incomplete input", "unrecognized token")
_FUNCTIONS: Final = frozenset({"load_extension", "writefile", "readfile", "edit", "fts3_tokenizer"})


def authorize(
    action: int, first: str | None, second: str | None, database: str | None, _inner: str | None
) -> int:
    """SQLite asks this for every step of every statement while it is prepared."""
    if action == apsw.SQLITE_FUNCTION:
        allowed = (second or "").lower() not in _FUNCTIONS
    elif action == apsw.SQLITE_PRAGMA:
        name = (first or "").lower()
        allowed = name in _PRAGMAS and (second is None or name in _WITH_ARGUMENT)
    elif action in _CHANGES:
        allowed = database == "temp"
    else:
        allowed = action in _READS or action in _TEMPORARY or action in _STEPS
    return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY


def to_job_error(error: Exception) -> JobError:
    """What the user is told about an error of SQLite."""
    if isinstance(error, MemoryError | apsw.NoMemError):
        return JobError(
            code="memory_limit",
            message="The query needed more than its memory.",
            hint="Raise the job's memory limit, or let the query keep less at once.",
        )
    if isinstance(error, OverflowError):
        return JobError(
            code="out_of_range",
            message="A parameter is a number of more than 64 bits, which SQLite cannot take.",
            hint="Give it as text, or choose a smaller number.",
        )
    text = str(error).strip()
    lowered = text.lower()
    code, hint = "engine_error", None
    match error:
        case UnicodeDecodeError():
            code = "conversion_error"
            text = f"A name in the database is not UTF-8: {error.object.decode(errors='replace')!r}"
            hint = "Rename it with the program that made it."
        case apsw.BindingsError():
            code = "invalid_parameter"
            text = "The query has a placeholder without a value."
            hint = "Write :name for a parameter, and give it a value."
        case _ if isinstance(error, apsw.ReadOnlyError | apsw.AuthError) or _DENIED in lowered:
            code = "permission_denied"
            text = "That is not allowed here: a query reads its source, no more."
            hint = "Temporary tables can be made (CREATE TEMP TABLE); nothing else can be changed."
        case apsw.NotADBError() | apsw.CorruptError():
            code = "io_error"
            hint = "The database file is damaged. Restore it from a copy."
        case apsw.BusyError() | apsw.LockedError():
            code = "source_busy"
            text = "The database is locked by another program."
            hint = "Wait until that one is done, then run the query again."
        case apsw.FullError() | apsw.IOError():
            code = "io_error"
        case apsw.SQLError() if lowered.startswith(("no such", "ambiguous column")):
            code = "name_error"
        case apsw.SQLError() if any(word in lowered for word in _SYNTAX):
            code = "syntax_error"
        case apsw.MismatchError() | apsw.RangeError() | apsw.TooBigError():
            code = "invalid_input"
        case _:
            pass
    return JobError(code=code, message=text[:1].upper() + text[1:] + _stop(text), hint=hint)


def _stop(text: str) -> str:
    return "" if text.endswith((".", "?", "!")) else "."
