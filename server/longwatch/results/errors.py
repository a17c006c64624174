"""What can be wrong with a result. Apart from `reader`, which imports Arrow (0.1-0.2 s): the server
knows of it from its start, and reads a page only when somebody asks for one."""

from __future__ import annotations


class ResultExpired(Exception):
    """The result's files are not there any more."""

    def __init__(self) -> None:
        super().__init__("The result's files are gone. Run the query again to get them back.")


class ResultDamaged(Exception):
    """The result's files are not as they were written."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"The result's file {file} is not whole: the machine must have stopped before it was "
            "on the disk. Run the query again to get the result back."
        )
