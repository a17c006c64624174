"""Getting a PostgreSQL store ready: what it must be, migrations, the index of texts.

Several servers may start at once: whoever comes first holds the lock that every writer takes, and
brings the store up to date; the others find it done.
"""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import DBAPIError

from longwatch.store import encoded, markers
from longwatch.store.errors import StoreTooNew, StoreUnusable
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.tables import HEAD, SEARCHED, meta

LOCKS: Final = 0x6C6F6E67
"""The first half of every advisory lock of Longwatch's in a database: "long"."""
WRITING: Final = 1
LEADING: Final = 2
OLDEST: Final = 130_000
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:locks, :which)")
_REVISION: Final = text("SELECT version_num FROM alembic_version")


def take_write_lock(connection: Connection) -> None:
    """Be the only one to write until this transaction ends."""
    connection.execute(_LOCK, {"locks": LOCKS, "which": WRITING})


def prepare(engine: Engine, address: StoreAddress) -> bool:
    """Make or update the store; whether it has an index of texts.

    Raises `StoreTooNew`, `StoreUnusable` or `DBAPIError`.
    """
    with engine.begin() as connection:
        _check(connection, address)
        # A million jobs are upgraded in a minute or two, by one of those who wait here.
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        take_write_lock(connection)
        _migrate(connection, address)
        encoded.renew(connection)
        if connection.scalar(select(meta.c.value).where(meta.c.key == "epoch")) is None:
            connection.execute(insert(meta).values(key="epoch", value=secrets.token_hex(8)))
        return _index_texts(connection)


def _check(connection: Connection, address: StoreAddress) -> None:
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if version < OLDEST:
        raise StoreUnusable(
            f"The job store needs PostgreSQL 13 or later; {address.shown} is "
            f"{version // 10_000}. Choose another with the setting store."
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreUnusable(
            f"The job store needs a database in UTF8; {address.shown} has {encoding}. Make one "
            "with createdb --encoding=UTF8 --template=template0."
        )


def _migrate(connection: Connection, address: StoreAddress) -> None:
    revision: str | None = None
    if connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        revision = connection.scalar(_REVISION)
    if revision == HEAD:
        return
    # Alembic costs 0.2 s to import; only a new or an old store needs it.
    from longwatch.store import upgrade  # noqa: PLC0415

    if revision is not None and revision not in upgrade.known_revisions():
        raise StoreTooNew(f"The job store {address.shown}", revision)
    upgrade.upgrade(connection)


def _index_texts(connection: Connection) -> bool:
    """Index texts by their trigrams if PostgreSQL has that extension; whether it has."""
    if markers.get(connection, markers.TEXT_INDEX) is not None:
        return True
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except DBAPIError:  # it is not installed, or this user may not
        return False
    index = f"CREATE INDEX jobs_by_text ON jobs USING gin ({SEARCHED} gin_trgm_ops)"
    connection.execute(text(index))
    markers.put(connection, markers.TEXT_INDEX, "pg_trgm")
    return True
