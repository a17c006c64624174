"""The course of a run as a curve: which share of its time had passed when so much work was done."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from longwatch.progress.measures import time_counts
from longwatch.progress.scripts import of_script
from longwatch.protocol.attempts import Trace

Numbers = npt.NDArray[np.float64]

POINTS: Final = 65
"""Of a curve, at equal steps of work."""
NOTHING: Final = -1.0
"""In the place of a fraction that was not told. An engine's 0 is none: a plan that cannot tell
stays there for ever."""
_GRID: Final = np.linspace(0.0, 1.0, POINTS)


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A run that went to its end. `work`, in seconds, and `duration_s` are those of the whole; work
    is processor time and `time_weight` times the time that passes. At
    `POINTS` equal steps of work, `shares` says which share of the time had passed (0 to 1,
    ascending), `fractions` what the engine told (-1: nothing)."""

    work: float
    duration_s: float
    time_weight: float
    shares: Numbers
    fractions: Numbers


def curve_of(trace: Trace) -> Curve | None:
    """The curve of a complete trace; `None` if there is too little of it to be one."""
    if len(trace) < 2 or trace.elapsed_s[-1] <= 0:
        return None
    elapsed = np.maximum.accumulate(np.asarray(trace.elapsed_s, np.float64))
    cpu = np.maximum.accumulate(np.asarray(trace.cpu_s, np.float64))
    time_weight = time_counts(float(cpu[-1]), float(elapsed[-1]))
    done = cpu + time_weight * elapsed
    duration_s, whole = float(elapsed[-1]), float(done[-1])
    # All begins at nothing, wherever the first report was.
    done, elapsed = np.concatenate(([0.0], done)), np.concatenate(([0.0], elapsed))
    at = _GRID * whole
    return Curve(
        work=whole,
        duration_s=duration_s,
        time_weight=time_weight,
        shares=np.interp(at, done, elapsed) / duration_s,
        fractions=_fractions(_told(trace), done[1:], at),
    )


def _told(trace: Trace) -> Numbers:
    count = max(trace.statements)
    pairs = zip(trace.fractions, trace.statements, strict=True)
    whole = [of_script(fraction, statement, count) for fraction, statement in pairs]
    return np.array([NOTHING if one is None else one for one in whole])


def _fractions(told: Numbers, done: Numbers, at: Numbers) -> Numbers:
    """What the engine told, between two readings in a straight line; -1 before the first and where
    it told nothing."""
    heard = np.flatnonzero(told > 0)
    if not len(heard):
        return np.full(len(at), NOTHING)
    line = np.interp(at, done[heard], told[heard])
    line[at < done[heard[0]]] = NOTHING
    return line
