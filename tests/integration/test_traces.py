"""Every attempt leaves its course behind, however it ends."""

from __future__ import annotations

from longwatch.client.sync import JobHandle
from longwatch.protocol.attempts import Trace
from longwatch.protocol.jobs import Phase
from support.runs import Server
from support.servers import ENDLESS


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


def test_of_one_that_was_cancelled(server: Server) -> None:
    job = server.client.submit(ENDLESS)
    server.executing(job)
    job.cancel()
    job.wait(20)
    trace = trace_of(server, job)
    assert trace.phases[-1] == list(Phase).index(Phase.EXECUTING)
    assert trace.cpu_s[-1] > 0
