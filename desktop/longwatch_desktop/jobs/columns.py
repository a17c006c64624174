"""The columns of the job table. A new one is one more `Column`: its id is what settings keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from longwatch.client import words
from longwatch.protocol.jobs import JobState, JobSummary, ProgressBasis
from longwatch_desktop.mirror import text


@dataclass(frozen=True, slots=True)
class Context:
    """What a cell's text depends on beside its job: the time, what sources are called, and the
    place in line of queued jobs by id (1 is next)."""

    now: datetime
    sources: Mapping[str, str] = field(default_factory=dict)
    place: Callable[[str], int | None] = lambda _job_id: None


Text = Callable[[JobSummary, Context], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `id` is also the key it is sorted by; `width` is in pixels at 96 dpi."""

    id: str
    title: str
    width: int
    text: Text
    explains: str
    right: bool = False
    shown: bool = True
    tip: Text = lambda _job, _context: ""


def _rows_tip(job: JobSummary, _context: Context) -> str:
    return words.counted(words.rows(job), "row") if words.rows(job) else ""


def _progress_tip(job: JobSummary, _context: Context) -> str:
    if job.error is not None:
        return "\n".join(part for part in (job.error.message, job.error.hint) if part)
    return explain_progress(job)


def _elapsed(job: JobSummary, context: Context) -> str:
    """Tenths of a second only of what has ended: they would flicker."""
    if job.state.is_final and job.started_at is not None:
        return words.took(words.elapsed_s(job))
    return text.elapsed(job, context.now)


def explain_progress(job: JobSummary) -> str:
    """What the fraction of a running job rests on, in a sentence; empty for any other job."""
    if job.state is not JobState.RUNNING:
        return ""
    note = text.note(job)
    if note:
        return note[0].upper() + note[1:] + "."
    return {
        ProgressBasis.MEASURED: "The engine measures its progress; time may run differently.",
        ProgressBasis.HISTORY: "Estimated from earlier runs of this query.",
        ProgressBasis.NONE: "The engine has not reported how far it is.",
    }[job.progress.basis]


COLUMNS: Final = (
    Column(
        id="name",
        title="Name",
        width=250,
        text=lambda job, _: job.name,
        tip=lambda job, _: job.preview,
        explains="What the query is called, or how it begins",
    ),
    Column(
        id="progress",
        title="Progress",
        width=290,
        text=lambda job, context: text.standing(job, context.place(job.id)),
        tip=_progress_tip,
        explains="How far it is, and in which phase",
    ),
    Column(
        id="eta",
        title="Left",
        width=100,
        text=lambda job, _: text.eta(job),
        explains="How much longer it takes, as a range",
        right=True,
    ),
    Column(
        id="elapsed",
        title="Elapsed",
        width=72,
        text=_elapsed,
        explains="How long it has run",
        right=True,
    ),
    Column(
        id="rows",
        title="Rows",
        width=72,
        text=lambda job, _: text.rows(job),
        tip=_rows_tip,
        explains="Rows of the result, so far or in all",
        right=True,
    ),
    Column(
        id="memory",
        title="Memory",
        width=76,
        text=lambda job, _: text.memory(job) if job.state is JobState.RUNNING else text.NONE,
        explains="Memory of the query's process",
        right=True,
    ),
    Column(
        id="source",
        title="Source",
        width=116,
        text=lambda job, context: context.sources.get(job.source, job.source),
        explains="What it runs against",
    ),
    Column(
        id="owner",
        title="Owner",
        width=90,
        text=lambda job, _: job.owner,
        explains="Who submitted it",
        shown=False,
    ),
    Column(
        id="submitted",
        title="Submitted",
        width=104,
        text=lambda job, context: text.moment(job.submitted_at, context.now),
        tip=lambda job, _: words.clock(job.submitted_at),
        explains="When it was submitted",
    ),
    Column(
        id="finished",
        title="Finished",
        width=110,
        text=lambda job, context: text.moment(job.finished_at, context.now),
        tip=lambda job, _: words.clock(job.finished_at) if job.finished_at else "",
        explains="When it ended",
        shown=False,
    ),
)
BY_ID: Final = {column.id: number for number, column in enumerate(COLUMNS)}
