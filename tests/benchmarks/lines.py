"""A line of a benchmark: what was measured, beside what, and whether that is good enough."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what was measured, round by round, in `unit`, of somebody else too where there is
    one to compare with. It passes when the median is `most` or less."""

    name: str
    most: float | None
    unit: str
    ours: list[float]
    theirs: list[float] = field(default_factory=list)
    more: str = ""

    @property
    def passes(self) -> bool | None:
        """Whether the goal is met; `None` where there is none."""
        return None if self.most is None else statistics.median(self.ours) <= self.most

    def show(self) -> Line:
        """Print it."""
        beside = f"{statistics.median(self.theirs):8.2f}" if self.theirs else ""
        goal = "" if self.most is None else f"≤ {self.most:g} {self.unit}"
        verdict = {None: "", True: "pass", False: "FAIL"}[self.passes]
        print(
            f"{self.name:<58} {statistics.median(self.ours):9.2f} {self.unit:<4} {beside:>8}  "
            f"{goal:<11} {verdict:<5} {self.more}",
            flush=True,
        )
        return self


def ratio(name: str, most: float, ours: list[float], theirs: list[float]) -> Line:
    """How many times theirs ours is, pair by pair."""
    pairs = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Line(name, most, "×", pairs).show()
