"""What the window has seen of running jobs: phases, progress and memory over time.

The server keeps no such curve; this is what came over the feed while the window watched.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple

from PySide6.QtCore import QObject

from longwatch.protocol.jobs import JobState, JobSummary, Phase
from longwatch_desktop import words
from longwatch_desktop.mirror.jobs import Changes
from longwatch_desktop.session import Session

MOST_SAMPLES: Final = 400
STEP_S: Final = 0.2
MOST_JOBS: Final = 100
AT_ONCE: Final = 64
"""Jobs looked at for one frame of the feed: a thousand of them at 10 Hz would cost the window a
tenth of its time."""
LATE_S: Final = 1.0
"""Who first sees an attempt later than this has missed its beginning."""


class Sample(NamedTuple):
    """One look: seconds since the attempt began, and what was told then."""

    at_s: float
    fraction: float | None
    memory_bytes: int


class Track:
    """What was seen of one attempt."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.samples: list[Sample] = []
        self.phases: list[tuple[Phase | None, float]] = []
        """Each phase, and when it was first seen."""
        self._step_s = STEP_S

    @property
    def missed_s(self) -> float:
        """How many seconds from the beginning nobody saw; 0 if none worth a word."""
        first = self.phases[0][1] if self.phases else 0.0
        return first if first > LATE_S else 0.0

    def note(self, job: JobSummary, now: datetime) -> None:
        """Remember how a running job stands. Of a long run every other look is forgotten."""
        at_s = words.elapsed_s(job, now)
        if not self.phases or self.phases[-1][0] is not job.phase:
            self.phases.append((job.phase, at_s))
        elif self.samples and at_s - self.samples[-1].at_s < self._step_s:
            return
        progress = job.progress
        self.samples.append(Sample(at_s, progress.fraction, progress.memory_bytes))
        if len(self.samples) > MOST_SAMPLES:
            del self.samples[1::2]
            self._step_s *= 2


class Watch(QObject):
    """Follows every job that runs, as long as there are not too many."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._tracks: OrderedDict[str, Track] = OrderedDict()
        session.jobs_changed.connect(self._follow)

    def track(self, job: JobSummary) -> Track | None:
        """What was seen of a job's last attempt; `None` if nothing was."""
        track = self._tracks.get(job.id)
        return track if track is not None and track.attempt == job.attempt else None

    def _follow(self, changes: Changes) -> None:
        mirror = self._session.mirror
        now = self._session.clock()
        for slots in (changes.progressed, changes.updated, changes.added):
            for slot in slots[:AT_ONCE]:
                job = mirror.job(slot)
                if job.state is JobState.RUNNING and job.started_at is not None:
                    self._note(job, now)

    def _note(self, job: JobSummary, now: datetime) -> None:
        track = self._tracks.get(job.id)
        if track is None or track.attempt != job.attempt:
            track = self._tracks[job.id] = Track(job.attempt)
            while len(self._tracks) > MOST_JOBS:
                self._tracks.popitem(last=False)
        track.note(job, now)
