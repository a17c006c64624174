"""What only Spark has: its types, its ways to be unreachable, and sessions that may go on."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from longwatch.client.sync import Client, JobHandle
from longwatch.engines.contract import EngineError, Interrupted, Session
from longwatch.engines.registry import load_engine
from longwatch.engines.spark_source import read_options, session_id
from longwatch.engines.spark_statements import look
from longwatch.protocol.jobs import JobState, StatementKind
from longwatch.protocol.parameters import Given, Parameter, ParameterType
from longwatch.protocol.values import python_values
from longwatch.runner.spec import attempt_tag
from support.engines import ENGINES, opened, problem, rows, run
from support.processes import is_alive
from support.runs import Server as LongwatchServer
from support.servers import serving
from support.spark import Server, server
from support.waiting import wait_until

SPARK = next(case for case in ENGINES if case.name == "spark")
UTC = ZoneInfo("UTC")
INTERVAL: object = pa.scalar((14, 3, 4_500_000_000), pa.month_day_nano_interval()).as_py()
GONE_S = 3.0


@pytest.fixture(scope="module")
def spark() -> Server:
    return server()


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return SPARK.make_source(tmp_path_factory.mktemp("source") / "people")


@pytest.fixture(scope="module")
def shared(options: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with opened(SPARK, options, tmp_path_factory.mktemp("shared")) as session:
        yield session


@pytest.fixture(scope="module")
def reader(options: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session of a source that is only read."""
    only_read = {**options, "writable": "false"}
    with opened(SPARK, only_read, tmp_path_factory.mktemp("reader")) as session:
        yield session


@pytest.fixture
def tag() -> str:
    return f"longwatch {secrets.token_hex(6)} 1"


# --- types and values ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "arrow", "value"),
    [
        ("true", "bool", True),
        ("-128Y", "int8", -128),
        ("-32768S", "int16", -32768),
        ("1", "int32", 1),
        ("9223372036854775807", "int64", 2**63 - 1),
        ("float('1.5')", "float", 1.5),
        ("double('-Infinity')", "double", float("-inf")),
        ("1.50", "decimal128(3, 2)", Decimal("1.50")),
        ("cast(-1e-18 AS decimal(38, 18))", "decimal128(38, 18)", Decimal("-1e-18")),
        ("'Zoë 日本'", "string", "Zoë 日本"),
        ("cast('a' AS varchar(5))", "string", "a"),
        ("X'AA00'", "binary", b"\xaa\x00"),
        ("date '2013-02-28'", "date32[day]", dt.date(2013, 2, 28)),
        ("timestamp_ntz '2013-01-01 12:00:00.123456'", "timestamp[us]",
         dt.datetime(2013, 1, 1, 12, 0, 0, 123456)),
        ("timestamp '2013-01-01 12:00:00+02:00'", "timestamp[us, tz=UTC]",
         dt.datetime(2013, 1, 1, 10, tzinfo=UTC)),
        ("interval '1 02:03:04.5' day to second", "duration[us]",
         dt.timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("interval '1-2' year to month", "string", "INTERVAL '1-2' YEAR TO MONTH"),
        ("make_interval(1, 2, 0, 3, 0, 0, 4.5)", "month_day_nano_interval", INTERVAL),
        ("array(1, 2, NULL)", "list<element: int32>", [1, 2, None]),
        ("array(interval '1' year)", "list<element: string not null>", ["INTERVAL '1' YEAR"]),
        ("map('a', 1)", "map<string, int32>", [("a", 1)]),
        ("named_struct('a b', 1, 'c', array('x'))",
         "struct<a b: int32 not null, c: list<element: string not null> not null>",
         {"a b": 1, "c": ["x"]}),
        ("named_struct('a b', interval '1' year)", "struct<a b: string not null>",
         {"a b": "INTERVAL '1' YEAR"}),
        ("parse_json('{\"a\":[1,\"b\"]}')", "string", '{"a":[1,"b"]}'),
        ("NULL", "null", None),
    ],
)  # fmt: skip
def test_every_type_arrives(shared: Session, sql: str, arrow: str, value: object) -> None:
    table = run(shared, f"SELECT {sql} AS v, {sql} AS v")
    assert str(table.schema.field(0).type).replace(" ('entries')", "") == arrow
    assert python_values(table.column(1)) == [value]
    nothing = run(shared, f"SELECT CASE WHEN id > 5 THEN {sql} END AS v FROM people")
    assert nothing["v"].to_pylist() == [None, None]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (ParameterType.NUMBER, -2, "-2"),
        (ParameterType.NUMBER, 2**40, str(2**40)),
        (ParameterType.NUMBER, 2**80, str(2**80)),
        (ParameterType.NUMBER, "-1.50", "-1.50"),
        (ParameterType.NUMBER, "0.00001", "0.00001"),
        (ParameterType.NUMBER, "1E+3", "1000"),
        (ParameterType.NUMBER, float("-inf"), "-Infinity"),
        (ParameterType.NUMBER, "NaN", "NaN"),
        (ParameterType.BOOLEAN, False, "false"),
        (ParameterType.TEXT, "\\' \\\\' r'\\''", "\\' \\\\' r'\\''"),
        (ParameterType.TEXT, "/* -- \n ; :v ${x}", "/* -- \n ; :v ${x}"),
        (ParameterType.DATE, "0044-03-15", "0044-03-15"),
        (ParameterType.TIMESTAMP, "2013-05-01T12:00:00.5", "2013-05-01 12:00:00.5"),
        (ParameterType.TIMESTAMP, "2013-05-01T12:00:00.5+02:00", "2013-05-01 10:00:00.5"),
    ],
)
def test_values_arrive_as_they_are(
    shared: Session, kind: ParameterType, value: object, expected: str
) -> None:
    given: Given = Parameter(type=kind, value=value)
    assert rows(run(shared, "SELECT string(:v) AS v", v=given)) == [(expected,)]


@pytest.mark.slow
def test_a_number_of_too_many_digits(shared: Session) -> None:
    assert problem(shared, "SELECT :n", n=10**38).code == "invalid_parameter"


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "code", "said", "hint"),
    [
        ("SELECT int(name) FROM people", "conversion_error", "is malformed", None),
        ("SELECT 1 / (id - 1) FROM people", "invalid_input", "Division by zero.", None),
        ("SELECT 2147483647 + id FROM people", "out_of_range", "verflow", None),
        ("SELECT id FROM people GROUP BY name", "name_error", "GROUP BY", "any_value"),
        ("SELECT id + array(1) FROM people", "type_error", "incompatible types", None),
        ("SELECT nme FROM people", "name_error", "`nme`", "`name`, `id`"),
        ("SELECT (SELECT id FROM people)", "invalid_input", "More than one row", None),
        ("SELECT raise_error('so it is')", "engine_error", "So it is.", None),
        ("SELECT * FROM text.`/etc/hostname`", "name_error", "", None),
    ],
)
def test_mistakes(shared: Session, sql: str, code: str, said: str, hint: str | None) -> None:
    error = problem(shared, sql)
    assert error.code == code
    assert said in error.message.replace("Overflow", "overflow")
    assert hint is None or hint in (error.hint or "")
    for noise in ("SQLSTATE", "== SQL", "Exception", "\n", "Relation "):
        assert noise not in error.message


@pytest.mark.slow
def test_a_mistake_that_comes_while_it_runs_has_its_place(shared: Session) -> None:
    error = problem(shared, "SELECT 1;\nSELECT id,\n  1 / (id - 1) FROM people")
    assert (error.line, error.column) == (3, 3)


@pytest.mark.slow
def test_a_mistake_in_the_middle_of_the_rows(shared: Session) -> None:
    statement = shared.parse("SELECT 1 / (90000 - id) AS n FROM range(0, 100000, 1, 10)")[0]
    shared.plan(statement)
    with pytest.raises(EngineError) as caught:
        list(shared.execute(statement, 1000)[1])
    assert caught.value.error.message.startswith("Division by zero.")
    assert rows(run(shared, "SELECT 7")) == [(7,)]


# --- what may be run -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO people VALUES (3, 'Eve')",
        "WITH p AS (SELECT 3, 'Eve') INSERT INTO people SELECT * FROM p",
        "FROM people INSERT INTO people SELECT * INSERT INTO people SELECT 3, 'Eve'",
        "WITH p AS (SELECT 'x) -- SELECT') /* ( */ INSERT INTO people SELECT 3, 'Eve'",
        "CREATE TABLE t AS SELECT 1 AS a",
        "CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1",
        "CREATE TEMPORARY VIEW v USING text OPTIONS (path '/etc/hostname')",
        "DROP TABLE people",
        "CACHE TABLE people",
        "INSERT OVERWRITE DIRECTORY '/tmp/x' USING parquet SELECT 1",
    ],
)
def test_a_source_that_is_only_read(reader: Session, sql: str) -> None:
    error = problem(reader, sql)
    assert error.code == "permission_denied"
    assert error.hint
    assert rows(run(reader, "SELECT count(*) FROM people")) == [(2,)]


@pytest.mark.slow
def test_what_a_source_that_is_only_read_lets_a_session_do(reader: Session) -> None:
    sql = (
        "SET spark.sql.shuffle.partitions = 3; DECLARE OR REPLACE VARIABLE x = 1; SET VAR x = 2; "
        "CREATE OR REPLACE TEMP VIEW v AS SELECT id AS insert FROM people; "
        "SELECT insert, x FROM v WHERE insert = x"
    )
    assert rows(run(reader, sql)) == [(2, 2)]
    assert problem(reader, "SELEKT 1").code == "syntax_error"
    assert problem(reader, "SELECT nme FROM people").code == "name_error"
    for case in SPARK.reads:
        run(reader, case)


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("ADD JAR '/x.jar'", 0),
        ("CREATE FUNCTION f AS 'a.B' USING JAR '/x.jar'", 0),
        ("CREATE OR REPLACE TEMPORARY FUNCTION f AS 'a.B'", 0),
        ("SELECT TRANSFORM(id) USING 'cat' FROM people", 21),
        ("SELECT TRANSFORM(id) USING r'cat' FROM people", 21),
        ("SELECT TRANSFORM(id) USING :program FROM people", 21),
        ("SELECT reflect('java.lang.System', 'getenv', 'HOME')", 7),
        ("SELECT \"reflect\"('java.lang.System', 'getenv', 'HOME')", 7),
        ("SELECT `java_method` ('java.lang.System', 'exit', 0)", 7),
        ("SELECT IDENTIFIER('ref' || 'lect')('java.lang.System', 'exit', 0)", 7),
        ("INSERT OVERWRITE LOCAL DIRECTORY '/tmp/x' SELECT 1", 7),
        ("EXECUTE IMMEDIATE 'SELECT 1'", 0),
        ("BEGIN SELECT 1", 0),
        ("SET spark.sql.runSQLOnFiles = true", 0),
        ("SET spark.sql.catalog.x = org.apache.spark.X", 0),
        ("RESET", 0),
        ("RESET;", 0),
        ("RESET spark.sql.runSQLOnFiles", 0),
        ("/**/ reset `spark.sql.runSQLOnFiles`;", 5),
    ],
)
def test_what_reaches_beyond_the_source_is_refused(sql: str, at: int) -> None:
    shape = look(sql)
    assert shape.refusal is not None
    assert shape.refusal.code == "permission_denied"
    assert shape.refusal.hint
    assert shape.refused_at == at


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT transform(array(1), x -> x + 1)",
        "SELECT * FROM a JOIN b USING (reflect)",
        "SELECT 'reflect(' AS reflect",
        "SELECT * FROM IDENTIFIER('people') WHERE IDENTIFIER('id') > (1)",
        "CREATE TEMPORARY FUNCTION twice(x INT) RETURNS INT RETURN 2 * x",
        "SET spark.sql.shuffle.partitions = 3",
        "RESET spark.sql.shuffle.partitions",
    ],
)
def test_what_only_looks_like_it_is_not(sql: str) -> None:
    assert look(sql).refusal is None


# --- what there is -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_catalogue_has_schemas_views_and_rows(
    spark: Server, options: dict[str, str], tmp_path: Path
) -> None:
    other = spark.create_schema(
        "CREATE TABLE `select` (`a: b` DECIMAL(9, 2) NOT NULL, c ARRAY<STRUCT<d: INT>>)",
        "INSERT INTO `select` VALUES (1, NULL)",
        "ANALYZE TABLE `select` COMPUTE STATISTICS",
        "CREATE VIEW seen AS SELECT 1 AS one",
    )
    with opened(SPARK, options, tmp_path) as session:
        run(session, "CREATE TEMPORARY VIEW mine AS SELECT 1 AS one")
        tables = {table.name_in_sql: table for table in session.catalogue().tables}
        table = tables[f"{other}.`select`"]
        assert (table.kind, table.rows, table.rows_exact) == ("table", 1, False)
        assert [(column.name, column.type) for column in table.columns] == [
            ("a: b", "decimal(9,2)"),
            ("c", "array"),
        ]
        assert tables[f"{other}.seen"].kind == "view"
        assert tables["mine"].catalog_schema is None
        for name in (f"{other}.`select`", f"{other}.seen", "mine", "people"):
            run(session, f"SELECT * FROM {tables[name].name_in_sql}")
        estimate = session.estimate(session.parse("SELECT * FROM range(1000)")[0])
        assert estimate.rows == 1000
        assert estimate.bytes == pytest.approx(8000, rel=0.01)


# --- reaching it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        ({"port": "1"}, "connection refused", "Connect server runs"),
        ({"host": "no-such-host.invalid"}, "nobody knows the address", "network"),
        ({"hots": "x"}, "no option 'hots'", "host, port, user"),
        ({"port": "many"}, "'many' is no port", "15002"),
        ({"url": "http://canary:canary@x"}, "url is not one of Spark Connect's", "sc://host"),
        ({"url": "sc://h/;canary"}, "is not name=value", "sc://host"),
    ],
)
def test_a_source_that_cannot_be_reached(change: dict[str, str], said: str, hint: str) -> None:
    with pytest.raises(EngineError) as caught, opened(SPARK, change, Path()):
        pass
    error = caught.value.error
    assert error.code == "source_unavailable"
    assert said in error.message
    assert hint in (error.hint or "")
    assert "canary" not in str(error)
    assert caught.value.__cause__ is None, "its text would be in the log"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "no_such_schema"}, "no_such_schema"),
        ({"catalog": "no_such_catalog"}, "no_such_catalog"),
        ({"tls": "true"}, "cannot be reached"),
        ({"host": "127.0.0.1", "token": "the-token-canary"}, "cannot be reached"),
    ],
)
def test_a_source_that_is_described_wrongly(
    options: dict[str, str], change: dict[str, str], said: str
) -> None:
    with pytest.raises(EngineError) as caught, opened(SPARK, {**options, **change}, Path()):
        pass
    assert caught.value.error.code == "source_unavailable"
    assert said in caught.value.error.message
    assert caught.value.error.hint
    assert "canary" not in str(caught.value.error)


def test_what_a_url_says_and_what_comes_before_it() -> None:
    url = "sc://db.example:443/;token=a%3Bb;use_ssl=true;user_id=ada;x-cluster=c1;session_id=mine"
    target = read_options({"url": url, "port": "444", "spark.sql.shuffle.partitions": "3"})
    assert (target.host, target.port) == ("db.example", 444)
    assert target.parameters == {
        "x-cluster": "c1", "user_id": "ada", "token": "a;b", "use_ssl": "true"
    }  # fmt: skip
    assert target.settings["spark.sql.shuffle.partitions"] == "3"
    assert target.url("t").endswith(f";use_ssl=true;session_id={session_id('t')}")
    assert target.without_secrets(f"{url} a;b c1") == "*** *** ***"


@pytest.mark.slow
def test_a_url_is_enough(spark: Server, tmp_path: Path) -> None:
    with opened(SPARK, {"url": f"sc://127.0.0.1:{spark.port}"}, tmp_path) as session:
        assert rows(run(session, "SELECT current_user() IS NOT NULL")) == [(True,)]


def test_a_missing_client_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pyspark'] = None\n"
        "from longwatch.engines.registry import load_engine\n"
        "try: load_engine('spark')\n"
        "except LookupError as error: print(error.args[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'pyspark'" in done.stdout
    assert "pip install 'longwatch[spark]'" in done.stdout


# --- sessions ------------------------------------------------------------------------------------


class Drawing(threading.Thread):
    """Draws a query to its end, and keeps what ended it."""

    def __init__(self, session: Session, sql: str) -> None:
        super().__init__(daemon=True)
        self._session, self._sql = session, sql
        self.ended: BaseException | None = None
        self.start()

    def interrupt(self) -> None:
        """Until it has ended."""
        wait_until(lambda: self._session.interrupt() or not self.is_alive())

    def run(self) -> None:
        try:
            run(self._session, self._sql)
        except BaseException as error:
            self.ended = error


@pytest.mark.slow
def test_progress_is_measured_by_tasks(spark: Server, tag: str) -> None:
    sql = (
        "SELECT sum(hash(id, x)) FROM range(0, 40, 1, 40) "
        "LATERAL VIEW explode(sequence(1, 3000000)) AS x"
    )
    with spark.session(tag) as session:
        drawing, seen = Drawing(session, sql), set()
        while drawing.is_alive():
            seen.add(session.poll().fraction)
            drawing.join(0.01)
        assert drawing.ended is None
    between = {one for one in seen if one is not None and 0 < one < 1}
    assert len(between) > 2
    assert session.poll().memory_bytes is None


@pytest.mark.slow
@pytest.mark.parametrize("busy_with", ["scan", "join"])
def test_an_interrupt_ends_the_jobs_in_spark(spark: Server, tag: str, busy_with: str) -> None:
    with spark.session(tag) as session:
        drawing = Drawing(session, SPARK.endless[busy_with])
        wait_until(lambda: spark.running(tag))
        drawing.interrupt()
        assert isinstance(drawing.ended, Interrupted)
        wait_until(lambda: not spark.running(tag), patience_s=GONE_S)
        assert rows(run(session, "SELECT 7")) == [(7,)]


@pytest.mark.slow
def test_an_interrupt_between_two_stages_leaves_no_job(spark: Server, tag: str) -> None:
    """Of a query that Spark compiles anew each time, which it does before it starts the second."""
    with spark.session(tag) as session:
        for number in range(8):
            sql = SPARK.endless["join"].replace("1000003", str(1_000_003 + number))
            drawing = Drawing(session, sql)
            wait_until(lambda: spark.running(tag))
            time.sleep(0.04 * number)
            drawing.interrupt()
            time.sleep(0.5)  # in which it would begin
            assert spark.running(tag) == []


@pytest.mark.slow
def test_a_write_can_be_interrupted(spark: Server, options: dict[str, str], tag: str) -> None:
    with spark.session(tag, schema=options["schema"], writable="true") as session:
        drawing = Drawing(session, "CREATE TABLE big AS SELECT id FROM range(1000000000000)")
        wait_until(lambda: spark.running(tag))
        drawing.interrupt()
        assert isinstance(drawing.ended, Interrupted)
        wait_until(lambda: not spark.running(tag), patience_s=GONE_S)


@pytest.mark.slow
def test_an_interrupt_that_comes_too_late_harms_nothing(shared: Session) -> None:
    for _ in range(5):
        assert rows(run(shared, "SELECT 7")) == [(7,)]
        for _ in range(20):
            shared.interrupt()


@pytest.mark.slow
def test_closing_ends_what_was_not_read_to_its_end(spark: Server, tag: str) -> None:
    with spark.session(tag) as session:
        statement = session.parse(SPARK.wide.format(n=10**9))[0]
        _, batches = session.execute(statement, 1000)
        next(batches)
        assert spark.running(tag)
    wait_until(lambda: not spark.running(tag), patience_s=GONE_S)


@pytest.mark.slow
def test_a_sweep_ends_what_bears_the_tag(spark: Server, tag: str) -> None:
    engine = load_engine("spark")
    with spark.session(tag) as swept, spark.session(f"{tag}0") as other:
        drawing = Drawing(swept, SPARK.endless["scan"])
        wait_until(lambda: spark.running(tag))
        assert engine.sweep(spark.options(), tag)
        assert not spark.running(tag)
        drawing.join(10)
        assert isinstance(drawing.ended, EngineError)
        assert drawing.ended.error.code in {"engine_error", "source_unavailable"}
        assert rows(run(other, "SELECT 7")) == [(7,)]
        assert problem(swept, "SELECT 7").code == "source_unavailable"
    assert engine.sweep(spark.options(), tag), "again, when there is none"
    assert engine.sweep(spark.options(), "never was")


def test_a_sweep_of_a_server_that_is_away() -> None:
    options = {"port": "1", "token": "the-token-canary"}
    with pytest.raises(EngineError) as caught:
        load_engine("spark").sweep(options, "swept")
    assert caught.value.error.code == "source_unavailable"
    assert "canary" not in str(caught.value.error)


@pytest.mark.slow
def test_statements_count_as_what_spark_takes_them_for(shared: Session) -> None:
    (query,) = shared.parse("WITH insert AS (SELECT 1 AS delete) SELECT delete FROM insert")
    assert query.kind is StatementKind.READ
    assert rows(run(shared, query.sql)) == [(1,)]


# --- through a server ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def longwatch(
    options: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LongwatchServer]:
    data_dir = tmp_path_factory.mktemp("server") / "data"
    settings = {
        "sources": {"spark": {"engine": "spark", "options": options}},
        "default_source": "spark",
        "max_attempts": 1,
    }
    with serving(data_dir, **settings) as (_, address), Client(address) as client:
        yield LongwatchServer(data_dir, client)


def tag_of(job: JobHandle) -> str:
    return attempt_tag(job.id, job.status().attempt)


@pytest.mark.slow
def test_a_job_returns_its_rows(longwatch: LongwatchServer) -> None:
    job = longwatch.client.submit(
        "CREATE TEMP VIEW v AS SELECT * FROM people WHERE id >= :least; SELECT name FROM v",
        parameters={"least": 2},
    )
    assert job.result(60).fetchall() == [("Zoë",)]
    job = longwatch.client.submit(SPARK.numbers.format(n=300_000))
    assert job.result(60).arrow()["n"].to_pylist() == list(range(300_000))


@pytest.mark.slow
def test_a_cancelled_job_is_gone_from_spark(longwatch: LongwatchServer, spark: Server) -> None:
    job = longwatch.client.submit(SPARK.endless["scan"])
    longwatch.executing(job)
    wait_until(lambda: spark.running(tag_of(job)))
    job.cancel()
    status = job.wait(20)
    assert status.state is JobState.CANCELLED
    assert status.cancel_confirmed is True
    assert not spark.running(tag_of(job))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_runner_that_is_killed_leaves_no_query(longwatch: LongwatchServer, spark: Server) -> None:
    job = longwatch.client.submit(SPARK.endless["scan"])
    longwatch.executing(job)
    wait_until(lambda: spark.running(tag_of(job)))
    runner = longwatch.runner(job)
    runner.kill()
    status = job.wait(20)
    assert status.state in {JobState.LOST, JobState.FAILED}
    assert not spark.running(tag_of(job)), "once the job is over, so is its query"
    assert not is_alive(runner)
