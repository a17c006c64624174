"""Queries through everything: the client, the server, a runner, the result's pages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from longwatch.client.errors import JobFailed
from longwatch.execution import local
from longwatch.protocol.jobs import JobSummary
from longwatch.results.disk import sync_result
from support.runs import Server
from support.waiting import wait_until


def failed(server: Server, sql: str) -> JobSummary:
    with pytest.raises(JobFailed) as caught:
        server.client.submit(sql).result(30)
    return caught.value.job


def test_the_answer(server: Server) -> None:
    assert server.client.submit("select 42").result(30).fetchall() == [(42,)]


@pytest.mark.slow
def test_every_saved_query_that_is_quick(server: Server) -> None:
    for query in server.client.saved_queries():
        if query.expected_s is None or query.expected_s > 1 or query.name == "typo":
            continue
        given = {one.name: one.default for one in query.parameters}
        result = server.client.submit(query.sql, query.source, parameters=given).result(60)
        assert result.rows > 0, query.name


def test_a_large_result_comes_whole(server: Server) -> None:
    result = server.client.submit(
        "SELECT range AS n, 'row ' || range AS t FROM range(250000)"
    ).result(60)
    table = result.arrow()
    assert table.num_rows == result.rows == 250_000
    assert table["n"].to_pylist() == list(range(250_000))
    assert table["t"][249_999].as_py() == "row 249999"
    assert result.fetchmany(2) == [(0, "row 0"), (1, "row 1")]
    assert result.fetchone() == (2, "row 2")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 1 AS a, 2 AS a", [(1, 2)]),
        ("SELECT 1 AS a WHERE false", []),
        ("SET VARIABLE x = 1", []),
        ("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (3); FROM t", [(3,)]),
        (
            "SELECT TIMESTAMP_NS '2013-01-01 00:00:00.000000001'",
            [("2013-01-01T00:00:00.000000001",)],
        ),
    ],
)
def test_odd_results(server: Server, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert server.client.submit(sql).result(30).fetchall() == rows


@pytest.mark.parametrize(
    ("sql", "code", "line", "column"),
    [
        ("-- nothing", "empty_sql", None, None),
        ("SELECT 1,\n  carier FROM flights", "name_error", 2, 3),
        ("SELECT 'é' FROM nowhere", "name_error", 1, 17),
        ("SELEC 1", "syntax_error", 1, 1),
        ("SELECT carrier::INTEGER FROM flights", "conversion_error", 1, 15),
        ("COPY flights TO 'x.csv'", "permission_denied", 1, 1),
        ("FROM read_text('/etc/passwd')", "permission_denied", 1, 6),
    ],
)
def test_what_is_wrong(
    server: Server, sql: str, code: str, line: int | None, column: int | None
) -> None:
    error = failed(server, sql).error
    assert error is not None
    assert (error.code, error.line, error.column) == (code, line, column)


def test_what_a_runner_prints_is_the_jobs_log(server: Server) -> None:
    job = server.client.submit("SELECT 1")
    job.wait(20)
    assert job.log() == ""


def test_many_at_once(server: Server) -> None:
    jobs = [server.client.submit(f"SELECT {number}") for number in range(6)]
    assert [job.result(60).fetchall() for job in jobs] == [[(number,)] for number in range(6)]


def test_submits_from_many_threads(server: Server) -> None:
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        answers[number] = server.client.submit(f"SELECT {number}").result(60).fetchall()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [(number,)] for number in range(6)}


def is_runner(process: psutil.Process) -> bool:
    try:
        return "longwatch.runner" in process.cmdline()
    except psutil.Error:
        return False


@pytest.mark.slow
def test_no_file_stays_open_for_a_job_that_is_over(server: Server) -> None:
    """After some jobs to get everything going, more of them leave nothing behind."""
    me = psutil.Process()

    def settle() -> int:
        for _ in range(4):
            assert server.is_well()
        smallest = me.num_fds()

        def quiet() -> bool:
            nonlocal smallest
            smallest = min(smallest, me.num_fds())
            # Those of other tests may be there too: a PostgreSQL, helpers that read results.
            return sum(map(is_runner, me.children())) == 2  # the spares

        wait_until(quiet)
        return min(smallest, me.num_fds())

    before = settle()
    assert settle() <= before + 2


def test_a_large_result_is_put_on_the_disk_after_its_job(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []

    def note(folder: Path, stopped: Callable[[], bool]) -> None:
        sync_result(folder, stopped)
        synced.append(folder)

    monkeypatch.setattr(local, "SYNCED_BYTES", 1_000_000)
    monkeypatch.setattr(local, "sync_result", note)
    server.client.submit("FROM range(10)").wait()
    large = server.client.submit("SELECT random() FROM range(1_000_000)").wait()
    wait_until(lambda: synced)
    assert [folder.parents[1].name for folder in synced] == [large.id]
