"""A job table over a mirror that the test feeds, as a server's feed would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from longwatch.protocol.frames import Delta, ProgressFrame, Snapshot
from longwatch.protocol.jobs import JobState, JobSummary, Progress
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.jobs.model import JobTableModel
from longwatch_desktop.jobs.view import JobTable
from longwatch_desktop.mirror.jobs import JobMirror
from longwatch_desktop.theme import Theme
from unit.desktop.mirror.builders import at, delta, job, reported, running, told


@dataclass
class FedTable:
    """Model and view of the jobs that `tell` is told of."""

    theme: Theme
    mirror: JobMirror = field(default_factory=JobMirror)
    seq: int = 100
    tick: int = 0

    def __post_init__(self) -> None:
        self.model = JobTableModel(self.mirror, lambda: datetime.now(UTC))
        self.view = JobTable(self.model, self.theme)
        self.view.resize(1_000, 400)

    def tell(self, event: Snapshot | Delta | ProgressFrame) -> None:
        """An event of the feed comes in."""
        self.model.apply(self.mirror.apply(event))

    def change(self, changed: Iterable[JobSummary] = (), removed: Iterable[str] = ()) -> None:
        """A delta comes in; newer than all before it."""
        self.seq += 1
        stamped = [_stamped(one, self.seq) for one in changed]
        self.tell(delta(self.seq, stamped, removed, from_=self.seq - 1))

    def progress(self, *job_ids: str, **fields: Any) -> None:
        """The same progress of several jobs comes in."""
        self.tick += 1
        reports = [reported(job_id, **fields) for job_id in job_ids]
        self.tell(told(*reports, tick=self.tick))

    def ids(self) -> list[str]:
        """The ids in the table, from top to bottom."""
        return [self.model.job(row).id for row in range(self.model.rowCount())]

    def text(self, job_id: str, column: str) -> str:
        """What a cell says."""
        row = self.model.row_of(job_id)
        assert row is not None
        return str(self.model.index(row, BY_ID[column]).data())

    def selected(self) -> list[str]:
        """The ids of the selected jobs."""
        return [one.id for one in self.view.selected_jobs()]


def many(count: int, state: JobState = JobState.SUCCEEDED, prefix: str = "j") -> list[JobSummary]:
    """Jobs `j000`, `j001` …, each submitted a second after the one before."""
    return [
        job(f"{prefix}{number:03}", state, submitted_at=at(number), name=f"Query {number:03}")
        for number in range(count)
    ]


def started_ago(job_id: str, seconds: float, **changes: Any) -> JobSummary:
    """A job that has been running for that long, by the clock."""
    begin = datetime.now(UTC) - timedelta(seconds=seconds)
    changes = {"submitted_at": begin, "started_at": begin, "progress": Progress(), **changes}
    return running(job_id, **changes)


def _stamped(one: JobSummary, seq: int) -> JobSummary:
    return structs.replace(one, seq=seq)
