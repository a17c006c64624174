"""Progress that can be trusted: whatever an engine says, in whatever order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.progress.eta import LEAST_ELAPSED_S, LEAST_FRACTION, eta_range
from longwatch.progress.tracker import STALL_AFTER_S, ProgressTracker
from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import Phase, Progress, ProgressBasis

FRACTION = st.none() | st.floats(0, 1)
REPORT = st.tuples(
    st.sampled_from(Phase), st.floats(0.05, 5), FRACTION | st.floats(-1, 3), st.integers(0, 100)
)


def follow(tracker: ProgressTracker, elapsed_s: float, **report: object) -> Progress:
    fields: dict[str, object] = {"phase": Phase.EXECUTING, **report}
    return tracker.update(Report(elapsed_s=elapsed_s, **fields))  # type: ignore[arg-type]


@given(st.lists(REPORT, max_size=40))
def test_never_falls_never_ends_early_never_says_what_nothing_supports(
    reports: list[tuple[Phase, float, float | None, int]],
) -> None:
    tracker, elapsed_s, before = ProgressTracker(), 0.0, 0.0
    for phase, step_s, fraction, rows in reports:
        elapsed_s += step_s
        told = follow(tracker, elapsed_s, phase=phase, fraction=fraction, rows=rows)
        assert (told.fraction is None) == (told.basis is ProgressBasis.NONE)
        if told.fraction is not None:
            assert before <= told.fraction < 1
            before = told.fraction
        assert (told.eta_low_s is None) == (told.eta_high_s is None)
        if told.eta_low_s is not None and told.eta_high_s is not None:
            assert phase is Phase.EXECUTING
            assert 0 <= told.eta_low_s <= told.eta_high_s < math.inf
        assert 0 <= told.stalled_s <= elapsed_s
        assert told.rows == rows


@given(st.floats(0, 1e7), FRACTION)
def test_an_eta_is_a_range_once_the_rate_means_something(
    elapsed_s: float, fraction: float | None
) -> None:
    found = eta_range(elapsed_s, fraction)
    enough = elapsed_s >= LEAST_ELAPSED_S and fraction is not None
    assert (found is not None) == (enough and LEAST_FRACTION <= (fraction or 0) < 1)
    if found is not None and fraction is not None:
        low, high = found
        even_s = elapsed_s / fraction - elapsed_s  # if the fraction were that of the time
        assert 0 <= low <= even_s * (1 + 1e-9) + 1e-6
        assert high >= even_s * (1 - 1e-9) - 1e-6


@pytest.mark.parametrize(
    ("elapsed_s", "fraction", "low_s", "high_s"),
    [(10, 0.5, 10 / 0.75 - 10, 10 / 0.25 - 10), (60, 0.9, 60 / 0.95 - 60, 60 / 0.85 - 60)],
)
def test_the_range_follows_from_how_far_engines_are_off(
    elapsed_s: float, fraction: float, low_s: float, high_s: float
) -> None:
    assert eta_range(elapsed_s, fraction) == pytest.approx((low_s, high_s))


def test_no_eta_in_the_first_seconds_nor_at_the_first_percent() -> None:
    assert eta_range(1.9, 0.5) is None
    assert eta_range(600, 0.029) is None
    assert eta_range(600, 1.0) is None
    assert eta_range(600, None) is None


def test_an_engine_that_stands_at_zero_measures_nothing() -> None:
    tracker = ProgressTracker()
    for elapsed_s in range(1, 20):
        told = follow(tracker, elapsed_s, fraction=0.0)
        assert told.fraction is None
        assert told.basis is ProgressBasis.NONE
    assert told.stalled_s == 18.0


def test_a_hundred_percent_while_still_at_work_is_shown_as_99() -> None:
    tracker = ProgressTracker()
    assert follow(tracker, 1.0, fraction=1.0).fraction == 0.99
    assert follow(tracker, 2.0, phase=Phase.WRITING, fraction=1.0).fraction == 0.99


def test_a_standstill_is_said_after_a_while_and_ends_with_any_movement() -> None:
    tracker = ProgressTracker()
    follow(tracker, 1.0, fraction=0.25)
    assert follow(tracker, 1.0 + STALL_AFTER_S - 0.1, fraction=0.25).stalled_s == 0
    assert follow(tracker, 8.0, fraction=0.25).stalled_s == 7.0
    assert follow(tracker, 9.0, fraction=0.2).stalled_s == 8.0  # a step back is no movement
    assert follow(tracker, 10.0, fraction=0.25, rows=1).stalled_s == 0
    assert follow(tracker, 14.0, fraction=0.25, rows=1).stalled_s == 4.0
    assert follow(tracker, 15.0, fraction=0.3, rows=1).stalled_s == 0


def test_the_last_percent_of_an_engine_is_a_movement_too() -> None:
    tracker = ProgressTracker()
    for second in range(10):
        progress = follow(tracker, float(second), fraction=0.991 + second / 10_000)
    assert progress.stalled_s == 0


def test_a_run_that_an_earlier_server_followed_did_not_begin_now() -> None:
    tracker = ProgressTracker()
    follow(tracker, 600.0, fraction=0.6, statement=1, statements=1)
    progress = follow(tracker, 610.0, fraction=0.61, statement=1, statements=1)
    assert progress.eta_low_s is not None
    assert progress.eta_high_s is not None
    assert progress.eta_low_s < 390 < progress.eta_high_s


def test_nothing_stalls_outside_of_execution() -> None:
    tracker = ProgressTracker()
    for elapsed_s in (1.0, 10.0, 100.0):
        assert follow(tracker, elapsed_s, phase=Phase.WRITING).stalled_s == 0


def test_the_next_statement_begins_anew() -> None:
    tracker = ProgressTracker()
    first = follow(tracker, 60.0, fraction=0.8, statement=1, statements=2)
    assert first.fraction == 0.8
    assert first.eta_low_s is None, "what comes after this statement is not known"
    second = follow(tracker, 61.0, phase=Phase.PLANNING, statement=2, statements=2)
    assert second.fraction is None
    for at_s, fraction in ((65.0, 0.2), (71.0, 0.5)):
        second = follow(tracker, at_s, fraction=fraction, statement=2, statements=2)
    assert second.eta_low_s is not None
    assert second.eta_high_s is not None
    assert second.eta_low_s <= 10 <= second.eta_high_s
