"""PostgreSQL stores for tests: one cluster a process, one database a test."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from psycopg import sql
from sqlalchemy import delete

from longwatch.store.postgres.address import StoreAddress
from longwatch.store.postgres.opening import prepare
from longwatch.store.tables import meta
from support.postgres import PLAIN, Cluster, cluster


class PostgresDatabases:
    """Databases with an empty store each, copied from one that was migrated once."""

    def __init__(self, clusters: Callable[[], Cluster] = cluster) -> None:
        self._cluster = clusters
        self._template: str | None = None

    def new(self) -> StoreAddress:
        """A database of its own for a test."""
        here = self._cluster()
        if self._template is None:
            self._template = here.create_database()
            engine = self._address(self._template).engine("template")
            prepare(engine, self._address(self._template))
            with engine.begin() as connection:
                connection.execute(delete(meta).where(meta.c.key == "epoch"))
            engine.dispose()
        name = f"db_{secrets.token_hex(6)}"
        with here.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    *map(sql.Identifier, (name, PLAIN, self._template))
                )
            )
        return self._address(name)

    def drop(self, address: StoreAddress) -> None:
        """Remove a database, whoever is still connected."""
        with self._cluster().admin() as connection:
            name = sql.Identifier(address.parameters["dbname"])
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _address(self, name: str) -> StoreAddress:
        return StoreAddress(dict(self._cluster().options(name)))


databases = PostgresDatabases()


def url_of(address: StoreAddress) -> str:
    """The address as a setting has it."""
    known = address.parameters
    where = f"{known['user']}:{known['password']}@{known['host']}:{known['port']}"
    return f"postgresql://{where}/{known['dbname']}"
