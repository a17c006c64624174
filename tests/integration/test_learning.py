"""What a query took before says how long it takes now."""

from __future__ import annotations

from longwatch.client.sync import JobHandle
from longwatch.protocol.jobs import Progress, ProgressBasis
from support.runs import Server
from support.waiting import wait_until

SLOW = "select count(*) from range({rows}) t(i) where sin(i) * cos(i) > 0.{digits}"
"""Two seconds or so on one thread."""


def seen(job: JobHandle) -> Progress:
    """What is shown of a job once earlier runs have been looked at; `None` before its end, if they
    never are."""

    def look() -> Progress | None:
        progress = job.status().progress
        assert not job.status().state.is_final, "it was over before anything was learned"
        learned = progress.basis in {ProgressBasis.BOTH, ProgressBasis.HISTORY}
        return progress if learned and progress.eta_high_s is not None else None

    found = wait_until(look, patience_s=30)
    assert found is not None
    return found


def test_the_second_run_of_a_query_knows_how_long_it_takes(server: Server) -> None:
    first = server.client.submit(SLOW.format(rows=60_000_000, digits=3))
    took = first.wait(60)
    assert took.progress.basis is ProgressBasis.MEASURED
    second = server.client.submit(SLOW.format(rows=70_000_000, digits=31))
    shown = seen(second)
    assert shown.fraction is not None
    assert shown.eta_low_s is not None
    assert shown.eta_high_s is not None
    assert 0 <= shown.eta_low_s <= shown.eta_high_s < 60
    second.wait(60)


def test_a_query_over_far_more_rows_is_told_by_its_plan(server: Server) -> None:
    """Without the plans of both, earlier runs are tried at five times their work at
    most."""
    took = server.client.submit(SLOW.format(rows=60_000_000, digits=3)).wait(60)
    assert took.started_at is not None
    assert took.finished_at is not None
    took_s = (took.finished_at - took.started_at).total_seconds()
    larger = server.client.submit(SLOW.format(rows=6_000_000_000, digits=32))

    def told() -> Progress | None:
        progress = larger.status().progress
        return progress if (progress.eta_low_s or 0.0) > 5 * took_s else None

    progress = wait_until(told, patience_s=30)
    assert progress is not None
    assert progress.basis in {ProgressBasis.BOTH, ProgressBasis.HISTORY}
    larger.cancel()
    larger.wait(20)


def test_another_query_learns_nothing_from_it(server: Server) -> None:
    other = server.client.submit("select sum(sqrt(i)) from range(60000000) t(i)")
    assert other.wait(60).progress.basis is ProgressBasis.MEASURED
