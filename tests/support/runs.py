"""A server in a thread with real runners, and what a test asks about its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from longwatch.client.sync import Client, JobHandle
from longwatch.protocol.jobs import Job, JobState, Phase
from longwatch.runner.mailbox import Mailbox
from support.processes import runner_of
from support.waiting import wait_until

MIB = 2**20
UNHEEDING = (
    "SELECT length(regexp_replace(repeat('ab', 60000000 + range), '(a|b)', 'x', 'g')) FROM range(1)"
)
"""One value that takes a minute to make: the engine looks at an interrupt only after it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server in a thread, and a client of it."""

    data_dir: Path
    client: Client

    def runner(self, job: JobHandle) -> psutil.Process:
        """The process of a running job."""
        return runner_of(self.data_dir, job.status())

    def mailbox(self, job: JobHandle) -> Mailbox:
        """The folder of a job's newest attempt."""
        return Mailbox(self.data_dir / "jobs" / job.id / str(job.status().attempt))

    def executing(self, job: JobHandle) -> Job:
        """Wait until the job's query is being executed."""

        def look() -> Job | None:
            status = job.status()
            assert not status.state.is_final, status.error
            return status if status.phase is Phase.EXECUTING else None

        status = wait_until(look)
        assert status is not None
        return status

    def is_well(self) -> bool:
        """Whether it takes a query and answers it."""
        return self.client.submit("SELECT 7").result(30).fetchall() == [(7,)]

    def is_queued(self, job: JobHandle) -> bool:
        """Whether the job waits for its turn."""
        return job.status().state is JobState.QUEUED
