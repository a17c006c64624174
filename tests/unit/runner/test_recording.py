"""A run's course in a bounded number of points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longwatch.protocol.attempts import Report
from longwatch.protocol.jobs import Phase
from longwatch.runner.recording import MOST_POINTS, Recorder


def report(number: int) -> Report:
    return Report(
        phase=Phase.EXECUTING,
        elapsed_s=number / 10,
        fraction=None if number < 3 else number / 100_000,
        rows=number,
        cpu_s=number / 5,
    )


def recorded(count: int) -> Recorder:
    recorder = Recorder()
    for number in range(count):
        recorder.note(report(number))
    return recorder


@given(st.integers(1, 5_000))
def test_the_first_the_last_and_evenly_what_lies_between(count: int) -> None:
    trace = recorded(count).trace()
    assert trace.rows[0] == 0
    assert trace.rows[-1] == count - 1
    assert len(trace) == len(trace.cpu_s) == len(trace.phases) <= MOST_POINTS
    assert len(trace) >= min(count, MOST_POINTS // 2)
    steps = {later - earlier for earlier, later in zip(trace.rows, trace.rows[1:-1], strict=False)}
    assert len(steps) <= 1


def test_what_the_engine_did_not_tell_is_told_apart_from_nothing_done() -> None:
    trace = recorded(5).trace()
    assert trace.fractions == [-1.0, -1.0, -1.0, 0.00003, 0.00004]


def test_nothing_noted_is_an_empty_trace() -> None:
    assert len(Recorder().trace()) == 0
