"""Opens an SQLite database file to be read, and notices when that is not safe any more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import apsw

from longwatch.engines.contract import EngineError
from longwatch.engines.sqlite_rules import authorize
from longwatch.protocol.jobs import JobError

_MAGIC: Final = b"SQLite format 3\x00"
_READ_VERSION_AT: Final = 19
_WAL: Final = 2
_CRASHED: Final = "the program that changed it last did not come to an end"
_REPAIR: Final = "Open it once with a program that may write to it, such as sqlite3."
_OPEN_FILES: Final = Path("/proc/self/fd")


class Unchanging:
    """A database that SQLite was told cannot change: it then takes no lock, so if a program writes
    to it all the same, one query sees two states of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was = self._look()

    def changed(self) -> bool:
        """Whether another program has written to it, or is about to."""
        return self._look() != self._was

    def check(self) -> None:
        """Raises `EngineError` once it has changed."""
        if self.changed():
            raise EngineError(self.error())

    def error(self) -> JobError:
        """That it has changed."""
        return JobError(
            code="source_changed",
            message="Another program changed the database while the query read it: its rows would "
            "be of two states.",
            hint="Run it again. While the other program has the database open, both can be at work "
            "at once.",
        )

    def _look(self) -> tuple[int, int, bool] | None:
        try:
            found = self._path.stat()
            return found.st_size, found.st_mtime_ns, _has_content(_beside(self._path, "-wal"))
        except OSError:
            return None


def connect(path: Path) -> tuple[apsw.Connection, Unchanging | None]:
    """A connection that reads. A database in WAL mode wants a file of shared memory beside it,
    which a runner may not make: with nobody else at work it is opened as one that cannot change,
    and whether that holds is to be looked at after every read.

    Raises `EngineError`, `apsw.Error` and `OSError`.
    """
    _check(path)
    try:
        return _opened(path, "mode=ro"), None
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        unchanging = Unchanging(path)
        if _has_content(_beside(path, "-journal")):
            # Half of a change is in the file, and only who may write can take it back.
            raise EngineError(unavailable(path, _CRASHED, _REPAIR)) from None
        if not _is_in_wal_mode(path) or _has_content(_beside(path, "-wal")):
            raise
        return _opened(path, "mode=ro&immutable=1"), unchanging


def unavailable(path: Path, reason: str, hint: str | None = None) -> JobError:
    """That there is no such database."""
    return JobError(
        code="source_unavailable",
        message=f"The source's data cannot be opened: {path}: {reason}.",
        hint=hint or "Put the database back, or change the source's path.",
    )


def spilled_bytes(folder: Path) -> int | None:
    """Bytes of temporary files in `folder`, given with its links resolved; `None` where they cannot
    be told. SQLite deletes them as soon as it has opened them, so no folder lists them."""
    if not sys.platform.startswith("linux"):
        return None
    total = 0
    try:
        for link in _OPEN_FILES.iterdir():
            total += _deleted_bytes(link, folder)
    except OSError:
        return None
    return total


def _deleted_bytes(link: Path, folder: Path) -> int:
    try:
        found = os.fstat(int(link.name))
        return 0 if found.st_nlink or link.readlink().parent != folder else found.st_size
    except OSError:  # closed meanwhile
        return 0


def _opened(path: Path, how: str) -> apsw.Connection:
    connection = apsw.Connection(
        f"{path.absolute().as_uri()}?{how}",
        flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
    )
    try:
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        # "nme" would otherwise be the text nme where there is no such column.
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        connection.authorizer = authorize
    except BaseException:
        connection.close()
        raise
    return connection


def _check(path: Path) -> None:
    try:
        if path.is_dir() or not (path.is_file() or path.is_block_device()):
            kind = "a folder" if path.is_dir() else "no file" if path.exists() else "not there"
            raise EngineError(unavailable(path, f"it is {kind}"))
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise EngineError(unavailable(path, error.strerror or str(error))) from error
    if start and start != _MAGIC:
        raise EngineError(unavailable(path, "it is not an SQLite database"))


def _is_in_wal_mode(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_READ_VERSION_AT + 1)[_READ_VERSION_AT:] == bytes([_WAL])


def _beside(path: Path, ending: str) -> Path:
    real = path.resolve()  # SQLite names it after the file that a link leads to
    return real.with_name(real.name + ending)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
