"""What can be wrong with a request about a job.

JobsError
├── UnknownJob
├── UnknownSource
├── AlreadyFinal
├── NoResult
├── InvalidSubmission
├── LimitTooHigh
├── QueueFull
└── InvalidTransition      a bug of ours, never the user's fault
"""

from __future__ import annotations

from longwatch.protocol.jobs import JobState


class JobsError(Exception):
    """The request about a job could not be carried out."""


class UnknownJob(JobsError):
    """There is no such job on this server."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"There is no job {job_id[:40]!r} on this server. "
            "`longwatch jobs` lists those there are."
        )


class UnknownSource(JobsError):
    """There is no such source on this server."""

    def __init__(self, name: str, known: list[str]) -> None:
        choices = ", ".join(sorted(known)) or "none"
        super().__init__(f"There is no source {name!r} on this server. Known: {choices}.")
        self.pointer = "/source"


class AlreadyFinal(JobsError):
    """The job has ended; it cannot be cancelled any more."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(f"Job {job_id} has ended already: it is {state.value}.")


class NoResult(JobsError):
    """The job has no rows to read yet, or never will have."""

    def __init__(self, job_id: str, state: JobState) -> None:
        wait = "" if state.is_final else " Rows can be read as soon as the first ones are written."
        super().__init__(f"Job {job_id} is {state.value} and has no result.{wait}")


class InvalidSubmission(JobsError):
    """The submitted SQL or name cannot be taken; `pointer` says which of the two."""

    def __init__(self, message: str, pointer: str = "/sql") -> None:
        super().__init__(message)
        self.pointer = pointer


class QueueFull(JobsError):
    """Too many jobs wait already; `retry_after_s` says when to come back, in seconds."""

    def __init__(self, waiting: int, most: int, owner: str | None, retry_after_s: int) -> None:
        whose = "of yours" if owner is not None else "in all"
        super().__init__(
            f"{waiting:,} jobs {whose} wait already, and {most:,} may. Nothing was submitted: "
            f"cancel some, or try again in {retry_after_s} s."
        )
        self.retry_after_s = retry_after_s


class LimitTooHigh(JobsError):
    """The job asks for more than this server grants."""

    def __init__(self, what: str, asked: str, most: str) -> None:
        super().__init__(
            f"The job asks for {asked} of {what}; this server grants {most}. Ask for less, or "
            "leave the limit out."
        )


class InvalidTransition(JobsError):
    """Something tried to change a job in a way its state does not allow."""

    def __init__(self, story: str) -> None:
        super().__init__(f"Impossible change of a job: {story}")
