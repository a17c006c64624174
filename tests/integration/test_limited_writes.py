"""A limit of the result is no limit of what a statement does."""

from __future__ import annotations

from longwatch.protocol.jobs import StatementKind, StoppedAt
from support import postgres
from support.runs import Server


def test_a_statement_that_writes_is_done_in_full(server: Server) -> None:
    cluster = postgres.cluster()
    database = cluster.create_database("CREATE TABLE t (a INTEGER)")
    options = cluster.options(database, writable="true")
    password = options.pop("password")
    client = server.client
    client.add_source("writes", "postgres", options=options, secrets={"password": password})
    job = client.submit(
        "INSERT INTO t SELECT generate_series(1, 50000) RETURNING a", "writes", result_rows=10
    )
    result = job.result(60)
    status = job.status()
    assert status.kind is StatementKind.WRITE
    assert result.rows == 10
    assert status.result is not None
    assert status.result.stopped_at is StoppedAt.ROWS
    with cluster.admin(database) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (50_000,)
    client.remove_source("writes")
