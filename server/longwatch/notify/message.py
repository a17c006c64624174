"""What is said of a job that is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from longwatch.protocol.jobs import Job, JobState

_WORDS: Final = {
    JobState.SUCCEEDED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
    JobState.LOST: "Lost",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A line and a text; `state` is how the job ended."""

    state: JobState
    title: str
    body: str


def message_of(job: Job) -> Message:
    """What is said of `job`. Neither its SQL nor its rows are, but for what an error quotes:
    who reads it may not read those."""
    lines = [f"Source: {job.source}", f"Owner: {job.owner}"]
    if job.started_at is not None and job.finished_at is not None:
        seconds = round((job.finished_at - job.started_at).total_seconds())
        lines.append(f"Ran for: {timedelta(seconds=max(0, seconds))}")
    if job.result is not None and job.state is JobState.SUCCEEDED:
        lines.append(f"Rows: {job.result.rows:,}")
    if job.error is not None and job.state is not JobState.SUCCEEDED:
        lines.append(f"Why: {job.error.message}")
        if job.error.hint:
            lines.append(job.error.hint)
    lines.append(f"Job: {job.id}")
    return Message(job.state, f"{_WORDS[job.state]}: {_name(job)}", "\n".join(lines))


def _name(job: Job) -> str:
    """What a person called it; a name that was made from the SQL is SQL."""
    bare = [line for line in job.sql.splitlines() if not line.lstrip().startswith("--")]
    name = job.name.removesuffix("…")
    if any(name in " ".join(text.split()) for text in (job.sql, "\n".join(bare))):
        return f"a query on {job.source}"
    return job.name
