"""Where a PostgreSQL store is, and how connections to it are made."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool, QueuePool

from longwatch.store.errors import StoreUnusable

CONNECT_TIMEOUT_S: Final = 3
LOCK_TIMEOUT_S: Final = 15
HELD_TIMEOUT_S: Final = 30
"""After so long the server ends a transaction in which nothing happens: a process that was stopped
in the middle of one would hold up every other server."""
_SETTINGS: Final = {
    # What was answered with 202 must outlive a power cut, whatever the database's default is.
    "synchronous_commit": "on",
    # Texts are looked for by what they are: a plan made for any text would go through all jobs.
    "plan_cache_mode": "force_custom_plan",
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    "idle_in_transaction_session_timeout": f"{HELD_TIMEOUT_S}s",
    "timezone": "UTC",
    # A machine that is gone must not hold locks for the two hours that a system waits.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
}
_LINK: Final = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A database, by all that libpq has to know."""

    parameters: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> StoreAddress:
        """The address in `postgresql://user:password@host:port/database`. What it leaves out
        comes from libpq's own variables and files (`PGHOST`, `PGPASSFILE` …), of course.

        Raises `StoreUnusable`, without a word of what stands in the URL.
        """
        if not url.startswith(("postgresql://", "postgres://")):
            raise StoreUnusable(
                "The setting store is no PostgreSQL URL. Write it as "
                "postgresql://user@host:5432/database, with the password in a file that "
                "PGPASSFILE names, or leave it out for a store in the data folder."
            )
        try:
            return cls(dict(conninfo_to_dict(url)))
        except psycopg.ProgrammingError:
            raise StoreUnusable(
                "The setting store cannot be read as a PostgreSQL URL. Characters like @, / and % "
                "in a password have to be written as %40, %2F and %25."
            ) from None

    @property
    def shown(self) -> str:
        """The address without its password, and whatever else could be one."""
        known = self.parameters
        host = known.get("host") or known.get("hostaddr") or "its default host"
        port = f":{known['port']}" if known.get("port") else ""
        return (
            f"{known.get('dbname') or known.get('user') or 'its default database'} at {host}{port}"
        )

    @property
    def dump_command(self) -> str:
        """What makes a copy of the store, to be typed into a shell."""
        known = {name: self.parameters.get(name) for name in ("host", "port", "user", "dbname")}
        given = [f"{name}={value}" for name, value in known.items() if value]
        return f"pg_dump --format=custom --file=longwatch.dump {shlex.quote(' '.join(given))}"

    def connect(self, name: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        """A connection that calls itself `name`. Raises `psycopg.Error`."""
        given = dict(self.parameters)
        settings = [f"-c {key}={value}" for key, value in _SETTINGS.items()]
        options = " ".join([*settings, str(given.pop("options", None) or "")]).strip()
        parameters = {**_LINK, **given, "options": options, "application_name": name}
        return psycopg.connect(autocommit=autocommit, **parameters)

    def engine(self, name: str, *, pooled: int = 0) -> Engine:
        """An engine over connections that call themselves `name`: `pooled` of them are kept at
        most, for reading alone; or one at a time is made, and kept by whoever asked."""
        if not pooled:
            return create_engine(
                "postgresql+psycopg://",
                creator=lambda: self.connect(name),
                poolclass=NullPool,
                pool_reset_on_return=None,
            )
        return create_engine(
            "postgresql+psycopg://",
            creator=lambda: self.connect(name),
            poolclass=QueuePool,
            pool_size=pooled,
            max_overflow=0,
            isolation_level="REPEATABLE READ",
            execution_options={"postgresql_readonly": True},
        )
