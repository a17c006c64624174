"""What only SQLite has: any type in any column, journals beside the file, damaged files."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from longwatch.engines import sqlite_source
from longwatch.engines.contract import EngineError, Session
from support.engines import ENGINES, MIB, opened, problem, rows, run

SQLITE = next(case for case in ENGINES if case.name == "sqlite")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(SQLITE.make_source(tmp_path / "source")["path"])


@pytest.fixture
def session(path: Path, tmp_path: Path) -> Iterator[Session]:
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        yield session


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)


@pytest.mark.parametrize(
    ("values", "arrow", "expected"),
    [
        ("1, 2, NULL", "int64", [1, 2, None]),
        ("1, 2.5, NULL", "double", [1.0, 2.5, None]),
        ("'a', '', NULL", "string", ["a", "", None]),
        ("x'00ff', NULL, x''", "binary", [b"\x00\xff", None, b""]),
        ("1, 'a', 2.5", "string", ["1", "a", "2.5"]),
        ("'a', x'ff', NULL", "string", ["a", "ff", None]),
        ("NULL, NULL, NULL", "string", [None, None, None]),
        (f"{2**63 - 1}, {-(2**63)}, 0", "int64", [2**63 - 1, -(2**63), 0]),
        ("9e999, -9e999, 0.5", "double", [float("inf"), float("-inf"), 0.5]),
    ],
)
def test_types_go_by_the_values(
    session: Session, values: str, arrow: str, expected: list[object]
) -> None:
    sql = " UNION ALL ".join(f"SELECT {one.strip()} AS v" for one in values.split(","))
    table = run(session, sql)
    assert str(table.schema.field("v").type) == arrow
    assert table["v"].to_pylist() == expected


def test_a_column_without_values_goes_by_its_declaration(path: Path, tmp_path: Path) -> None:
    change(path, "CREATE TABLE t (i BIGINT, r DOUBLE, s VARCHAR(9), b BLOB, d DATE)")
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        types = [str(field.type) for field in run(session, "SELECT * FROM t").schema]
    assert types == ["int64", "double", "string", "binary", "string"]


def test_another_type_later_on_is_refused_with_its_row(path: Path, tmp_path: Path) -> None:
    change(
        path,
        "CREATE TABLE t (v); WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
        "WHERE i < 5000) INSERT INTO t SELECT CASE WHEN i = 3210 THEN 'x' ELSE i END FROM c",
    )
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        error = problem(session, "SELECT v FROM t")
        assert error.code == "type_error"
        assert "Column v holds text in row 3,210" in error.message
        assert "CAST(v AS TEXT)" in (error.hint or "")
        assert run(session, "SELECT CAST(v AS TEXT) AS v FROM t").num_rows == 5000


MANY = (
    "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {n}) "
    "INSERT INTO t SELECT {value} FROM c"
)
BIG = 2**53 + 1


@pytest.mark.parametrize(
    ("declared", "values", "arrow"),
    [
        ("NUMERIC", [1, BIG], "int64"),
        ("DECIMAL(20, 0)", [1, 2], "int64"),
        ("DATE", [1_700_000_000_000_000_001], "int64"),
        ("DECIMAL(10, 2)", [1, 2], "double"),
        ("NUMERIC", [2**53, 2**60], "double"),
    ],
)
def test_whole_numbers_keep_their_digits(
    path: Path, tmp_path: Path, declared: str, values: list[int], arrow: str
) -> None:
    given = ", ".join(f"({one})" for one in values)
    change(path, f"CREATE TABLE t (v {declared}); INSERT INTO t VALUES {given}")
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        table = run(session, "SELECT v FROM t")
    assert str(table.schema.field("v").type) == arrow
    assert table["v"].to_pylist() == values


@pytest.mark.parametrize(
    ("declared", "value", "said", "advice"),
    [
        ("NUMERIC", f"CASE WHEN i = 3210 THEN {BIG} ELSE i END", f"{BIG} in row 3,210", "TEXT"),
        ("", f"CASE WHEN i = 3 THEN {BIG} ELSE i + 0.5 END", f"{BIG} in row 3,", "TEXT"),
        ("", "CASE WHEN i = 3210 THEN 0.5 ELSE i END", "a number in row 3,210", "REAL"),
        ("DECIMAL(9)", "CASE WHEN i = 3210 THEN 0.5 ELSE i END", "a number in row 3,210", "REAL"),
    ],
)
def test_a_number_that_would_lose_something_is_refused(
    path: Path, tmp_path: Path, declared: str, value: str, said: str, advice: str
) -> None:
    change(path, f"CREATE TABLE t (v {declared}); " + MANY.format(n=5000, value=value))
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        error = problem(session, "SELECT v FROM t")
        assert error.code == "type_error"
        assert said in error.message
        assert f"AS {advice}" in (error.hint or "")
        assert run(session, f"SELECT CAST(v AS {advice}) AS v FROM t").num_rows == 5000


def test_text_that_is_not_utf8_is_said_to_be(path: Path, tmp_path: Path) -> None:
    value = "i, CASE WHEN i = 3210 THEN CAST(x'436166e9' AS TEXT) ELSE 'x' END, 'y'"
    change(path, "CREATE TABLE t (n INT, v TEXT, w TEXT); " + MANY.format(n=5000, value=value))
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        error = problem(session, "SELECT n, v FROM t")
        assert error.code == "conversion_error"
        assert error.message.startswith("Column v holds text in row 3,210 that is not UTF-8: 'Caf")
        assert "CAST(v AS BLOB)" in (error.hint or "")
        assert run(session, "SELECT n, CAST(v AS BLOB) AS v FROM t").num_rows == 5000
        assert "columns v, w holds" in problem(session, "SELECT n, v, w FROM t").message
        assert "row 1 " in problem(session, "SELECT CAST(x'e9' AS TEXT)").message


def test_a_batch_of_large_values_is_a_small_one(session: Session) -> None:
    sql = SQLITE.numbers.format(n=64).replace("SELECT i AS n", "SELECT zeroblob(1000000) AS b")
    _, batches = session.execute(session.parse(sql)[0], 10_240)
    sizes = [batch.nbytes for batch in batches]
    assert sum(sizes) > 64_000_000
    assert max(sizes) < 16 * MIB


def test_the_first_rows_of_a_slow_query_come_within_seconds(session: Session) -> None:
    slow = "(SELECT count(*) FROM c AS a, c AS b WHERE a.i * b.i % 7 = o.i)"
    sql = (
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1500) "
        f"SELECT {slow} AS n FROM c AS o"
    )
    statement = session.parse(sql)[0]
    begun_s = time.monotonic()
    schema, _ = session.execute(statement, 10_240)
    assert schema.names == ["n"]
    assert time.monotonic() - begun_s < 5


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_what_a_sort_spills_is_seen(session: Session) -> None:
    assert session.poll().spill_bytes == 0
    sql = SQLITE.wide.format(n=30_000) + " ORDER BY i % 7"
    _, batches = session.execute(session.parse(sql)[0], 1000)
    next(batches)
    assert (session.poll().spill_bytes or 0) > 20_000_000
    for _ in batches:
        pass


HOSTILE = [
    "ATTACH '{other}' AS o; SELECT * FROM o.people",
    "ATTACH ':memory:' AS m",
    "VACUUM INTO '{other}.copy'",
    "INSERT INTO people VALUES (3, 'Eve')",
    "UPDATE people SET name = 'Eve'",
    "DELETE FROM people",
    "DROP TABLE people",
    "CREATE TABLE t (a)",
    "CREATE INDEX i ON people (name)",
    "ALTER TABLE people ADD COLUMN x",
    "ANALYZE",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = 1",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA query_only = 0",
    "SELECT load_extension('{other}')",
    "SELECT readfile('{other}')",
    "SELECT writefile('{other}.new', 'x')",
    "CREATE VIRTUAL TABLE v USING csv(filename='{other}')",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_it_stays_in_its_jail(path: Path, session: Session, tmp_path: Path, template: str) -> None:
    other = tmp_path / "other.sqlite"
    change(other, "CREATE TABLE people (secret); INSERT INTO people VALUES ('canary')")
    before = {one: one.read_bytes() for one in (path, other)}
    error = problem(session, template.format(other=other))
    assert error.code in {"permission_denied", "name_error"}
    assert {one: one.read_bytes() for one in (path, other)} == before
    assert {one.name for one in tmp_path.iterdir()} <= {"source", "other.sqlite", "spill"}


def test_a_database_in_wal_mode(path: Path, tmp_path: Path) -> None:
    change(path, "PRAGMA journal_mode = WAL")
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        assert rows(run(session, "SELECT count(*) FROM people")) == [(2,)]


def test_a_database_that_another_program_writes_to(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
            writer.execute("INSERT INTO people VALUES (3, 'Eve')")
            assert rows(run(session, "SELECT count(*) FROM people")) == [(3,)]


@pytest.fixture
def unused(path: Path) -> Path:
    """A database in WAL mode that nobody has open, with a table of 50,000 rows of 0."""
    change(
        path,
        "PRAGMA journal_mode = WAL; CREATE TABLE t (v); " + MANY.format(n=50_000, value="0"),
    )
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    return path


@pytest.fixture
def no_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a runner, which may make no file beside the database."""

    def opened_by_a_runner(path: Path, how: str) -> apsw.Connection:
        if "immutable" not in how:
            raise apsw.CantOpenError("unable to open database file")
        return plainly(path, how)

    plainly = sqlite_source._opened
    monkeypatch.setattr(sqlite_source, "_opened", opened_by_a_runner)


@pytest.mark.usefixtures("no_shared_memory")
def test_a_change_while_a_query_reads_is_noticed(unused: Path, tmp_path: Path) -> None:
    with opened(SQLITE, {"path": str(unused)}, tmp_path) as session:
        assert rows(run(session, "SELECT sum(v) FROM t")) == [(0,)]
        _, batches = session.execute(session.parse("SELECT v FROM t")[0], 1000)
        assert next(batches)["v"].to_pylist() == [0] * 1000
        change(unused, "UPDATE t SET v = 1")
        with pytest.raises(EngineError) as caught:
            list(batches)
    assert caught.value.error.code == "source_changed"
    assert "Run it again" in (caught.value.error.hint or "")
    with opened(SQLITE, {"path": str(unused)}, tmp_path) as session:
        assert rows(run(session, "SELECT sum(v) FROM t")) == [(50_000,)]


@pytest.mark.usefixtures("no_shared_memory")
def test_a_change_that_is_about_to_come_is_noticed(unused: Path, tmp_path: Path) -> None:
    with opened(SQLITE, {"path": str(unused)}, tmp_path) as session:
        with closing(sqlite3.connect(unused, isolation_level=None)) as writer:
            assert rows(run(session, "SELECT sum(v) FROM t")) == [(0,)]
            writer.execute("UPDATE t SET v = 1")
            assert problem(session, "SELECT sum(v) FROM t").code == "source_changed"
        assert problem(session, "SELECT count(*) FROM t").code == "source_changed"


@pytest.mark.usefixtures("no_shared_memory")
def test_a_link_to_a_database_that_is_written_to(unused: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(unused)
    with closing(sqlite3.connect(unused, isolation_level=None)) as writer:
        writer.execute("UPDATE t SET v = 1")
        with pytest.raises(EngineError) as caught, opened(SQLITE, {"path": str(link)}, tmp_path):
            pass
    assert caught.value.error.code == "source_unavailable"


def test_half_of_a_change_is_not_read(path: Path, tmp_path: Path) -> None:
    """What a program leaves that ends in the middle of a transaction."""
    change(path, "CREATE TABLE t (v); " + MANY.format(n=50_000, value="0"))
    left = tmp_path / "left.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 5")
        writer.execute("BEGIN")
        writer.execute("UPDATE t SET v = 1")
        shutil.copy(path, left)
        shutil.copy(f"{path}-journal", f"{left}-journal")
    with pytest.raises(EngineError) as caught, opened(SQLITE, {"path": str(left)}, tmp_path):
        pass
    assert caught.value.error.code == "source_unavailable"
    assert "did not come to an end" in caught.value.error.message


def test_tables_with_columns_called_like_row_numbers(path: Path, tmp_path: Path) -> None:
    change(
        path,
        "CREATE TABLE a (rowid TEXT); INSERT INTO a VALUES ('x'), ('y'), ('z'); "
        "CREATE TABLE b (rowid TEXT, _rowid_ TEXT, oid TEXT); INSERT INTO b VALUES (1, 2, 3); "
        "CREATE TABLE c (v TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO c VALUES ('x');"
        "CREATE VIEW d AS SELECT 'x' AS rowid; CREATE VIRTUAL TABLE e USING fts5(v);"
        "CREATE TABLE f (v); INSERT INTO f (rowid, v) VALUES (-5, 'x')",
    )
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        found = {one.name: one.rows for one in session.catalogue().tables}
    assert {name: found[name] for name in "abcdef"} == dict(
        zip("abcdef", (3, None, None, None, None, 0), strict=True)
    )


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2, 3 /* open", "SELECT 1; SELECT 'open", "SELECT 1; /* open"]
)
def test_what_is_not_closed_is_a_mistake(session: Session, sql: str) -> None:
    error = problem(session, sql)
    assert error.code == "syntax_error"
    assert (error.line, error.column) == (1, 11)


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        assert session.catalogue().tables == []


def make_garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_nothing(path: Path) -> None:
    del path


@pytest.mark.parametrize("make", [make_garbage, make_folder, make_fifo, make_nothing])
def test_what_is_no_database_is_refused_at_once(tmp_path: Path, make: object) -> None:
    path = tmp_path / "odd 日本'.sqlite"
    assert callable(make)
    make(path)
    with pytest.raises(EngineError) as caught, opened(SQLITE, {"path": str(path)}, tmp_path):
        pass
    assert caught.value.error.code == "source_unavailable"
    assert str(path) in caught.value.error.message


def test_a_damaged_database_is_said_to_be(path: Path, tmp_path: Path) -> None:
    change(
        path,
        "CREATE TABLE t (v); WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c "
        "WHERE i < 50000) INSERT INTO t SELECT 'row ' || i FROM c",
    )
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with opened(SQLITE, {"path": str(path)}, tmp_path) as session:
        error = problem(session, "SELECT sum(length(v)) FROM t")
    assert error.code == "io_error"
    assert "damaged" in (error.hint or "")


def test_memory_has_a_limit(path: Path, tmp_path: Path) -> None:
    with opened(SQLITE, {"path": str(path)}, tmp_path, memory_bytes=64 * MIB) as session:
        error = problem(session, "SELECT length(zeroblob(500000000) || 'x')")
    assert error.code == "memory_limit"
