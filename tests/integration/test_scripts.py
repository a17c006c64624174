"""Parameters, scripts and limits, through everything: client, server, runner, result."""

from __future__ import annotations

import datetime as dt

import pytest

from longwatch.client.errors import BadRequest, JobFailed
from longwatch.protocol.jobs import JobState, StoppedAt
from longwatch.protocol.parameters import ParameterType
from support.runs import Server
from support.servers import ENDLESS
from support.waiting import wait_until


def test_values_reach_the_query(server: Server) -> None:
    handle = server.client.submit(
        "SELECT :carrier AS c, :day + INTERVAL 1 DAY AS d, 3 IN :months AS m",
        parameters={"carrier": "O'Hare; --", "day": dt.date(2013, 5, 1), "months": [1, 3]},
    )
    assert handle.result(30).fetchall() == [("O'Hare; --", dt.datetime(2013, 5, 2), True)]
    kept = handle.status().parameters
    assert kept["day"].type is ParameterType.DATE
    assert handle.retry().result(30).fetchall() == handle.result().fetchall()


def test_a_wrong_value_fails_the_job_with_words(server: Server) -> None:
    with pytest.raises(JobFailed) as caught:
        server.client.submit("SELECT :n + 1", parameters={"n": "one"}).result(30)
    assert caught.value.job.error is not None
    assert caught.value.job.error.code in {"conversion_error", "name_error"}


def test_parameters_that_cannot_be_names(server: Server) -> None:
    for name in ("", "1st", "a b", "x" * 64, "drop;"):
        with pytest.raises(BadRequest):
            server.client.submit("SELECT 1", parameters={name: 1})


def test_each_statement_of_a_script_has_its_own_progress(server: Server) -> None:
    job = server.client.submit(f"CREATE TABLE t AS SELECT 1 AS a; SELECT 2; {ENDLESS}; SELECT 4")
    wait_until(lambda: job.status().progress.fraction is not None)
    progress = job.status().progress
    assert (progress.statement, progress.statements) == (3, 4)
    assert (progress.eta_low_s, progress.eta_high_s) == (None, None)
    job.cancel()
    assert job.wait(10).state is JobState.CANCELLED


def test_the_last_result_is_kept(server: Server) -> None:
    job = server.client.submit("CREATE TABLE t AS SELECT 1 AS a; SELECT 2; SELECT a + 6 FROM t")
    assert job.result(30).fetchall() == [(7,)]
    assert job.status().progress.statement == 3


def test_a_result_stops_at_its_rows(server: Server) -> None:
    job = server.client.submit("FROM range(1_000_000_000_000)", result_rows=25_000)
    result = job.result(30)
    assert result.rows == len(result.arrow()) == 25_000
    info = job.status().result
    assert info is not None
    assert (info.complete, info.stopped_at) == (False, StoppedAt.ROWS)
    whole = server.client.submit("FROM range(25_000)", result_rows=25_000).wait(30).result
    assert whole is not None
    assert (whole.complete, whole.stopped_at) == (True, None)


def test_a_result_stops_at_its_bytes(server: Server) -> None:
    job = server.client.submit(
        "SELECT random() FROM range(1_000_000_000_000)", result_bytes=1_000_000
    )
    info = job.wait(30).result
    assert info is not None
    assert info.stopped_at is StoppedAt.BYTES
    assert 1_000_000 <= info.bytes < 3_000_000
