"""What can be wrong with a result, or with what is asked of one. Apart from `reader`, which imports
Arrow (0.1-0.2 s): the server knows of it from its start, and reads a page only when somebody asks
for one.

    ResultError
    ├── ResultExpired       the files are gone
    ├── ResultDamaged       they are not as they were written
    ├── ResultIncomplete    more rows are still to come
    ├── Refused             it was asked for what cannot be done
    ├── NoRoom              the disk is full
    └── HelperFailed        the process that was to do it has ended
"""

from __future__ import annotations


class ResultError(Exception):
    """A result cannot be read, or not like this."""


class ResultExpired(ResultError):
    """The result's files are not there any more."""

    def __init__(self) -> None:
        super().__init__("The result's files are gone. Run the query again to get them back.")


class ResultDamaged(ResultError):
    """The result's files are not as they were written."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"The result's file {file} is not whole: the machine must have stopped before it was "
            "on the disk. Run the query again to get the result back."
        )
        self.file = file


class ResultIncomplete(ResultError):
    """The query still writes, and what is asked for needs all of it."""

    def __init__(self) -> None:
        super().__init__(
            "The query is still writing its result. It can be paged through already; sort, filter, "
            "search or export it once the job is over."
        )


class Refused(ResultError):
    """What was asked for cannot be done. `code` is the problem's, and stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NoRoom(ResultError):
    """The disk is full."""

    def __init__(self) -> None:
        super().__init__(
            "There is no room on the disk for this. Make room, or delete jobs and their results."
        )


class HelperFailed(ResultError):
    """The process that was to do it has ended, or failed in a way that nobody foresaw."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"The process that works on results {how}. Try again; if it happens again, "
            "helpers.log in the data folder says more."
        )
        self.how = how
