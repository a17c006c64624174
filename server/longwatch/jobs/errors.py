"""What can be wrong with a request about a job.

JobsError
├── UnknownJob
├── UnknownRun             nothing is remembered of one
├── UnknownSource
├── SourceExists           its name is taken
├── SourceFixed            it is not the server's to change
├── SourceInUse            jobs wait for it or run on it
├── InvalidSource          what it is to be cannot be
├── UploadRefused
├── SecretMissing
├── SecretsUnreadable
├── UnknownSavedQuery
├── SavedQueryFixed        it came with the program
├── AlreadyFinal
├── HasBegun               it was to be cancelled only while it waits
├── NotFinal
├── Changed                another form of the job was meant
├── KeyReused              the idempotency key belongs to something else
├── KeyInFlight            it belongs to a request that is not answered yet
├── JobDeleted             it belongs to a job that was deleted
├── NoResult
├── InvalidSubmission
├── LimitTooHigh
├── NotOffered             a worker came for what nobody may take
├── AttemptOver            a worker speaks of an attempt that is not its own any more
├── WrongOffset            a piece of a result does not follow what the server has
├── ResultTooLarge         a worker sends more than the job may return
├── NoWorkersHere          this server carries its queries out itself
├── LeaderAway             another server would have to answer, and cannot
├── TokenOfOneServer       it is good here only, and another server would have to answer
├── QueueFull
├── QuotaExceeded          results and uploads take up too much already
├── NotYours               it is somebody else's
├── InvalidToken           what it is to be cannot be
├── UnknownToken
└── InvalidTransition      a bug of ours, never the user's fault
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

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


class UnknownRun(JobsError):
    """Nothing is remembered of a run of this job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"No run of a job {job_id[:40]!r} is remembered on this server: it did not succeed, "
            "was over in a moment, or newer runs of its query took its place. `longwatch runs` "
            "lists those there are."
        )


class UnknownSource(JobsError):
    """There is no such source on this server."""

    def __init__(self, name: str, known: list[str]) -> None:
        choices = ", ".join(sorted(known)) or "none"
        super().__init__(f"There is no source {name!r} on this server. Known: {choices}.")
        self.pointer = "/source"


class SourceExists(JobsError):
    """There is a source of that name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a source {name!r} already. Choose another name, or change it.")
        self.pointer = "/name"


class SourceFixed(JobsError):
    """The source was not added to the server, so it cannot be changed there."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(f"The source {name!r} {where}. It can be changed there, not here.")


class SourceInUse(JobsError):
    """Jobs wait for the source or run on it."""

    def __init__(self, name: str, jobs: int) -> None:
        told = f"{jobs:,} jobs wait for the source {name!r} or run on it"
        if jobs == 1:
            told = f"A job waits for the source {name!r} or runs on it"
        super().__init__(f"{told}. Wait until that is over, or cancel it first.")


class InvalidSource(JobsError):
    """What the source is to be cannot be; `pointer` says which part of it."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class UploadRefused(JobsError):
    """The uploaded file is of no use, or not what it says it is."""


class SecretMissing(JobsError):
    """The environment variable that is to hold a secret is not set, or not for sources."""

    def __init__(
        self, source: str, option: str, variable: str, allowed: Collection[str] | None = None
    ) -> None:
        if allowed is None:
            message = (
                f"The source {source!r} takes its {option} from the environment variable "
                f"{variable}, which is not set where the server runs. Set it, then restart the "
                "server."
            )
        else:
            message = (
                f"No source may take a secret from the environment variable {variable}. This "
                f"server allows: {', '.join(allowed) or 'none'} (its setting secret_variables)."
            )
        super().__init__(message)
        self.pointer = "/secrets"


class SecretsUnreadable(JobsError):
    """The key of the sources' secrets is not there, or is not theirs."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The sources' secrets cannot be read: their key {path} {why}. Put the right one back "
            "from a backup, or give each source its secrets again."
        )


class UnknownSavedQuery(JobsError):
    """There is no such saved query on this server."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no saved query {name[:40]!r} on this server.")


class SavedQueryFixed(JobsError):
    """The saved query came with the program."""

    def __init__(self, title: str) -> None:
        super().__init__(
            f"{title!r} came with the program and cannot be changed. Save a copy of it instead."
        )


class AlreadyFinal(JobsError):
    """The job has ended; it cannot be cancelled any more."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(f"Job {job_id} has ended already: it is {state.value}.")


class HasBegun(JobsError):
    """The job was to be cancelled only while it waits, and it runs."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"Job {job_id} has begun: it is running. Nothing was done; let it run, or cancel it "
            "whatever it is doing."
        )


class NotFinal(JobsError):
    """The job still waits or runs; only one that is over can be run again or deleted."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(
            f"Job {job_id} is {state.value}. Wait until it is over, or cancel it first."
        )


class Changed(JobsError):
    """The job is not in the form that the request was meant for (`If-Match`)."""

    def __init__(self, job_id: str, state: JobState) -> None:
        super().__init__(
            f"Job {job_id} has changed since it was read: it is {state.value} now. Nothing was "
            "done; read it again, then decide."
        )


class KeyReused(JobsError):
    """The idempotency key has been used for another request."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request. Nothing was submitted: use a new "
            "key for each job, and the same one only to repeat a request as it was."
        )


class KeyInFlight(JobsError):
    """A request with the same idempotency key is being carried out."""

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is being carried out. Repeat it in a moment to "
            "hear which job it made."
        )
        self.retry_after_s = 1


class JobDeleted(JobsError):
    """The job that the idempotency key made was deleted since."""

    def __init__(self, job_id: str) -> None:
        super().__init__(
            f"This Idempotency-Key made job {job_id}, which was deleted since. Use a new key to "
            "run the query again."
        )


class NoResult(JobsError):
    """The job has no rows to read yet, or never will have."""

    def __init__(self, job_id: str, state: JobState) -> None:
        wait = "" if state.is_final else " Rows can be read as soon as the first ones are written."
        super().__init__(f"Job {job_id} is {state.value} and has no result.{wait}")


class InvalidSubmission(JobsError):
    """The submitted SQL, name or `notify` cannot be taken; `pointer` says which of them."""

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


class QuotaExceeded(JobsError):
    """Somebody's results and uploads, or those of all, take up too much. `largest` are the jobs of
    whoever asks whose results are the largest."""

    def __init__(self, used: int, most: int, largest: Collection[str], *, whole: bool) -> None:
        whose = "The results and uploads of this server" if whole else "Your results and uploads"
        advice = "delete jobs whose results are not needed any more"
        if largest:
            advice += f" (your largest: {', '.join(largest)})"
        advice += ", or sources with what was uploaded for them"
        if whole or not largest:
            advice += "; or ask an admin"
        super().__init__(
            f"{whose} take up {used / 10**6:,.1f} MB, and {most / 10**6:,.1f} MB may be kept. "
            f"Nothing was taken in: {advice}."
        )


class LimitTooHigh(JobsError):
    """The job asks for more than this server grants."""

    def __init__(self, what: str, asked: str, most: str) -> None:
        super().__init__(
            f"The job asks for {asked} of {what}; this server grants {most}. Ask for less, or "
            "leave the limit out."
        )


class NotYours(JobsError):
    """It belongs to somebody else, and only an admin may do that to it."""

    def __init__(self, what: str, owner: str) -> None:
        super().__init__(
            f"{what} belongs to {owner}. Only its owner or an admin may do this; ask one of them."
        )


class InvalidToken(JobsError):
    """What the token is to be cannot be; `pointer` says which part of it."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class UnknownToken(JobsError):
    """There is no such token on this server."""

    def __init__(self, token_id: str) -> None:
        super().__init__(
            f"There is no token {token_id[:40]!r} on this server. `longwatch token list` lists "
            "those there are."
        )


class NotOffered(JobsError):
    """The attempt is not to be had: taken by another, cancelled, or never offered."""

    def __init__(self, job_id: str, attempt: int) -> None:
        super().__init__(f"Attempt {attempt} of job {job_id} is not to be had. Leave it.")


class AttemptOver(JobsError):
    """The attempt belongs to another worker, or to none any more."""

    def __init__(self, job_id: str, attempt: int) -> None:
        super().__init__(
            f"Attempt {attempt} of job {job_id} is not this worker's any more: it is over, or was "
            "given up because nothing was heard of it. End it; what it did is not wanted."
        )


class WrongOffset(JobsError):
    """The piece does not begin where the server's part of the file ends."""

    def __init__(self, file: str, have_bytes: int) -> None:
        super().__init__(f"The server has {have_bytes:,} bytes of {file}. Go on from there.")


class ResultTooLarge(JobsError):
    """The result is larger than the job may return."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"The result of this job may have {most_bytes:,} bytes. Send no more.")


class NoWorkersHere(JobsError):
    """This server has no use for workers."""

    def __init__(self) -> None:
        super().__init__(
            "This server carries its queries out itself. Start it with `longwatch serve --executor "
            "celery --broker URL` for workers to take part."
        )


class LeaderAway(JobsError):
    """The server that leads cannot be asked now."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The server that leads those on this store cannot be asked: {why}. Try again in a "
            "moment; another takes its place if it is gone."
        )
        self.retry_after_s = 1


class TokenOfOneServer(JobsError):
    """The token opens this server, and not the one that leads."""

    def __init__(self, leader: str) -> None:
        super().__init__(
            f"This token opens this server only, and not {leader}, which leads those on the store. "
            "Use one that an admin made (`longwatch token create --role worker NAME`)."
        )


class InvalidTransition(JobsError):
    """Something tried to change a job in a way its state does not allow."""

    def __init__(self, story: str) -> None:
        super().__init__(f"Impossible change of a job: {story}")
