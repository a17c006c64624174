"""What only PostgreSQL has: its types, its ways to be unreachable, and sessions that may go on."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from longwatch.engines.contract import EngineError, Interrupted, Session, Workspace
from longwatch.engines.postgres_engine import PostgresEngine
from longwatch.engines.registry import load_engine
from longwatch.protocol.parameters import Given, Parameter, ParameterType
from longwatch.protocol.values import python_values
from support.engines import ENGINES, MIB, opened, problem, rows, run
from support.postgres import PASSWORD, Cluster, cluster
from support.waiting import wait_until

POSTGRES = next(case for case in ENGINES if case.name == "postgres")
INTERVAL: object = pa.scalar((14, 3, 4_500_000_000), pa.month_day_nano_interval()).as_py()
UTC = ZoneInfo("UTC")


@pytest.fixture
def server() -> Cluster:
    return cluster()


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database with the table `people` and the type `mood`, which no test changes."""
    options = POSTGRES.make_source(tmp_path_factory.mktemp("source") / "people")
    with cluster().admin(options["dbname"]) as admin:
        admin.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    return options


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """A database of the test's own."""
    return POSTGRES.make_source(tmp_path / "source")


@pytest.fixture
def session(options: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    with opened(POSTGRES, options, tmp_path) as session:
        yield session


@pytest.fixture(scope="module")
def shared(options: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One session for all tests that leave nothing in it."""
    with opened(POSTGRES, options, tmp_path_factory.mktemp("shared")) as session:
        yield session


@contextmanager
def tagged(options: dict[str, str], tag: str, folder: Path) -> Iterator[Session]:
    workspace = Workspace(spill=folder, memory_bytes=512 * MIB, spill_bytes=MIB, threads=1, tag=tag)
    session = load_engine("postgres").open(options, workspace)
    try:
        yield session
    finally:
        session.close()


@pytest.mark.parametrize(
    ("sql", "arrow", "value"),
    [
        ("true", "bool", True),
        ("(-32768)::smallint", "int16", -32768),
        ("1", "int32", 1),
        ("9223372036854775807", "int64", 2**63 - 1),
        ("4294967295::oid", "int64", 2**32 - 1),
        ("1.5::real", "float", 1.5),
        ("'-inf'::float8", "double", float("-inf")),
        ("1.50::numeric(9, 2)", "decimal128(9, 2)", Decimal("1.50")),
        ("(-1e-18)::numeric(38, 18)", "decimal128(38, 18)", Decimal("-1e-18")),
        ("1.5::numeric", "double", 1.5),
        ("(SELECT sum(n) FROM (VALUES (1::bigint), (2)) AS t (n))", "double", 3.0),
        ("1.5::numeric(40, 2)", "double", 1.5),
        ("'Zoë 日本'", "string", "Zoë 日本"),
        ("''::varchar(5)", "string", ""),
        (r"'\xaa00'::bytea", "binary", b"\xaa\x00"),
        ("B'0101'", "string", "0101"),
        ("date '2013-02-28'", "date32[day]", dt.date(2013, 2, 28)),
        ("date '20000-01-01'", "date32[day]", "20000-01-01"),
        ("date 'infinity'", "date32[day]", "infinity"),
        ("date '-infinity'", "date32[day]", "-infinity"),
        ("time '12:34:56.789'", "time64[us]", dt.time(12, 34, 56, 789000)),
        ("timetz '12:34:56+02'", "string", "12:34:56+02"),
        (
            "timestamp '2013-01-01 12:00:00.123456'",
            "timestamp[us]",
            dt.datetime(2013, 1, 1, 12, 0, 0, 123456),
        ),
        ("timestamp 'infinity'", "timestamp[us]", "infinity"),
        ("timestamptz '-infinity'", "timestamp[us, tz=UTC]", "-infinity"),
        (
            "timestamptz '2013-01-01 12:00:00+02'",
            "timestamp[us, tz=UTC]",
            dt.datetime(2013, 1, 1, 10, tzinfo=UTC),
        ),
        ("interval '1 year 2 months 3 days 4.5 s'", "month_day_nano_interval", INTERVAL),
        (
            "'550e8400-e29b-41d4-a716-446655440000'::uuid",
            "string",
            "550e8400-e29b-41d4-a716-446655440000",
        ),
        ("'{\"a\": 1}'::json", "string", '{"a": 1}'),
        ("'{\"a\":1}'::jsonb", "string", '{"a": 1}'),
        ("ARRAY[1, 2, NULL]", "list<item: int32>", [1, 2, None]),
        ("ARRAY['a']", "list<item: string>", ["a"]),
        ("ARRAY[1.5]", "list<item: double>", [1.5]),
        ("ARRAY['550e8400-e29b-41d4-a716-446655440000'::uuid]", "list<item: string>",
         ["550e8400-e29b-41d4-a716-446655440000"]),
        ("'{}'::int[]", "list<item: int32>", []),
        ("row(1, 'a')", "string", "(1,a)"),
        ("int4range(1, 5)", "string", "[1,5)"),
        ("'10.0.0.1'::inet", "string", "10.0.0.1/32"),
        ("point(1, 2)", "string", "(1,2)"),
        ("'12.50'::money", "string", "$12.50"),
        ("'people'::regclass", "string", "people"),
        ("'glad'::mood", "string", "glad"),
        ("ARRAY['glad'::mood]", "list<item: string>", ["glad"]),
    ],
)  # fmt: skip
def test_every_type_arrives(shared: Session, sql: str, arrow: str, value: object) -> None:
    table = run(shared, f"SELECT {sql} AS v FROM people ORDER BY id LIMIT 1")
    nothing = run(shared, f"SELECT CASE WHEN id > 5 THEN {sql} END AS v FROM people")
    assert str(table.schema.field("v").type) == arrow
    assert python_values(table["v"]) == [value]
    assert nothing["v"].to_pylist() == [None, None]


def test_names_are_kept_where_types_are_not(shared: Session) -> None:
    table = run(shared, "SELECT 1 AS \"a'b\", '10.0.0.1'::inet AS \"a'b\", 2 AS a -- no more\n")
    assert rows(table) == [(1, "10.0.0.1/32", 2)]
    assert table.schema.names == ["a'b", "a'b", "a"]


def test_a_number_that_is_none(shared: Session) -> None:
    error = problem(shared, "SELECT 'NaN'::numeric(9, 2) AS n")
    assert error.code == "type_error"
    assert error.hint == "Ask for it as a float: n::float8."


@pytest.mark.parametrize(
    ("sql", "code", "said"),
    [
        ("SELECT name::integer FROM people", "conversion_error", '"Ada"'),
        ("SELECT 1 / (id - 1) FROM people", "invalid_input", "Division by zero."),
        ("SELECT 2147483647 + id FROM people", "out_of_range", "Integer out of range."),
        ("SELECT id FROM people GROUP BY name", "name_error", "GROUP BY"),
        ("SELECT $1", "invalid_parameter", "$1"),
        ("SELECT date '2013-02-30'", "out_of_range", "2013-02-30"),
        ("SELECT id + name FROM people", "name_error", "Operator does not exist"),
        ("SELECT 1; SELECT ARRAY[1, 'x']", "conversion_error", '"x"'),
        ("SELECT pg_catalog.pg_sleep(0), 1 FROM pg_authid", "permission_denied", "pg_authid"),
    ],
)
def test_mistakes(shared: Session, sql: str, code: str, said: str) -> None:
    error = problem(shared, sql)
    assert error.code == code
    assert said in error.message
    assert "LINE 1" not in error.message
    assert "SQLSTATE" not in error.message


def test_a_misspelt_name_is_answered_with_the_right_one(shared: Session) -> None:
    error = problem(shared, "SELECT nam FROM people")
    assert error.hint == 'Perhaps you meant to reference the column "people.name".'


def test_a_mistake_in_the_middle_of_the_rows(session: Session) -> None:
    statement = session.parse("SELECT 1 / (90000 - generate_series(1, 100000)) AS n")[0]
    session.plan(statement)
    _, batches = session.execute(statement, 1000)
    with pytest.raises(EngineError) as caught:
        list(batches)
    assert caught.value.error.message == "Division by zero."
    assert rows(run(session, "SELECT 7")) == [(7,)]


def test_a_breach_of_a_constraint(own: dict[str, str], tmp_path: Path) -> None:
    with opened(POSTGRES, {**own, "writable": "true"}, tmp_path) as session:
        error = problem(session, "INSERT INTO people VALUES (1, 'Eve')")
        assert error.code == "constraint_violation"
        assert "Key (id)=(1) already exists." in error.message


def test_rows_and_bytes_are_estimated(server: Cluster, own: dict[str, str], tmp_path: Path) -> None:
    with server.admin(own["dbname"]) as admin:
        admin.execute("INSERT INTO people SELECT i, 'x' FROM generate_series(10, 10007) AS i")
        admin.execute("ANALYZE people")
    with opened(POSTGRES, own, tmp_path) as session:
        estimate = session.estimate(session.parse("SELECT id FROM people")[0])
        assert (estimate.rows, estimate.bytes) == (10_000, 40_000)
        assert estimate.plan is not None
        assert estimate.plan.startswith("Seq Scan on people")
        (people,) = session.catalogue().tables
        assert (people.rows, people.rows_exact) == (10_000, False)
        assert session.estimate(session.parse("SHOW server_version")[0]).plan is None


def test_the_catalogue_has_what_the_role_may_read(
    server: Cluster, own: dict[str, str], tmp_path: Path
) -> None:
    with server.admin(own["dbname"]) as admin:
        for statement in (
            'CREATE SCHEMA "Odd one"',
            'CREATE TABLE "Odd one"."select" (a numeric(9, 2)[])',
            'GRANT USAGE ON SCHEMA "Odd one" TO analyst',
            'GRANT SELECT ON "Odd one"."select" TO analyst',
            "CREATE TABLE secret (a integer)",
            "CREATE VIEW seen AS SELECT 1 AS one",
            "GRANT SELECT ON seen TO analyst",
            "CREATE TABLE parts (a integer) PARTITION BY RANGE (a)",
            "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)",
            "GRANT SELECT ON parts, part TO analyst",
        ):
            admin.execute(statement.encode())
    with opened(POSTGRES, own, tmp_path) as session:
        tables = session.catalogue().tables
        assert [(table.name_in_sql, table.kind) for table in tables] == [
            ('"Odd one"."select"', "table"),
            ("parts", "table"),
            ("people", "table"),
            ("seen", "view"),
        ]
        assert tables[0].columns[0].type == "numeric(9,2)[]"
        for table in tables:
            run(session, f"SELECT * FROM {table.name_in_sql}")


@pytest.fixture(scope="module", params=["on", "off"])
def in_utc(
    request: pytest.FixtureRequest,
    options: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """One session for all values; in a text of the second one, a backslash escapes."""
    more = {"options": f"-c standard_conforming_strings={request.param}"}
    with opened(POSTGRES, {**options, **more}, tmp_path_factory.mktemp("in_utc")) as session:
        run(session, "SET TIME ZONE 'UTC'")
        yield session


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ParameterType.NUMBER, -2, "-2"),
        (ParameterType.NUMBER, "-1.50", "-1.50"),
        (ParameterType.NUMBER, -0.0, "0.0"),
        (ParameterType.NUMBER, 1e300, "1" + "0" * 300),
        (ParameterType.NUMBER, float("-inf"), "-Infinity"),
        (ParameterType.NUMBER, "NaN", "NaN"),
        (ParameterType.BOOLEAN, False, "false"),
        (ParameterType.TEXT, "\\' \\\\' E'\\''", "\\' \\\\' E'\\''"),
        (ParameterType.TEXT, "$$ -- /* \n ; :v", "$$ -- /* \n ; :v"),
        (ParameterType.DATE, "0044-03-15", "0044-03-15"),
        (ParameterType.TIMESTAMP, "2013-05-01T12:00:00.5+02:00", "2013-05-01 10:00:00.5+00"),
    ],
)
def test_values_arrive_as_they_are(
    in_utc: Session, kind: ParameterType, value: object, expected: str
) -> None:
    given = Parameter(type=kind, value=value)
    assert rows(run(in_utc, "SELECT:v::text AS v", v=given)) == [(expected,)]


def test_text_takes_the_type_of_its_place(shared: Session) -> None:
    sql = (
        "SELECT '550e8400-e29b-41d4-a716-446655440000'::uuid = :id AND "
        "ARRAY[1, 2] = :list AND date '2013-05-01' IN :days AND 5 NOT IN :none"
    )
    given: dict[str, Given] = {
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "list": "{1,2}",
        "days": ["2013-05-01", "2013-05-02"],
        "none": [],
    }
    assert rows(run(shared, sql, batch_rows=10, **given)) == [(True,)]


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_the_server_cannot_hold(shared: Session, text: str) -> None:
    assert problem(shared, "SELECT :t", t=text).code == "invalid_parameter"


# --- reaching it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        ({"port": "1"}, "connection refused", "host and port"),
        ({"password": "wrong-canary"}, "password authentication failed", "user and password"),
        ({"user": "nobody-here"}, "password authentication failed", "user and password"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist', "dbname"),
        ({"host": "no-such-host.invalid"}, "could not translate host name", "network"),
        ({"sslmode": "require"}, "server does not support SSL", "sslmode"),
        ({"options": "-c nope=1"}, "unrecognized configuration parameter", "options"),
        ({"hots": "x"}, "no option 'hots'", "host, port, dbname"),
        ({"url": "postgresql://canary:canary@[/x"}, "url is not one", "postgresql://user"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_reached(
    options: dict[str, str], tmp_path: Path, change: dict[str, str], said: str, hint: str
) -> None:
    with pytest.raises(EngineError) as caught, opened(POSTGRES, {**options, **change}, tmp_path):
        pass
    error = caught.value.error
    assert error.code == "source_unavailable"
    assert said in error.message
    assert hint in (error.hint or "")
    assert "canary" not in str(error)
    assert caught.value.__cause__ is None, "its text would be in the log"


def test_a_url_and_a_socket(server: Cluster, options: dict[str, str], tmp_path: Path) -> None:
    url = f"postgresql://analyst:{PASSWORD}@127.0.0.1:1/{options['dbname']}?connect_timeout=5"
    by_url = {"url": url, "port": options["port"]}
    by_socket = {**options, "host": str(server.folder)}
    for given in (by_url, by_socket):
        with opened(POSTGRES, given, tmp_path) as session:
            assert rows(run(session, "SELECT count(*) FROM people")) == [(2,)]


def test_what_is_secret() -> None:
    engine = PostgresEngine()
    assert engine.secrets == {"password", "url"}
    assert engine.needs_network
    assert engine.runs_elsewhere


# --- sessions ------------------------------------------------------------------------------------


def test_a_session_bears_its_tag_and_its_settings(
    server: Cluster, options: dict[str, str], tmp_path: Path
) -> None:
    tag = "longwatch job 0123 ' \\ Zoë " + "x" * 60
    with tagged(options, tag, tmp_path) as session:
        (found,) = rows(
            run(
                session,
                "SELECT current_setting('application_name'), "
                "current_setting('default_transaction_read_only'), "
                "current_setting('client_connection_check_interval'), "
                "current_setting('work_mem')",
            )
        )
        assert found[1:] == ("on", "1s", "4MB")
        assert len(found[0]) <= 63
        assert server.sessions(found[0]) == 1
        with tagged(options, tag + "y", tmp_path) as other:
            assert rows(run(other, "SHOW application_name")) != [(found[0],)]
    wait_until(lambda: server.sessions(found[0]) == 0)


def test_a_sweep_ends_what_bears_the_tag(
    server: Cluster, options: dict[str, str], tmp_path: Path
) -> None:
    engine = PostgresEngine()
    with (
        tagged(options, "other", tmp_path) as other,
        tagged(options, "swept", tmp_path) as first,
        tagged(options, "swept", tmp_path) as second,
    ):
        ended = []

        def draw() -> None:
            with pytest.raises(EngineError) as caught:
                run(first, POSTGRES.endless["scan"])
            ended.append(caught.value.error)

        thread = threading.Thread(target=draw)
        thread.start()
        run(second, "BEGIN")
        wait_until(lambda: len(server.running("swept")) == 2)
        assert engine.sweep(options, "swept")
        assert server.sessions("swept") == 0
        thread.join()
        assert ended[0].code in {"engine_error", "source_unavailable"}
        assert rows(run(other, "SELECT 7")) == [(7,)]
    assert engine.sweep(options, "swept")


def test_a_sweep_of_a_server_that_is_away(options: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        PostgresEngine().sweep({**options, "port": "1"}, "swept")
    assert caught.value.error.code == "source_unavailable"
    assert PASSWORD not in str(caught.value.error)


def test_closing_ends_what_was_not_read_to_its_end(
    server: Cluster, options: dict[str, str], tmp_path: Path
) -> None:
    with tagged(options, "closed", tmp_path) as session:
        statement = session.parse(POSTGRES.wide.format(n=10**9))[0]
        _, batches = session.execute(statement, 1000)
        next(batches)
        assert server.running("closed")
    wait_until(lambda: server.sessions("closed") == 0)


def test_an_interrupt_that_comes_too_late_harms_nothing(session: Session) -> None:
    for _ in range(20):
        assert rows(run(session, "SELECT 7")) == [(7,)]
        for _ in range(20):
            session.interrupt()


def test_planning_can_be_interrupted(
    server: Cluster, options: dict[str, str], session: Session
) -> None:
    """It waits for a lock that another session holds."""
    ended: list[BaseException] = []

    def plan() -> None:
        try:
            session.plan(session.parse("SELECT * FROM people")[0])
        except BaseException as error:
            ended.append(error)

    with server.admin(options["dbname"]) as admin, admin.transaction():
        admin.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=plan)
        thread.start()
        wait_until(lambda: session.interrupt() or not thread.is_alive())
    assert [type(error) for error in ended] == [Interrupted]


def test_to_ask_what_a_statement_costs_can_be_interrupted(
    own: dict[str, str], server: Cluster, tmp_path: Path
) -> None:
    """What is declared to be a constant is computed while it is planned for."""
    with server.admin(own["dbname"]) as admin:
        admin.execute(
            "CREATE FUNCTION slow() RETURNS int IMMUTABLE LANGUAGE plpgsql "
            "AS 'BEGIN PERFORM pg_sleep(60); RETURN 1; END'"
        )
    with opened(POSTGRES, own, tmp_path) as session:
        (statement,) = session.parse("SELECT slow()")
        stopper = threading.Thread(
            target=lambda: wait_until(lambda: session.interrupt() or done.is_set())
        )
        done = threading.Event()
        stopper.start()
        try:
            with pytest.raises(Interrupted):
                session.plan(statement)
        finally:
            done.set()
            stopper.join()


def test_to_ask_what_a_statement_costs_changes_nothing(
    own: dict[str, str], server: Cluster, tmp_path: Path
) -> None:
    with server.admin(own["dbname"]) as admin:
        admin.execute("CREATE TABLE calls (at int)")
        admin.execute("GRANT ALL ON calls TO PUBLIC")
        admin.execute(
            "CREATE FUNCTION note() RETURNS int LANGUAGE plpgsql "
            "AS 'BEGIN INSERT INTO calls VALUES (1); RETURN 1; END'"
        )
        admin.execute(
            "CREATE FUNCTION noted() RETURNS int IMMUTABLE LANGUAGE plpgsql "
            "AS 'BEGIN RETURN note(); END'"
        )
    with opened(POSTGRES, {**own, "writable": "true"}, tmp_path) as session:
        run(session, "INSERT INTO calls VALUES (0)")  # from here on transactions may write
        (statement,) = session.parse("SELECT noted()")
        session.plan(statement)
        assert rows(run(session, "SELECT count(*) FROM calls")) == [(1,)]


def test_a_statement_that_a_rule_makes_nothing_of(
    own: dict[str, str], server: Cluster, tmp_path: Path
) -> None:
    """There is no plan, then, and no cost."""
    with server.admin(own["dbname"]) as admin:
        admin.execute("CREATE TABLE closed (at int)")
        admin.execute("GRANT ALL ON closed TO PUBLIC")
        admin.execute("CREATE RULE nothing AS ON INSERT TO closed DO INSTEAD NOTHING")
    with opened(POSTGRES, {**own, "writable": "true"}, tmp_path) as session:
        (statement,) = session.parse("INSERT INTO closed VALUES (1)")
        session.plan(statement)
        assert session.stages() == []
        assert rows(run(session, "SELECT count(*) FROM closed")) == [(0,)]


def test_a_statement_that_the_server_cuts_short(options: dict[str, str], tmp_path: Path) -> None:
    with opened(POSTGRES, {**options, "options": "-c statement_timeout=50"}, tmp_path) as session:
        error = problem(session, POSTGRES.endless["scan"])
    assert error.code == "time_limit"
    assert "statement_timeout" in (error.hint or "")


@pytest.mark.parametrize("package", ["psycopg", "adbc_driver_postgresql", "adbc_driver_manager"])
def test_a_missing_driver_says_what_to_install(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from longwatch.engines.registry import load_engine\n"
        "try: load_engine('postgres')\n"
        "except LookupError as error: print(error.args[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert repr(package) in done.stdout
    assert "pip install 'longwatch[postgres]'" in done.stdout
