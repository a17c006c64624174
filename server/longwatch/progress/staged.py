"""How much of a run is done that has no earlier one to go by: by the stages of its plan.

The engine's own fraction says in which stage a run is, and how far in it; what each stage takes,
its planner lets expect. What has been done is known, then; the stage at hand takes as much as its
first part lets expect; those to come are as much dearer or cheaper than planned as those before
were. (Segments with a refined cost each, of which the last seen corrects the rest: Chaudhuri et al.
2004, Luo et al. 2004.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import msgspec

from longwatch.progress.measures import LEAST_TIME, Estimate, Pace
from longwatch.protocol.attempts import Stage

SPREAD_WITHIN: Final = 0.3
"""The same between the stages of a run that was seen in full."""
SOON: Final = 6.0
"""A sixth of the planned work tells as much of the rest as all of it would."""
TRUST: Final = 0.8
"""How far stages to come follow those before: by this power of what those were dearer by."""
OWN_WORD: Final = 0.06
"""The part of a stage after which it says as much of its own length as the plan does."""
OWN_OFF: Final = 0.25
"""By what power of e a stage's own word is off at least."""
AHEAD: Final = 0.5
"""Of what such a stage has taken beyond its plan, the part that counts as the next one's: the
fraction does not always move where a filter lets little through."""
STANDING: Final = 0.35
"""A stage in which the fraction stands, and that has taken longer than planned, goes on for this
part of what it has taken."""
MOST_PART: Final = 0.99
"""Of a stage: engines say that all of it is done before the result can be read."""
LEAD_S: Final = 0.08
"""What is told stands until the next report, 0.11 s later, and takes 25 ms to the screen: it is how
far the run is in the middle of that."""
REFUTED: Final = 2.0
"""Standard deviations: a run that has taken so much more than its plan goes by its stages' own word
alone; where these say nothing, it is no nearer to its end than the engine says. A bar that goes by
such a plan begins at its end, and cannot fall."""
LEAST_PLAN_S: Final = 0.2
"""A plan of less than that is refuted by whoever can still look at its bar."""
TOO_LITTLE: Final = 0.01
"""The part of a stage that says nothing of it."""
AT_END: Final = 0.002
"""Fractions so close to the end of a stage are the end."""
PACE_WINDOW: Final = 0.2
"""Of the time: the last part, whose pace is taken to go on."""
SLOWEST: Final = 20.0
FASTEST: Final = 0.05
"""Seconds that a second of work takes: on 20 cores, or on a part of one."""
MOST_OFF: Final = 3.0
"""Powers of e by which a run may be dearer than it was expected to be, or cheaper."""
RANGE: Final = 1.6
"""Standard deviations to either side: of a normal distribution, 1.28 would hold 80 %."""


class Dearness(msgspec.Struct, frozen=True, gc=False):
    """The logarithm of work / planned work, as it is expected: its mean and standard deviation, and
    by how many runs. Over the queries that this was tuned on these were 0.6 and 0.85."""

    middle: float = 0.5
    spread: float = 1.0
    runs: int = 0


UNKNOWN: Final = Dearness()


def work(stages: Sequence[Stage], cpu_s: float, elapsed_s: float) -> float:
    """Seconds of work done after so much processor time and so much time; the time alone where the
    engine, which runs elsewhere, tells no fraction."""
    return elapsed_s if _is_elsewhere(stages) else cpu_s + LEAST_TIME * elapsed_s


def _is_elsewhere(stages: Sequence[Stage]) -> bool:
    return len(stages) == 1 and stages[0].told == 0


class StagedEstimator:
    """Follows one statement. `update` takes 6 µs."""

    def __init__(self, stages: Sequence[Stage], expected: Dearness = UNKNOWN) -> None:
        """At least one stage; `expected` may come from earlier runs of other queries."""
        self._stages = stages
        self._told = [one.told for one in stages]
        self._ends = list(accumulate(self._told))
        self._expected = expected
        self._plan(spilled=False)
        self._pace = Pace(PACE_WINDOW, FASTEST, SLOWEST)
        self._stage = 0
        self._fraction = 0.0
        self._done = 0.0
        self._begun_at = 0.0
        self._first_seen = (0.0, 0.0)
        """Work done and fraction when the stage at hand was first heard of."""

    def expect(self, expected: Dearness) -> None:
        """What earlier runs of other queries say; may come while it runs."""
        self._expected = expected
        self._plan(spilled=self._spilled)

    def _plan(self, *, spilled: bool) -> None:
        self._spilled = spilled
        more = 1.0 if spilled else 0.0
        self._planned = [one.work_s + more * one.spilled_s + 1e-4 for one in self._stages]
        self._before = [0.0, *accumulate(self._planned)]
        self._whole = self._before.pop()
        self._believable = self._whole * math.exp(
            self._expected.middle + REFUTED * self._expected.spread
        )

    def update(
        self, *, elapsed_s: float, cpu_s: float, fraction: float | None, spilled: bool = False
    ) -> Estimate | None:
        """After so many seconds of the statement, of which the processor was used so many, the
        engine says this; `spilled`: it has come up against its memory limit. `None` before anything
        was done."""
        if spilled and not self._spilled:
            self._plan(spilled=True)
        done = max(self._done, work(self._stages, cpu_s, elapsed_s))
        self._move(done, max(self._fraction, fraction or 0.0))
        pace = self._pace.note(elapsed_s, done)
        if pace is None or done <= 0:
            return None
        trusted = done <= self._believable and self._whole >= LEAST_PLAN_S
        now, later, off = self._to_come(done)
        seen = None if trusted else self._seen_to_go(done)
        left_s = (now if seen is None else seen) * pace + later * pace
        share = (elapsed_s + min(LEAD_S, left_s / 2)) / (elapsed_s + left_s)
        if not trusted and seen is None and self._fraction > 0:
            share = min(share, self._fraction)
        return Estimate(share=share, low_s=left_s * math.exp(-off), high_s=left_s * math.exp(off))

    def _move(self, done: float, fraction: float) -> None:
        """Find the stage at hand, and how much was done when it began."""
        stage, last = self._stage, len(self._told) - 1
        while stage < last and self._is_over(stage, fraction):
            stage += 1
        if stage != self._stage:
            began = self._ends[stage] - self._told[stage]
            passed = fraction - self._fraction
            part = (began - self._fraction) / passed if passed > 0 else 0.0
            if not self._done:  # a run that is taken up in its middle: only the plan tells
                planned = self._before[stage]
                part = planned / (planned + self._part(stage, fraction) * self._planned[stage])
            self._begun_at = self._done + (done - self._done) * min(max(part, 0.0), 1.0)
            self._stage, self._first_seen = stage, (done, fraction)
        elif not self._done:
            self._first_seen = (done, fraction)
        self._fraction, self._done = fraction, done

    def _seen_to_go(self, done: float) -> float | None:
        """Seconds of work that this stage still takes, by how far it has got since it was first
        seen, whatever was planned; `None` if that is not far enough."""
        told, (done_before, fraction_before) = self._told[self._stage], self._first_seen
        gained = self._fraction - fraction_before
        if told <= 0 or gained <= TOO_LITTLE * told:
            return None
        to_go = max(0.0, self._ends[self._stage] - self._fraction)
        return (done - done_before) / gained * to_go

    def _part(self, stage: int, fraction: float) -> float:
        """How much of a stage is done; 0 where the fraction does not tell."""
        told = self._told[stage]
        part = (fraction - self._ends[stage] + told) / told if told > 0 else 0.0
        return min(max(part, 0.0), MOST_PART)

    def _is_over(self, stage: int, fraction: float) -> bool:
        end = self._ends[stage]
        return fraction >= end - AT_END if self._told[stage] > 0 else fraction > end + AT_END

    def _to_come(self, done: float) -> tuple[float, float, float]:
        """Seconds of work that this stage and the later ones still take, and by what power of e
        both may be off."""
        stage, told = self._stage, self._told[self._stage]
        planned, spent = self._planned[stage], done - self._begun_at
        part = self._part(stage, self._fraction)
        if part > TOO_LITTLE:
            dearer, unsure = self._calibrated(done, self._before[stage] + part * planned)
        else:  # how far this stage is, nobody knows
            dearer, unsure = self._calibrated(self._begun_at, self._before[stage])
        if told > 2 * AT_END and part > 0.002:
            own = part / (part + OWN_WORD)
            expected = own * math.log(max(spent, 1e-6) / part)
            expected = math.exp(expected + (1 - own) * (dearer + math.log(planned)))
            now, off = expected * (1 - part), OWN_OFF + unsure * (1 - own)
        else:
            now = max(math.exp(dearer) * planned - spent, STANDING * spent)
            off = max(unsure, 0.5)
        later = max(0.0, self._whole - self._before[stage] - planned)
        later *= math.exp(TRUST * dearer)
        if part <= TOO_LITTLE:
            ahead = max(0.0, spent - math.exp(dearer) * planned)
            later = max(later - AHEAD * ahead, STANDING * later)
        both = now + later
        off = math.hypot(now * off, later * max(unsure, 0.5)) / both if both > 0 else off
        return now, later, RANGE * off

    def _calibrated(self, done: float, seen: float) -> tuple[float, float]:
        """The logarithm of what this run's work is of the planned, given that so much was done for
        what was planned as `seen`; and its standard deviation."""
        if seen <= 0:
            return self._expected.middle, self._expected.spread
        known = SPREAD_WITHIN**2 / min(1.0, SOON * seen / self._whole + 1e-6)
        spread, expected = self._expected.spread, self._expected.middle
        trust = spread**2 / (spread**2 + known)
        off = trust * (math.log((done + 1e-3) / (seen + 1e-3)) - expected)
        return expected + min(max(off, -MOST_OFF), MOST_OFF), math.sqrt(trust * known)
