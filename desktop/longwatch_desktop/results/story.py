"""What happened to a job, line by line, and try by try."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from longwatch.protocol.history import Attempt, StoryLine
from longwatch.protocol.jobs import Job, JobState
from longwatch_desktop import words
from longwatch_desktop.translation import QT_TR_NOOP, tr

_EVENTS: Final = {
    "submitted": QT_TR_NOOP("Submitted"),
    "started": QT_TR_NOOP("Started"),
    "cancel_requested": QT_TR_NOOP("Cancel asked for"),
    "requeued": QT_TR_NOOP("To be tried again"),
    "succeeded": QT_TR_NOOP("Done"),
    "failed": QT_TR_NOOP("Failed"),
    "cancelled": QT_TR_NOOP("Cancelled"),
    "lost": QT_TR_NOOP("Lost"),
    "notified": QT_TR_NOOP("Message sent"),
    "notify_delayed": QT_TR_NOOP("Message not sent yet"),
    "notify_failed": QT_TR_NOOP("Message not sent"),
}
_WORD: Final = {
    "notified": QT_TR_NOOP("was told at {when}"),
    "notify_delayed": QT_TR_NOOP("could not be told at {when}; it is tried again"),
    "notify_failed": QT_TR_NOOP("was not told: {why}"),
}
_HOW: Final = {
    "succeeded": QT_TR_NOOP("done"),
    "requeued": QT_TR_NOOP("ended early, to be tried again"),
    "failed": QT_TR_NOOP("failed"),
    "cancelled": QT_TR_NOOP("cancelled"),
    "lost": QT_TR_NOOP("lost"),
}
"""How an attempt ended."""


def told(story: list[StoryLine]) -> list[tuple[str, str]]:
    """Times and what happened then."""
    tries = max((line.attempt for line in story), default=0)
    found = []
    for line in story:
        text = tr(_EVENTS.get(line.event, line.event))
        if line.event == "started" and tries > 1:
            text = tr("Started, attempt {number}").format(number=line.attempt)
        found.append((_time(line.at), f"{text}: {line.detail}" if line.detail else text))
    return found


def words_of(
    notify: Iterable[str], state: JobState, story: Iterable[StoryLine]
) -> list[tuple[str, str]]:
    """Who is told of a job's end, and what became of it so far."""
    lines = [line for line in story if line.event in _WORD]
    found = []
    for name in notify:
        last = [line for line in lines if (line.detail or "").partition(":")[0] == name]
        if last:
            line = last[-1]
            why = (line.detail or "").partition(": ")[2]
            said = tr(_WORD[line.event]).format(when=_time(line.at), why=why)
        else:
            said = tr("on its way") if state.is_final else tr("when the job is over")
        found.append((name, said))
    return found


def is_word_out(notify: Iterable[str], story: Iterable[StoryLine]) -> bool:
    """Whether everybody was told, or given up."""
    settled = {
        (line.detail or "").partition(":")[0]
        for line in story
        if line.event in {"notified", "notify_failed"}
    }
    return settled.issuperset(notify)


def tried(attempts: list[Attempt], now: datetime) -> list[tuple[str, str]]:
    """Each attempt and how it ended; nothing for a single one, which the rest tells of."""
    if len(attempts) < 2:
        return []
    found = []
    for one in attempts:
        took = words.duration(((one.ended_at or now) - one.started_at).total_seconds())
        how = tr(_HOW.get(one.how, one.how)) if one.how else tr("runs")
        why = f": {one.error.message}" if one.error is not None else ""
        number = tr("Attempt {number}").format(number=one.attempt)
        found.append((number, f"{_time(one.started_at)}, {took}, {how}{why}"))
    return found


def bounds(job: Job) -> list[tuple[str, str]]:
    """The limits that were set for it, and its parameters."""
    limits = job.limits
    found = [
        (tr("Memory limit"), words.size(limits.memory_bytes) if limits.memory_bytes else ""),
        (tr("Time limit"), words.duration(limits.run_s) if limits.run_s else ""),
        (tr("Waits at most"), words.duration(limits.queue_s) if limits.queue_s else ""),
        (tr("Rows at most"), words.count(limits.result_rows) if limits.result_rows else ""),
        (tr("Result at most"), words.size(limits.result_bytes) if limits.result_bytes else ""),
    ]
    set_ = [one for one in found if one[1]] or [(tr("Limits"), tr("the server's"))]
    set_ += [
        (f":{name}", "null" if value.value is None else str(value.value)[:200])
        for name, value in job.parameters.items()
    ]
    if job.priority:
        set_.append((tr("Priority"), str(job.priority)))
    if job.retry_of:
        set_.append((tr("Run again from"), job.retry_of))
    return set_


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S")
