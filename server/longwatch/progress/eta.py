"""How long a query still takes, as a range."""

from __future__ import annotations

from typing import Final

LEAST_ELAPSED_S: Final = 2.0
LEAST_FRACTION: Final = 0.03
DEVIATION: Final = 0.25
"""How far an engine's fraction may be from the fraction of the time. DuckDB 2.0, eight kinds of
query over 24 M rows: 0.06 to 0.53, half of them below 0.35."""


def eta_range(elapsed_s: float, fraction: float | None) -> tuple[float, float] | None:
    """Seconds left, low and high; `None` until the rate means something.

    If the true share of the time lies within `DEVIATION` × the shorter side of `fraction`, the
    whole run lasts between elapsed / (share + d) and elapsed / (share − d).
    """
    if fraction is None or elapsed_s < LEAST_ELAPSED_S or not LEAST_FRACTION <= fraction < 1:
        return None
    deviation = DEVIATION * min(fraction, 1 - fraction) * 2
    soonest = elapsed_s / min(1.0, fraction + deviation) - elapsed_s
    latest = elapsed_s / (fraction - deviation) - elapsed_s
    return max(0.0, soonest), max(0.0, latest)
