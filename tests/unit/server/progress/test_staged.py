"""What a plan says of a run that has no earlier one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from longwatch.progress.choosing import dearness
from longwatch.progress.staged import UNKNOWN, StagedEstimator
from longwatch.progress.tracker import ProgressTracker
from longwatch.protocol.attempts import Stage
from longwatch.protocol.jobs import Progress, ProgressBasis
from unit.server.progress.courses import Told, reports, run

STEEP = [Stage(0.9, 2.0), Stage(0.1, 18.0)]
"""Nine tenths of the percentage, a tenth of the work."""


def steep(share: float) -> float:
    """What an engine tells of that."""
    return 9 * share if share < 0.1 else 0.9 + (share - 0.1) / 9


def shown(
    stages: Sequence[Stage], duration_s: float, told: Told, cores: float = 2.0
) -> tuple[list[Progress], float]:
    """What is shown of a run of that plan, and the mean error of its bar."""
    tracker = ProgressTracker()
    progress = [
        tracker.update(msgspec.structs.replace(one, stages=list(stages)))
        for one in reports(duration_s, told, cores)
    ]
    judged = tracker.judged(duration_s)
    assert judged is not None
    return progress, judged.fraction_error


def test_the_engines_percentage_is_put_right_by_what_its_stages_take() -> None:
    _, alone = shown([], 10, steep)
    progress, error = shown(STEEP, 10, steep)
    assert alone > 0.3
    assert error < 0.05
    assert {one.basis for one in progress[1:]} == {ProgressBasis.MEASURED}
    middle = progress[len(progress) // 2]
    assert middle.eta_low_s is not None
    assert middle.eta_high_s is not None
    assert middle.eta_low_s <= 5 <= middle.eta_high_s


@pytest.mark.parametrize("times", [0.2, 5.0])
def test_a_plan_that_is_wrong_throughout_is_seen_through(times: float) -> None:
    _, error = shown(STEEP, 10 * times, steep)
    assert error < 0.08


def test_a_stage_that_takes_longer_than_planned_tells_its_own_length() -> None:
    """The first was to be a quarter of the work, and is half."""

    def told(share: float) -> float:
        return 1.8 * share if share < 0.5 else 0.9 + (share - 0.5) / 5

    _, error = shown([Stage(0.9, 5.0), Stage(0.1, 15.0)], 10, told)
    _, alone = shown([], 10, told)
    assert error < alone / 2


def test_the_bar_goes_on_where_the_percentage_stands_as_planned() -> None:
    """A sort: the fraction stands at a quarter for half of the time."""
    sort = [Stage(0.25, 5.0), Stage(0.0, 10.0), Stage(0.75, 5.0)]

    def told(share: float) -> float:
        return share if share < 0.25 else 0.25 if share < 0.75 else 3 * share - 2

    progress, error = shown(sort, 10, told)
    assert error < 0.06
    fractions = [one.fraction or 0.0 for one in progress]
    assert fractions[len(fractions) * 7 // 10] == pytest.approx(0.7, abs=0.1)


def test_the_time_left_is_shown_once_a_second_has_told_what_a_plan_is_worth() -> None:
    progress, _ = shown(STEEP, 5, steep)
    assert progress[8].eta_low_s is None
    assert progress[10].eta_low_s is not None


def test_runs_of_other_queries_tell_what_plans_are_worth_here() -> None:
    other = run(60, steep)
    planned = msgspec.structs.replace(other.trace, stages=[Stage(1.0, 1.26)])
    others = [msgspec.structs.replace(other, trace=planned)] * 4
    expected = dearness(others)
    assert expected.middle == pytest.approx(math.log(100), abs=1.0)
    assert expected.spread > 0.3
    knowing, unknowing = (StagedEstimator(STEEP, one) for one in (expected, UNKNOWN))
    first, second = (
        one.update(elapsed_s=1.0, cpu_s=2.0, fraction=0.001) for one in (knowing, unknowing)
    )
    assert first is not None
    assert second is not None
    assert first.share < second.share


def test_runs_without_a_plan_say_nothing_of_plans() -> None:
    assert dearness([run(60), run(0.0)]) == UNKNOWN


STAGES = st.lists(st.builds(Stage, st.floats(0, 1), st.floats(0, 1e6)), min_size=1, max_size=20)
COURSE: st.SearchStrategy[list[tuple[float, float, float | None]]] = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0, 1_000), st.none() | st.floats(0, 1)), max_size=30
)


@given(STAGES, COURSE)
def test_whatever_is_planned_and_told_there_is_an_end_to_it(
    stages: list[Stage], course: list[tuple[float, float, float | None]]
) -> None:
    estimator = StagedEstimator(stages)
    elapsed_s = cpu_s = 0.0
    for step_s, worked_s, fraction in course:
        elapsed_s, cpu_s = elapsed_s + step_s, cpu_s + worked_s
        told = estimator.update(elapsed_s=elapsed_s, cpu_s=cpu_s, fraction=fraction)
        if told is not None:
            assert 0 <= told.share <= 1
            assert 0 <= told.low_s <= told.high_s < math.inf


def test_each_statement_of_a_script_has_stages_of_its_own() -> None:
    tracker = ProgressTracker()
    told: Callable[[float], float] = steep
    for statement in (1, 2):
        for one in reports(10, told):
            progress = tracker.update(
                msgspec.structs.replace(
                    one,
                    elapsed_s=one.elapsed_s + 10 * (statement - 1),
                    cpu_s=one.cpu_s + 20 * (statement - 1),
                    stages=STEEP,
                    statement=statement,
                    statements=2,
                )
            )
            share = one.elapsed_s / 10
            if share > 0.2:
                assert progress.fraction == pytest.approx(share, abs=0.12)
            if statement == 1:
                assert progress.eta_low_s is None
