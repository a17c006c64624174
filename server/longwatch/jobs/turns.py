"""Queued jobs as the scheduler sees them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest queued job of one owner on one source at one priority. `n` counts jobs in the
    order they were submitted."""

    n: int
    priority: int
    owner: str
    source: str
