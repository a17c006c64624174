"""Sources: added, tried, queried, changed and removed on a real server with real processes."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.client.errors import BadRequest, Conflict, JobFailed, NotFound, ServerFault, TooLarge
from longwatch.client.sync import Client
from longwatch.protocol.jobs import StatementKind
from longwatch.protocol.sources import SecretReference, SourceOrigin, UploadedFile
from support.runs import Server
from support.servers import ENDLESS, serving


def people(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO people VALUES (1, 'Ada'), (2, 'Zoë')")
        connection.commit()
    return path


def test_the_life_of_a_source(server: Server, tmp_path: Path) -> None:
    client = server.client
    path = people(tmp_path / "people.sqlite")
    added = client.add_source("people", "sqlite", title="People", path=str(path))
    assert (added.origin, added.options) == (SourceOrigin.ADDED, {"path": str(path)})
    assert added in client.sources()
    tried = client.test_source("people")
    assert (tried.ok, tried.tables, tried.error) == (True, 1, None)
    (table,) = client.catalogue("people").tables
    assert [column.name for column in table.columns] == ["id", "name"]
    result = client.submit("SELECT name FROM people WHERE id = :n", "people", parameters={"n": 2})
    assert result.result(30).fetchall() == [("Zoë",)]
    client.remove_source("people")
    assert "people" not in [one.name for one in client.sources()]
    assert result.status().source == "people"
    with pytest.raises(NotFound):
        client.test_source("people")


def test_what_cannot_be_opened_is_said_to_be_so(server: Server, tmp_path: Path) -> None:
    client = server.client
    client.add_source("gone", "sqlite", path=str(tmp_path / "gone.sqlite"))
    found = client.test_source("gone")
    assert not found.ok
    assert found.error is not None
    assert "gone.sqlite" in found.error.message
    with pytest.raises(ServerFault, match=r"gone\.sqlite"):
        client.catalogue("gone")
    with pytest.raises(JobFailed):
        client.submit("SELECT 1", "gone").result(30)
    client.remove_source("gone")


def test_a_source_in_use_stays(server: Server, tmp_path: Path) -> None:
    client = server.client
    client.add_source("busy", "duckdb", path=str(tmp_path))
    job = client.submit(ENDLESS, "busy")
    with pytest.raises(Conflict, match="A job waits for the source 'busy' or runs on it"):
        client.remove_source("busy")
    job.cancel()
    job.wait(10)
    client.remove_source("busy")


@pytest.mark.parametrize(
    ("name", "engine", "options", "says"),
    [
        ("a b", "duckdb", {}, "name"),
        ("x", "oracle", {}, "There is no engine 'oracle' here. Known: duckdb, sqlite"),
        ("x", "sqlite", {}, "File is missing"),
        ("x", "sqlite", {"path": "people.sqlite"}, "whole path"),
        ("x", "sqlite", {"path": "/x.sqlite", "colour": "red"}, "no option 'colour'"),
        ("x", "postgres", {"port": "five"}, "Port is to be a whole number"),
        ("x", "postgres", {"sslmode": "maybe"}, "TLS is to be one of disable"),
        ("x", "postgres", {"password": "geheim"}, "'password' is a secret"),
        ("x", "sqlite", {"path": "file:0123456789abcdef01234567"}, "not on this server any more"),
    ],
)
def test_what_cannot_be_a_source(
    server: Server, name: str, engine: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        server.client.add_source(name, engine, options=options)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_names_are_taken_once(server: Server) -> None:
    with pytest.raises(Conflict, match="There is a source 'sample' already"):
        server.client.add_source("sample")
    with pytest.raises(Conflict, match="comes with the program"):
        server.client.remove_source("sample")


def test_the_servers_own_files_are_no_source(server: Server) -> None:
    for path in (server.data_dir, server.data_dir / "jobs", server.data_dir.parent, Path("/")):
        with pytest.raises(BadRequest, match="holds the server's own files"):
            server.client.add_source("spy", path=str(path))


def test_secrets_stay_secret(tmp_path: Path) -> None:
    canary = "Geheimnis-47-das-niemand-hört"
    data_dir = tmp_path / "data"
    options = {"host": "127.0.0.1", "port": "9", "dbname": "sales", "user": "ada"}
    with (
        serving(data_dir, log_level="debug", warm_spare=False) as (_, address),
        Client(address) as client,
    ):
        added = client.add_source(
            "warehouse", "postgres", options=options, secrets={"password": canary}
        )
        assert added.secrets == ["password"]
        assert canary not in repr(client.sources())
        tried = client.test_source("warehouse")
        assert not tried.ok
        assert canary not in repr(tried)
        job = client.submit("SELECT 1", "warehouse")
        assert canary not in repr(job.wait(60))
        assert canary not in job.log()
    for path in data_dir.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    assert stat.S_IMODE((data_dir / "secret.key").stat().st_mode) == 0o600
    with serving(data_dir, warm_spare=False) as (_, address), Client(address) as client:
        (again,) = [one for one in client.sources() if one.name == "warehouse"]
        assert again == added, "it is there after a restart"
    (data_dir / "secret.key").unlink()
    with serving(data_dir, warm_spare=False) as (_, address), Client(address) as client:
        with pytest.raises(ServerFault, match=r"their key .*secret\.key is missing"):
            client.test_source("warehouse")
        failed = client.submit("SELECT 1", "warehouse").wait(30)
        assert failed.error is not None
        assert "secret.key is missing" in failed.error.message


def change(client: Client, name: str, **draft: Any) -> Any:
    from longwatch.protocol.sources import SourceDraft

    return client._call(client._api.change_source(name, SourceDraft(name=name, **draft)))


def test_a_password_does_not_go_to_another_server(server: Server) -> None:
    """Whoever may change a source must not have its password sent to a place of their own."""
    client = server.client
    options = {"host": "db.internal", "user": "ada"}
    client.add_source("w", "postgres", options=options, secrets={"password": "geheim"})
    same = change(client, "w", engine="postgres", options={**options, "dbname": "other"})
    assert same.secrets == ["password"]
    moved = change(client, "w", engine="postgres", options={**options, "host": "evil.example"})
    assert moved.secrets == []
    client.remove_source("w")
    client.add_source("w", "postgres", options=options, secrets={"password": "geheim"})
    elsewhere = {"url": "postgresql:///?hostaddr=6.6.6.6"}
    moved = change(client, "w", engine="postgres", options=options, secrets=elsewhere)
    assert moved.secrets == ["url"], "an address among the secrets is another place too"
    client.remove_source("w")


def test_secrets_by_environment_variable(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client = server.client
    reference = SecretReference(env="LONGWATCH_SOURCE_TEST")
    added = client.add_source("env", "postgres", secrets={"password": reference})
    assert added.secrets == ["password"]
    with pytest.raises(BadRequest, match="LONGWATCH_SOURCE_TEST, which is not set"):
        client.test_source("env")
    monkeypatch.setenv("LONGWATCH_SOURCE_TEST", "x")
    assert not client.test_source("env").ok
    client.remove_source("env")
    with pytest.raises(BadRequest, match="No source may take a secret from"):
        client.add_source("env", "postgres", secrets={"password": SecretReference(env="HOME")})


def test_an_upload_becomes_a_source(server: Server, tmp_path: Path) -> None:
    client = server.client
    path = tmp_path / "odd näme; 'x'.parquet"
    pq.write_table(pa.table({"n": range(1000)}), path)
    uploaded = client.upload(path)
    assert uploaded.bytes == path.stat().st_size
    assert uploaded.path.startswith("file:")
    client.add_source("uploaded", path=uploaded.path)
    (table,) = client.catalogue("uploaded").tables
    assert (table.rows, table.rows_exact, table.kind) == (1000, True, "file")
    sql = f"SELECT sum(n) FROM {table.name_in_sql}"
    assert client.submit(sql, "uploaded").result(30).fetchall() == [(499_500,)]
    folder = server.data_dir / "files" / uploaded.path.removeprefix("file:")
    assert folder.is_dir()
    client.remove_source("uploaded")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.exe", b"MZ", "none of the files that can be read"),
        ("x.parquet", b"not parquet at all", "no parquet file"),
        ("x.sqlite", b"PAR1", "no sqlite file"),
        ("x.csv", b"a,b\n\x00\x00", "is not text"),
        ("x.csv.gz", b"a,b\n", "not compressed as it says"),
        ("x.db", b"a,b\n" * 10, "neither a DuckDB nor an SQLite database"),
        ("x.csv", b"", "is empty"),
        ("../../x", b"a", "none of the files"),
    ],
)
def test_what_is_not_taken_in(
    server: Server, tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    path = tmp_path / "data"
    path.write_bytes(data)
    with pytest.raises(BadRequest, match=says):
        server.client.upload(path, name)
    files = server.data_dir / "files"
    assert not files.exists() or not list(files.iterdir())


def test_uploads_have_a_limit_and_leave_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n" * 1_000_000)
    limited = serving(tmp_path / "data", max_upload_bytes=1_000_000, warm_spare=False)
    with limited as (_, address), Client(address) as client:
        with pytest.raises(TooLarge, match="at most"):
            client.upload(path)
        assert not list((tmp_path / "data" / "files").iterdir())


def test_a_server_for_others_lets_name_only_what_it_is_told(tmp_path: Path) -> None:
    for folder in ("allowed", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "allowed" / "link").symlink_to(tmp_path / "other")
    settings: dict[str, Any] = {
        "host": "0.0.0.0",
        "allowed_hosts": ("127.0.0.1",),
        "warm_spare": False,
        "behind_proxy": True,
    }
    with (
        serving(tmp_path / "one", **settings) as (_, address),
        Client(address) as client,
        pytest.raises(BadRequest, match="Upload the file instead"),
    ):
        client.add_source("x", path=str(tmp_path / "allowed"))
    with (
        serving(tmp_path / "three", **settings) as (_, address),
        Client(address) as client,
        pytest.raises(BadRequest, match="stand in the settings"),
    ):
        client.add_source(
            "x",
            "adbc",
            options={"driver": "adbc_driver_sqlite"},
            secrets={"uri": str(tmp_path / "three" / "jobs.sqlite")},
        )
    allowed = (str(tmp_path / "allowed"),)
    with (
        serving(tmp_path / "two", source_folders=allowed, **settings) as (_, address),
        Client(address) as client,
    ):
        client.add_source("x", path=str(tmp_path / "allowed"))
        for path in ("other", "allowed/link", "allowed/../other", "allowed-sibling"):
            with pytest.raises(BadRequest, match="It allows those in"):
                client.add_source("y", path=str(tmp_path / path))


def test_an_estimate(server: Server) -> None:
    client = server.client
    sql = "SELECT carrier, count(*) AS n FROM flights WHERE month = :m GROUP BY carrier"
    first = client.estimate(sql, parameters={"m": 3})
    assert (first.kind, first.statements, first.basis) == (StatementKind.READ, 1, "none")
    assert first.rows is not None
    assert first.plan
    client.submit(sql, parameters={"m": 3}).result(30)
    again = client.estimate(sql, parameters={"m": 3})
    assert (again.basis, again.runs) == ("history", 1)
    assert again.low_s is not None
    assert again.high_s is not None
    assert 0 <= again.low_s <= again.high_s
    wrong = client.estimate("SELECT\n  nme FROM flights").error
    assert wrong is not None
    assert (wrong.code, wrong.line, wrong.column) == ("name_error", 2, 3)
    script = client.estimate("CREATE TABLE t AS SELECT 1 AS a; SELECT a FROM t")
    assert (script.kind, script.statements, script.error) == (StatementKind.WRITE, 2, None)
    assert client.submit("SHOW TABLES").result(30).rows > 0, "nothing was run"
    with pytest.raises(BadRequest):
        client.estimate(" ")
    with pytest.raises(BadRequest):
        client.estimate("SELECT 1", "no such source")


def test_an_endless_query_is_estimated_at_once(server: Server) -> None:
    assert server.client.estimate(ENDLESS).error is None


def test_asking_leaves_no_process_and_no_file(server: Server) -> None:
    import psutil

    for _ in range(3):
        server.client.catalogue("sample")
    inspections = server.data_dir / "jobs" / "inspections"
    assert not inspections.exists() or not list(inspections.iterdir())
    children = psutil.Process(os.getpid()).children(recursive=True)
    waiting = [one for one in children if "longwatch.runner" in " ".join(one.cmdline())]
    assert len(waiting) <= 3, "the spares, and one that is just being made"


def test_a_file_that_cannot_be_read_is_no_hindrance(server: Server, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("x\n1\n")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but no more")
    server.client.add_source("mixed", path=str(tmp_path))
    assert server.client.test_source("mixed").ok
    catalogue = server.client.catalogue("mixed")
    assert [table.name for table in catalogue.tables] == ["good"]
    assert "bad.parquet is left out" in " ".join(catalogue.left_out)
    server.client.remove_source("mixed")


def test_an_upload_stays_while_a_source_names_it(server: Server, tmp_path: Path) -> None:
    client = server.client
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    first, second = client.upload(path), client.upload(path)

    def is_there(one: UploadedFile) -> bool:
        return (server.data_dir / "files" / one.path.removeprefix("file:")).exists()

    client.add_source("a", path=first.path)
    client.add_source("b", path=first.path)
    client.remove_source("a")
    assert is_there(first)
    assert client.submit("FROM x", "b").result(30).fetchall() == [(1,)]
    change(client, "b", engine="duckdb", options={"path": second.path})
    assert not is_there(first), "nobody names it any more"
    assert is_there(second)
    client.remove_source("b")
    assert not is_there(second)


def test_a_source_gets_another_name(server: Server, tmp_path: Path) -> None:
    from longwatch.protocol.sources import SourceDraft

    client = server.client
    client.add_source("old", path=str(tmp_path))
    draft = SourceDraft(name="new", engine="duckdb", options={"path": str(tmp_path)})
    client._call(client._api.change_source("old", draft))
    names = [one.name for one in client.sources()]
    assert "new" in names
    assert "old" not in names
    job = client.submit(ENDLESS, "new")
    again = SourceDraft(name="newer", engine="duckdb", options={"path": str(tmp_path)})
    with pytest.raises(Conflict, match="A job waits for the source 'new' or runs on it"):
        client._call(client._api.change_source("new", again))
    assert "new" in [one.name for one in client.sources()]
    job.cancel()
    job.wait(10)
    client.remove_source("new")


@pytest.mark.parametrize("name", ["x\n", "x\r", " x", "x/y", "-x", ".", "x" * 101])
def test_names_that_no_source_may_have(server: Server, name: str) -> None:
    with pytest.raises(BadRequest):
        server.client.add_source(name)


def test_links_that_lead_in_circles_or_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    loop = str(tmp_path / "one" / "x")
    try:
        server.client.add_source("loop", path=loop)
    except BadRequest as error:
        assert "cannot be followed" in str(error)  # noqa: PT017 - Python 3.13 follows none of it
    else:
        assert not server.client.test_source("loop").ok
        server.client.remove_source("loop")


def test_a_folder_that_became_a_link_to_what_is_not_allowed(tmp_path: Path) -> None:
    allowed, other = tmp_path / "allowed" / "data", tmp_path / "other"
    for folder in (allowed, other):
        folder.mkdir(parents=True)
    (other / "secret.csv").write_text("canary\n1\n")
    folders = (str(tmp_path / "allowed"),)
    with (
        serving(tmp_path / "server", source_folders=folders, warm_spare=False) as (_, address),
        Client(address) as client,
    ):
        client.add_source("x", path=str(allowed))
        allowed.rmdir()
        allowed.symlink_to(other)
        failed = client.submit("FROM secret", "x").wait(30)
        assert failed.error is not None
        assert "does not let sources name" in failed.error.message
        with pytest.raises(BadRequest, match="does not let sources name"):
            client.catalogue("x")
