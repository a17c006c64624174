"""What PostgreSQL says, in the store's own errors."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import errors as said
from sqlalchemy.exc import DBAPIError

from longwatch.jobs.errors import InvalidSubmission, JobsError
from longwatch.store.errors import StoreError, StoreUnreachable, StoreUnusable
from longwatch.store.postgres.address import StoreAddress

_GONE: Final = (
    said.AdminShutdown,
    said.CrashShutdown,
    said.CannotConnectNow,
    said.IdleInTransactionSessionTimeout,
    said.TooManyConnections,
)
_ADVICE: Final = {
    said.DiskFull: "has no room left. Nothing was lost, nothing new was taken in: free some space "
    "on its disk, then try again.",
    said.ReadOnlySqlTransaction: "takes no changes: it is read-only, or a standby. Nothing was "
    "lost; let it be written to again, or name the primary in the setting store, then try again.",
    said.InsufficientPrivilege: "refuses its user: {}. Make that user the owner of the database.",
    said.LockNotAvailable: "is held by another server for too long. Nothing was taken in; try "
    "again.",
}
_AGAIN: Final = (said.DeadlockDetected, said.SerializationFailure)


def is_lost(error: Exception) -> bool:
    """Whether the connection is gone, or there is none to be had: the next may do."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(cause, _GONE):
        return True
    if isinstance(cause, said.OperationalError):
        # Without a state it comes from libpq, not from the server.
        return cause.sqlstate is None or cause.sqlstate.startswith("08")
    return False


def is_passing(error: Exception) -> bool:
    """Whether the same transaction may well succeed when it is tried again."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, _AGAIN)


def is_read_only(error: Exception) -> bool:
    """Whether the connection may only read."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, said.ReadOnlySqlTransaction)


def explain(
    error: Exception, address: StoreAddress, *, starting: bool = False
) -> StoreError | JobsError:
    """The error to be shown for what psycopg or PostgreSQL said, to a server that is `starting` or
    to who asked one that runs."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    where = f"The job store (PostgreSQL, {address.shown})"
    for kind, advice in _ADVICE.items():
        if isinstance(cause, kind):
            return StoreUnusable(f"{where} {advice.format(_words(cause))}")
    if isinstance(cause, psycopg.DataError) and "NUL" in str(cause):
        return InvalidSubmission("It contains a NUL character. Remove it, then try again.", "")
    if is_lost(error):
        advice = (
            "Start PostgreSQL, or correct the setting store, then try again."
            if starting
            else "Nothing was taken in; the server goes on by itself when PostgreSQL answers "
            "again. Try again then."
        )
        return StoreUnreachable(f"{where} cannot be reached: {_words(cause)}. {advice}")
    return StoreUnusable(f"{where} cannot be used: {_words(cause)}. `longwatch doctor` says more.")


def _words(cause: BaseException | None) -> str:
    """What was said, on one line."""
    if isinstance(cause, psycopg.Error) and cause.diag.message_primary:
        return cause.diag.message_primary
    lines = [line.strip() for line in str(cause).splitlines()]
    told = [line for line in lines if line and not line.startswith("Is the server running")]
    return "; ".join(told).rstrip(".")
