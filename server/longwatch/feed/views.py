"""What one subscriber wants to hear of."""

from __future__ import annotations

from typing import Final, NamedTuple

from longwatch.protocol.frames import FeedFilter
from longwatch.protocol.jobs import JobState, JobSummary


class View(NamedTuple):
    """Which jobs a subscriber follows; `None` means any. All who follow the same share frames.

    A `limited` one is all that its subscriber may know of: not even that a job of somebody else
    was removed.
    """

    states: frozenset[JobState] | None = None
    source: str | None = None
    owner: str | None = None
    limited: bool = False

    @classmethod
    def of(cls, which: FeedFilter | None) -> View:
        """The view that a subscription asks for."""
        if which is None:
            return EVERYTHING
        return cls(frozenset(which.state) or None, which.source, which.owner)

    def within(self, owner: str | None) -> View:
        """The same for who may only know of the jobs of `owner` (`None`: of all)."""
        if owner is None:
            return self
        states = self.states if self.owner in {None, owner} else frozenset[JobState]()
        return View(states, self.source, owner, limited=True)

    def hears_of(self, owner: str | None) -> bool:
        """Whether it is told that a job of that owner is removed; `None` where nobody knows whose
        it was. Who is not limited hears of all: it may know the job from before its filter."""
        return not self.limited or self.owner == owner

    def concerns(self, job: JobSummary) -> bool:
        """Whether the job may ever be in the view: source and owner never change."""
        return self.source in {None, job.source} and self.owner in {None, job.owner}

    def shows(self, job: JobSummary) -> bool:
        """Whether the job is in the view now."""
        return self.concerns(job) and (self.states is None or job.state in self.states)


EVERYTHING: Final = View()
