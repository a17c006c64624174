"""What stands above a result, and instead of one."""

from __future__ import annotations

from longwatch.client import words
from longwatch.protocol.jobs import JobState, JobSummary, ResultInfo
from longwatch_desktop.results.model import MOST_ROWS, ResultModel
from longwatch_desktop.results.wanted import order_in_words


def summary(job: JobSummary, info: ResultInfo, model: ResultModel) -> str:
    """How much there is, how much of it is shown, and in which order."""
    parts = [
        words.counted(info.rows, "row"),
        words.counted(len(info.columns), "column"),
        words.size(info.bytes),
    ]
    if model.wanted.where:
        parts[0] = f"{words.count(model.rows)} of {parts[0]}"
    parts[0] += words.shortfall(info, job.state)
    if model.wanted.sort:
        parts.append(f"by {order_in_words(model.columns, model.wanted.sort)}")
    if model.rows > MOST_ROWS:
        parts.append(f"the first {words.count(MOST_ROWS)} can be scrolled to here")
    return "  ·  ".join(parts)


def no_rows(job: JobSummary, model: ResultModel) -> str:
    """What stands in the grid while it has columns, but no rows; empty while it has some."""
    if model.rows:
        return ""
    if model.wanted.where:
        return "No row matches the filter. Change or remove a condition above."
    return "There are no rows yet." if not job.state.is_final else "The query returned no rows."


def why_empty(job: JobSummary | None) -> str:
    """Why there are no rows, and what to do."""
    if job is None:
        return "Select a job to see its rows."
    return {
        JobState.QUEUED: "Rows appear here once the query runs.",
        JobState.RUNNING: "Rows appear here as soon as the first ones are written.",
        JobState.SUCCEEDED: "The statement returned no rows and no columns.",
        JobState.CANCELLED: "The query was cancelled before it had returned rows.",
        JobState.FAILED: "The query failed before it had returned rows. Overview says why.",
        JobState.LOST: "Nobody knows how the query ended. Overview says what is known.",
    }[job.state]
