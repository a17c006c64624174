"""What only DuckDB has: its types, and mistakes that only it can tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.protocol.values import python_values
from support.engines import ENGINES, opened, problem, rows, run

DUCKDB = next(case for case in ENGINES if case.name == "duckdb")
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


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One for all: none of them leaves a thing in it that another one asks for."""
    folder = tmp_path_factory.mktemp("session")
    with opened(DUCKDB, DUCKDB.make_source(folder / "source"), folder) as session:
        yield session


def test_a_setting_is_no_result(session: Session) -> None:
    assert run(session, "SET VARIABLE x = 1").num_rows == 0
    assert run(session, "BEGIN; COMMIT").num_rows == 0


@pytest.mark.parametrize(("sql", "value"), SAYABLE)
def test_every_type_arrives(session: Session, sql: str, value: object) -> None:
    table = run(session, f"SELECT {sql} AS v UNION ALL SELECT NULL")
    assert python_values(table["v"]) == [value, None]


def test_a_type_that_arrow_lacks_beside_columns_of_its_name(session: Session) -> None:
    table = run(session, 'SELECT 1 AS "a\'b", \'01\'::BIT AS "a\'b", 2 AS "a\'b"')
    assert rows(table) == [(1, "01", 2)]
    assert table.schema.names == ["a'b", "a'b", "a'b"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT name::INTEGER FROM people", "conversion_error"),
        ("SELECT (id * 100000)::INTEGER::SMALLINT FROM people", "conversion_error"),
        ("SELECT 9223372036854775807 + id FROM people", "out_of_range"),
        ("SELECT error('no luck: INTERRUPT') FROM people", "invalid_input"),
        ("SELECT $1", "invalid_input"),
        ("SELECT ?::INTEGER", "invalid_input"),
        ("ALTER TABLE people ADD COLUMN x INTEGER", "name_error"),
    ],
)
def test_mistakes_that_show_late(session: Session, sql: str, code: str) -> None:
    error = problem(session, sql)
    assert error.code == code
    assert error.message
    assert "exception_type" not in error.message, "the engine's own wrapping is not for users"
    assert not error.message.startswith(("Invalid Input Error", "Conversion Error"))


def test_a_mistake_in_the_middle_of_the_rows(session: Session) -> None:
    sql = "SELECT CASE WHEN range = 90000 THEN 'x' ELSE '1' END::INTEGER FROM range(100000)"
    statement = session.parse(sql)[0]
    session.plan(statement)
    _, batches = session.execute(statement, 1000)
    with pytest.raises(EngineError) as caught:
        for _ in batches:
            pass
    assert caught.value.error.code == "conversion_error"
    assert "exception_type" not in caught.value.error.message


def test_a_misspelt_name_is_answered_with_the_right_one(session: Session) -> None:
    error = problem(session, "SELECT nam FROM people")
    assert error.hint == "Did you mean name?"
    assert "\n" not in error.message
