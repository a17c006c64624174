"""What only ADBC has: drivers by name, and whatever they cannot do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from longwatch.engines.adbc_engine import AdbcEngine
from longwatch.engines.adbc_source import LIBRARIES, read_options
from longwatch.engines.contract import EngineError, Interrupted, Session
from longwatch.protocol.jobs import StatementKind
from support.engines import ENGINES, EngineCase, opened, problem, rows, run
from support.postgres import PASSWORD
from support.waiting import wait_until

BY_ADBC = [case for case in ENGINES if case.name == "adbc"]
SQLITE, POSTGRES = BY_ADBC


@pytest.fixture
def options(tmp_path: Path) -> dict[str, str]:
    return SQLITE.make_source(tmp_path / "source")


@pytest.fixture(scope="module")
def in_postgres(source_of: Callable[[EngineCase], dict[str, str]]) -> dict[str, str]:
    """A database that no test changes."""
    return source_of(POSTGRES)


@pytest.fixture
def session(options: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    with opened(SQLITE, options, tmp_path) as session:
        yield session


def why_not(options: dict[str, str], folder: Path) -> str:
    """Why these options are refused."""
    with pytest.raises(EngineError) as caught, opened(SQLITE, options, folder):
        pass
    error = caught.value.error
    assert error.code == "source_unavailable"
    assert error.hint
    return f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("", "It names no driver. Name a driver's Python package"),
        ("adbc_driver_nowhere", "pip install adbc-driver-nowhere"),
        ("adbc_driver_manager", "is no driver that can be named here"),
        ("os", "is no driver that can be named here"),
        ("/tmp/evil.so", LIBRARIES),
        ("adbc_driver_sqlite/../evil", LIBRARIES),
    ],
)
def test_drivers_that_cannot_be_had(
    options: dict[str, str], tmp_path: Path, driver: str, said: str
) -> None:
    assert said in why_not({**options, "driver": driver}, tmp_path)


def test_a_shared_library_that_the_servers_settings_list(
    options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = read_options(options).database["driver"]
    by_path = {**options, "driver": library}
    assert LIBRARIES in why_not(by_path, tmp_path)
    monkeypatch.setenv(LIBRARIES, f"/elsewhere.so:{library}")
    with opened(SQLITE, by_path, tmp_path) as session:
        assert rows(run(session, "SELECT count(*) FROM people")) == [(2,)]
    by_name = {**options, "entrypoint": "AdbcDriverSqliteInit"}
    with opened(SQLITE, by_name, tmp_path) as session:
        assert rows(run(session, "SELECT count(*) FROM people")) == [(2,)]


@pytest.mark.parametrize(
    "more",
    [
        {"db.driver": "/tmp/evil.so"},
        {"db.entrypoint": "evil"},
        {"entrypoint": "evil; --"},
        {"profile": "evil"},
        {"adbc.sqlite.load_extension.enabled": "true"},
        {"db.adbc.sqlite.load_extension.path": "/tmp/evil.so"},
        {"no.such.option": "x"},
    ],
)
def test_options_that_are_refused(
    options: dict[str, str], tmp_path: Path, more: dict[str, str]
) -> None:
    why_not({**options, **more}, tmp_path)


def test_an_address_that_is_wrong_is_not_told(in_postgres: dict[str, str], tmp_path: Path) -> None:
    given = in_postgres
    for uri in (
        given["uri"].replace(PASSWORD, "wrong-canary"),
        f"host=127.0.0.1 port=1 password={PASSWORD}",
        f"nonsense password={PASSWORD}",
    ):
        assert "canary" not in why_not({**given, "uri": uri}, tmp_path)
    assert AdbcEngine().secrets == {"uri", "password"}


@pytest.mark.parametrize("case", BY_ADBC, ids=str)
def test_a_source_that_is_only_read(
    case: EngineCase, source_of: Callable[[EngineCase], dict[str, str]], tmp_path: Path
) -> None:
    given = {**source_of(case), "writable": ""}
    with opened(case, given, tmp_path) as session:
        for sql in (
            "DELETE FROM people",
            "SELECT 1; DROP TABLE people",
            "WITH x AS (SELECT 1) INSERT INTO people SELECT 3, 'Eve'",
            "/* SELECT */ UPDATE people SET name = 'Eve'",
            "CREATE TEMP TABLE t (a INTEGER)",
            "VACUUM",
        ):
            assert problem(session, sql).code == "permission_denied", sql
        assert rows(run(session, "SELECT name FROM people ORDER BY id")) == [("Ada",), ("Zoë",)]


@pytest.mark.parametrize("case", BY_ADBC, ids=str)
@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH '{path}' AS x",
        "COPY people TO '{path}'",
        "-- why\nCOPY people TO STDOUT",
        "LOAD 'x'",
    ],
)
def test_what_reaches_files(
    case: EngineCase, source_of: Callable[[EngineCase], dict[str, str]], tmp_path: Path, sql: str
) -> None:
    with opened(case, source_of(case), tmp_path) as session:
        error = problem(session, "SELECT 1; " + sql.format(path=tmp_path / "new"))
    assert error.code == "permission_denied"
    assert error.line is not None
    assert not (tmp_path / "new").exists()


def test_mistakes(session: Session) -> None:
    error = problem(session, "SELECT people.nme, 1 FROM people")
    assert error.message == "No such column: people.nme."
    assert (error.line, error.column) == (1, 15)
    # With a name that stands there twice, a place would be a guess.
    assert problem(session, "SELECT nme FROM people WHERE nme = 1").line is None
    assert problem(session, "INSERT INTO people VALUES (1, 'x')").code == "constraint_violation"


def test_a_driver_that_cannot_be_interrupted_is_not_waited_for(session: Session) -> None:
    """The runner's process is ended then."""
    statement = session.parse(SQLITE.numbers.format(n=10**12))[0]
    _, batches = session.execute(statement, 1000)
    next(batches)
    for _ in range(100):
        session.interrupt()
    next(batches)
    assert rows(run(session, "SELECT 7")) == [(7,)]


def test_one_that_can_is_interrupted(in_postgres: dict[str, str], tmp_path: Path) -> None:
    ended: list[BaseException] = []
    with opened(POSTGRES, in_postgres, tmp_path) as session:

        def draw() -> None:
            try:
                run(session, POSTGRES.endless["scan"])
            except BaseException as error:
                ended.append(error)

        thread = threading.Thread(target=draw)
        thread.start()
        wait_until(lambda: session.interrupt() or not thread.is_alive())
        assert isinstance(ended[0], Interrupted)
        assert rows(run(session, "SELECT 7")) == [(7,)]


def test_an_estimate_is_what_it_can_be(session: Session) -> None:
    estimate = session.estimate(session.parse("SELECT * FROM people")[0])
    assert estimate.kind is StatementKind.READ
    assert (estimate.rows, estimate.bytes, estimate.plan) == (None, None, None)


def test_types_without_an_arrow_type_come_as_the_driver_has_them(
    in_postgres: dict[str, str], tmp_path: Path
) -> None:
    with opened(POSTGRES, in_postgres, tmp_path) as session:
        table = run(session, "SELECT 1.50::numeric(9, 2) AS n, '{\"a\": 1}'::json AS j, ARRAY[1.5]")
    assert [str(field.type) for field in table.schema] == ["string", "string", "list<item: string>"]
    assert rows(table) == [("1.50", '{"a": 1}', ["1.5"])]
