"""What the table says of a job beyond `longwatch.client.words`."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from longwatch.client import words
from longwatch.protocol.jobs import JobState, JobSummary, Phase

NONE: Final = "–"
"""What stands where there is nothing to tell."""

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MESSAGE_CHARS: Final = 120


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`, `1,002nd`."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{words.count(number)}{ending or 'th'}"


def standing(job: JobSummary, place: int | None = None) -> str:
    """Where a job stands, in words: `queued · 2nd in line`, `writing`, `done`, `failed: …`.

    `place` is the mirror's `place_in_line`.
    """
    match job.state:
        case JobState.QUEUED if job.cancel_requested_at is not None:
            return "cancelling"
        case JobState.QUEUED if place is not None:
            return f"queued · {'next' if place == 1 else ordinal(place)} in line"
        case JobState.SUCCEEDED:
            return "done"
        case JobState.FAILED | JobState.LOST if job.error is not None:
            message = words.one_line(words.clean(job.error.message), _MESSAGE_CHARS)
            return f"{job.state.value}: {message}"
        case _:
            return words.standing(job)


def note(job: JobSummary) -> str:
    """What to say of a running job that shows no sign of life; empty if it does.

    A plan that has never shown a fraction or a row cannot report progress; that is no reason to
    worry. One that has and stands still might be.
    """
    progress = job.progress
    if job.state is not JobState.RUNNING or progress.stalled_s <= 0:
        return ""
    if job.phase is Phase.EXECUTING and progress.fraction is None and progress.rows == 0:
        return "this plan cannot report progress"
    return f"no news for {span(progress.stalled_s)}"


def span(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h 5 min`, `4 d`: rounded down, for reading rather than comparing."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3_600, whole // 86_400
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{days} d"


def moment(when: datetime | None, now: datetime, zone: tzinfo | None = None) -> str:
    """`today 14:03`, `yesterday 9:30`, `24 Nov`, `24 Nov 2025`, in `zone` (by default the
    computer's)."""
    if when is None:
        return NONE
    local, today = when.astimezone(zone), now.astimezone(zone)
    days = (today.date() - local.date()).days
    if days in {0, 1}:
        return f"{'yesterday' if days else 'today'} {local.hour}:{local.minute:02}"
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    return day if local.year == today.year else f"{day} {local.year}"


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


def short_count(number: int) -> str:
    """`16`, `9,999`, `12 k`, `8.1 M`, `1.2 bn`: rounded down, so that it never says more than
    there is."""
    if number < 10_000:
        return words.count(number)
    for unit, size in (("k", 10**3), ("M", 10**6), ("bn", 10**9)):
        if number < size * 1_000 or unit == "bn":
            whole, tenths = divmod(number * 10 // size, 10)
            small = whole < 10
            return f"{whole}.{tenths} {unit}" if small else f"{words.count(whole)} {unit}"
    raise AssertionError(number)
