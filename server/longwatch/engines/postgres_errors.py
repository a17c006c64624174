"""From PostgreSQL's errors (SQLSTATE, appendix A of its manual) to a `JobError` with a stable code,
a place and a hint."""

from __future__ import annotations

import re
from typing import Final

import adbc_driver_manager as adbc

from longwatch.protocol.jobs import JobError

CANCELLED: Final = "57014"
READ_ONLY: Final = "25006"
# A SQLSTATE, or its first characters; the longest that fits counts. What is not here is
# `engine_error`.
_CODES: Final = {
    "0A": "invalid_input",
    "08": "source_unavailable",
    "22": "invalid_input",
    "22003": "out_of_range",
    "22008": "out_of_range",
    "22007": "conversion_error",
    "2200M": "conversion_error",
    "22018": "conversion_error",
    "22021": "conversion_error",
    "22023": "invalid_input",
    "22032": "conversion_error",
    "22P02": "conversion_error",
    "22P03": "conversion_error",
    "22P05": "conversion_error",
    "23": "constraint_violation",
    "25": "invalid_input",
    READ_ONLY: "permission_denied",
    "28": "source_unavailable",
    "3D": "source_unavailable",
    "3F": "name_error",
    "40": "source_busy",
    "42": "name_error",
    "42501": "permission_denied",
    "42601": "syntax_error",
    "42602": "syntax_error",
    "42804": "type_error",
    "42846": "type_error",
    "42883": "name_error",
    "42P02": "invalid_parameter",
    "42P08": "type_error",
    "42P18": "type_error",
    "42P22": "type_error",
    "53": "source_busy",
    "53100": "io_error",
    "53200": "memory_limit",
    "53400": "memory_limit",
    "54": "invalid_input",
    "55P03": "source_busy",
    CANCELLED: "time_limit",
    "57": "source_unavailable",
    "58": "io_error",
    "XX": "engine_bug",
}
_HINTS: Final = {
    "source_busy": "Others are at work on the source. Run the query again in a while.",
    "source_unavailable": "The server ended the session. Run the query again once it is back.",
    "time_limit": "The server limits how long a statement may take (statement_timeout).",
    "memory_limit": "Let the query keep less at once: fewer columns, a filter, a smaller GROUP BY.",
    "engine_bug": "This is a fault in the engine. Running the query again may work.",
    "io_error": "Ask whoever runs the server: its disk is full or fails.",
}
_READ_ONLY_HINT: Final = (
    "This source is only read: temporary tables can be made (CREATE TEMP TABLE), nothing else can "
    "be changed."
)
_DENIED_HINT: Final = "The source's role has no right to it. Ask whoever runs the server for it."
_LOST: Final = ("server closed the connection", "no connection to the server", "SSL connection has")


def to_job_error(error: Exception) -> tuple[JobError, int | None]:
    """What the user is told about `error`, and the character of the statement that it points at."""
    if not isinstance(error, adbc.Error):
        return JobError(code="engine_error", message=_sentence(str(error))), None
    details = {_text(key): _text(value) for key, value in error.details}
    state = str(error.sqlstate or "")
    message = details.get("PG_DIAG_MESSAGE_PRIMARY") or _bare(str(error))
    code = code_of(state) if state else _code_without_state(error)
    detail = details.get("PG_DIAG_MESSAGE_DETAIL")
    hint = details.get("PG_DIAG_MESSAGE_HINT")
    if state == CANCELLED and "timeout" not in message:
        code, message = "engine_error", "The query was cancelled on the server, by somebody else"
        hint = "Ask whoever runs the server, or run the query again."
    elif state == READ_ONLY:
        hint = _READ_ONLY_HINT
    elif code == "permission_denied":
        hint = hint or _DENIED_HINT
    at = details.get("PG_DIAG_STATEMENT_POSITION")
    problem = JobError(
        code=code,
        message=_sentence(message) + (f" {_sentence(detail)}" if detail else ""),
        hint=hint or _HINTS.get(code),
    )
    return problem, int(at) - 1 if at else None


def _text(value: str | bytes) -> str:
    """The driver manager gives bytes, though its types say that a key is text."""
    return value if isinstance(value, str) else value.decode(errors="replace")


def code_of(state: str) -> str:
    """Our code for a SQLSTATE."""
    for length in (5, 2):
        if state[:length] in _CODES:
            return _CODES[state[:length]]
    return "engine_error"


def state_of(error: Exception) -> str:
    """The SQLSTATE of an error, empty without one."""
    return str(getattr(error, "sqlstate", None) or "")


def _code_without_state(error: Exception) -> str:
    text = str(error)
    if any(word in text for word in _LOST):
        return "source_unavailable"
    return "engine_error"


def _bare(text: str) -> str:
    """The driver's message without its own words around the server's."""
    text = re.sub(r"^[A-Z_]+: ", "", text)
    text = re.sub(r"\[libpq\] ", "", text)
    text = text.split("\n\nQuery was:", 1)[0].partition("\nLINE ")[0]
    return " ".join(text.split())


def _sentence(text: str) -> str:
    text = text.strip()
    stop = "" if text.endswith((".", "?", "!")) else "."
    return text[:1].upper() + text[1:] + stop
