"""What becomes of what is dropped."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from longwatch_desktop.sources.dropping import Becomes, look_at


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.CSV", "a.tsv.gz", "a.ndjson.zst", "my trips.jsonl"]
)
def test_files_of_data(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    found = look_at(tmp_path / name)
    assert (found.becomes, found.engine) == (Becomes.SOURCE, "duckdb")


@pytest.mark.parametrize("name", ["a.sqlite", "a.db", "places"])
def test_sqlite_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / name)) as connection, connection:
        connection.execute("create table t(x)")
    connection.close()
    found = look_at(tmp_path / name)
    assert (found.becomes, found.engine) == (Becomes.SOURCE, "sqlite")


def test_a_duckdb_database(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "a.db") as connection:
        connection.execute("create table t(x int)")
    assert look_at(tmp_path / "a.db").engine == "duckdb"
    (tmp_path / "a.db").rename(tmp_path / "a.data")
    found = look_at(tmp_path / "a.data")
    assert found.becomes is Becomes.NOTHING
    assert "rename" in found.why


def test_folders(tmp_path: Path) -> None:
    folder = tmp_path / "sales_2024"
    folder.mkdir()
    found = look_at(folder)
    assert found.becomes is Becomes.NOTHING
    assert "holds no Parquet" in found.why
    (folder / "a.csv").touch()
    found = look_at(folder)
    assert (found.becomes, found.engine, found.title) == (Becomes.SOURCE, "duckdb", "Sales 2024")
    assert found.is_folder


@pytest.mark.parametrize(
    ("name", "word"), [("a.xlsx", "CSV"), ("a.pdf", "a.pdf"), ("missing.bin", "cannot be read")]
)
def test_what_nothing_is_made_of_says_why(tmp_path: Path, name: str, word: str) -> None:
    if name != "missing.bin":
        (tmp_path / name).write_bytes(b"PK")
    found = look_at(tmp_path / name)
    assert found.becomes is Becomes.NOTHING
    assert word in found.why


def test_sql_is_a_text(tmp_path: Path) -> None:
    assert look_at(tmp_path / "a.sql").becomes is Becomes.TEXT
