"""What expires, and what never does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest

from longwatch import works
from longwatch.execution.contract import Died
from longwatch.jobs.errors import UnknownJob
from longwatch.protocol.jobs import JobState
from longwatch.protocol.limits import SweepKind
from longwatch.runner.spec import Identity
from longwatch.service import retention
from longwatch.service.expiry import Keep
from longwatch.service.retention import Swept
from longwatch.settings import Settings, load_settings
from longwatch.store import runs
from longwatch.works import remove_jobs
from support.remembered import run
from support.servers import app_over, http_client
from support.waiting import eventually
from unit.retention.conftest import FOREVER, Kept

DAY = timedelta(days=1)
MONTH = Keep(30 * DAY, None, None, None)


def of_bytes(size: int) -> Keep:
    return Keep(None, size, None, None)


async def test_a_result_goes_by_its_age_and_the_job_stays(kept: Kept) -> None:
    one = await kept.ended()
    sweeper = kept.retention(MONTH)
    kept.clock.go(29 * DAY)
    assert await sweeper.sweep() == Swept()
    kept.clock.go(2 * DAY)
    assert await sweeper.sweep() == Swept(results=1, bytes=1_000)
    assert not kept.has_result(one)
    assert kept.mailbox(one.id).log.exists(), "the log stays as long as the job"
    assert await kept.given.job(one.id) == one
    assert await sweeper.sweep() == Swept()


async def test_an_expired_result_says_so(kept: Kept) -> None:
    one = await kept.ended()
    running = await kept.running()
    async with http_client(app_over(kept.given)) as client:
        answer = await client.get(f"/v1/jobs/{one.id}/result")
        assert answer.status_code == 200
        kept.given.service.opened_s.clear()
        await kept.retention(of_bytes(1)).sweep()
        for path in ("result", "result/page"):
            answer = await client.get(f"/v1/jobs/{one.id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (410, "result_expired")
            answer = await client.get(f"/v1/jobs/{running.id}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_result")


async def test_the_oldest_go_until_the_rest_fit(kept: Kept) -> None:
    jobs = [await kept.ended(size) for size in (1_000, 500, 2_000, 400)]
    writing = await kept.running()
    kept.fill(writing.id, 3_000)
    # 6,900 bytes in all, of which 3,000 are being written and stay.
    assert await kept.retention(of_bytes(5_600)).sweep() == Swept(results=2, bytes=1_500)
    assert [kept.has_result(one) for one in jobs] == [False, False, True, True]
    assert await kept.retention(of_bytes(1)).sweep() == Swept(results=2, bytes=2_400)
    assert kept.has_result(writing)


async def test_nothing_goes_without_a_bound(kept: Kept) -> None:
    one = await kept.ended()
    kept.clock.go(10_000 * DAY)
    assert await kept.retention(FOREVER).sweep() == Swept()
    assert kept.has_result(one)


async def test_a_result_opened_within_the_hour_stays(kept: Kept) -> None:
    one, other = await kept.ended(), await kept.ended()
    kept.given.service.opened_s[one.id] = kept.clock.ticks
    sweeper = kept.retention(of_bytes(1))
    kept.clock.go(timedelta(minutes=59))
    assert (await sweeper.sweep()).results == 1
    assert (kept.has_result(one), kept.has_result(other)) == (True, False)
    kept.clock.go(timedelta(minutes=2))
    assert (await sweeper.sweep()).results == 1
    assert kept.given.service.opened_s == {}


async def test_reading_a_result_opens_it(kept: Kept) -> None:
    one = await kept.ended()
    await kept.given.service.result_folder(one.id)
    assert one.id in kept.given.service.opened_s
    kept.given.service.opened_s[one.id] = kept.clock.ticks
    assert await kept.retention(of_bytes(1)).sweep() == Swept()


async def test_a_clock_that_jumps_a_month_costs_nothing_at_once(kept: Kept) -> None:
    one = await kept.ended()
    sweeper = kept.retention(MONTH)
    await sweeper.sweep()
    kept.clock.now += 40 * DAY
    assert await sweeper.sweep() == Swept()
    kept.clock.now -= 40 * DAY
    kept.clock.go(timedelta(hours=1))
    assert await sweeper.sweep() == Swept(), "set right again, which is a jump as well"
    assert kept.has_result(one)
    kept.clock.go(40 * DAY)
    assert (await sweeper.sweep()).results == 1


async def test_what_dead_attempts_left_goes_and_the_newest_stays(kept: Kept) -> None:
    one = await kept.running()
    kept.fill(one.id, 700)
    kept.mailbox(one.id).spill.mkdir()
    await kept.given.executor.end(one.id, how=Died("was killed"))
    await eventually(lambda: (one.id, 2) in kept.given.executor.open)
    kept.fill(one.id, 800, attempt=2)
    kept.mailbox(one.id, 2).spill.mkdir()
    sweeper = kept.retention(FOREVER)
    assert await sweeper.sweep() == Swept(), "a job that runs is left alone"
    await kept.given.executor.end(one.id, attempt=2)
    assert await sweeper.sweep() == Swept(leftovers=2)
    assert [path.name for path in (kept.folder / one.id).iterdir()] == ["2"]
    assert kept.has_result(one, 2)
    assert not kept.mailbox(one.id, 2).spill.exists()


async def test_the_folder_of_an_unknown_job_goes_after_a_day(kept: Kept) -> None:
    strange = kept.mailbox("a" * 16).folder.parent
    others = [kept.folder / name for name in ("notes", "B" * 16)]
    for other in others:
        other.mkdir()
    sweeper = kept.retention(FOREVER)
    assert await sweeper.sweep() == Swept()
    kept.clock.go(1.1 * DAY)
    assert await sweeper.sweep() == Swept(leftovers=1)
    assert not strange.exists()
    assert all(other.exists() for other in others), "not ours"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its standard input does."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        yield living
        living.kill()


async def test_nothing_is_taken_from_under_a_living_process(
    kept: Kept, process: subprocess.Popen[bytes]
) -> None:
    mailbox = kept.mailbox("a" * 16)
    started_s = psutil.Process(process.pid).create_time()
    mailbox.write_identity(Identity(pid=process.pid, started_s=started_s))
    kept.clock.go(10 * DAY)
    assert await kept.retention(FOREVER).sweep() == Swept()
    process.communicate(b"\n", 20)
    assert await kept.retention(FOREVER).sweep() == Swept(leftovers=1)


async def test_jobs_go_by_count_and_by_age_if_asked(kept: Kept) -> None:
    jobs = [await kept.ended() for _ in range(4)]
    running = await kept.running()
    await kept.retention(Keep(None, None, None, 3), remove_jobs=kept.delete).sweep()
    assert kept.removed == [jobs[0].id, jobs[1].id]
    old = kept.retention(Keep(None, None, DAY, None), remove_jobs=kept.delete)
    await old.sweep()
    assert len(kept.removed) == 2
    kept.clock.go(2 * DAY)
    assert (await old.sweep()).jobs == 2
    assert (await kept.given.job(running.id)).state is JobState.RUNNING


async def test_jobs_go_through_the_service_with_all_their_files(kept: Kept) -> None:
    old, new = await kept.ended(), await kept.ended()
    remove = partial(remove_jobs, kept.given.service, "ada")
    sweeper = kept.retention(Keep(None, None, None, 1), remove_jobs=remove)
    assert await sweeper.sweep() == Swept(jobs=1)
    with pytest.raises(UnknownJob):
        await kept.given.job(old.id)
    assert not (kept.folder / old.id).exists()
    assert kept.has_result(new)


async def test_runs_go_by_age_by_count_and_beyond_the_newest_of_a_query(kept: Kept) -> None:
    days = [kept.clock.now - number * DAY for number in range(12)]
    made = [run(number, "d", ended_at=ended) for number, ended in enumerate(days)]
    made += [run(number + 50, f"d{number}", ended_at=ended) for number, ended in enumerate(days)]
    for one in made:
        await kept.given.store.run(runs.add, one)

    async def left() -> list[str]:
        found, _ = await kept.given.store.run(runs.page, limit=100)
        return sorted(one.job_id for one in found)

    assert await kept.retention(FOREVER).sweep() == Swept(runs=4), "eight of each are enough"
    week = replace(FOREVER, runs_for=6.5 * DAY)
    assert await kept.retention(week).sweep() == Swept(runs=6)
    assert await kept.retention(replace(FOREVER, runs=3)).sweep() == Swept(runs=11)
    assert await left() == ["job-00000", "job-00050", "job-00051"]
    follows = kept.retention(replace(FOREVER, runs=1), leads=lambda: False)
    assert await follows.sweep() == Swept(), "of several servers one does it"


async def test_many_jobs_go_in_batches(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        await kept.ended()
    assert (await kept.retention(Keep(None, 1, None, 1), remove_jobs=kept.delete).sweep()) == Swept(
        results=5, bytes=5_000, jobs=4
    )


async def test_it_begins_at_once_and_a_burst_calls_it_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LEAST_BETWEEN_S", 0.0)
    sweeper = kept.retention(of_bytes(5_000))
    first = await kept.ended(6_000)
    sweeper.start()
    await eventually(lambda: not kept.has_result(first))
    small, large = await kept.ended(400), await kept.ended(5_000)
    sweeper.changed([small])
    sweeper.changed([large])
    await eventually(lambda: not kept.has_result(small))
    await sweeper.stop()


def test_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "not" / "yet")
    assert settings.keep_results_days == 30
    assert settings.keep_jobs == 1_000_000
    assert (settings.runs_kept_days, settings.max_runs) == (180, 10_000)
    assert works.kept(settings) == Keep(
        30 * DAY, settings.keep_results_bytes, None, 1_000_000, 180 * DAY, 10_000
    )
    disk = os.statvfs(tmp_path) if hasattr(os, "statvfs") else None
    if disk is not None:
        assert settings.keep_results_bytes == disk.f_blocks * disk.f_frsize // 5
    with pytest.raises(ValueError, match="keep_results_days"):
        load_settings(tmp_path, {"keep_results_days": -1})


async def test_what_is_older_is_counted_and_then_removed(kept: Kept) -> None:
    removed = partial(remove_jobs, kept.given.service, "root")
    sweeper = kept.retention(FOREVER, remove_jobs=removed)
    old = [await kept.ended(size) for size in (1_000, 500)]
    kept.clock.go(10 * DAY)
    for kind, would in (
        (SweepKind.RESULTS, Swept(results=2, bytes=1_500)),
        (SweepKind.JOBS, Swept(results=2, bytes=1_500, jobs=2)),
    ):
        assert await sweeper.remove_older(kind, 9 * DAY, dry_run=True) == would
        assert await sweeper.remove_older(kind, 11 * DAY, dry_run=False) == Swept()
    assert all(map(kept.has_result, old))
    held = (await sweeper.survey()).held["ada"]
    assert (held.results, held.bytes) == (2, 1_500)
    kept.given.service.opened_s[old[0].id] = kept.clock.ticks
    done = await sweeper.remove_older(SweepKind.RESULTS, 9 * DAY, dry_run=False)
    assert done == Swept(results=1, bytes=500), "somebody looks at the other one"
    held = (await sweeper.survey()).held["ada"]
    assert (held.results, held.bytes) == (1, 1_000)
    kept.given.service.opened_s.clear()
    done = await sweeper.remove_older(SweepKind.JOBS, 9 * DAY, dry_run=False)
    assert done == Swept(results=1, bytes=1_000, jobs=2)
    for one in old:
        with pytest.raises(UnknownJob):
            await kept.given.job(one.id)


async def test_jobs_are_looked_through_by_stretches(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STRETCH", 2)
    removed = partial(remove_jobs, kept.given.service, "root")
    sweeper = kept.retention(FOREVER, remove_jobs=removed)
    old = [await kept.ended() for _ in range(3)]
    running = await kept.running()
    kept.clock.go(2 * DAY)
    done = await sweeper.remove_older(SweepKind.JOBS, DAY, dry_run=False)
    assert done.jobs == len(old)
    assert (await kept.given.job(running.id)).state is JobState.RUNNING


async def test_an_admin_sees_what_there_is_and_removes_it(kept: Kept) -> None:
    await kept.ended(700)
    async with http_client(app_over(kept.given)) as client:
        told = (await client.get("/v1/retention")).json()
        assert told["holdings"] == [{"owner": "ada", "jobs": 1, "results": 1, "bytes": 700}]
        assert told["keep_results_days"] == 30
        assert told["keep_jobs_days"] is None
        assert (told["runs_kept_days"], told["max_runs"]) == (180, 10_000)
        body = {"kind": "results", "older_days": 0}
        counted = await client.post("/v1/retention/sweeps", json=body | {"dry_run": True})
        assert counted.json() == {"jobs": 0, "results": 1, "bytes": 700}
        assert (await client.get("/v1/audit")).json()["lines"] == []
        done = await client.post("/v1/retention/sweeps", json=body)
        assert done.json() == counted.json()
        (line,) = (await client.get("/v1/audit")).json()["lines"]
        assert (line["action"], line["target"]) == ("retention.sweep", "results")
        assert line["detail"] == "older than 0 days: 1 results of 700 bytes"
        told = (await client.get("/v1/retention")).json()
        assert told["holdings"] == [{"owner": "ada", "jobs": 1, "results": 0, "bytes": 0}]
        wrong = await client.post("/v1/retention/sweeps", json=body | {"older_days": -1})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_request")
