"""Values as PostgreSQL's SQL writes them, by the rules of libpq's `PQescapeLiteral`.

Not psycopg's own `Literal`: that looks numpy up among the modules, which a runner does without.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

from longwatch.engines.contract import EngineError
from longwatch.protocol.jobs import JobError


def literal(value: Any) -> str:
    """A `str`, `int`, `float`, `Decimal`, `bool`, `date`, `datetime` or `None` as SQL, in brackets,
    so that nothing beside it becomes part of it. Typed only where nothing else could be meant: text
    takes the type that its place wants, so that it may be compared with a `uuid`. Raises
    `EngineError`."""
    return f"({_bare(value)})"


def _bare(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int() | Decimal() | float():
            return str(value) if math.isfinite(value) else f"'{value}'::float8"
        case dt.datetime():
            kind = "timestamp" if value.tzinfo is None else "timestamptz"
            return f"'{value.isoformat(' ')}'::{kind}"
        case dt.date():
            return f"'{value.isoformat()}'::date"
        case _:
            raise TypeError(type(value))


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        sayable = False
    else:
        sayable = "\x00" not in value
    if not sayable:
        raise EngineError(
            JobError(
                code="invalid_parameter",
                message="A parameter holds a character that PostgreSQL's text cannot hold.",
                hint="Leave out characters with the code 0, and halves of pairs.",
            )
        )
    doubled = value.replace("'", "''")
    if "\\" not in doubled:
        return f"'{doubled}'"
    # Right whatever `standard_conforming_strings` says.
    return "E'" + doubled.replace("\\", "\\\\") + "'"
