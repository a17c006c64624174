"""A second connection, to see to it that a session has ended and to end those of others."""

from __future__ import annotations

import time
from typing import Any, Final

import psycopg

from longwatch.engines.postgres_source import Target, session_name

_NAME: Final = "longwatch control"
_PAUSE_S: Final = 0.02
_GENTLE_S: Final = 0.5
"""How long a session has to heed a cancel before it is terminated."""


def connect(target: Target) -> psycopg.Connection[Any]:
    """A connection of psycopg's, each statement a transaction of its own. Raises `EngineError`."""
    try:
        return psycopg.connect(target.conninfo(_NAME), autocommit=True)
    except psycopg.Error as error:
        raise target.unreachable(error) from None


def end_sessions(target: Target, tag: str, *, within_s: float = 5.0) -> bool:
    """Cancel what sessions called `tag` run, then terminate them; true once there is none. Raises
    `EngineError` when the server cannot be reached."""
    name = session_name(tag)
    with connect(target) as connection:
        return _end(connection, "application_name = %s", [name], within_s)


def end_session(target: Target, pid: int, started: str, *, within_s: float) -> bool:
    """The same for the one session that is process `pid` of the server since `started`."""
    with connect(target) as connection:
        return _end(
            connection,
            "pid = %s::text::int AND backend_start = %s::timestamptz",
            [str(pid), started],  # psycopg's look at a number wants numpy, which a runner lacks
            within_s,
        )


def _end(
    connection: psycopg.Connection[Any], which: str, values: list[Any], within_s: float
) -> bool:
    began_s = time.monotonic()
    how = "pg_cancel_backend"
    try:
        while True:
            # A session that waits for its client does not heed a cancel; one that is idle in a
            # transaction holds its locks.
            sql = (
                f"SELECT count(*), count({how}(pid)) FROM pg_stat_activity "  # noqa: S608 - ours
                f"WHERE pid <> pg_backend_pid() AND {which}"
            )
            left = connection.execute(sql.encode(), values).fetchone()
            passed_s = time.monotonic() - began_s
            if left is None or left[0] == 0:
                return True
            if passed_s > within_s:
                return False
            how = "pg_cancel_backend" if passed_s < _GENTLE_S else "pg_terminate_backend"
            time.sleep(_PAUSE_S)
    except psycopg.Error:
        return False
