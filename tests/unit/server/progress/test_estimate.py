"""What earlier runs say of a new one."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.progress.choosing import earlier_runs
from longwatch.progress.curves import POINTS, curve_of
from longwatch.progress.estimate import Estimator
from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.attempts import Report, Stage, Trace
from longwatch.protocol.jobs import Phase, Progress, ProgressBasis
from longwatch.protocol.runs import Run
from unit.server.progress.courses import Told, crooked, nothing, reports, run, trace


def shown(
    earlier: list[Run], duration_s: float, told: Told = crooked, cores: float = 2.0
) -> tuple[list[Progress], float]:
    """What is shown of a run after earlier ones, and the mean error of its bar."""
    tracker = ProgressTracker()
    if earlier:
        tracker.learn(Estimator(earlier_runs(earlier, [])))
    progress = [tracker.update(report) for report in reports(duration_s, told, cores)]
    judged = tracker.judged(duration_s)
    assert judged is not None
    return progress, judged.fraction_error


def test_an_engine_that_tells_half_at_once_is_put_right_by_one_earlier_run() -> None:
    _, alone = shown([], 60)
    progress, error = shown([run(60)], 60)
    assert alone > 0.15
    assert error < 0.03
    assert {one.basis for one in progress[1:]} == {ProgressBasis.BOTH}


@pytest.mark.parametrize("times", [0.6, 1.7])
def test_a_run_of_another_size_is_found_out_by_what_the_engine_tells(times: float) -> None:
    progress, error = shown(
        [run(60, lambda share: 0.9 * share**2)], 60 * times, lambda share: 0.9 * share**2
    )
    assert error < 0.1
    assert progress[-1].fraction is not None


def test_an_engine_that_tells_nothing_is_told_by_its_history() -> None:
    progress, error = shown([run(60, nothing)], 60, nothing)
    assert error < 0.05
    assert {one.basis for one in progress} == {ProgressBasis.HISTORY}
    middle = progress[len(progress) // 2]
    assert middle.eta_low_s is not None
    assert middle.eta_high_s is not None
    assert middle.eta_low_s <= 30 <= middle.eta_high_s


def planned(one: Run, work_s: float) -> Run:
    """The same run with a plan."""
    trace = msgspec.structs.replace(one.trace, stages=[Stage(1.0, work_s)])
    return msgspec.structs.replace(one, trace=trace)


def test_a_plan_tells_how_far_tables_have_grown() -> None:
    """Three times the rows: without the plans the bar would be through after a third."""
    before = [planned(run(20, nothing), 5.0)]
    small, grown = (earlier_runs(before, [], [Stage(1.0, work_s)]) for work_s in (6.0, 15.0))
    assert [one.size for one in small] == [1.0], "other parameters, perhaps"
    tracker = ProgressTracker()
    tracker.learn(Estimator(grown))
    shown = [tracker.update(report) for report in reports(60, nothing)]
    assert shown[len(shown) // 2].fraction == pytest.approx(0.5, abs=0.05)
    left = shown[len(shown) // 2]
    assert left.eta_low_s is not None
    assert left.eta_high_s is not None
    assert left.eta_low_s <= 30 <= left.eta_high_s


@pytest.mark.parametrize("work_s", [0.0, float("inf"), float("nan")])
def test_a_plan_that_makes_no_sense_says_nothing_of_growth(work_s: float) -> None:
    (one,) = earlier_runs([planned(run(20), work_s)], [], [Stage(1.0, 5.0)])
    assert one.size == 1.0


def test_another_query_beside_it_makes_a_run_longer_but_not_larger() -> None:
    """Half the processor, twice the time: what counts is what was worked."""
    progress, error = shown([run(60)], 120, crooked, cores=1.0)
    assert error < 0.05
    later = progress[len(progress) * 3 // 4]
    assert later.eta_low_s is not None
    assert later.eta_high_s is not None
    assert later.eta_low_s <= 30 <= later.eta_high_s


def test_a_run_that_goes_far_beyond_all_earlier_ones_has_no_time_left_to_show() -> None:
    progress, _ = shown([run(6, nothing)], 600, nothing)
    assert progress[-1].eta_low_s is None
    assert progress[-1].fraction is not None
    assert progress[-1].fraction <= 0.99


def test_the_same_numbers_count_for_more() -> None:
    runs = [run(20, numbers=[1.0]), run(60, numbers=[7.0]), run(20, numbers=[1.0])]
    weights = [one.weight for one in earlier_runs(runs, [7.0])]
    assert weights[1] > weights[0] > weights[2]


def test_a_script_is_shown_as_a_whole() -> None:
    tracker = ProgressTracker()
    tracker.learn(Estimator(earlier_runs([run(60, lambda share: share)], [])))
    first = Report(
        phase=Phase.EXECUTING, elapsed_s=30, fraction=0.99, cpu_s=60, statement=1, statements=2
    )
    assert tracker.update(first).fraction == pytest.approx(0.5, abs=0.05)
    second = Report(
        phase=Phase.EXECUTING, elapsed_s=45, fraction=0.5, cpu_s=90, statement=2, statements=2
    )
    assert tracker.update(second).fraction == pytest.approx(0.75, abs=0.05)


REPORTS = st.lists(
    st.tuples(
        st.sampled_from(Phase),
        st.floats(0, 100),
        st.none() | st.floats(-1, 3),
        st.floats(0, 1_000),
        st.integers(0, 3),
    ),
    max_size=40,
)


@given(st.lists(st.floats(0.5, 1e5), min_size=1, max_size=8), REPORTS)
def test_never_falls_never_ends_early_whatever_comes(
    durations: list[float], course: list[tuple[Phase, float, float | None, float, int]]
) -> None:
    tracker = ProgressTracker()
    tracker.learn(Estimator(earlier_runs([run(one) for one in durations], [])))
    elapsed_s = cpu_s = before = 0.0
    for phase, step_s, fraction, worked_s, statement in course:
        elapsed_s, cpu_s = elapsed_s + step_s, cpu_s + worked_s
        progress = tracker.update(
            Report(
                phase=phase,
                elapsed_s=elapsed_s,
                fraction=fraction,
                cpu_s=cpu_s,
                statement=statement,
                statements=3,
            )
        )
        assert (progress.fraction is None) == (progress.basis is ProgressBasis.NONE)
        if progress.fraction is not None:
            assert before <= progress.fraction < 1
            before = progress.fraction
        assert (progress.eta_low_s is None) == (progress.eta_high_s is None)
        if progress.eta_low_s is not None and progress.eta_high_s is not None:
            assert 0 <= progress.eta_low_s <= progress.eta_high_s < math.inf


def test_a_trace_with_nothing_in_it_is_no_curve() -> None:
    assert curve_of(Trace()) is None
    assert curve_of(trace(0.0, nothing)) is None


@given(st.floats(0.1, 1e6), st.floats(0.01, 64))
def test_a_curve_rises_from_nothing_to_all(duration_s: float, cores: float) -> None:
    curve = curve_of(trace(duration_s, crooked, cores))
    assert curve is not None
    assert len(curve.shares) == POINTS
    assert curve.shares[0] == 0
    assert curve.shares[-1] == pytest.approx(1)
    assert (curve.shares[1:] >= curve.shares[:-1]).all()
