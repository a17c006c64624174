"""What can go wrong between a client and a server.

    LongwatchClientError
    ├── InvalidAddress          the URL or token given cannot be one
    ├── ServerUnreachable       nobody answered, or the connection broke
    ├── ProtocolMismatch        somebody answered, but not a server this client can talk to
    ├── WaitTimeout             the job was still going when the time was up (also a TimeoutError)
    ├── JobEnded                the job is over and has no result
    │   ├── JobFailed
    │   ├── JobCancelled
    │   └── JobLost
    └── ApiError                the server refused, and said why in a problem document
        ├── BadRequest          400, 422: the request itself is at fault
        ├── Unauthorized        401: the token is not the server's
        ├── Forbidden           403: the token is known but may not do this
        ├── NotFound            404
        ├── Conflict            409: the job's state does not allow it
        │   └── Changed         412: it is not in the form that was meant
        ├── TooLarge            413
        ├── TooManyRequests     429
        └── ServerFault         5xx: the server's own mistake

`str()` of each is a sentence to show to a person; where none is given, the first line of the
class's docstring is the sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from longwatch.protocol.problems import Problem

if TYPE_CHECKING:
    from longwatch.protocol.jobs import JobSummary


class LongwatchClientError(Exception):
    """Talking to the Longwatch server went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        """The sentence for a person."""
        return str(self)


class InvalidAddress(LongwatchClientError):
    """This is not the address of a server."""


class ServerUnreachable(LongwatchClientError):
    """The server does not answer.

    `url` is where it should be, `reason` why it could not be reached. `sent` says whether the
    request may have arrived all the same.
    """

    def __init__(self, url: str, reason: str, *, sent: bool = False) -> None:
        super().__init__(
            f"The server at {url} does not answer ({reason}). "
            "Check that it runs and that this machine can reach it."
        )
        self.url = url
        self.reason = reason
        self.sent = sent


class ProtocolMismatch(LongwatchClientError):
    """The server's answer is not one this client understands; check the URL and both versions."""


class WaitTimeout(LongwatchClientError, TimeoutError):
    """The job is still going; waiting for it ended because the time was up."""


class JobEnded(LongwatchClientError):
    """The job is over and has no result.

    `job` is its last form; `line` and `column` count from 1 in the submitted SQL, `None` where
    the engine named no place.
    """

    def __init__(self, job: JobSummary) -> None:
        self.job = job
        self.line = job.error.line if job.error else None
        self.column = job.error.column if job.error else None
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        error = self.job.error
        text = error.message if error else f"The job ended as {self.job.state.value}."
        if self.line is not None:
            place = f"line {self.line}"
            if self.column is not None:
                place += f", column {self.column}"
            text = f"{text} ({place})"
        if error and error.hint:
            text = f"{text}\n{error.hint}"
        return text


class JobFailed(JobEnded):
    """The query failed."""


class JobCancelled(JobEnded):
    """The job was cancelled."""


class JobLost(JobEnded):
    """Nobody knows how the job ended: whoever ran it died, and running it again was not safe."""


class ApiError(LongwatchClientError):
    """The server refused the request. `problem` is what it said."""

    _by_status: ClassVar[dict[int, type[ApiError]]] = {}

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem

    def __init_subclass__(cls, *, statuses: tuple[int, ...] = ()) -> None:
        super().__init_subclass__()
        for status in statuses:
            ApiError._by_status[status] = cls

    @classmethod
    def of(cls, problem: Problem) -> ApiError:
        """The most exact error for a problem document."""
        kind = cls._by_status.get(problem.status)
        if kind is None:
            kind = ServerFault if problem.status >= 500 else ApiError
        return kind(problem)


class BadRequest(ApiError, statuses=(400, 422)):
    """The request itself is at fault."""


class Unauthorized(ApiError, statuses=(401,)):
    """The token is not this server's."""


class Forbidden(ApiError, statuses=(403,)):
    """The token is known, but may not do this."""


class NotFound(ApiError, statuses=(404,)):
    """There is no such thing on the server."""


class Conflict(ApiError, statuses=(409,)):
    """The job's state does not allow it."""


class Changed(Conflict, statuses=(412,)):
    """The job has changed since it was read."""


class TooLarge(ApiError, statuses=(413,)):
    """The request is larger than the server takes."""


class TooManyRequests(ApiError, statuses=(429,)):
    """The server asks to come back later."""


class ServerFault(ApiError):
    """The server made a mistake; its log says which."""
