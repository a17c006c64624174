"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from longwatch.client import words
from longwatch.protocol.jobs import JobState, Progress, ProgressBasis, ResultInfo, StoppedAt

MEASURED, HISTORY = ProgressBasis.MEASURED, ProgressBasis.HISTORY


@pytest.mark.parametrize(
    ("fraction", "basis", "expected"),
    [
        (None, ProgressBasis.NONE, ""),
        (0.0, MEASURED, "0 %"),
        (0.0001, MEASURED, "<1 %"),
        (0.0099, MEASURED, "<1 %"),
        (0.01, MEASURED, "1 %"),
        (0.999, MEASURED, "99 %"),
        (1.0, MEASURED, "100 %"),
        (0.005, HISTORY, "~<1 %"),
        (0.5, HISTORY, "~50 %"),
    ],
)
def test_percent(fraction: float | None, basis: ProgressBasis, expected: str) -> None:
    assert words.percent(Progress(fraction=fraction, basis=basis)) == expected


@pytest.mark.parametrize(
    ("complete", "stopped_at", "state", "expected"),
    [
        (True, None, JobState.SUCCEEDED, ""),
        (False, None, JobState.RUNNING, " so far"),
        (False, None, JobState.FAILED, ", incomplete: the query ended early"),
        (False, StoppedAt.ROWS, JobState.SUCCEEDED, ", stopped at the limit of rows"),
        (False, StoppedAt.BYTES, JobState.SUCCEEDED, ", stopped at the limit of bytes"),
    ],
)
def test_why_there_are_no_more_rows(
    complete: bool, stopped_at: StoppedAt | None, state: JobState, expected: str
) -> None:
    info = ResultInfo(rows=5, bytes=5, columns=[], complete=complete, stopped_at=stopped_at)
    assert words.shortfall(info, state) == expected


def test_shares_and_short_times() -> None:
    assert [words.share(0.2249), words.share(0.25, 1), words.share(1.0)] == [
        "22 %",
        "25.0 %",
        "100 %",
    ]
    given = (-1.0, 0.04, 0.6, 9.99, 10.0, 72.0)
    assert [words.took(one) for one in given] == [
        "0.0 s",
        "0.0 s",
        "0.6 s",
        "9.9 s",
        "0:10",
        "1:12",
    ]
