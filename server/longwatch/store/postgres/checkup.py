"""A look at a PostgreSQL store from outside, for `longwatch doctor`: it writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import psycopg

from longwatch.jobs.errors import JobsError
from longwatch.store.checkup import OfRevision
from longwatch.store.errors import StoreUnusable
from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.errors import explain
from longwatch.store.postgres.opening import LEADING, LOCKS

_HELD: Final = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s "
    "AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_THERE: Final = "SELECT to_regclass('alembic_version') IS NOT NULL"
_TEXTS: Final = "SELECT to_regclass('jobs_by_text') IS NOT NULL"
_SERVERS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name = 'longwatch listener'"
)


@dataclass(frozen=True, slots=True)
class SharedCheckup(OfRevision):
    """What was found. `revision` is `None` where no server has made the store yet; `servers` are
    those that use it now, and `served` says whether one of them leads."""

    version: str
    revision: str | None = None
    jobs: int = 0
    texts_indexed: bool = False
    servers: int = 0
    served: bool = False
    durable: bool = True
    """Whether PostgreSQL itself is told to write what it commits (`fsync`)."""


def look(address: StoreAddress) -> SharedCheckup:
    """Look at the store. Raises `StoreUnusable`."""
    try:
        with address.connect("longwatch doctor", autocommit=True) as connection:

            def one(query: str, *values: object) -> object:
                row = connection.execute(query.encode(), values).fetchone()
                return None if row is None else row[0]

            version = str(one("SHOW server_version"))
            durable = one("SHOW fsync") == "on"
            if not one(_THERE):
                return SharedCheckup(version, durable=durable)
            jobs = one("SELECT coalesce(sum(jobs), 0) FROM job_counts")
            return SharedCheckup(
                version=version,
                revision=str(one("SELECT version_num FROM alembic_version")),
                jobs=int(str(jobs)),
                texts_indexed=bool(one(_TEXTS)),
                servers=int(str(one(_SERVERS))),
                served=bool(one(_HELD, LOCKS, LEADING)),
                durable=durable,
            )
    except psycopg.Error as error:
        problem = explain(error, address, starting=True)
        if isinstance(problem, JobsError):
            problem = StoreUnusable(str(problem))
        raise problem from error
