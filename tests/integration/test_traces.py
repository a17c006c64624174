"""Every attempt leaves its course behind, however it ends."""

from __future__ import annotations

import pytest

from longwatch.client.sync import JobHandle
from longwatch.protocol.attempts import Stage, Trace
from longwatch.protocol.jobs import Phase
from support.runs import Server
from support.servers import ENDLESS
from support.waiting import wait_until


def trace_of(server: Server, job: JobHandle) -> Trace:
    outcome = server.mailbox(job).outcome()
    assert outcome is not None
    assert outcome.trace is not None
    return outcome.trace


def test_of_one_that_succeeded(server: Server) -> None:
    job = server.client.submit("select count(*) from range(60000000) t(i) where i % 7 = 3")
    job.result(30)
    trace = trace_of(server, job)
    assert trace.phases[-1] == list(Phase).index(Phase.WRITING)
    assert trace.elapsed_s == sorted(trace.elapsed_s)
    assert trace.cpu_s == sorted(trace.cpu_s)
    assert 0 < trace.cpu_s[-1] < 30
    assert trace.rows[-1] == 1


def test_one_that_lasts_tells_the_stages_of_its_plan(server: Server) -> None:
    job = server.client.submit(ENDLESS)

    def planned() -> list[Stage] | None:
        report = server.mailbox(job).report()
        return report.stages or None if report is not None else None

    stages = wait_until(planned)
    assert sum(one.told for one in stages) == pytest.approx(1.0)
    job.cancel()
    job.wait(20)
    assert trace_of(server, job).stages == stages


def test_of_one_that_was_cancelled(server: Server) -> None:
    job = server.client.submit(ENDLESS)
    server.executing(job)
    job.cancel()
    job.wait(20)
    trace = trace_of(server, job)
    assert trace.phases[-1] == list(Phase).index(Phase.EXECUTING)
    assert trace.cpu_s[-1] > 0
