"""What becomes of a file or folder that is dropped."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longwatch_desktop.sources.written import title_of
from longwatch_desktop.translation import QT_TR_NOOP, tr

WHAT: Final = QT_TR_NOOP(
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
        reason = error.strerror or error
        return _nothing(
            path, tr("{file} cannot be read: {reason}.").format(file=path, reason=reason)
        )


def _look_at(path: Path) -> Dropped:
    if path.is_dir():
        if any(one.name.lower().endswith(DATA) for one in path.iterdir()):
            return _source(path, "duckdb", is_folder=True)
        why = tr("{folder} holds no Parquet, CSV or JSON files itself.").format(folder=path)
        return _nothing(path, f"{why} {tr(WHAT)}")
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
    if is_duckdb:
        why = tr("{file} is a DuckDB database: rename it to end with .duckdb.")
    elif name.endswith(_SHEETS):
        why = tr("{file} is a spreadsheet: save it as CSV, then drop that.")
    else:
        nobody = tr("Nothing here reads {file}.")
        why = f"{nobody} {tr(WHAT)}"
    return _nothing(path, why.format(file=path.name))


def _source(path: Path, engine: str, *, is_folder: bool = False) -> Dropped:
    return Dropped(path, Becomes.SOURCE, engine, title_of(str(path)), is_folder)


def _nothing(path: Path, why: str) -> Dropped:
    return Dropped(path, Becomes.NOTHING, why=why)
