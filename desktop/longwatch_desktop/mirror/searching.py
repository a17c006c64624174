"""What words are looked for in."""

from __future__ import annotations

from longwatch.protocol.jobs import JobSummary


def search_text(job: JobSummary) -> str:
    """What words are looked for in: name, the SQL's start, source, owner, id and what went wrong,
    a line each, so that no word is found across two of them."""
    error = "" if job.error is None else f"\n{job.error.code}\n{job.error.message}"
    return f"{job.name}\n{job.preview}\n{job.source}\n{job.owner}\n{job.id}{error}".casefold()
