"""Opening the SQLite file: settings of the connection, migrations, what can be wrong with it."""

from __future__ import annotations

import errno
import secrets
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from longwatch.store import encoded
from longwatch.store.errors import StoreError, StoreFull, StoreTooNew, StoreUnusable
from longwatch.store.tables import HEAD, meta

BUSY_TIMEOUT_MS: Final = 5_000
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def open_engine(path: Path) -> Engine:
    """An engine over one connection to the SQLite file at `path`, made and migrated as needed.

    One connection only, used from one thread (`writer.StoreThread`): SQLite before 3.51.3 can
    damage a WAL file that two connections write or checkpoint at once, and Python 3.11 brings
    3.40. `synchronous=FULL`, since what was answered with 202 must outlive a power cut.

    Raises `StoreTooNew`, `StoreFull` or `StoreUnusable`.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            _migrate(connection, path)
            encoded.renew(connection)
            if connection.scalar(select(meta.c.value).where(meta.c.key == "epoch")) is None:
                connection.execute(insert(meta).values(key="epoch", value=secrets.token_hex(8)))
    except DatabaseError as error:
        engine.dispose()
        raise explain(error, path) from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def explain(error: DatabaseError, path: Path) -> StoreError:
    """The store's own error for what SQLite said."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and code & 0xFF == sqlite3.SQLITE_FULL:
        return StoreFull(path)
    if code == sqlite3.SQLITE_IOERR_WRITE and _is_full(path.parent):
        return StoreFull(path)
    return StoreUnusable(
        f"The job store {path} cannot be used: {error.orig}. `longwatch doctor` says more."
    )


def _is_full(folder: Path) -> bool:
    """SQLite tells a full disk from other write errors, but not a used-up quota."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(64 * 1024))
            probe.flush()
    except OSError as error:
        return error.errno in _NO_ROOM
    return False


def _configure(dbapi_connection: Any, _record: Any) -> None:
    # SQLAlchemy sends BEGIN itself (below): sqlite3's own implicit transactions would
    # otherwise leave SELECTs outside of them.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_size_limit=67108864",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection, path: Path) -> None:
    revision: str | None = None
    if inspect(connection).has_table("alembic_version"):
        revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision == HEAD:
        return
    # Alembic costs 0.2 s to import; only a new or an old store needs it.
    from longwatch.store import upgrade  # noqa: PLC0415

    if revision is not None and revision not in upgrade.known_revisions():
        raise StoreTooNew(path, revision)
    upgrade.upgrade(connection)
