"""The one table of what may happen to a job."""

from __future__ import annotations

import enum
from typing import Final

from longwatch.jobs.errors import InvalidTransition
from longwatch.protocol.jobs import JobState

_Q, _R = JobState.QUEUED, JobState.RUNNING


class JobEvent(enum.StrEnum):
    """What happens to a job. Each one is a row of its story, and a `seq` of the feed."""

    SUBMITTED = "submitted"
    STARTED = "started"
    CANCEL_REQUESTED = "cancel_requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REQUEUED = "requeued"
    LOST = "lost"
    DELETED = "deleted"
    NOTIFIED = "notified"
    """Changes no state, as the next two: somebody was told that the job is over."""
    NOTIFY_DELAYED = "notify_delayed"
    NOTIFY_FAILED = "notify_failed"


TRANSITIONS: Final[dict[tuple[JobState, JobEvent], JobState]] = {
    (_Q, JobEvent.STARTED): JobState.RUNNING,
    (_Q, JobEvent.CANCELLED): JobState.CANCELLED,
    (_Q, JobEvent.FAILED): JobState.FAILED,
    (_R, JobEvent.CANCEL_REQUESTED): JobState.RUNNING,
    (_R, JobEvent.SUCCEEDED): JobState.SUCCEEDED,
    (_R, JobEvent.FAILED): JobState.FAILED,
    (_R, JobEvent.CANCELLED): JobState.CANCELLED,
    (_R, JobEvent.REQUEUED): JobState.QUEUED,
    (_R, JobEvent.LOST): JobState.LOST,
}


def next_state(state: JobState, event: JobEvent, *, story: str = "") -> JobState:
    """The state after `event`. Raises `InvalidTransition`, naming the job's `story`, when the
    table has no such row."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise InvalidTransition(f"{event.value} while {state.value} ({story})") from None
