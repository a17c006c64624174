"""Opens what a DuckDB source points at, and locks the jail around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from longwatch.engines.contract import EngineError, Workspace
from longwatch.engines.text import quoted, text
from longwatch.protocol.jobs import JobError

_TEXT_ENDINGS: Final = ("", ".gz", ".zst")
_TEXT_READERS: Final = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
READERS: Final = {".parquet": "read_parquet"} | {
    kind + packed: reader for kind, reader in _TEXT_READERS.items() for packed in _TEXT_ENDINGS
}
"""End of a file's name, in lower case → what reads it."""
DATABASES: Final = frozenset({".duckdb", ".db", ".ddb"})
_CONNECT: Final[dict[str, str | bool | int | float | list[str]]] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_GLOB: Final = "*?["


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was when it was looked at: a view made then fits as long as this is the same."""

    path: Path
    bytes: int
    changed_ns: int


@dataclass(frozen=True, slots=True)
class Views:
    """The views made for a source: each one's file by its name, the files that were looked at, and
    what became of the others."""

    files: dict[str, Path]
    stamps: list[Stamp]
    left_out: list[str]


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory; 20-30 ms, the first one of a process."""
    connection = duckdb.connect(":memory:", config=_CONNECT)
    # Both: in a child process printing is on by default, and would write to stdout.
    connection.execute("SET enable_progress_bar=true")
    connection.execute("SET enable_progress_bar_print=false")
    connection.execute("SET errors_as_json=true")
    return connection


def bound(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """Give the connection its limits and its place to spill to."""
    for setting in (
        f"temp_directory={text(workspace.spill)}",
        # Shown but not enforced when given to connect(config=); by SET it holds.
        f"max_temp_directory_size='{workspace.spill_bytes // 2**20 + 1}MiB'",
        f"memory_limit='{workspace.memory_bytes // 2**20}MiB'",
        f"threads={workspace.threads}",
    ):
        connection.execute("SET " + setting)


def files_of(path: Path) -> list[Stamp]:
    """The data files of a folder, or the one that `path` is. Raises `EngineError`."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return [_stamp(file) for file in files if _reader(file) and file.is_file()]
    except OSError as error:
        raise EngineError(_unavailable(path, error.strerror or str(error))) from error


def make_views(connection: duckdb.DuckDBPyConnection, stamps: list[Stamp]) -> Views:
    """A view a file, named after it; 2 ms each, for their columns are read.

    Files that share a name keep their ending in it. A file that cannot be read is left out, so
    that it is no hindrance to the others.
    """
    made = Views({}, stamps, [])
    for name, stamp in zip(view_names([one.path for one in stamps]), stamps, strict=True):
        source = f"{_reader(stamp.path)}({text(pattern(stamp.path))})"
        try:
            connection.execute(f"CREATE VIEW {quoted(name)} AS FROM {source}")
        except duckdb.Error as error:
            made.left_out.append(f"{stamp.path} is left out: {error}")
        else:
            made.files[name] = stamp.path
    return made


def drop_views(connection: duckdb.DuckDBPyConnection, views: Views) -> None:
    """Take back `make_views`."""
    for name in views.files:
        connection.execute(f"DROP VIEW {quoted(name)}")


def attach_database(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Open a database file, to be read only, and make its tables the ones that are meant."""
    connection.execute(f"ATTACH {text(path)} AS source (READ_ONLY)")
    connection.execute("USE source")


def is_database(path: Path) -> bool:
    """Whether `path` is a database file rather than a data file or a folder of them."""
    return path.is_file() and path.suffix.lower() in DATABASES


def lock(connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    """Close the jail: from here on only `path` can be read, and no setting changed."""
    if path is not None and not is_database(path):
        name = "allowed_directories" if path.is_dir() else "allowed_paths"
        places = dict.fromkeys([text(path), text(pattern(path))])
        connection.execute(f"SET {name}=[{', '.join(places)}]")
    connection.execute("SET allowed_configs=['enable_progress_bar', 'enable_progress_bar_print']")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")


def view_names(files: list[Path]) -> list[str]:
    """A name for each file, no two of them the same to SQL, which ignores case."""
    stems = [_stem(file) for file in files]
    lowered = [stem.lower() for stem in stems]
    taken: set[str] = set()
    names: list[str] = []
    for file, stem in zip(files, stems, strict=True):
        wanted = stem if lowered.count(stem.lower()) == 1 else file.name
        name, number = wanted, 1
        while name.lower() in taken:
            number += 1
            name = f"{wanted}_{number}"
        taken.add(name.lower())
        names.append(name)
    return names


def pattern(path: Path) -> str:
    """A pattern that `path` alone matches: DuckDB takes `a[1].csv` for `a1.csv`."""
    return "".join(f"[{sign}]" if sign in _GLOB else sign for sign in str(path))


def check(path: Path) -> None:
    """Raises `EngineError` when `path` is nothing that can be opened."""
    try:
        path.stat()
    except OSError as error:
        raise EngineError(_unavailable(path, error.strerror or str(error))) from error
    if path.is_dir() or is_database(path) or _reader(path):
        return
    kinds = ", ".join(sorted({"." + ending.split(".")[1] for ending in READERS} | DATABASES))
    raise EngineError(_unavailable(path, f"it is neither a folder nor one of {kinds}"))


def _reader(file: Path) -> str | None:
    name = file.name.lower()
    return next((READERS[end] for end in READERS if name.endswith(end) and name != end), None)


def _stem(file: Path) -> str:
    ending = max((end for end in READERS if file.name.lower().endswith(end)), key=len)
    return file.name[: -len(ending)]


def _stamp(file: Path) -> Stamp:
    found = file.stat()
    return Stamp(file, found.st_size, found.st_mtime_ns)


def _unavailable(path: Path, reason: str) -> JobError:
    return JobError(
        code="source_unavailable",
        message=f"The source's data cannot be opened: {path}: {reason}.",
        hint="Put the file or folder back, or change the source's path.",
    )
