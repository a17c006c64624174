"""A PostgreSQL source is read, and no more, whoever its role is; what its role may do on the server
is the boundary of the rest.

Each hostile statement is run by a plain role and by a superuser; what reaches the server, in a
session of its own. What counts is what became of the tables, the server's files and its settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.protocol.jobs import StatementKind
from support.engines import ENGINES, opened, problem, rows, run
from support.postgres import PLAIN, SUPERUSER, Cluster, cluster

pytestmark = pytest.mark.slow

POSTGRES = next(case for case in ENGINES if case.name == "postgres")
SECRET = "the-canary-that-nobody-may-hear"

REFUSED = [
    "COPY people TO '{folder}/new'",
    "COPY people FROM '{secret}'",
    "COPY people TO PROGRAM 'touch {folder}/new'",
    "COPY people FROM PROGRAM 'echo 3'",
    "COPY people TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'touch {folder}/new'",
    "/* ; */ COPY people TO PROGRAM 'touch {folder}/new'",
    "SELECT $$'$$; COPY people TO PROGRAM 'touch {folder}/new' --'",
    "SELECT E'\\''; COPY people TO PROGRAM 'touch {folder}/new' --'",
    "SELECT 'a\\'; COPY people TO PROGRAM 'touch {folder}/new' --'",
    "SELECT pg_read_file('{secret}')",
    "SELECT pg_catalog.pg_read_file('{secret}')",
    "SELECT \"pg_read_file\" ('{secret}')",
    "SELECT U&\"pg\\005fread_file\"('{secret}')",
    "SELECT PG_READ_BINARY_FILE('{secret}')",
    "SELECT pg_read_file /* why */ ('{secret}')",
    "EXPLAIN ANALYZE SELECT pg_read_file('{secret}')",
    "SELECT pg_stat_file('{secret}')",
    "SELECT * FROM pg_ls_dir('{folder}')",
    "SELECT * FROM pg_ls_logdir()",
    "SELECT lo_import('{secret}')",
    "SELECT lo_export(1, '{folder}/new')",
    "SELECT * FROM dblink('dbname=postgres', 'DELETE FROM people') AS t (a int)",
    "SELECT dblink_connect('dbname=postgres')",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_reload_conf()",
    "SET ROLE postgres",
    "SET LOCAL ROLE postgres",
    "SET role = 'postgres'",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION postgres",
    "RESET SESSION AUTHORIZATION",
    "SET default_transaction_read_only = off; DELETE FROM people",
    "SET LOCAL default_transaction_read_only TO off",
    'SET "default_transaction_read_only" = off; DELETE FROM people',
    "RESET default_transaction_read_only; DELETE FROM people",
    "RESET ALL; DELETE FROM people",
    "DISCARD ALL",
    "SET TRANSACTION READ WRITE",
    "BEGIN; SET TRANSACTION READ WRITE; DELETE FROM people; COMMIT",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; DELETE FROM people",
    "BEGIN READ WRITE; DELETE FROM people; COMMIT",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE; DELETE FROM people; COMMIT",
    "SET application_name = 'somebody else'",
    "SET client_encoding = 'SJIS'",
    "SET standard_conforming_strings = off",
    "SET client_connection_check_interval = 0",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "LOAD '{folder}/evil.so'",
    "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM people; END $$",
    "CALL change()",
]
READ_ONLY = [
    "DELETE FROM people",
    "UPDATE people SET name = 'Eve'",
    "INSERT INTO people VALUES (3, 'Eve')",
    "INSERT INTO people VALUES (3, 'Eve') RETURNING id",
    "WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM people",
    "TRUNCATE people",
    "DROP TABLE people",
    "CREATE TABLE t (a int)",
    "SELECT * INTO t FROM people",
    "CREATE TEMP TABLE t AS SELECT change() AS a",
    "SELECT change()",
    "SELECT * FROM changing",
    "SELECT nextval('numbers')",
    "PREPARE p AS DELETE FROM people; EXECUTE p",
    "BEGIN; DELETE FROM people; COMMIT",
    "SELECT set_config('default_transaction_read_only', 'off', false); DELETE FROM people",
    "SELECT set_config('default_' || 'transaction_read_only', 'off', false); DELETE FROM people",
    "BEGIN; SELECT set_config('transaction_read_only', 'off', true); DELETE FROM people; COMMIT",
    "BEGIN; SELECT set_config('default_transaction_read_only', 'off', false); COMMIT; "
    "DELETE FROM people",
]


@pytest.fixture
def server() -> Cluster:
    return cluster()


def make_source(folder: Path) -> dict[str, str]:
    """A source with a function that writes, and a view of it."""
    found = POSTGRES.make_source(folder / "source")
    with cluster().admin(found["dbname"]) as admin:
        for statement in (
            "CREATE FUNCTION change() RETURNS integer LANGUAGE sql AS "
            "$$ DELETE FROM people; SELECT 1 $$",
            "CREATE VIEW changing AS SELECT change()",
            "CREATE SEQUENCE numbers",
            f"GRANT ALL ON changing, numbers TO {PLAIN}",
        ):
            admin.execute(statement.encode())
    return found


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One for all that must not change it."""
    return make_source(tmp_path_factory.mktemp("jail"))


@pytest.fixture(scope="module")
def admin(options: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to that one."""
    with cluster().admin(options["dbname"]) as connection:
        yield connection


@pytest.fixture(scope="module", params=[PLAIN, SUPERUSER])
def shared(
    request: pytest.FixtureRequest,
    options: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """One session a role, for all that leaves nothing in it."""
    given = {**options, "user": request.param}
    with opened(POSTGRES, given, tmp_path_factory.mktemp("shared")) as session:
        yield session


@pytest.fixture
def secret(server: Cluster) -> Path:
    path = server.folder / "secret"
    path.write_text(SECRET, encoding="ascii")
    path.chmod(0o644)
    return path


def people(admin: psycopg.Connection[Any]) -> list[tuple[object, ...]]:
    return admin.execute("SELECT id, name FROM people ORDER BY id").fetchall()


@pytest.mark.parametrize("template", REFUSED)
def test_what_is_refused_before_the_server_sees_it(
    server: Cluster,
    admin: psycopg.Connection[Any],
    shared: Session,
    secret: Path,
    template: str,
) -> None:
    before = {path.name for path in server.folder.iterdir()}
    sql = template.format(folder=server.folder, secret=secret)
    error = problem(shared, sql)
    assert error.code == "permission_denied"
    assert error.message
    assert error.hint
    assert error.line == 1
    assert error.column is not None
    assert SECRET not in str(error)
    assert people(admin) == [(1, "Ada"), (2, "Zoë")]
    assert {path.name for path in server.folder.iterdir()} == before


@pytest.mark.parametrize("user", [PLAIN, SUPERUSER])
@pytest.mark.parametrize("sql", READ_ONLY)
def test_what_a_transaction_that_only_reads_refuses(
    options: dict[str, str],
    admin: psycopg.Connection[Any],
    tmp_path: Path,
    user: str,
    sql: str,
) -> None:
    with opened(POSTGRES, {**options, "user": user}, tmp_path) as session:
        error = problem(session, sql)
    assert error.code == "permission_denied" or "read-write mode" in error.message
    assert people(admin) == [(1, "Ada"), (2, "Zoë")]


@pytest.mark.parametrize(
    "given", ["-c default_transaction_read_only=off", "-c DateStyle=ISO -c TimeZone=UTC\\"]
)
def test_options_of_the_session_do_not_open_it(
    options: dict[str, str], admin: psycopg.Connection[Any], tmp_path: Path, given: str
) -> None:
    """The second one's backslash takes the space before what is added to it."""
    with (
        pytest.raises(EngineError) as caught,
        opened(POSTGRES, {**options, "options": given}, tmp_path) as session,
    ):
        run(session, "DELETE FROM people")
    assert caught.value.error.code in {"permission_denied", "source_unavailable"}
    assert people(admin) == [(1, "Ada"), (2, "Zoë")]


def test_what_no_word_tells_is_the_roles_to_refuse(
    options: dict[str, str], secret: Path, tmp_path: Path
) -> None:
    """The rights of the role are the boundary: a string may hold any SQL."""
    sql = f"SELECT query_to_xml('SELECT pg_' || 'read_file(''{secret}'')', true, true, '')::text"
    with opened(POSTGRES, options, tmp_path) as session:
        error = problem(session, sql)
    assert error.code == "permission_denied"
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'COPY people' AS \"COPY\" -- COPY",
        "SELECT $x$ COPY people TO 'y'; $x$, id AS copy FROM people",
        "SELECT 'pg_read_file(1)', 1 AS pg_read_file",
        "SELECT /* COPY people TO STDOUT; /* nested */ ; */ 1",
        "SET work_mem = '8MB'; SET TIME ZONE 'UTC'; SET search_path = public; RESET work_mem",
        "BEGIN READ ONLY; SELECT 1; COMMIT",
        "START TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1; ROLLBACK",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "PREPARE p (int) AS SELECT $1; EXECUTE p(1)",
    ],
)  # fmt: skip
def test_what_only_looks_hostile_is_run(options: dict[str, str], tmp_path: Path, sql: str) -> None:
    with opened(POSTGRES, options, tmp_path) as session:
        run(session, sql)


# --- temporary tables in a source that is only read ----------------------------------------------


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("CREATE TEMP TABLE t AS SELECT * FROM people; SELECT * FROM t", 2),
        ("create local temporary table t (n) as (select id from people); SELECT n FROM t", 2),
        ("CREATE TEMP TABLE pg_temp.t AS TABLE people WITH DATA; SELECT * FROM pg_temp.t", 2),
        ("CREATE TEMP TABLE t AS VALUES (1), (2), (3) WITH NO DATA; SELECT * FROM t", 0),
        ('CREATE TEMP TABLE "A t" ON COMMIT PRESERVE ROWS AS SELECT 1; SELECT * FROM "A t"', 1),
        ("CREATE TEMP TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int DEFAULT 5); "
         "INSERT INTO t (b) SELECT id FROM people; SELECT * FROM t", 2),
        ("CREATE TEMP TABLE IF NOT EXISTS t (a int); SELECT * FROM t", 0),
        ("CREATE TEMP TABLE people AS SELECT 1 AS id; SELECT * FROM people", 1),
        ("CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1), (2); UPDATE t SET a = 3; "
         "DELETE FROM t WHERE a > 9; SELECT * FROM t", 2),
        ("CREATE TEMP TABLE t AS WITH p AS (SELECT * FROM people) SELECT * FROM p; TABLE t", 2),
    ],
)  # fmt: skip
def test_temporary_tables(
    options: dict[str, str], admin: psycopg.Connection[Any], tmp_path: Path, sql: str, count: int
) -> None:
    with opened(POSTGRES, options, tmp_path) as session:
        assert run(session, sql).num_rows == count
        assert problem(session, "DELETE FROM public.people").code == "permission_denied"
    assert people(admin) == [(1, "Ada"), (2, "Zoë")]


def test_a_temporary_table_that_cannot_be_made_leaves_the_source_only_read(
    options: dict[str, str], tmp_path: Path
) -> None:
    with opened(POSTGRES, options, tmp_path) as session:
        assert problem(session, "CREATE TEMP TABLE t (a int, a int)").code == "name_error"
        assert problem(session, "DELETE FROM people").code == "permission_denied"
        error = problem(session, "BEGIN; CREATE TEMP TABLE t (a int)")
        assert error.code == "permission_denied"


# --- sources that may be changed -----------------------------------------------------------------


@pytest.fixture
def writable(tmp_path: Path) -> dict[str, str]:
    return {**make_source(tmp_path), "writable": "true"}


@pytest.fixture
def changed(writable: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's connection to that one."""
    with cluster().admin(writable["dbname"]) as connection:
        yield connection


def kind(session: Session, sql: str) -> StatementKind:
    (statement,) = session.parse(sql)
    return statement.kind


def test_a_source_that_may_be_changed(
    writable: dict[str, str], changed: psycopg.Connection[Any], tmp_path: Path
) -> None:
    with opened(POSTGRES, writable, tmp_path) as session:
        assert rows(run(session, "INSERT INTO people VALUES (3, 'Eve') RETURNING name")) == [
            ("Eve",)
        ]
        run(session, "BEGIN; DELETE FROM people WHERE id = 1; ROLLBACK")
        run(session, "BEGIN; DELETE FROM people WHERE id = 2; COMMIT")
        run(session, "DO $$ BEGIN UPDATE people SET name = 'Bob' WHERE id = 3; END $$")
        assert problem(session, "COPY people TO STDOUT").code == "permission_denied"
        with pytest.raises(EngineError):
            run(session, "SET ROLE postgres")
    assert people(changed) == [(1, "Ada"), (3, "Bob")]


def test_there_what_calls_unknown_functions_counts_as_writing(
    writable: dict[str, str], changed: psycopg.Connection[Any], tmp_path: Path
) -> None:
    with opened(POSTGRES, writable, tmp_path) as session:
        for sql in (
            "SELECT count(*), max(name), coalesce(min(id), 0) FROM people WHERE id IN (1, 2)",
            "SELECT left(name, 1), now(), random() FROM people",
            "SELECT pg_catalog.lower(name), row_number() OVER (ORDER BY id) FROM people",
        ):
            assert kind(session, sql) is StatementKind.READ, sql
        for sql in (
            "SELECT change()",
            "SELECT public.change()",
            "SELECT nextval('numbers')",
            "SELECT set_config('a.b', '1', false)",
            "SELECT pg_notify('a', 'b')",
        ):
            assert kind(session, sql) is StatementKind.WRITE, sql
        run(session, "SELECT change()")
    assert people(changed) == []


def test_there_what_counts_as_reading_cannot_write(
    writable: dict[str, str], changed: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """A view calls the function: no word of the query tells."""
    with opened(POSTGRES, writable, tmp_path) as session:
        assert kind(session, "SELECT * FROM changing") is StatementKind.READ
        assert problem(session, "SELECT * FROM changing").code == "permission_denied"
        assert people(changed) == [(1, "Ada"), (2, "Zoë")]
        run(session, "BEGIN; SELECT * FROM changing; COMMIT")
    assert people(changed) == []
