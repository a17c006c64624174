"""What the table can be sorted by: a line in `SortKey` and one in `values` or `_NUMBERS` each."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np

from longwatch.protocol.jobs import JobState
from longwatch_desktop.mirror.columns import (
    ETA_HIGH,
    ETA_LOW,
    FRACTION,
    MEMORY,
    ROWS,
    RUNNING,
    SPILL,
    STATES,
    Columns,
    Floats,
    Slots,
)
from longwatch_desktop.mirror.jobs import JobMirror


class SortKey(enum.StrEnum):
    """What rows are sorted by; the values are column ids and never change."""

    SUBMITTED = "submitted"
    NAME = "name"
    STATE = "state"
    PROGRESS = "progress"
    ETA = "eta"
    ELAPSED = "elapsed"
    ROWS = "rows"
    SIZE = "size"
    MEMORY = "memory"
    SPILL = "spill"
    SOURCE = "source"
    OWNER = "owner"
    PRIORITY = "priority"
    ATTEMPT = "attempt"
    STARTED = "started"
    FINISHED = "finished"


LIVE_KEYS: Final = frozenset(
    {
        SortKey.PROGRESS,
        SortKey.ETA,
        SortKey.ELAPSED,
        SortKey.ROWS,
        SortKey.MEMORY,
        SortKey.SPILL,
    }
)
"""Keys that change all the time while a job runs."""

_URGENCY: Final = np.array(
    [
        [
            JobState.RUNNING,
            JobState.QUEUED,
            JobState.FAILED,
            JobState.LOST,
            JobState.CANCELLED,
            JobState.SUCCEEDED,
        ].index(state)
        for state in STATES
    ],
    np.float64,
)
"""States ascend from what wants attention to what is done."""


def values(key: SortKey, mirror: JobMirror, slots: Slots, now_s: float) -> Floats:
    """The key of each of `slots`, NaN for none. Texts are numbered in their order, case apart.

    `now_s` is the time (POSIX seconds) up to which running jobs have run.
    """
    columns = mirror.columns
    match key:
        case SortKey.NAME:
            return mirror.names.numbers(slots)
        case SortKey.SOURCE:
            return _ranks(columns.sources)[columns.source[slots]]
        case SortKey.OWNER:
            return _ranks(columns.owners)[columns.owner[slots]]
        case _:
            return _NUMBERS[key](columns, slots, now_s)


def edition(key: SortKey, mirror: JobMirror) -> int:
    """Another whenever the `values` of all may have changed, though not their order."""
    match key:
        case SortKey.NAME:
            return mirror.names.edition
        case SortKey.SOURCE:
            return len(mirror.columns.sources)
        case SortKey.OWNER:
            return len(mirror.columns.owners)
        case _:
            return 0


def _ranks(names: Iterable[str]) -> Floats:
    """The place of each in their order, case apart; the same for the same."""
    folded = [name.casefold() for name in names]
    place = {name: place for place, name in enumerate(sorted(set(folded)))}
    return np.array([place[name] for name in folded], np.float64)


def elapsed(columns: Columns, slots: Slots, now_s: float) -> Floats:
    """Seconds each job has run, or ran; NaN for one that never started."""
    finished = columns.finished[slots]
    ends = np.where(np.isnan(finished), now_s, finished)
    return np.maximum(0.0, ends - columns.started[slots])


def _once_started(columns: Columns, slots: Slots, amounts: Floats) -> Floats:
    return np.where(np.isnan(columns.started[slots]), np.nan, amounts)


def _left(columns: Columns, slots: Slots, _: float) -> Floats:
    left = (columns.live[slots, ETA_LOW] + columns.live[slots, ETA_HIGH]) / 2
    return np.where(columns.state[slots] == RUNNING, left, np.nan)


def _rows(columns: Columns, slots: Slots, _: float) -> Floats:
    rows, told = columns.live[slots, ROWS], columns.result_rows[slots]
    return _once_started(columns, slots, np.where(np.isnan(told), rows, told))


_NUMBERS: Final[dict[SortKey, Callable[[Columns, Slots, float], Floats]]] = {
    SortKey.SUBMITTED: lambda columns, slots, _: columns.submitted[slots],
    SortKey.STARTED: lambda columns, slots, _: columns.started[slots],
    SortKey.FINISHED: lambda columns, slots, _: columns.finished[slots],
    SortKey.STATE: lambda columns, slots, _: _URGENCY[columns.state[slots]],
    SortKey.PRIORITY: lambda columns, slots, _: columns.priority[slots].astype(np.float64),
    SortKey.ATTEMPT: lambda columns, slots, _: columns.attempt[slots].astype(np.float64),
    SortKey.PROGRESS: lambda columns, slots, _: columns.live[slots, FRACTION],
    SortKey.ETA: _left,
    SortKey.ELAPSED: elapsed,
    SortKey.SIZE: lambda columns, slots, _: columns.result_bytes[slots],
    SortKey.ROWS: _rows,
    SortKey.MEMORY: lambda columns, slots, _: _once_started(
        columns, slots, columns.live[slots, MEMORY]
    ),
    SortKey.SPILL: lambda columns, slots, _: _once_started(
        columns, slots, columns.live[slots, SPILL]
    ),
}
