"""What the table says of a job, in the language of the window."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from longwatch.protocol.jobs import Activity, JobState, JobSummary, Phase
from longwatch_desktop import words
from longwatch_desktop.translation import QT_TR_NOOP, figures, tr

NONE: Final = "–"
"""What stands where there is nothing to tell."""

STATES: Final = {
    JobState.QUEUED: QT_TR_NOOP("queued"),
    JobState.RUNNING: QT_TR_NOOP("running"),
    JobState.SUCCEEDED: QT_TR_NOOP("succeeded"),
    JobState.FAILED: QT_TR_NOOP("failed"),
    JobState.CANCELLED: QT_TR_NOOP("cancelled"),
    JobState.LOST: QT_TR_NOOP("lost"),
}
"""What the states are called, to be translated where they are shown."""
PHASES: Final = {
    Phase.STARTING: QT_TR_NOOP("starting"),
    Phase.CONNECTING: QT_TR_NOOP("connecting"),
    Phase.PLANNING: QT_TR_NOOP("planning"),
    Phase.EXECUTING: QT_TR_NOOP("executing"),
    Phase.WRITING: QT_TR_NOOP("writing"),
}
"""What the phases are called, to be translated where they are shown."""
_DONE: Final = QT_TR_NOOP("done")
_CANCELLING: Final = QT_TR_NOOP("cancelling")
_NOT_CONFIRMED: Final = QT_TR_NOOP("cancelled, not confirmed")
_MONTHS: Final = (
    QT_TR_NOOP("Jan"),
    QT_TR_NOOP("Feb"),
    QT_TR_NOOP("Mar"),
    QT_TR_NOOP("Apr"),
    QT_TR_NOOP("May"),
    QT_TR_NOOP("Jun"),
    QT_TR_NOOP("Jul"),
    QT_TR_NOOP("Aug"),
    QT_TR_NOOP("Sep"),
    QT_TR_NOOP("Oct"),
    QT_TR_NOOP("Nov"),
    QT_TR_NOOP("Dec"),
)
_MESSAGE_CHARS: Final = 120


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`, `1,002nd`."""
    last = 0 if number % 100 in {11, 12, 13} else number % 10
    match last:
        case 1:
            text = tr("{number}st")
        case 2:
            text = tr("{number}nd")
        case 3:
            text = tr("{number}rd")
        case _:
            text = tr("{number}th")
    return text.format(number=words.count(number))


def standing(job: JobSummary, place: int | None = None) -> str:
    """Where a job stands, in words: `queued · 2nd in line`, `writing`, `done`, `failed: …`.

    `place` is the mirror's `place_in_line`.
    """
    match job.state:
        case JobState.QUEUED if job.cancel_requested_at is None and place is not None:
            return _in_line(place)
        case JobState.RUNNING:
            return _running(job)
        case JobState.FAILED | JobState.LOST if job.error is not None:
            failed = job.state is JobState.FAILED
            message = words.one_line(words.clean(job.error.message), _MESSAGE_CHARS)
            text = tr("failed: {message}") if failed else tr("lost: {message}")
            return text.format(message=message)
        case JobState.QUEUED if job.cancel_requested_at is not None:
            text = _CANCELLING
        case JobState.CANCELLED if job.cancel_confirmed is False:
            text = _NOT_CONFIRMED
        case _:
            text = _DONE if job.state is JobState.SUCCEEDED else STATES[job.state]
    return tr(text)


def _in_line(place: int) -> str:
    if place == 1:
        return tr("queued · next in line")
    return tr("queued · {place} in line").format(place=ordinal(place))


def _running(job: JobSummary) -> str:
    if job.cancel_requested_at is not None:
        return tr(_CANCELLING)
    phase = tr(STATES[job.state] if job.phase is None else PHASES[job.phase])
    progress = job.progress
    if progress.statements <= 1:
        return phase
    number, total = progress.statement, progress.statements
    return tr("{number} of {total} · {phase}").format(number=number, total=total, phase=phase)


_STILL: Final = {
    Activity.MOVING: QT_TR_NOOP("no news for {span}"),
    Activity.WORKING: QT_TR_NOOP("at work, no news for {span}"),
    Activity.WAITING: QT_TR_NOOP("waiting for {span}"),
    Activity.SILENT: QT_TR_NOOP("silent for {span}"),
}


def note(job: JobSummary) -> str:
    """What to say of a running job that shows no sign of life; empty if it does.

    A plan that has never shown a fraction or a row cannot report progress; that is no reason to
    worry. One that has and stands still might be.
    """
    if not is_still(job):
        return ""
    activity = job.progress.activity
    if is_mute(job) and activity in (Activity.MOVING, Activity.WORKING):
        return tr("this plan cannot report progress")
    return tr(_STILL[activity]).format(span=span(job.progress.stalled_s))


def is_still(job: JobSummary) -> bool:
    """Whether a running job shows no sign of life."""
    return job.state is JobState.RUNNING and job.progress.stalled_s > 0


def is_mute(job: JobSummary) -> bool:
    """Whether it shows none since its plan cannot."""
    progress = job.progress
    never_told = progress.fraction is None and progress.rows == 0
    return is_still(job) and job.phase is Phase.EXECUTING and never_told


def span(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h 5 min`, `4 d`: rounded down, for reading rather than comparing."""
    whole = max(0, int(seconds))
    if whole < 60:
        return tr("{seconds} s").format(seconds=whole)
    minutes, hours, days = whole // 60, whole // 3_600, whole // 86_400
    if hours < 1:
        return tr("{minutes} min").format(minutes=minutes)
    if days < 1:
        rest = minutes % 60
        text = tr("{hours} h {minutes} min") if rest else tr("{hours} h")
        return text.format(hours=hours, minutes=rest)
    return tr("%n d", "", days)


def moment(when: datetime | None, now: datetime, zone: tzinfo | None = None) -> str:
    """`today 14:03`, `yesterday 9:30`, `24 Nov`, `24 Nov 2025`, in `zone` (by default the
    computer's)."""
    if when is None:
        return NONE
    local, today = when.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local.date()).days
    if days in {0, 1}:
        text = tr("yesterday {time}") if days else tr("today {time}")
        return text.format(time=f"{local.hour}:{local.minute:02}")
    month = tr(_MONTHS[local.month - 1])
    if local.year == today.year:
        return tr("{day} {month}").format(day=local.day, month=month)
    return tr("{day} {month} {year}").format(day=local.day, month=month, year=local.year)


def eta(job: JobSummary) -> str:
    """`0:40–0:55`, or a dash."""
    return (words.eta(job.progress) if job.state is JobState.RUNNING else "") or NONE


def elapsed(job: JobSummary, now: datetime) -> str:
    """`1:12`, or a dash for a job that never started."""
    return NONE if job.started_at is None else words.duration(words.elapsed_s(job, now))


def rows(job: JobSummary) -> str:
    """`8.1 M`, or a dash for a job that never started, or ended without a result."""
    without = job.state.is_final and job.result is None
    return NONE if job.started_at is None or without else short_count(words.rows(job))


def memory(job: JobSummary) -> str:
    """`420 MB` of resident memory, or a dash where none is known."""
    return words.size(job.progress.memory_bytes) if job.progress.memory_bytes else NONE


def spill(job: JobSummary) -> str:
    """`1.2 GB` put on disk, or a dash."""
    return words.size(job.progress.spill_bytes) if job.progress.spill_bytes else NONE


def result_size(job: JobSummary) -> str:
    """`12 MB` of result on disk, or a dash."""
    return NONE if job.result is None else words.size(job.result.bytes)


def counted_matches(number: int) -> str:
    """`1 match`, `1,234 matches`."""
    return tr("1 match") if number == 1 else tr("%n matches", "", number)


def short_count(number: int) -> str:
    """`16`, `9,999`, `12 k`, `8.1 M`, `1.2 bn`: rounded down, so that it never says more than
    there is."""
    if number < 10_000:
        return words.count(number)
    if number < 10**6:
        return tr("{number} k").format(number=_rounded(number, 10**3))
    if number < 10**9:
        return tr("{number} M").format(number=_rounded(number, 10**6))
    return tr("{number} bn").format(number=_rounded(number, 10**9))


def _rounded(number: int, unit: int) -> str:
    whole, tenths = divmod(number * 10 // unit, 10)
    return figures(f"{whole}.{tenths}") if whole < 10 else words.count(whole)
