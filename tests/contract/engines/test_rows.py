"""Rows out of an engine: in batches, as they come, whatever their shape."""

from __future__ import annotations

import psutil
import pytest

from longwatch.engines.contract import Session
from support.engines import MIB, EngineCase, rows, run


def test_the_rows_of_a_table(shared: Session) -> None:
    assert rows(run(shared, "SELECT id, name FROM people ORDER BY id")) == [(1, "Ada"), (2, "Zoë")]


def test_no_rows_still_have_columns(shared: Session) -> None:
    table = run(shared, "SELECT id, name FROM people WHERE id > 9")
    assert table.num_rows == 0
    assert table.schema.names == ["id", "name"]


def test_a_statement_without_a_result(case: EngineCase, session: Session) -> None:
    assert run(session, f"{case.create} t (a INTEGER)").num_rows == 0
    assert run(session, case.nothing).num_rows == 0


def test_columns_of_one_name_keep_their_values(shared: Session) -> None:
    assert rows(run(shared, 'SELECT 1 AS a, 2 AS a, 3 AS "A"')) == [(1, 2, 3)]


def test_batches_have_about_the_size_asked_for(case: EngineCase, shared: Session) -> None:
    statement = shared.parse(case.numbers.format(n=25_000))[0]
    _, batches = shared.execute(statement, 10_240)
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 25_000
    assert max(sizes) <= 10_240
    assert len(sizes) <= 4


@pytest.mark.slow
def test_rows_come_while_the_query_runs(case: EngineCase, session: Session) -> None:
    """A result without an end gives its first rows, and what was read is not kept."""
    statement = session.parse(case.wide.format(n=10**12))[0]
    _, batches = session.execute(statement, 10_240)
    next(batches)
    before = psutil.Process().memory_info().rss
    read = sum(next(batches).nbytes for _ in range(40))
    assert read > 350 * MIB
    assert psutil.Process().memory_info().rss - before < 200 * MIB


def test_a_statement_that_is_not_read_to_the_end_blocks_nothing(
    case: EngineCase, session: Session
) -> None:
    statement = session.parse(case.wide.format(n=10**9))[0]
    next(session.execute(statement, 1000)[1])
    assert rows(run(session, "SELECT 7")) == [(7,)]


def test_order_is_kept(case: EngineCase, shared: Session) -> None:
    table = run(shared, case.numbers.format(n=200_000), batch_rows=10_240)
    assert table["n"].to_pylist() == list(range(200_000))
