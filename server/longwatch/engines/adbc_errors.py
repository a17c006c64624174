"""From the errors of ADBC drivers to a `JobError`. Some bring a SQLSTATE and a place; of the others
the words tell, and the name that they say is wrong, if the statement has it only once."""

from __future__ import annotations

import re
from typing import Final

import adbc_driver_manager as adbc

from longwatch.engines import postgres_errors
from longwatch.protocol.jobs import JobError

_BY_WORDS: Final = (
    ("syntax error|parse error|parser error|unrecognized token", "syntax_error"),
    ("no such|does not exist|not found|unknown column", "name_error"),
    ("read-?only|permission|denied|not authorized", "permission_denied"),
    ("constraint", "constraint_violation"),
    ("out of memory", "memory_limit"),
)
_BY_STATUS: Final = {
    adbc.AdbcStatusCode.ALREADY_EXISTS: "name_error",
    adbc.AdbcStatusCode.NOT_FOUND: "name_error",
    adbc.AdbcStatusCode.INVALID_ARGUMENT: "invalid_input",
    adbc.AdbcStatusCode.INVALID_DATA: "invalid_input",
    adbc.AdbcStatusCode.NOT_IMPLEMENTED: "invalid_input",
    adbc.AdbcStatusCode.INTEGRITY: "constraint_violation",
    adbc.AdbcStatusCode.IO: "io_error",
    adbc.AdbcStatusCode.TIMEOUT: "time_limit",
    adbc.AdbcStatusCode.UNAUTHENTICATED: "source_unavailable",
    adbc.AdbcStatusCode.UNAUTHORIZED: "permission_denied",
}
_WRONG: Final = re.compile(
    r"no such (?:column|table|function): (?:\w+\.)*(?P<name>\w+)|near \"(?P<word>[^\"]+)\": syntax"
)


def is_cancel(error: Exception) -> bool:
    """Whether this is what a statement that was cancelled raises."""
    status = getattr(error, "status_code", None)
    return (
        status is adbc.AdbcStatusCode.CANCELLED
        or postgres_errors.state_of(error) == postgres_errors.CANCELLED
    )


def to_job_error(error: Exception, sql: str = "") -> tuple[JobError, int | None]:
    """What the user is told about an error of `sql`, and the character in it that is wrong."""
    if not isinstance(error, adbc.Error) or postgres_errors.state_of(error):
        return postgres_errors.to_job_error(error)
    text = str(error).partition(": ")[2] or str(error)
    text = re.sub(r"^\[[\w ]+\] ", "", text.split("\nquery:", 1)[0])
    text = " ".join(re.sub(r"^Failed to \w+ query: ", "", text).split())
    code = next((code for words, code in _BY_WORDS if re.search(words, text, re.IGNORECASE)), None)
    if code is None:
        status = getattr(error, "status_code", None)
        code = _BY_STATUS.get(status, "engine_error") if status is not None else "engine_error"
    stop = "" if text.endswith((".", "?", "!")) else "."
    return JobError(code=code, message=text[:1].upper() + text[1:] + stop), _place(text, sql)


def _place(text: str, sql: str) -> int | None:
    found = _WRONG.search(text)
    if found is None:
        return None
    wrong = re.escape(found["name"] or found["word"])
    places = [one.start() for one in re.finditer(rf"(?<!\w){wrong}(?!\w)", sql)]
    return places[0] if len(places) == 1 else None
