"""What one subscriber wants to hear of."""

from __future__ import annotations

from typing import Final, NamedTuple

from longwatch.protocol.frames import FeedFilter
from longwatch.protocol.jobs import JobState, JobSummary


class View(NamedTuple):
    """Which jobs a subscriber follows; `None` means any. All who follow the same share frames."""

    states: frozenset[JobState] | None = None
    source: str | None = None
    owner: str | None = None

    @classmethod
    def of(cls, which: FeedFilter | None) -> View:
        """The view that a subscription asks for."""
        if which is None:
            return EVERYTHING
        return cls(frozenset(which.state) or None, which.source, which.owner)

    def concerns(self, job: JobSummary) -> bool:
        """Whether the job may ever be in the view: source and owner never change."""
        return self.source in {None, job.source} and self.owner in {None, job.owner}

    def shows(self, job: JobSummary) -> bool:
        """Whether the job is in the view now."""
        return self.concerns(job) and (self.states is None or job.state in self.states)


EVERYTHING: Final = View()
