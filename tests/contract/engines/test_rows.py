"""Rows out of an engine: in batches, as they come, whatever their shape."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import psutil
import pyarrow as pa
import pytest

from longwatch.engines.contract import Session
from longwatch.protocol.values import python_values
from support.engines import MIB, EngineCase, rows, run

INTERVAL: object = pa.scalar((14, 3, 4_500_000_000), pa.month_day_nano_interval()).as_py()
SAYABLE: list[tuple[str, object]] = [
    ("true", True),
    ("1::TINYINT", 1),
    ("255::UTINYINT", 255),
    ("(-32768)::SMALLINT", -32768),
    ("65535::USMALLINT", 65535),
    ("1::INTEGER", 1),
    ("4294967295::UINTEGER", 2**32 - 1),
    ("9223372036854775807", 2**63 - 1),
    ("18446744073709551615::UBIGINT", 2**64 - 1),
    (f"{2**127 - 1}::HUGEINT", Decimal(2**127 - 1)),
    (f"{2**128 - 1}::UHUGEINT", str(2**128 - 1)),
    ("123456789012345678901234567890::BIGNUM", "123456789012345678901234567890"),
    ("1.5::FLOAT", 1.5),
    ("'-inf'::DOUBLE", float("-inf")),
    ("1.50::DECIMAL(9, 2)", Decimal("1.50")),
    ("1e-18::DECIMAL(38, 18)", Decimal("1e-18")),
    ("'Zoë 日本'", "Zoë 日本"),
    ("''", ""),
    (r"'\xAA\x00'::BLOB", b"\xaa\x00"),
    ("'0101'::BIT", "0101"),
    ("DATE '2013-02-28'", dt.date(2013, 2, 28)),
    ("DATE '20000-01-01'", "20000-01-01"),
    ("'-infinity'::DATE", "-infinity"),
    ("TIME '12:34:56.789'", dt.time(12, 34, 56, 789000)),
    ("'12:34:56.123456789'::TIME_NS", "12:34:56.123456789"),
    ("TIMETZ '12:34:56+02'", "12:34:56+02"),
    ("TIMESTAMP '2013-01-01 12:00:00.123456'", dt.datetime(2013, 1, 1, 12, 0, 0, 123456)),
    ("TIMESTAMP_S '2013-01-01'", dt.datetime(2013, 1, 1)),
    ("TIMESTAMP_MS '2013-01-01'", dt.datetime(2013, 1, 1)),
    ("TIMESTAMP_NS '2013-01-01 00:00:00.123456789'", "2013-01-01T00:00:00.123456789"),
    (
        "TIMESTAMPTZ '2013-01-01 12:00:00+02'",
        dt.datetime(2013, 1, 1, 10, tzinfo=ZoneInfo("UTC")),
    ),
    ("'infinity'::TIMESTAMP", "infinity"),
    ("INTERVAL '1 year 2 months 3 days 4.5 seconds'", INTERVAL),
    (
        "'550e8400-e29b-41d4-a716-446655440000'::UUID",
        "550e8400-e29b-41d4-a716-446655440000",
    ),
    ("'{\"a\": 1}'::JSON", '{"a": 1}'),
    ("[1, 2, NULL]", [1, 2, None]),
    ("[[1], []]", [[1], []]),
    ("[TIMESTAMP_NS '2013-01-01 00:00:00.000000001']", ["2013-01-01T00:00:00.000000001"]),
    ("[1, 2]::INTEGER[2]", [1, 2]),
    ("{'a': 1, 'b': {'c': 'x'}}", {"a": 1, "b": {"c": "x"}}),
    ("{'a': DATE '20000-01-01', 'b': NULL}", {"a": "20000-01-01", "b": None}),
    ("MAP {'a': 1}", [("a", 1)]),
    ("MAP {'a': DATE '20000-01-01'}", [("a", "20000-01-01")]),
    ("['01'::BIT]", "[01]"),
    ("{'t': TIMETZ '12:34:56+02'}", "{'t': '12:34:56+02'}"),
    ("union_value(n := 1)", 1),
    ("'a'::ENUM ('a', 'b')", "a"),
    ("{'a': 1}::VARIANT", "{'a': 1}"),
]


def test_the_rows_of_a_table(session: Session) -> None:
    assert rows(run(session, "SELECT id, name FROM people ORDER BY id")) == [(1, "Ada"), (2, "Zoë")]


def test_no_rows_still_have_columns(session: Session) -> None:
    table = run(session, "SELECT id, name FROM people WHERE id > 9")
    assert table.num_rows == 0
    assert table.schema.names == ["id", "name"]


def test_a_statement_without_a_result(session: Session) -> None:
    assert run(session, "SET VARIABLE x = 1").num_rows == 0
    assert run(session, "BEGIN; COMMIT").num_rows == 0


def test_columns_of_one_name_keep_their_values(session: Session) -> None:
    assert rows(run(session, 'SELECT 1 AS a, 2 AS a, 3 AS "A"')) == [(1, 2, 3)]


def test_batches_have_about_the_size_asked_for(case: EngineCase, session: Session) -> None:
    statement = session.parse(case.numbers.format(n=25_000))[0]
    _, batches = session.execute(statement, 10_240)
    sizes = [batch.num_rows for batch in batches]
    assert sum(sizes) == 25_000
    assert max(sizes) <= 10_240
    assert len(sizes) <= 4


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


def test_order_is_kept(case: EngineCase, session: Session) -> None:
    table = run(session, case.numbers.format(n=200_000), batch_rows=10_240)
    assert table["n"].to_pylist() == list(range(200_000))


@pytest.mark.parametrize(("sql", "value"), SAYABLE)
def test_every_type_arrives(session: Session, sql: str, value: object) -> None:
    table = run(session, f"SELECT {sql} AS v UNION ALL SELECT NULL")
    assert python_values(table["v"]) == [value, None]


def test_a_type_that_arrow_lacks_beside_columns_of_its_name(session: Session) -> None:
    table = run(session, 'SELECT 1 AS "a\'b", \'01\'::BIT AS "a\'b", 2 AS "a\'b"')
    assert rows(table) == [(1, "01", 2)]
    assert table.schema.names == ["a'b", "a'b", "a'b"]
