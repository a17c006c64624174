"""Making and changing job records. A `protocol.jobs.Job` is frozen: a change returns a copy."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from longwatch.ids import random_bytes
from longwatch.jobs.errors import InvalidSubmission
from longwatch.protocol.jobs import (
    MAX_NAME_CHARS,
    Job,
    JobState,
    JobSummary,
    Progress,
    Submission,
)
from longwatch.protocol.parameters import typed

PREVIEW_CHARS = 200
_SUMMARY_FIELDS = JobSummary.__struct_fields__


def new_job(
    submission: Submission,
    *,
    source: str,
    owner: str,
    now: datetime,
    retry_of: str | None = None,
) -> Job:
    """A queued job for `submission`, not yet stored (`seq` 0).

    Raises `InvalidSubmission` when the SQL holds nothing to run, or it or the name a character
    that nothing can store.
    """
    sql = submission.sql
    if not sql.strip():
        raise InvalidSubmission("The SQL is empty. Write a query, then run it.")
    _check_characters(sql, "SQL", "/sql")
    _check_characters(submission.name or "", "name", "/name")
    preview = _one_line(sql, PREVIEW_CHARS)
    name = _one_line(submission.name or "", MAX_NAME_CHARS) or _one_line(_uncommented(sql), 80)
    return Job(
        id=new_id(),
        name=name or preview[:80],
        preview=preview,
        sql=sql,
        source=source,
        owner=owner,
        state=JobState.QUEUED,
        phase=None,
        progress=Progress(),
        kind=None,
        priority=submission.priority,
        limits=submission.limits,
        parameters={name: typed(given) for name, given in submission.parameters.items()},
        retry_of=retry_of,
        notify=tuple(dict.fromkeys(submission.notify)),
        attempt=0,
        submitted_at=now,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        cancel_confirmed=None,
        error=None,
        result=None,
        seq=0,
    )


def fingerprint(submission: Submission) -> str:
    """What tells one submission from another, however its JSON was written. Fields left at their
    defaults do not count: a server with a field more agrees with the one before it."""
    meant = msgspec.json.encode(_told(submission), order="sorted")
    return hashlib.sha256(meant).hexdigest()


def _told(record: msgspec.Struct) -> dict[str, Any]:
    told = {}
    for name, default in _defaults(type(record)):
        value = getattr(record, name)
        if value != default:
            told[name] = _told(value) if isinstance(value, msgspec.Struct) else value
    return told


@cache
def _defaults(kind: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    """Each field with its default. Asked for once: to evaluate the annotations takes 0.6 ms, twice
    what all else of a submit does."""
    return [
        (
            one.name,
            one.default if one.default_factory is msgspec.NODEFAULT else one.default_factory(),
        )
        for one in msgspec.structs.fields(kind)
    ]


def new_id() -> str:
    """A job id: 16 lower-case letters and digits from 80 random bits, safe as a folder name on
    every file system, case-insensitive ones included."""
    return base64.b32encode(random_bytes(10)).decode().lower()


def evolve(job: Job, **changes: Any) -> Job:
    """A copy of `job` with `changes`."""
    return msgspec.structs.replace(job, **changes)


def summary(job: Job) -> JobSummary:
    """What the feed carries of `job`."""
    fields = {field: getattr(job, field) for field in _SUMMARY_FIELDS}
    fields["result"] = job.result.summary() if job.result else None
    return JobSummary(**fields)


def _check_characters(text: str, what: str, pointer: str) -> None:
    if "\x00" in text:
        raise InvalidSubmission(
            f"The {what} contains a NUL character. Remove it, then run again.", pointer
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidSubmission(
            f"Character {error.start + 1} of the {what} is half of a surrogate pair, which is no "
            "character. Remove it, then run again.",
            pointer,
        ) from None


def _one_line(text: str, most: int) -> str:
    # Slicing first bounds the work for a megabyte of SQL; four times is room for indentation.
    words = " ".join(text[: most * 4].split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _uncommented(sql: str) -> str:
    lines = sql[:4000].splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))
