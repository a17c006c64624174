"""How long to wait before trying again."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the n-th try: full jitter, so that a hundred clients of a server
    that came back do not all call at once."""

    least_s: float = 0.25
    most_s: float = 15.0

    def delay_s(self, failures: int, dice: random.Random) -> float:
        """Seconds to wait after that many failures in a row (1 or more)."""
        bound = min(self.most_s, self.least_s * 2.0 ** min(failures, 30))
        return dice.uniform(self.least_s, bound)
