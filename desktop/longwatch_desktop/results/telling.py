"""What stands above a result, and instead of one."""

from __future__ import annotations

from longwatch.protocol.jobs import JobState, JobSummary, ResultInfo, StoppedAt
from longwatch_desktop import words
from longwatch_desktop.results.model import MOST_ROWS, ResultModel
from longwatch_desktop.results.wanted import order_in_words
from longwatch_desktop.translation import tr


def summary(job: JobSummary, info: ResultInfo, model: ResultModel) -> str:
    """How much there is, how much of it is shown, and in which order."""
    if model.wanted.where:
        rows = tr("{some} of %n row(s)", "", info.rows).format(some=words.count(model.rows))
    else:
        rows = tr("%n row(s)", "", info.rows)
    parts = [
        _with_shortfall(rows, info, job.state),
        tr("%n column(s)", "", len(info.columns)),
        words.size(info.bytes),
    ]
    if model.wanted.sort:
        order = order_in_words(model.columns, model.wanted.sort)
        parts.append(tr("by {order}").format(order=order))
    if model.rows > MOST_ROWS:
        parts.append(tr("the first %n can be scrolled to here", "", MOST_ROWS))
    return "  ·  ".join(parts)


def _with_shortfall(rows: str, info: ResultInfo, state: JobState) -> str:
    """A count of rows, with why they are not all that the query returns."""
    if info.stopped_at is not None:
        text = (
            tr("{rows}, stopped at the limit of rows")
            if info.stopped_at is StoppedAt.ROWS
            else tr("{rows}, stopped at the limit of bytes")
        )
    elif info.complete:
        return rows
    elif state.is_final:
        text = tr("{rows}, incomplete: the query ended early")
    else:
        text = tr("{rows} so far")
    return text.format(rows=rows)


def no_rows(job: JobSummary, model: ResultModel) -> str:
    """What stands in the grid while it has columns, but no rows; empty while it has some."""
    if model.rows:
        return ""
    if model.wanted.where:
        return tr("No row matches the filter. Change or remove a condition above.")
    if not job.state.is_final:
        return tr("There are no rows yet.")
    return tr("The query returned no rows.")


def why_empty(job: JobSummary | None, info: ResultInfo | None) -> str:
    """Why there are no rows, and what to do; `info` is what is known of the result."""
    if job is None:
        return tr("Select a job to see its rows.")
    if job.result is not None and info is None:
        return tr("Reading the result …")
    return {
        JobState.QUEUED: tr("Rows appear here once the query runs."),
        JobState.RUNNING: tr("Rows appear here as soon as the first ones are written."),
        JobState.SUCCEEDED: tr("The statement returned no rows and no columns."),
        JobState.CANCELLED: tr("The query was cancelled before it had returned rows."),
        JobState.FAILED: tr("The query failed before it had returned rows. Overview says why."),
        JobState.LOST: tr("Nobody knows how the query ended. Overview says what is known."),
    }[job.state]
