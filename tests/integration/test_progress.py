"""Progress never lies: from a real runner to a client."""

from __future__ import annotations

from itertools import pairwise

from longwatch.protocol.jobs import Job, JobState, Phase, ProgressBasis
from longwatch.sources.queries import saved_queries
from support.runs import Server
from support.waiting import wait_until

ORDER = [None, Phase.STARTING, Phase.CONNECTING, Phase.PLANNING, Phase.EXECUTING, Phase.WRITING]
LONG = next(one.sql for one in saved_queries() if one.name == "overtaken-in-a-year")


def forms_of(server: Server, sql: str) -> list[Job]:
    """Every form of the job that a client gets to see."""
    job = server.client.submit(sql)
    forms = [job.status()]

    def done() -> bool:
        forms.append(job.status())
        return forms[-1].state.is_final

    wait_until(done, patience_s=100)
    assert forms[-1].state is JobState.SUCCEEDED, forms[-1].error
    return forms


def test_a_query_that_the_engine_can_measure(server: Server) -> None:
    """The long sample query over the flights of a quarter."""
    quarter = "(FROM flights WHERE month < 4)"
    sql = LONG.replace("FROM flights AS", f"FROM {quarter} AS").replace(
        "JOIN flights AS", f"JOIN {quarter} AS"
    )
    forms = forms_of(server, sql)
    running = [form for form in forms if form.state is JobState.RUNNING]
    measured = [form.progress for form in running if form.progress.fraction is not None]
    fractions = [one.fraction or 0.0 for one in measured]
    assert len(set(fractions)) > 2, "it moves"
    assert all(before <= after for before, after in pairwise(fractions))
    assert max(fractions) < 1
    assert all(one.basis is ProgressBasis.MEASURED for one in measured)
    assert forms[-1].progress.fraction == 1.0
    seen = [ORDER.index(form.phase) for form in running]
    assert seen == sorted(seen), "phases go forward only"
    assert Phase.EXECUTING in {form.phase for form in running}
    assert any(form.progress.memory_bytes > 0 for form in running)
    assert forms[-1].result is not None
    assert forms[-1].result.complete


def test_rows_count_up_and_can_be_read_on_the_way(server: Server) -> None:
    forms = forms_of(server, "SELECT range, md5(range::VARCHAR) AS t FROM range(3000000)")
    running = [form for form in forms if form.state is JobState.RUNNING]
    counts = [form.progress.rows for form in running]
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    early = [form.result for form in running if form.result is not None]
    assert early
    assert not any(result.complete for result in early)
    assert forms[-1].progress.rows == 3_000_000
