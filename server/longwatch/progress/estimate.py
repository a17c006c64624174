"""How much of a run is done, and how long it still takes: what it has done until now, held against
how earlier runs went.

Every earlier run, stretched to many sizes, is a hypothesis: "this run goes like that one, with so
many times its work". A hypothesis says which share of the time has passed when so much work is
done, and what the engine would tell by then; those that the engine contradicts lose weight, and
what is left says how much is done and, by its spread, how surely. (A grid filter over the size of
the work; König et al. 2012 choose one estimator for a query, this weighs many.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from longwatch.progress.curves import POINTS, Curve, Numbers
from longwatch.progress.measures import Estimate, Pace

STRETCHES: Final = 41
"""Sizes a run is tried at, on a logarithmic scale."""
WIDEST: Final = 10.0
"""Spreads to either side. Far ones are tried too: other parameters make four times the work."""
FREEDOM: Final = 4.0
"""Of the t-distribution that sizes are expected to have: its tails let it be surprised."""
BEYOND: Final = 1.3
"""Times the work of the largest size tried: whoever has done more than that goes like none of the
earlier runs."""
ENGINE_NOISE: Final = 0.05
"""By how much what an engine tells differs between two runs at the same share of work."""
FORGETTING: Final = 1.5
"""How fast what was seen loses weight: by this power of the time since."""
EVIDENCE: Final = 4.0
"""Independent readings in a doubling of the time."""
MOST_CONTRADICTION: Final = 4.0
"""Squares of `ENGINE_NOISE` that count at most: what is that far off is another plan, or a row of
readings that was cut in too few, and says no more than that."""
PAST_END: Final = 0.06
"""How much more work than it should have a run may take, as a share."""
PACE_WINDOW: Final = 0.1
"""Of the time: the last part, whose pace is taken to go on."""
CAUTION: Final = 1.03
"""A bar that cannot fall is better a little late: another query may begin. Beside one it is off by
5.8 instead of 6.0 % of the time, alone by 3.9 instead of 3.8."""
RANGE: Final = 0.8
"""What the range of the time left is to hold, of all runs."""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """A run to compare with. `size` is how many times its work this run is expected to have,
    `spread` the standard deviation of that expectation's logarithm, `weight` how much it counts,
    `noise` by how much the engine may tell something else at the same share of work."""

    curve: Curve
    size: float = 1.0
    spread: float = 0.25
    weight: float = 1.0
    noise: float = ENGINE_NOISE


class Estimator:
    """Follows one run. `update` takes 35 µs with five earlier ones."""

    def __init__(self, earlier: Sequence[Earlier]) -> None:
        """At least one earlier run."""
        steps = np.linspace(-WIDEST, WIDEST, STRETCHES)
        prior = (1 + steps**2 / FREEDOM) ** (-(FREEDOM + 1) / 2)
        prior /= prior.sum()
        sizes = [one.size * np.exp(steps * one.spread) for one in earlier]
        self._work = np.concatenate(
            [size * one.curve.work for size, one in zip(sizes, earlier, strict=True)]
        )
        self._time_s = np.concatenate(
            [size * one.curve.duration_s for size, one in zip(sizes, earlier, strict=True)]
        )
        weights = np.array([one.weight for one in earlier])
        self._prior = np.log(np.concatenate([prior * weight for weight in weights / weights.sum()]))
        self._per_work = 1 / self._work
        self._largest = int(self._work.argmax())
        counts = np.repeat([one.curve.time_weight for one in earlier], STRETCHES)
        self._per_second = counts / self._work
        # The curves end to end, and how much a share rises from each of its points to the next.
        self._first = np.repeat(np.arange(len(earlier)) * POINTS, STRETCHES)
        shares = np.stack([one.curve.shares for one in earlier])
        self._shares = shares.ravel()
        self._rises = np.diff(shares, append=1.0).ravel()
        self._told = np.concatenate([one.curve.fractions for one in earlier])
        self._sureness = np.repeat([1 / one.noise for one in earlier], STRETCHES)
        self._seen = np.zeros(len(self._work))
        self._before_s = 0.0
        self._pace = Pace(PACE_WINDOW, 0.2, 20.0)

    def update(self, *, elapsed_s: float, cpu_s: float, fraction: float | None) -> Estimate | None:
        """After so many seconds, of which the processor was used so many, the engine says this.
        `None` once the run has gone far beyond all that earlier ones let expect."""
        done = cpu_s * self._per_work
        done += elapsed_s * self._per_second
        if done[self._largest] > BEYOND:
            return None
        at = np.minimum(done, 1.0)
        at *= POINTS - 1
        point = at.astype(np.intp)
        at -= point
        place = self._first + point
        share = self._shares[place]
        at *= self._rises[place]
        share += at
        weights = self._prior + self._seen
        # Whoever should have ended by now has not.
        done -= 1.0
        late = np.maximum(done, 0.0, out=done)
        late *= late
        late *= 0.5 / PAST_END**2
        weights -= late
        if fraction is not None:
            off = self._told[place]
            off -= fraction
            off *= self._sureness
            off *= off
            np.minimum(off, MOST_CONTRADICTION, out=off)
            self._see(off, elapsed_s)
        weights -= weights.max()
        np.exp(weights, out=weights)
        weights /= weights.sum()
        return self._tell(elapsed_s, share, weights)

    def _see(self, off: Numbers, elapsed_s: float) -> None:
        """Take in how far off each hypothesis the engine's word is, squared. Readings close to each
        other say the same: what counts is how the time has grown since."""
        if elapsed_s <= self._before_s:
            return
        grown = math.log2(elapsed_s / self._before_s) if self._before_s else 1.0
        grown = min(grown, 1.0)
        self._seen *= (1.0 - grown / 2) ** FORGETTING
        self._seen -= off * (0.5 * EVIDENCE * grown)
        self._before_s = elapsed_s

    def _tell(self, elapsed_s: float, share: Numbers, weights: Numbers) -> Estimate:
        """Time left: by what of each hypothesis is still to come, at the pace of late."""
        quiet = self._time_s * share
        quiet_s = float(weights @ quiet)
        pace = self._pace.note(elapsed_s, quiet_s) or 1.0
        left = (self._time_s - quiet) * pace
        order = np.argsort(left)
        total = np.cumsum(weights[order])
        places = np.searchsorted(total, ((1 - RANGE) / 2, (1 + RANGE) / 2))
        low, high = left[order[np.minimum(places, len(order) - 1)]]
        # The mean is nearer to the truth than the median. Of two runs beside each other both slow
        # down: the bar is to wait for the time, which it would run ahead of.
        done = float(weights @ share)
        to_come = (1 - done) * pace * quiet_s / elapsed_s if elapsed_s > 0 else 1 - done
        to_come *= CAUTION
        return Estimate(
            share=done / (done + to_come) if done > 0 else 0.0,
            low_s=float(low),
            high_s=float(high),
        )
