"""The columns of the job table. A new one is one more `Column`: its id is what settings keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from longwatch.protocol.jobs import Activity, JobState, JobSummary, ProgressBasis
from longwatch_desktop import words
from longwatch_desktop.mirror import text
from longwatch_desktop.translation import QT_TR_NOOP, tr


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
    """One column. `id` is also the key it is sorted by; `width` is in pixels at 96 dpi. `title` and
    `explains` are translated where they are shown."""

    id: str
    title: str
    width: int
    text: Text
    explains: str
    right: bool = False
    shown: bool = True
    tip: Text = lambda _job, _context: ""


def _rows_tip(job: JobSummary, _context: Context) -> str:
    rows = words.rows(job)
    return tr("%n row(s)", "", rows) if rows else ""


def _progress_tip(job: JobSummary, _context: Context) -> str:
    if job.error is not None:
        return "\n".join(part for part in (job.error.message, job.error.hint) if part)
    return explain_progress(job)


def _elapsed(job: JobSummary, context: Context) -> str:
    """Tenths of a second only of what has ended: they would flicker."""
    if job.state.is_final and job.started_at is not None:
        return words.took(words.elapsed_s(job))
    return text.elapsed(job, context.now)


_STILL: Final = {
    Activity.MOVING: QT_TR_NOOP("No news for {span}."),
    Activity.WORKING: QT_TR_NOOP(
        "Nothing has moved for {span}, but the engine is at work: sorting and grouping report "
        "nothing for long stretches."
    ),
    Activity.WAITING: QT_TR_NOOP(
        "Nothing has moved for {span}, and the query's process neither computes nor reads: it "
        "waits for the database, for a lock or for a disk."
    ),
    Activity.SILENT: QT_TR_NOOP(
        "The query's process has not been heard of for {span}. It may hang; cancelling ends it."
    ),
}


_LEARNED: Final = frozenset({ProgressBasis.HISTORY, ProgressBasis.BOTH})
_BASES: Final = {
    ProgressBasis.MEASURED: QT_TR_NOOP(
        "By what the engine measures; this query has not run here before."
    ),
    ProgressBasis.HISTORY: QT_TR_NOOP("By earlier runs; the engine itself reports nothing."),
    ProgressBasis.BOTH: QT_TR_NOOP(
        "By what the engine measures, read by the light of earlier runs."
    ),
    ProgressBasis.NONE: QT_TR_NOOP("The engine has not reported how far it is."),
}


def explain_progress(job: JobSummary) -> str:
    """What the fraction of a running job rests on, in a sentence; empty for any other job."""
    if job.state is not JobState.RUNNING:
        return ""
    if text.is_mute(job) and job.progress.activity in (Activity.MOVING, Activity.WORKING):
        return tr("The engine is at work, but this plan cannot report progress.")
    if text.is_still(job):
        return tr(_STILL[job.progress.activity]).format(span=text.span(job.progress.stalled_s))
    basis = tr(_BASES[job.progress.basis])
    left = text.eta(job)
    if not left or job.progress.basis not in _LEARNED:
        return basis
    span = tr("Left: {span}, right in 8 of 10 cases.").format(span=left)
    return f"{basis}\n{span}"


COLUMNS: Final = (
    Column(
        id="name",
        title=QT_TR_NOOP("Name"),
        width=250,
        text=lambda job, _: job.name,
        tip=lambda job, _: job.preview,
        explains=QT_TR_NOOP("What the query is called, or how it begins"),
    ),
    Column(
        id="progress",
        title=QT_TR_NOOP("Progress"),
        width=290,
        text=lambda job, context: text.standing(job, context.place(job.id)),
        tip=_progress_tip,
        explains=QT_TR_NOOP("How far it is, and in which phase"),
    ),
    Column(
        id="eta",
        title=QT_TR_NOOP("Left"),
        width=100,
        text=lambda job, _: text.eta(job),
        explains=QT_TR_NOOP("How much longer it takes, as a range"),
        right=True,
    ),
    Column(
        id="elapsed",
        title=QT_TR_NOOP("Elapsed"),
        width=72,
        text=_elapsed,
        explains=QT_TR_NOOP("How long it has run"),
        right=True,
    ),
    Column(
        id="rows",
        title=QT_TR_NOOP("Rows"),
        width=72,
        text=lambda job, _: text.rows(job),
        tip=_rows_tip,
        explains=QT_TR_NOOP("Rows of the result, so far or in all"),
        right=True,
    ),
    Column(
        id="memory",
        title=QT_TR_NOOP("Memory"),
        width=76,
        text=lambda job, _: text.memory(job) if job.state is JobState.RUNNING else text.NONE,
        explains=QT_TR_NOOP("Memory of the query's process"),
        right=True,
    ),
    Column(
        id="source",
        title=QT_TR_NOOP("Source"),
        width=116,
        text=lambda job, context: context.sources.get(job.source, job.source),
        explains=QT_TR_NOOP("What it runs against"),
    ),
    Column(
        id="owner",
        title=QT_TR_NOOP("Owner"),
        width=90,
        text=lambda job, _: job.owner,
        explains=QT_TR_NOOP("Who submitted it"),
        shown=False,
    ),
    Column(
        id="submitted",
        title=QT_TR_NOOP("Submitted"),
        width=104,
        text=lambda job, context: text.moment(job.submitted_at, context.now),
        tip=lambda job, _: words.clock(job.submitted_at),
        explains=QT_TR_NOOP("When it was submitted"),
    ),
    Column(
        id="finished",
        title=QT_TR_NOOP("Finished"),
        width=110,
        text=lambda job, context: text.moment(job.finished_at, context.now),
        tip=lambda job, _: words.clock(job.finished_at) if job.finished_at else "",
        explains=QT_TR_NOOP("When it ended"),
        shown=False,
    ),
)
BY_ID: Final = {column.id: number for number, column in enumerate(COLUMNS)}


def as_heard(column: Column, job: JobSummary, context: Context) -> str:
    """A cell as it is read aloud: what is painted as a bar is a number."""
    said = column.text(job, context)
    if column.id != "progress" or job.state is not JobState.RUNNING:
        return said
    return " ".join(part for part in (words.percent(job.progress), said) if part)


def in_one_sentence(job: JobSummary, context: Context) -> str:
    """A row as it is read aloud: `Delays by carrier, done, Elapsed 0.2 s, Rows 16, …`."""
    first = [as_heard(column, job, context) for column in COLUMNS[:2]]
    others = [(tr(one.title), one.text(job, context)) for one in COLUMNS[2:] if one.shown]
    return ", ".join((*first, *(f"{title} {said}" for title, said in others if said != text.NONE)))
