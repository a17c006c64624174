"""Numbers and times as a person reads them, in a terminal and in the window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from longwatch.protocol.jobs import JobState, JobSummary, Progress, ResultSummary


def duration(seconds: float) -> str:
    """`0:07`, `12:34`, `3:02:09`: whole seconds, rounded down."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int) -> str:
    """`1,234`."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 row`, `1,234 rows`; `plural` where it is not the noun and an s."""
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """`12 MB`, in powers of 1,000."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1_000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1_000
    return f"{value:.1f} TB"


def share(part: float, digits: int = 0) -> str:
    """`22 %` of a part from 0 to 1, with so many digits behind the point."""
    return f"{part * 100:.{digits}f} %"


def took(seconds: float) -> str:
    """`0.6 s`, `9.9 s`, then as `duration`: what took less than ten seconds is told by tenths."""
    tenths = int(max(0.0, seconds) * 10) / 10
    return f"{tenths:.1f} s" if tenths < 10 else duration(seconds)


def percent(progress: Progress) -> str:
    """`62 %`, `<1 %`, `~62 %` when it rests on earlier runs, nothing when nothing supports one."""
    if progress.fraction is None:
        return ""
    about = "~" if progress.basis.value == "history" else ""
    if 0 < progress.fraction < 0.01:
        return f"{about}<1 %"
    return f"{about}{int(progress.fraction * 100)} %"


def eta(progress: Progress) -> str:
    """`0:40-0:55`, or nothing while the rate means nothing."""
    low, high = progress.eta_low_s, progress.eta_high_s
    if low is None or high is None:
        return ""
    shortest, longest = duration(low), duration(high)
    return shortest if shortest == longest else f"{shortest}–{longest}"


def elapsed_s(job: JobSummary, now: datetime | None = None) -> float:
    """Seconds the job has run, or ran; 0 while it waits."""
    if job.started_at is None:
        return 0.0
    end = job.finished_at or now or datetime.now(UTC)
    return max(0.0, (end - job.started_at).total_seconds())


def rows(job: JobSummary) -> int:
    """Rows written so far, or in all."""
    return job.result.rows if job.result is not None else job.progress.rows


def shortfall(info: ResultSummary, state: JobState) -> str:
    """Why a result is not all that the query returns, as what follows its count of rows; empty
    where it is."""
    if info.stopped_at is not None:
        return f", stopped at the limit of {info.stopped_at.value}"
    if info.complete:
        return ""
    return ", incomplete: the query ended early" if state.is_final else " so far"


def standing(job: JobSummary) -> str:
    """The job's state in a word or two, with its phase while it runs."""
    if job.state.value == "running":
        if job.cancel_requested_at is not None:
            return "cancelling"
        phase = job.phase.value if job.phase is not None else "running"
        progress = job.progress
        many = progress.statements > 1
        return f"{progress.statement} of {progress.statements} · {phase}" if many else phase
    if job.state.value == "cancelled" and job.cancel_confirmed is False:
        return "cancelled, not confirmed"
    return job.state.value


def clock(moment: datetime | None) -> str:
    """Local date and time to the second, `-` for none."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def one_line(text: str, width: int) -> str:
    """The text on one line, cut with an ellipsis where it is longer than `width`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def clean(text: str) -> str:
    """Text from a query or a server, without the control characters a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
