"""What others show of the same runs."""

from __future__ import annotations

import numpy as np

from longwatch.progress.scripts import of_script
from longwatch.protocol.attempts import Trace


def engine(trace: Trace) -> list[float]:
    """The engine's own percentage, as it stands at each point."""
    count = max(trace.statements)
    pairs = zip(trace.fractions, trace.statements, strict=True)
    return [of_script(fraction, statement, count) or 0.0 for fraction, statement in pairs]


def command_line(trace: Trace) -> list[float]:
    """What the time left that DuckDB's command line shows comes to: elapsed / (elapsed + left).

    A Kalman filter over the percentage and its speed, which is taken to be constant (DuckDB 1.4
    and later; the filter is called unscented there, but its model is linear). Its constants:
    variances 0.01 and 0.001 and a speed of 0.01 a second at first, noise of the process 1e-6 and
    1e-4 a step of 0.1 s, noise of the measurement 1e-4.
    """
    noise, measured = np.diag([1e-6, 1e-4]), 1e-4
    told = engine(trace)
    state, spread = np.array([told[0], 0.01]), np.diag([0.01, 0.001])
    shown, before_s = [], trace.elapsed_s[0]
    for elapsed_s, fraction in zip(trace.elapsed_s, told, strict=True):
        steps = max(1, round((elapsed_s - before_s) / 0.1))
        move = np.array([[1.0, (elapsed_s - before_s) / steps], [0.0, 1.0]])
        for _ in range(steps):
            state, spread = move @ state, move @ spread @ move.T + noise
            state[0] = min(max(state[0], 0.0), 1.0)
            total = spread[0, 0] + measured
            gain = spread[:, 0] / total
            state = state + gain * (fraction - state[0])
            spread = spread - np.outer(gain, gain) * total
            state[0] = min(max(state[0], 0.0), 1.0)
        before_s = elapsed_s
        speed = state[1]
        left_s = (1 - state[0]) / speed if speed > 0 else None
        shown.append(0.0 if left_s is None else elapsed_s / max(elapsed_s + left_s, 1e-9))
    return shown
