"""The table of what may happen to a job, and sequences of it in a real store."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from longwatch.jobs.errors import InvalidTransition
from longwatch.jobs.transitions import TRANSITIONS, JobEvent, next_state
from longwatch.protocol.jobs import FINAL_STATES, JobState
from longwatch.store import repository
from longwatch.store.writer import Changes, StoreThread
from support.servers import job
from support.stores import lay_out

POSSIBLE = {
    (JobState.QUEUED, JobEvent.STARTED): JobState.RUNNING,
    (JobState.QUEUED, JobEvent.CANCELLED): JobState.CANCELLED,
    (JobState.QUEUED, JobEvent.FAILED): JobState.FAILED,
    (JobState.RUNNING, JobEvent.CANCEL_REQUESTED): JobState.RUNNING,
    (JobState.RUNNING, JobEvent.SUCCEEDED): JobState.SUCCEEDED,
    (JobState.RUNNING, JobEvent.FAILED): JobState.FAILED,
    (JobState.RUNNING, JobEvent.CANCELLED): JobState.CANCELLED,
    (JobState.RUNNING, JobEvent.REQUEUED): JobState.QUEUED,
    (JobState.RUNNING, JobEvent.LOST): JobState.LOST,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(JobState, JobEvent)))
def test_every_pair_is_in_the_table_or_refused_with_the_story(
    state: JobState, event: JobEvent
) -> None:
    expected = POSSIBLE.get((state, event))
    if expected is not None:
        assert next_state(state, event) is expected
        return
    with pytest.raises(InvalidTransition) as caught:
        next_state(state, event, story="job 7, attempt 2")
    assert str(caught.value) == (
        f"Impossible change of a job: {event.value} while {state.value} (job 7, attempt 2)"
    )


def test_nothing_leads_out_of_a_final_state() -> None:
    assert not {state for state, _ in TRANSITIONS} & FINAL_STATES
    assert {state for state in JobState if state.is_final} == set(FINAL_STATES)


class StoredJob(RuleBasedStateMachine):
    """Any sequence of events: the store follows the table, and refuses the rest unchanged."""

    @initialize()
    def store(self) -> None:
        self.folder = TemporaryDirectory()
        self.announced: list[Changes] = []
        path = lay_out(Path(self.folder.name) / "jobs.sqlite")
        self.thread = StoreThread(path, self.announced.append)
        self.thread.open()
        self.job = self.run(repository.add, job())

    def run(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        return self.thread.submit(lambda tx: operation(tx, *args, **kwargs)).result(10)

    @rule(event=st.sampled_from(JobEvent), late=st.integers(0, 2))
    def happens(self, event: JobEvent, late: int) -> None:
        started = event is JobEvent.STARTED
        attempt = self.job.attempt + 1 if started else self.job.attempt - late
        allowed = (self.job.state, event) in POSSIBLE and (started or late == 0)
        change = {"attempt": attempt, "at": datetime.now(UTC)}
        if not allowed:
            with pytest.raises(InvalidTransition, match=self.job.id):
                self.run(repository.change, self.job.id, event, **change)
            return
        after = self.run(repository.change, self.job.id, event, **change)
        assert after.state is POSSIBLE[self.job.state, event]
        assert after.attempt == (attempt if started else self.job.attempt)
        assert after.seq == self.job.seq + 1
        self.job = after

    @invariant()
    def store_agrees(self) -> None:
        if hasattr(self, "job"):
            assert self.run(repository.get, self.job.id) == self.job
            assert self.announced[-1].seq == self.job.seq

    def teardown(self) -> None:
        if hasattr(self, "thread"):
            self.thread.close()
            self.folder.cleanup()


TestStoredJob = StoredJob.TestCase
TestStoredJob.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
