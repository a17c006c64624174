"""How many jobs may wait holds to the job, though not every submit counts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from longwatch.execution.contract import Died
from longwatch.jobs.errors import QueueFull
from longwatch.protocol.jobs import JobState, StatementKind, Submission
from longwatch.service.scheduling import MOST_RUNNING
from longwatch.settings import Settings
from longwatch.store import repository
from support.servers import Backend, backend

MOST = MOST_RUNNING + 40


async def submitted_until_refused(given: Backend, owner: str = "ada") -> int:
    count = 0
    while count < 10 * MOST:
        try:
            await given.service.submit(Submission(sql="select 1"), owner)
        except QueueFull:
            return count
        count += 1
    pytest.fail("never refused")


async def waiting(given: Backend) -> int:
    return await given.store.run(repository.count_queued)


async def test_the_queue_takes_in_as_many_as_it_may(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1, max_queued=MOST) as given:
        assert await submitted_until_refused(given) in {MOST, MOST + 1}  # one of them runs
        assert await waiting(given) == MOST
        for job in (await given.store.run(repository.in_state, JobState.QUEUED))[:7]:
            await given.service.cancel(job.id)
        assert await submitted_until_refused(given, "bob") == 7


async def test_each_owner_has_places_of_their_own(tmp_path: Path) -> None:
    async with backend(tmp_path, max_running=1, max_queued_per_owner=MOST) as given:
        await submitted_until_refused(given)
        assert await submitted_until_refused(given, "bob") == MOST
        assert await waiting(given) == 2 * MOST


async def test_a_job_that_comes_back_takes_no_place_twice(tmp_path: Path) -> None:
    settings = {"max_running": 1, "max_queued": MOST, "retry_delay_s": 60}
    async with backend(tmp_path, **settings) as given:
        first = await given.service.submit(Submission(sql="select 1"), "ada")
        while not given.executor.launched:
            await waiting(given)
        await given.service.submit(Submission(sql="select 1"), "ada")  # counts while `first` runs
        given.executor.report(first.id, kind=StatementKind.READ)
        await given.executor.end(first.id, how=Died("was killed"))
        await submitted_until_refused(given)
        assert await waiting(given) == MOST


def test_no_setting_allows_more_at_once() -> None:
    most = [
        rule.le for rule in Settings.model_fields["max_running"].metadata if hasattr(rule, "le")
    ]
    assert most == [MOST_RUNNING]
