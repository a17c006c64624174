"""What becomes of a file or folder that is dropped."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longwatch_desktop.sources.written import title_of

WHAT: Final = (
    "Drop Parquet, CSV or JSON files, a DuckDB or SQLite database, a folder of such files, or a "
    ".sql file."
)
_TEXT: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
DATA: Final = (".parquet", *_TEXT, *(one + end for one in _TEXT for end in (".gz", ".zst")))
_DUCKDB_ENDS: Final = (".duckdb", ".db", ".ddb")
_SQLITE: Final = b"SQLite format 3\x00"
_DUCKDB: Final = b"DUCK"
_SHEETS: Final = (".xlsx", ".xls", ".ods", ".numbers")


class Becomes(enum.Enum):
    """A source, a tab of the editor, or nothing."""

    SOURCE = enum.auto()
    TEXT = enum.auto()
    NOTHING = enum.auto()


@dataclass(frozen=True, slots=True)
class Dropped:
    """One of them. `engine` and `title` are of a source, `why` says why it becomes nothing."""

    path: Path
    becomes: Becomes
    engine: str = ""
    title: str = ""
    is_folder: bool = False
    why: str = ""


def look_at(path: Path) -> Dropped:
    """Look what lies there; reads the disk."""
    try:
        return _look_at(path)
    except OSError as error:
        return _nothing(path, f"{path} cannot be read: {error.strerror or error}.")


def _look_at(path: Path) -> Dropped:
    if path.is_dir():
        if any(one.name.lower().endswith(DATA) for one in path.iterdir()):
            return _source(path, "duckdb", is_folder=True)
        return _nothing(path, f"{path} holds no Parquet, CSV or JSON files itself. {WHAT}")
    name = path.name.lower()
    if name.endswith(".sql"):
        return Dropped(path, Becomes.TEXT)
    with path.open("rb") as file:
        head = file.read(16)
    is_duckdb = head[8:12] == _DUCKDB
    if name.endswith(DATA) or (is_duckdb and name.endswith(_DUCKDB_ENDS)):
        return _source(path, "duckdb")
    if head == _SQLITE:
        return _source(path, "sqlite")
    why = f"Nothing here reads {path.name}. {WHAT}"
    if is_duckdb:
        why = f"{path.name} is a DuckDB database: rename it to end with .duckdb."
    elif name.endswith(_SHEETS):
        why = f"{path.name} is a spreadsheet: save it as CSV, then drop that."
    return _nothing(path, why)


def _source(path: Path, engine: str, *, is_folder: bool = False) -> Dropped:
    return Dropped(path, Becomes.SOURCE, engine, title_of(str(path)), is_folder)


def _nothing(path: Path, why: str) -> Dropped:
    return Dropped(path, Becomes.NOTHING, why=why)
