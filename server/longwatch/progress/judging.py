"""How right what was told of a run was, once it is over."""

from __future__ import annotations

import statistics
from typing import Final

import msgspec

from longwatch.protocol.jobs import Progress
from longwatch.protocol.runs import Accuracy
from longwatch.thinned import Thinned

MOST_POINTS: Final = 256


class Told(msgspec.Struct, frozen=True, gc=False):
    """What was shown at a moment of an attempt, in seconds since its start."""

    at_s: float
    fraction: float
    low_s: float | None
    high_s: float | None


class Judge:
    """Notes what is told of an attempt, and judges it in the end."""

    def __init__(self) -> None:
        self._told = Thinned[Told](MOST_POINTS)

    def note(self, at_s: float, progress: Progress) -> None:
        """This is shown from now on."""
        shown = progress.fraction or 0.0
        self._told.note(Told(at_s, shown, progress.eta_low_s, progress.eta_high_s))

    def verdict(self, total_s: float) -> Accuracy | None:
        """How right it was, given that the attempt took so long; `None` when nothing was told.
        Each word counts for as long as it stood, the fraction by what it was in the middle."""
        told = [one for one in self._told.points() if one.at_s < total_s]
        if not told:
            return None
        ends = [*(one.at_s for one in told[1:]), total_s]
        error = held_s = ranged_s = 0.0
        widths = []
        for one, end_s in zip(told, ends, strict=True):
            stood_s = end_s - one.at_s
            error += stood_s * abs(one.fraction - (one.at_s + end_s) / 2 / total_s)
            if one.low_s is None or one.high_s is None:
                continue
            left_s = total_s - one.at_s
            ranged_s += stood_s
            held_s += stood_s if one.low_s <= left_s <= one.high_s else 0.0
            widths.append((one.high_s - one.low_s) / left_s)
        return Accuracy(
            fraction_error=(error + told[0].at_s ** 2 / total_s / 2) / total_s,
            range_held=held_s / ranged_s if ranged_s else None,
            range_width=statistics.median(widths) if widths else None,
        )
