"""From DuckDB's exceptions to a `JobError` with a stable code, a place and a hint."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import duckdb

from longwatch.engines.parameters import Bound, advice
from longwatch.protocol.jobs import JobError

INTERRUPTED: Final = "interrupted"
# DuckDB's exception_type, lower-cased → our code. What is not here is `engine_error`.
CODES: Final = {
    "parser": "syntax_error",
    "syntax": "syntax_error",
    "binder": "name_error",
    "catalog": "name_error",
    "conversion": "conversion_error",
    "out of range": "out_of_range",
    "out of memory": "memory_limit",
    "permission": "permission_denied",
    "io": "io_error",
    "constraint": "constraint_violation",
    "invalid input": "invalid_input",
    "mismatch type": "type_error",
    "internal": "engine_bug",
    "fatal": "engine_bug",
    "interrupt": INTERRUPTED,
}
HINTS: Final = {
    "memory_limit": "Raise the job's memory limit, or let the query keep less at once: fewer "
    "columns, a filter, a smaller GROUP BY.",
    "spill_limit": "Let the query keep less at once: fewer columns, a filter, a smaller sort or "
    "GROUP BY. More memory helps too, as does a larger spill_bytes in the server's settings.",
    "permission_denied": "A source is opened read-only and alone: a query reaches neither other "
    "files nor the network.",
    "engine_bug": "This is a fault in the engine. Running the query again may work.",
}


_SPILL: Final = "max_temp_directory_size"
"""What DuckDB names in the error when there is no more room to spill to."""
_PLAIN: Final = re.compile(r"(?:\w+: )?([A-Z][A-Za-z ]*) Error: (.*)", re.DOTALL)
"""An error that did not come as JSON, perhaps with Arrow's own word before it."""


def to_job_error(
    error: Exception, bound: Bound | None = None, *, start: int = 0, prefix: int = 0
) -> JobError:
    """What the user is told about `error`, DuckDB's own or Arrow's that wraps one.

    The engine was set to report errors as JSON, with a byte position in the text it was given:
    the part of `bound.sql` from character `start` on, after `prefix` bytes of ours. Not all do:
    then there is no place.
    """
    details = _details(str(error))
    kind = str(details.get("exception_type", "")).lower()
    code = CODES.get(kind, "engine_error")
    if isinstance(error, duckdb.OutOfMemoryException):
        code = "spill_limit" if _SPILL in str(error) else "memory_limit"
    elif isinstance(error, duckdb.InterruptException):
        code = INTERRUPTED
    message = str(details.get("exception_message") or error).strip()
    line, column = None, None
    at_byte = -1 if (at := details.get("position")) is None else int(str(at)) - prefix
    if at_byte >= 0 and bound is not None:
        before = bound.sql[start:].encode()[:at_byte].decode(errors="ignore")
        line, column = bound.place(start + len(before))
    # What follows the first paragraph is advice to SET things, which the jail refuses.
    message = message.split("\n\n", 1)[0]
    candidates = [name for name in str(details.get("candidates", "")).split(",") if name]
    hint = HINTS.get(code)
    if candidates:
        # The message of a missing name repeats the list that becomes the hint.
        message = message.split("\n", 1)[0]
        hint = "Did you mean " + _choices(candidates[:3]) + "?"
    if code == "syntax_error" and bound is not None:
        hint = advice(bound.missing) or hint
    return JobError(code=code, message=message, line=line, column=column, hint=hint)


def _choices(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def _details(text: str) -> dict[str, Any]:
    start = text.find("{")
    try:
        details = json.JSONDecoder().raw_decode(text, start)[0] if start >= 0 else None
    except ValueError:
        details = None
    if isinstance(details, dict) and "exception_type" in details:
        return details
    plain = _PLAIN.match(text)
    if plain is None:
        return {}
    return {"exception_type": plain[1], "exception_message": plain[2]}
