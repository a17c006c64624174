"""From Spark's errors (an error class, a SQLSTATE, a place in the SQL) to a `JobError`."""

from __future__ import annotations

import re
from typing import Final

from pyspark.errors import PySparkException, QueryContextType

from longwatch.protocol.jobs import JobError

CANCELLED: Final = "OPERATION_CANCELED"
# An error class, or its first part; what is not here goes by its SQLSTATE.
_CLASSES: Final = {
    "AMBIGUOUS_REFERENCE": "name_error",
    "DATATYPE_MISMATCH": "type_error",
    "INTERNAL_ERROR": "engine_bug",
    "INVALID_HANDLE": "source_unavailable",
    "MISSING_AGGREGATION": "name_error",
    "MISSING_GROUP_BY": "name_error",
    "PARSE_EMPTY_STATEMENT": "syntax_error",
    "SPARK_JOB_CANCELLED": "engine_error",
    "UNBOUND_SQL_PARAMETER": "invalid_parameter",
    "UNRESOLVED_COLUMN": "name_error",
}
# A SQLSTATE, or its first characters; the longest that fits counts.
_STATES: Final = {
    "07": "invalid_input",
    "08": "source_unavailable",
    "0A": "invalid_input",
    "21": "invalid_input",
    "22": "invalid_input",
    "22003": "out_of_range",
    "22008": "out_of_range",
    "22015": "out_of_range",
    "22007": "conversion_error",
    "22018": "conversion_error",
    "22P02": "conversion_error",
    "23": "constraint_violation",
    "25": "invalid_input",
    "28": "source_unavailable",
    "38": "engine_error",
    "42": "name_error",
    "42501": "permission_denied",
    "42601": "syntax_error",
    "42602": "syntax_error",
    "42617": "syntax_error",
    "42804": "type_error",
    "42846": "type_error",
    "42K09": "type_error",
    "42P02": "invalid_parameter",
    "53": "source_busy",
    "53200": "memory_limit",
    "54": "invalid_input",
    "56": "invalid_input",
    "58": "io_error",
    "XX": "engine_bug",
    "XXKST": "engine_error",
}
_HINTS: Final = {
    "memory_limit": "Let the query keep less at once: fewer columns, a filter, a smaller GROUP BY.",
    "engine_bug": "This is a fault in the engine. Running the query again may work.",
    "source_busy": "Others are at work on the source. Run the query again in a while.",
    "source_unavailable": "The server ended the session. Run the query again once it is back.",
    "permission_denied": "The source's user has no right to it. Ask whoever runs the server.",
}
_TOO_LARGE: Final = "spark.driver.maxResultSize"
_POSITION: Final = re.compile(r"\(line (\d+), pos (\d+)\)|; line (\d+),? pos (\d+)")
_MEANT: Final = re.compile(r"\s*Did you mean one of the following\? \[(.+?)\]\.?")
_TOO_LARGE_HINT: Final = (
    "Spark's driver holds all of a result that nobody has read yet. Ask for fewer rows or columns, "
    f"or whoever runs the server for a larger {_TOO_LARGE}."
)


def is_cancel(error: Exception) -> bool:
    """Whether this is what a query that was interrupted raises."""
    return condition(error).startswith((CANCELLED, "SPARK_JOB_CANCELLED"))


def is_syntax(error: Exception) -> bool:
    """Whether Spark's parser refused the text, whatever it would have meant."""
    return condition(error).startswith("PARSE_") or state_of(error) == "42601"


def condition(error: Exception) -> str:
    """Spark's name of an error, empty without one."""
    return (error.getCondition() or "") if isinstance(error, PySparkException) else ""


def state_of(error: Exception) -> str:
    """The SQLSTATE of an error, empty without one."""
    return (error.getSqlState() or "") if isinstance(error, PySparkException) else ""


def to_job_error(error: Exception, sql: str = "") -> tuple[JobError, int | None]:
    """What the user is told about an error of `sql`, and the character of it that is wrong."""
    text = _text(error)
    code = _code(condition(error), state_of(error), error)
    first, _, rest = text.partition("\n")
    meant = _MEANT.search(first)
    hint: str | None
    if _TOO_LARGE in text:
        code, hint = "memory_limit", _TOO_LARGE_HINT
    elif is_cancel(error):
        first = "The query was cancelled on the server, by somebody else"
        hint = "Ask whoever runs the server, or run the query again."
    elif meant is not None:
        first, hint = first[: meant.start()].strip(), f"Perhaps you meant {meant[1]}."
    else:
        hint = _advice(rest) or _HINTS.get(code)
    return JobError(code=code, message=_sentence(first), hint=hint), _place(error, str(error), sql)


def _advice(text: str) -> str | None:
    """What Spark says after its first line, but for what is of no use here."""
    lines = (line for line in text.splitlines() if not line.startswith(("Search path", "To toler")))
    said = " ".join(" ".join(lines).split())
    return _sentence(said) if said else None


def _code(name: str, state: str, error: Exception) -> str:
    for known in (name, name.partition(".")[0]):
        if known in _CLASSES:
            return _CLASSES[known]
    for length in (5, 2):
        if state[:length] in _STATES:
            return _STATES[state[:length]]
    if "StatusCode.UNAVAILABLE" in str(error):
        return "source_unavailable"
    return "engine_error"


def _text(error: Exception) -> str:
    """Spark's sentences without what stands around them: its name of the error, its SQLSTATE, and
    what comes after that, the SQL and its plan."""
    text = str(error)
    text = re.split(
        r"\s*SQLSTATE: \w{5}\b|\n\n== SQL|\n\nJVM stacktrace|\n\tat ", text, maxsplit=1
    )[0]
    text = re.sub(r"^\s*(?:\([\w.]+\) )?(?:[\w.$]+(?:Exception|Error): )?\[[\w.]+\] ", "", text)
    return re.sub(r"\s*\(line \d+, pos \d+\)", "", text).strip()


def _place(error: Exception, text: str, sql: str) -> int | None:
    at = _of_context(error, sql)
    if at is not None:
        return at
    found = _POSITION.search(text)
    if found is None:
        return None
    line, column = (int(one) for one in found.groups() if one is not None)
    starts = [0, *(number + 1 for number, one in enumerate(sql) if one == "\n")]
    if not 0 < line <= len(starts):
        return None
    return min(starts[line - 1] + column, max(len(sql) - 1, 0))


def _of_context(error: Exception, sql: str) -> int | None:
    contexts = error.getQueryContext() if isinstance(error, PySparkException) else None
    for context in contexts or ():
        # Others are of the text of a view, or of a DataFrame's call.
        if context.contextType() is QueryContextType.SQL and not context.objectType():
            return min(max(context.startIndex(), 0), max(len(sql) - 1, 0))
    return None


def _sentence(text: str) -> str:
    stop = "" if text.endswith((".", "?", "!")) else "."
    return text[:1].upper() + text[1:] + stop
