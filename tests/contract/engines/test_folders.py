"""A folder of data files as a source: a table a file, whatever the files are called."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from longwatch.engines.contract import EngineError, Workspace
from longwatch.engines.duckdb_engine import DuckDBEngine
from support.engines import ENGINES, MIB, opened, rows, run

DUCKDB = next(case for case in ENGINES if case.name == "duckdb")


def csv(path: Path, value: int) -> Path:
    path.write_text(f"x\n{value}\n", encoding="utf-8")
    return path


def tables(folder: Path, tmp_path: Path) -> dict[str, int]:
    """Every table of the folder, and the one value in it."""
    with opened(DUCKDB, {"path": str(folder)}, tmp_path) as session:
        names = [row[0] for row in rows(run(session, "SHOW TABLES"))]
        return {
            name: rows(run(session, f'SELECT x FROM "{name.replace(chr(34), chr(34) * 2)}"'))[0][0]
            for name in names
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_every_kind_of_file(folder: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), folder / "a.parquet")
    csv(folder / "b.csv", 2)
    (folder / "c.tsv").write_text("x\ty\n3\t4\n")
    (folder / "d.json").write_text('[{"x": 4}]')
    (folder / "e.jsonl").write_text('{"x": 5}\n{"x": 6}\n')
    (folder / "f.ndjson").write_text('{"x": 6}\n')
    (folder / "g.csv.gz").write_bytes(gzip.compress(b"x\n7\n"))
    csv(folder / "H.CSV", 8)
    (folder / "README.md").write_text("no data")
    (folder / "sub.csv").mkdir()
    (folder / ".csv").write_text("x\n9\n")
    assert tables(folder, tmp_path) == {
        "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "H": 8,
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["it's", 'quo"te', "ünï 日本", "new\nline", "sp ace ", "select", "a;b", "{x}", "!a", "]x", "1"],
)
def test_odd_names(folder: Path, tmp_path: Path, name: str) -> None:
    csv(folder / f"{name}.csv", 5)
    assert tables(folder, tmp_path) == {name: 5}


def test_a_name_with_wildcards_means_that_file_alone(folder: Path, tmp_path: Path) -> None:
    for number, name in enumerate(["a[1]", "a1", "a*", "ab", "a?b", "axb"]):
        csv(folder / f"{name}.csv", number)
    found = tables(folder, tmp_path)
    assert found == {"a[1]": 0, "a1": 1, "a*": 2, "ab": 3, "a?b": 4, "axb": 5}


@pytest.mark.parametrize("name", ["it's [r]*", "new\nline", 'q"?'])
def test_a_folder_with_an_odd_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    csv(folder / "a[1].csv", 5)
    csv(folder / "b.csv", 6)
    assert tables(folder, tmp_path) == {"a[1]": 5, "b": 6}


def test_files_that_share_a_name_keep_their_endings(folder: Path, tmp_path: Path) -> None:
    csv(folder / "a.csv", 1)
    (folder / "a.json").write_text('[{"x": 2}]')
    csv(folder / "b.csv", 3)
    csv(folder / "B.tsv", 4)
    pq.write_table(pa.table({"x": [5]}), folder / "a.csv.parquet")
    found = tables(folder, tmp_path)
    assert sorted(found.values()) == [1, 2, 3, 4, 5]
    assert found["a.json"] == 2
    assert found["b.csv"] == 3
    assert found["B.tsv"] == 4


def test_a_file_that_cannot_be_read_is_no_hindrance(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    csv(folder / "good.csv", 1)
    (folder / "bad.parquet").write_bytes(b"PAR1 not really")
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "gone.csv").symlink_to(folder / "nowhere.csv")
    assert tables(folder, tmp_path) == {"good": 1}
    assert "bad.parquet is left out" in capfd.readouterr().out


def test_an_empty_folder_is_a_source(folder: Path, tmp_path: Path) -> None:
    assert tables(folder, tmp_path) == {}


@pytest.mark.parametrize("what", ["missing", "text", "no-database"])
def test_a_path_that_is_no_source(folder: Path, tmp_path: Path, what: str) -> None:
    (folder / "text.txt").write_text("hello")
    (folder / "no-database.duckdb").write_text("hello")
    path = {"missing": folder / "x", "text": folder / "text.txt"}.get(
        what, folder / "no-database.duckdb"
    )
    with pytest.raises(EngineError) as caught, opened(DUCKDB, {"path": str(path)}, tmp_path):
        pass
    assert caught.value.error.code in {"source_unavailable", "io_error"}
    assert path.name in caught.value.error.message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read(folder: Path, tmp_path: Path) -> None:
    folder.chmod(0)
    try:
        with pytest.raises(EngineError) as caught, opened(DUCKDB, {"path": str(folder)}, tmp_path):
            pass
        assert caught.value.error.code == "source_unavailable"
    finally:
        folder.chmod(0o700)


def test_without_a_path_there_is_an_empty_database(tmp_path: Path) -> None:
    with opened(DUCKDB, {}, tmp_path) as session:
        assert rows(run(session, "SELECT 7")) == [(7,)]
        assert rows(run(session, "SHOW TABLES")) == []


class TestMadeReadyInAdvance:
    """A runner in waiting has views already: they must be those of the query's own time."""

    @pytest.fixture
    def workspace(self, tmp_path: Path) -> Workspace:
        return Workspace(spill=tmp_path / "spill", memory_bytes=512 * MIB, spill_bytes=0, threads=1)

    def seen(self, engine: DuckDBEngine, path: Path, workspace: Workspace) -> dict[str, int]:
        session = engine.open({"path": str(path)}, workspace)
        try:
            names = [row[0] for row in rows(run(session, "SHOW TABLES"))]
            return {name: rows(run(session, f"SELECT x FROM {name}"))[0][0] for name in names}
        finally:
            session.close()

    @pytest.fixture
    def engine(self, folder: Path) -> DuckDBEngine:
        csv(folder / "a.csv", 1)
        engine = DuckDBEngine()
        engine.warm_up()
        engine.warm_up({"path": str(folder)})
        return engine

    def test_nothing_changed(
        self, engine: DuckDBEngine, folder: Path, workspace: Workspace
    ) -> None:
        assert self.seen(engine, folder, workspace) == {"a": 1}

    def test_files_came_and_went(
        self, engine: DuckDBEngine, folder: Path, workspace: Workspace
    ) -> None:
        (folder / "a.csv").unlink()
        csv(folder / "b.csv", 2)
        assert self.seen(engine, folder, workspace) == {"b": 2}

    def test_a_file_has_other_columns(
        self, engine: DuckDBEngine, folder: Path, workspace: Workspace
    ) -> None:
        time.sleep(0.01)  # the clock of a file system ticks every 4 ms
        (folder / "a.csv").write_text("x,y\n7,8\n")
        assert self.seen(engine, folder, workspace) == {"a": 7}

    def test_another_source_is_asked_for(
        self, engine: DuckDBEngine, folder: Path, workspace: Workspace, tmp_path: Path
    ) -> None:
        other = tmp_path / "other"
        other.mkdir()
        csv(other / "c.csv", 3)
        assert self.seen(engine, other, workspace) == {"c": 3}

    def test_the_source_is_gone(self, folder: Path, workspace: Workspace, tmp_path: Path) -> None:
        engine = DuckDBEngine()
        engine.warm_up({"path": str(tmp_path / "nowhere")})
        with pytest.raises(EngineError):
            engine.open({"path": str(tmp_path / "nowhere")}, workspace)

    def test_a_database_file_is_not_held_open(self, tmp_path: Path, workspace: Workspace) -> None:
        import duckdb

        path = tmp_path / "d.duckdb"
        duckdb.connect(str(path)).close()
        engine = DuckDBEngine()
        engine.warm_up({"path": str(path)})
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE a AS SELECT 4 AS x")
        assert self.seen(engine, path, workspace) == {"a": 4}
