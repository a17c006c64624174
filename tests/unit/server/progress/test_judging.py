"""How right what was told is found to have been."""

from __future__ import annotations

import pytest

from longwatch.progress.activity import WINDOW_S, Workload
from longwatch.progress.judging import Judge
from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import Activity, Phase, Progress


def judged(*told: tuple[float, float | None, float | None, float | None], total_s: float) -> Judge:
    judge = Judge()
    for at_s, fraction, low_s, high_s in told:
        judge.note(at_s, Progress(fraction=fraction, eta_low_s=low_s, eta_high_s=high_s))
    return judge


def test_a_bar_that_keeps_up_is_right() -> None:
    told = [(float(second), second / 100, None, None) for second in range(100)]
    verdict = judged(*told, total_s=100).verdict(100)
    assert verdict is not None
    assert verdict.fraction_error == pytest.approx(0.005)
    assert verdict.range_held is None


def test_a_bar_that_stands_at_half_is_a_quarter_wrong() -> None:
    told = [(float(second), 0.5, None, None) for second in range(1_000)]
    verdict = judged(*told, total_s=1_000).verdict(1_000)
    assert verdict is not None
    assert verdict.fraction_error == pytest.approx(0.25, abs=0.01)


def test_no_bar_counts_as_an_empty_one() -> None:
    verdict = judged((0.0, None, None, None), total_s=10).verdict(10)
    assert verdict is not None
    assert verdict.fraction_error == pytest.approx(0.5)


def test_a_range_holds_as_long_as_it_holds() -> None:
    told = [(0.0, 0.0, 8.0, 12.0), (5.0, 0.5, 6.0, 7.0), (8.0, 0.8, 1.0, 3.0)]
    verdict = judged(*told, total_s=10).verdict(10)
    assert verdict is not None
    assert verdict.range_held == pytest.approx(0.7)
    assert verdict.range_width == pytest.approx(0.4)


def test_nothing_told_is_nothing_judged() -> None:
    assert Judge().verdict(10) is None
    assert judged((10.0, 0.5, None, None), total_s=10).verdict(10) is None


@pytest.mark.parametrize(
    ("cpu_s", "io_bytes", "activity"),
    [
        (2.0, 0, Activity.WORKING),
        (0.0, 50_000_000, Activity.WORKING),
        (0.01, 2_000, Activity.WAITING),
    ],
)
def test_what_a_still_run_does_is_seen_by_what_it_uses(
    cpu_s: float, io_bytes: int, activity: Activity
) -> None:
    load = Workload()
    for second in range(20):
        busy = second >= 10  # what was before is out of sight
        load.note(
            Report(
                phase=Phase.EXECUTING,
                elapsed_s=float(second),
                cpu_s=100.0 + cpu_s * second if busy else 10.0 * second,
                io_bytes=io_bytes * second,
            )
        )
    assert load.activity() is activity
    assert WINDOW_S < 10
