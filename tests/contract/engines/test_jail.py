"""A query reaches its source, to read it, and nothing else: every engine of local files.

Each hostile statement is run in a session of its own, over a folder that lies beside what it must
not reach. What counts is not what it is told, but that no secret comes back and no file changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from longwatch.engines.contract import EngineError, Session
from longwatch.runner.confine import confine
from support.engines import ENGINES, opened, rows, run

SECRET = "the-canary-that-nobody-may-hear"
DUCKDB = next(case for case in ENGINES if case.name == "duckdb")

READS = [
    "SELECT * FROM read_csv('{outside}/secret.csv')",
    "FROM '{outside}/secret.csv'",
    "SELECT * FROM read_csv('{source}/../outside/secret.csv')",
    "SELECT * FROM read_csv('{source}/link.csv')",
    "FROM link",
    "SELECT * FROM read_csv('{source}/linked/secret.csv')",
    "SELECT * FROM read_csv('{source}-sibling/secret.csv')",
    "SELECT * FROM read_csv(['{source}/people.csv', '{outside}/secret.csv'])",
    "SELECT content FROM read_text('{outside}/secret.csv')",
    "SELECT content FROM read_blob('/proc/self/environ')",
    "SELECT content FROM read_text('/proc/self/cwd/secret.csv')",
    "SELECT content FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('{outside}/*')",
    "SELECT * FROM read_json('{outside}/secret.csv')",
    "SELECT * FROM sniff_csv('{outside}/secret.csv')",
    "SELECT * FROM parquet_metadata('{outside}/secret.parquet')",
    "SELECT * FROM query('FROM read_text(''{outside}/secret.csv'')')",
    "SELECT * FROM query_table('{outside}/secret.csv')",
    "WITH x AS (FROM read_text('{outside}/secret.csv')) SELECT * FROM x",
    "CREATE VIEW v AS FROM read_text('{outside}/secret.csv'); FROM v",
    "CREATE MACRO m(f) AS TABLE FROM read_text(f); FROM m('{outside}/secret.csv')",
    "CREATE TYPE t AS ENUM (SELECT content FROM read_text('{outside}/secret.csv'))",
    "SET VARIABLE f = '{outside}/secret.csv'; FROM read_text(getvariable('f'))",
    "FROM read_duckdb('{outside}/secret.duckdb')",
    "ATTACH '{outside}/secret.duckdb' AS s; FROM s.secret",
    "ATTACH '{source}/other.duckdb' AS s (READ_ONLY)",
    "CREATE TABLE t (a TEXT); COPY t FROM '{outside}/secret.csv'; FROM t",
    "IMPORT DATABASE '{outside}'",
    "PRAGMA import_database('{source}')",
    "PRAGMA /* é */ \"import_database\"('{source}')",
    "FROM read_csv('http://127.0.0.1:9/x.csv')",
    "FROM read_parquet('s3://bucket/x.parquet')",
    "FROM duckdb_secrets()",
    "SELECT getenv('LONGWATCH_CANARY')",
    "EXPLAIN ANALYZE FROM read_text('{outside}/secret.csv')",
]

WRITES = [
    "COPY (SELECT 1) TO '{outside}/new.csv'",
    "COPY (SELECT 1) TO '{source}/people.csv'",
    "COPY people TO '{source}/new.csv'",
    "COPY (SELECT 1) TO '.tmp/new.csv'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{source}/people.csv'",
    "EXPLAIN /* é */ (ANALYZE, FORMAT json) COPY (SELECT 1) TO '{source}/new.csv'",
    "PREPARE p AS COPY (SELECT 1) TO '{source}/people.csv'; EXECUTE p",
    "EXPORT DATABASE '{source}/exported'",
    "EXPORT DATABASE '{outside}/exported'",
    "ATTACH '{source}/new.duckdb' AS n; CREATE TABLE n.t (a INTEGER)",
    "ATTACH ':memory:' AS n; COPY FROM DATABASE memory TO n",
    "INSTALL httpfs",
    "FORCE INSTALL httpfs FROM '{source}'",
    "LOAD '{source}/evil.duckdb_extension'",
    "UPDATE EXTENSIONS",
    "CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "CALL enable_logging(storage = 'file', storage_config = {{'path': '{source}'}})",
    "PRAGMA profiling_output = '{source}/people.csv'",
    "INSERT INTO people VALUES (3, 'Eve')",
    "CALL start_ui()",
]

SETTINGS = [
    "SET memory_limit = '100GB'",
    "SET threads = 64",
    "SET max_temp_directory_size = '1TB'",
    "SET temp_directory = '{outside}'",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET lock_configuration = false",
    "SET GLOBAL home_directory = '{outside}'",
    "RESET memory_limit",
    "PRAGMA memory_limit = '100GB'",
    "SET errors_as_json = false",
]


@dataclass(frozen=True, slots=True)
class Ground:
    source: Path
    outside: Path

    def sql(self, template: str) -> str:
        return template.format(source=self.source, outside=self.outside)

    def contents(self) -> dict[str, bytes]:
        found = (path for path in self.source.parent.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in found}


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    root = tmp_path / "ground"
    ground = Ground(root / "source", root / "outside")
    root.mkdir()
    DUCKDB.make_source(ground.source)
    for folder in (ground.outside, root / "source-sibling"):
        folder.mkdir()
        (folder / "secret.csv").write_text(f"secret\n{SECRET}\n", encoding="utf-8")
        (folder / "schema.sql").write_text(f"CREATE TABLE {SECRET!r} (a INTEGER);")
        (folder / "load.sql").write_text("")
    (ground.source / "schema.sql").write_text("COPY (SELECT 1) TO 'written-by-import.csv';")
    (ground.source / "load.sql").write_text("")
    (ground.source / "link.csv").symlink_to(ground.outside / "secret.csv")
    (ground.source / "linked").symlink_to(ground.outside, target_is_directory=True)
    monkeypatch.setenv("LONGWATCH_CANARY", SECRET)
    monkeypatch.chdir(ground.outside)
    return ground


@contextmanager
def in_jail(ground: Ground, tmp_path: Path) -> Iterator[Session]:
    with opened(DUCKDB, {"path": str(ground.source)}, tmp_path) as session:
        yield session


def told(session: Session, sql: str) -> str:
    """All that whoever sent `sql` gets to see."""
    try:
        return str(rows(run(session, sql)))
    except EngineError as error:
        return str(error.error)


@pytest.mark.parametrize("template", READS)
def test_nothing_outside_is_read(ground: Ground, tmp_path: Path, template: str) -> None:
    with in_jail(ground, tmp_path) as session:
        heard = told(session, ground.sql(template))
    assert SECRET not in heard
    assert "root:" not in heard
    assert "permission_denied" in heard or "name_error" in heard or "syntax_error" in heard


@pytest.mark.parametrize("template", WRITES)
def test_nothing_is_written(ground: Ground, tmp_path: Path, template: str) -> None:
    before = ground.contents()
    with in_jail(ground, tmp_path) as session, pytest.raises(EngineError):
        run(session, ground.sql(template))
    assert ground.contents() == before


@pytest.mark.parametrize("template", SETTINGS)
def test_no_setting_changes(ground: Ground, tmp_path: Path, template: str) -> None:
    with in_jail(ground, tmp_path) as session:
        before = rows(run(session, "SELECT name, value FROM duckdb_settings()"))
        with pytest.raises(EngineError):
            run(session, ground.sql(template))
        assert rows(run(session, "SELECT name, value FROM duckdb_settings()")) == before


def test_the_source_itself_can_be_read(ground: Ground, tmp_path: Path) -> None:
    with in_jail(ground, tmp_path) as session:
        for sql in ("FROM people", ground.sql("FROM read_csv('{source}/people.csv')")):
            assert rows(run(session, sql)) == [(1, "Ada"), (2, "Zoë")]


def test_memory_of_the_session_can_be_written(ground: Ground, tmp_path: Path) -> None:
    with in_jail(ground, tmp_path) as session:
        sql = "CREATE TABLE t AS FROM people; DELETE FROM t WHERE id = 1; SELECT name FROM t"
        assert rows(run(session, sql)) == [("Zoë",)]


def test_a_database_file_is_opened_read_only(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "odd 'name.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS a; CREATE SCHEMA s")
        connection.execute("CREATE VIEW s.v AS SELECT a + 1 AS b FROM t")
    before = path.read_bytes()
    with opened(DUCKDB, {"path": str(path)}, tmp_path) as session:
        assert rows(run(session, "SELECT a, (SELECT b FROM s.v) FROM t")) == [(7, 8)]
        for sql in (
            "DELETE FROM t",
            "DROP TABLE t",
            "CREATE TABLE u (a INTEGER)",
            f"COPY t TO '{path}'".replace("'name", "''name"),
            f"ATTACH '{path}' AS again".replace("'name", "''name"),
            "DETACH source",
        ):
            with pytest.raises(EngineError):
                run(session, sql)
    assert path.read_bytes() == before


def test_one_file_as_a_source_is_alone(ground: Ground, tmp_path: Path) -> None:
    other = ground.source / "other.csv"
    other.write_text(f"secret\n{SECRET}\n")
    with opened(DUCKDB, {"path": str(ground.source / "people.csv")}, tmp_path) as session:
        assert run(session, "FROM people").num_rows == 2
        assert SECRET not in told(session, f"FROM read_csv('{other}')")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the confinement is Linux's")
def test_the_kernel_keeps_a_confined_process_from_writing(tmp_path: Path) -> None:
    """Whatever gets past an engine's own jail meets this one."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "there.txt").write_text("as it was")
    script = f"""
import os, socket, subprocess, sys, threading
from pathlib import Path
from longwatch.runner.confine import confine
inside, outside = Path({str(inside)!r}), Path({str(outside)!r})
listener = socket.create_server(("127.0.0.1", 0))
if not confine(inside, network=False):
    sys.exit(77)
(inside / "new.txt").write_text("x")
(inside / "folder").mkdir()
(inside / "new.txt").rename(inside / "moved.txt")
(inside / "moved.txt").unlink()
assert (outside / "there.txt").read_text() == "as it was"
attempts = [
    lambda: (outside / "there.txt").write_text("x"),
    lambda: (outside / "there.txt").unlink(),
    lambda: os.truncate(outside / "there.txt", 0),
    lambda: (outside / "new.txt").write_text("x"),
    lambda: (outside / "folder").mkdir(),
    lambda: (inside / "folder").rename(outside / "folder"),
    lambda: (inside / "link").symlink_to(outside),
    lambda: subprocess.run([sys.executable, "-c", ""]),
    lambda: socket.create_connection(listener.getsockname()),
    lambda: socket.create_server(("127.0.0.1", 0)),
]
failed = []
def attempt(number, action):
    try:
        action()
    except OSError:
        return
    failed.append(number)
for number, action in enumerate(attempts):
    thread = threading.Thread(target=attempt, args=(number, action))
    thread.start()
    thread.join()
sys.exit(f"these got through: {{failed}}" if failed else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock")
    assert done.returncode == 0, done.stderr
    assert (outside / "there.txt").read_text() == "as it was"


def test_confining_says_when_it_cannot(tmp_path: Path) -> None:
    assert not confine(tmp_path / "not there", network=False)
