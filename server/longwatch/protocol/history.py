"""What became of a job, line by line and try by try."""

from __future__ import annotations

from datetime import datetime

from longwatch.protocol.jobs import JobError
from longwatch.protocol.wire import Wire


class StoryLine(Wire, frozen=True, kw_only=True):
    """Something that happened to a job.

    `event` is `submitted`, `started`, `cancel_requested`, `requeued`, a final state, or of those
    who were to be told of it `notified`, `notify_delayed` or `notify_failed`; `attempt` the try it
    belongs to, 0 before the first; `detail` a sentence, where there is more to say.
    """

    seq: int
    event: str
    attempt: int
    at: datetime
    detail: str | None


class Story(Wire, frozen=True, kw_only=True):
    """Everything that happened to a job, oldest first."""

    events: list[StoryLine]


class Attempt(Wire, frozen=True, kw_only=True):
    """One try at running a job, numbered from 1.

    `how` it ended is `succeeded`, `failed`, `cancelled`, `lost` or `requeued` (it ended early and
    the job was to be tried again); `None`, like `ended_at`, while it runs.
    """

    attempt: int
    started_at: datetime
    ended_at: datetime | None
    how: str | None
    error: JobError | None


class AttemptList(Wire, frozen=True, kw_only=True):
    """Every try at a job, oldest first."""

    attempts: list[Attempt]
