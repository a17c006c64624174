"""How the command ends: the exit codes, and errors on their way to one."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longwatch.protocol.jobs import JobState


class Exit(enum.IntEnum):
    """What the exit code says. Scripts rely on it; documented in `--help` and the README."""

    SUCCEEDED = 0
    FAILED = 1
    USAGE = 2
    CANCELLED = 3
    UNREACHABLE = 4
    LOST = 5
    INTERRUPTED = 130


class Failure(Exception):
    """The command ends here: a sentence for standard error, and the exit code."""

    def __init__(self, message: str, code: Exit) -> None:
        super().__init__(message)
        self.code = code


def of_state(state: JobState) -> Exit:
    """The exit code for how a job ended."""
    return {
        "succeeded": Exit.SUCCEEDED,
        "failed": Exit.FAILED,
        "cancelled": Exit.CANCELLED,
        "lost": Exit.LOST,
    }[state.value]


def of_error(error: Exception) -> Exit:
    """The exit code for what went wrong between the command and a server."""
    from longwatch.client import errors

    match error:
        case errors.BadRequest() | errors.NotFound() | errors.Conflict() | errors.TooLarge():
            return Exit.USAGE
        case errors.Forbidden():
            return Exit.USAGE
        case errors.JobEnded():
            return of_state(error.job.state)
        case _:
            return Exit.UNREACHABLE
