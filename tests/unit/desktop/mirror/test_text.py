"""What the table says of a job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from longwatch.protocol.jobs import (
    JobError,
    JobState,
    JobSummary,
    Phase,
    Progress,
    ResultSummary,
)
from longwatch_desktop.mirror import text
from unit.desktop.mirror.builders import at, job, running

ERROR = JobError(code="x", message="no column\n“carier”\x1b[31m")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (111, "111th"),
        (112, "112th"),
        (1_002, "1,002nd"),
        (100, "100th"),
    ],
)
def test_ordinals(number: int, expected: str) -> None:
    assert text.ordinal(number) == expected


@pytest.mark.parametrize(
    ("one", "place", "expected"),
    [
        (job(), None, "queued"),
        (job(), 1, "queued · next in line"),
        (job(), 2, "queued · 2nd in line"),
        (job(cancel_requested_at=at(1)), 2, "cancelling"),
        (running(phase=Phase.WRITING), None, "writing"),
        (running(phase=None), None, "running"),
        (running(cancel_requested_at=at(1)), None, "cancelling"),
        (job("a", JobState.SUCCEEDED), None, "done"),
        (job("a", JobState.FAILED, error=ERROR), None, "failed: no column “carier”�[31m"),
        (job("a", JobState.FAILED), None, "failed"),
        (job("a", JobState.LOST, error=ERROR), None, "lost: no column “carier”�[31m"),
        (job("a", JobState.CANCELLED), None, "cancelled"),
        (job("a", JobState.CANCELLED, cancel_confirmed=False), None, "cancelled, not confirmed"),
    ],
)
def test_where_a_job_stands(one: JobSummary, place: int | None, expected: str) -> None:
    assert text.standing(one, place) == expected


def test_a_long_message_is_cut() -> None:
    error = JobError(code="x", message="y" * 10_000)
    assert len(text.standing(job("a", JobState.FAILED, error=error))) < 150


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (running(progress=Progress()), ""),
        (running(progress=Progress(stalled_s=12.7)), "this plan cannot report progress"),
        (running(progress=Progress(stalled_s=12.7, fraction=0.5)), "no news for 12 s"),
        (running(progress=Progress(stalled_s=125, rows=1)), "no news for 2 min"),
        (running(progress=Progress(stalled_s=7), phase=Phase.WRITING), "no news for 7 s"),
        (job("a", JobState.FAILED, progress=Progress(stalled_s=12)), ""),
    ],
)
def test_standstills(one: JobSummary, expected: str) -> None:
    assert text.note(one) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d"),
        (10**6, "11 d"),
    ],
)
def test_spans(seconds: float, expected: str) -> None:
    assert text.span(seconds) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, "–"),
        (datetime(2026, 11, 24, 13, 3, tzinfo=UTC), "today 14:03"),
        (datetime(2026, 11, 24, 8, 5, tzinfo=UTC), "today 9:05"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "today 0:30"),
        (datetime(2026, 11, 23, 22, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "22 Nov"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2 Jan"),
        (datetime(2025, 11, 24, 13, tzinfo=UTC), "24 Nov 2025"),
    ],
)
def test_moments(when: datetime | None, expected: str) -> None:
    now = datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert text.moment(when, now, timezone(timedelta(hours=1))) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (16, "16"),
        (1_204, "1,204"),
        (9_999, "9,999"),
        (10_000, "10 k"),
        (12_999, "12 k"),
        (999_999, "999 k"),
        (10**6, "1.0 M"),
        (8_199_999, "8.1 M"),
        (91 * 10**6, "91 M"),
        (10**9 - 1, "999 M"),
        (1_250_000_000, "1.2 bn"),
        (5 * 10**12, "5,000 bn"),
    ],
)
def test_short_counts(number: int, expected: str) -> None:
    assert text.short_count(number) == expected


def test_cells_of_a_queued_job_are_dashes() -> None:
    one, now = job(), at(50)
    cells = [text.eta(one), text.elapsed(one, now), text.rows(one), text.memory(one)]
    assert [*cells, text.spill(one), text.result_size(one)] == ["–"] * 6


def test_cells_of_a_running_job() -> None:
    progress = Progress(
        rows=8_100_000,
        memory_bytes=420_000_000,
        spill_bytes=1_200_000_000,
        eta_low_s=40,
        eta_high_s=55,
    )
    one = running(progress=progress)
    assert text.eta(one) == "0:40–0:55"
    assert text.elapsed(one, at(73)) == "1:12"
    assert text.rows(one) == "8.1 M"
    assert text.memory(one) == "420 MB"
    assert text.spill(one) == "1.2 GB"


def test_cells_of_a_finished_job() -> None:
    result = ResultSummary(rows=16, bytes=2_000, complete=True)
    left = Progress(eta_low_s=1, eta_high_s=2)
    one = job("a", JobState.SUCCEEDED, result=result, progress=left)
    assert text.eta(one) == "–"
    assert text.elapsed(one, at(999)) == "1:00"
    assert text.rows(one) == "16"
    assert text.result_size(one) == "2.0 kB"
