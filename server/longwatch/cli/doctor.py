"""`longwatch doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from longwatch.cli.backup import locked
from longwatch.cli.connection import Where, server_options
from longwatch.cli.doctor_jobs import jobs
from longwatch.cli.exits import Exit
from longwatch.cli.findings import Finding
from longwatch.cli.qt_libraries import install_hint, missing, needs_xcb
from longwatch.client import words

_LEAST_FREE_BYTES: Final = 5 * 10**9
_PACKAGES: Final = (
    *("duckdb", "pyarrow", "numpy", "sqlglot"),
    *("fastapi", "uvicorn", "sqlalchemy", "websockets"),
)
_WINDOW_PACKAGES: Final = ("pyside6-essentials", "qasync", "pyqtgraph")


@click.command
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@click.option("--fix", is_flag=True, help="Remove what dead queries left, where no server runs.")
def doctor(where: Where, as_json: bool, fix: bool) -> int:
    """Check this machine and its jobs, or with --server what can be seen of a server from here:
    whether it is reached, its clock, certificate, version, store and disk, and whether WebSockets
    get through to it. Exits with 1 when something is not well."""
    from longwatch.paths import default_data_dir

    if where.server is not None:
        if where.data_dir is not None or fix:
            raise click.UsageError("--server looks from outside: give no --data-dir and no --fix.")
        findings = list(_seen(where))
    else:
        folder = where.data_dir if where.data_dir is not None else default_data_dir()
        findings = list(examine(folder.absolute(), fix=fix))
    for finding in findings:
        if as_json:
            click.echo(
                json.dumps(
                    {
                        "what": finding.what,
                        "found": finding.found,
                        "ok": finding.ok,
                        "advice": finding.advice,
                    }
                )
            )
            continue
        sign = {True: "ok ", False: "BAD", None: "   "}[finding.ok]
        click.echo(f"{sign}  {finding.what:<18} {finding.found}")
        if finding.advice and finding.ok is False:
            click.echo(f"     {'':<18} → {finding.advice}")
    return Exit.FAILED if any(finding.ok is False for finding in findings) else Exit.SUCCEEDED


def _seen(where: Where) -> Iterator[Finding]:
    from longwatch.cli.doctor_server import server
    from longwatch.connecting import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, remote_address

    names = (TOKEN_VARIABLE, TOKEN_FILE_VARIABLE)
    has_token = where.token_file is not None or any(map(os.environ.get, names))
    address = remote_address(
        where.server,
        None if has_token else "none",
        token_file=where.token_file,
        certificate_file=where.certificate_file,
        environment=os.environ,
    )
    assert address is not None
    yield from server(address, has_token=has_token)


def examine(data_dir: Path, *, fix: bool = False) -> Iterator[Finding]:
    """Everything worth knowing, one after the other."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _program,
        _engines,
        _window,
        lambda: _folder(data_dir),
        lambda: _server(data_dir),
        lambda: jobs(data_dir, fix=fix),
    )
    for check in checks:
        yield from check()


def _program() -> Iterator[Finding]:
    from longwatch.version import version

    yield Finding("longwatch", version())
    fits = (3, 11) <= sys.version_info < (3, 14)
    yield Finding(
        "Python", platform.python_version(), fits, "Longwatch runs on Python 3.11, 3.12 and 3.13."
    )
    yield Finding("system", f"{platform.platform()}, {os.cpu_count()} cores")


def _engines() -> Iterator[Finding]:
    # Before 3.51.3 two connections that write at once can corrupt a WAL database; the store
    # writes through one connection only, so an older one does no harm.
    yield Finding("SQLite", sqlite3.sqlite_version, sqlite3.sqlite_version_info >= (3, 35))
    for package in _PACKAGES:
        yield _package(package, "Install Longwatch again: pip install --force-reinstall longwatch")


def _window() -> Iterator[Finding]:
    packages = [
        _package(package, "Install the window: pip install 'longwatch[desktop]'")
        for package in _WINDOW_PACKAGES
    ]
    if not any(finding.ok for finding in packages):
        yield Finding("window", "not installed; pip install 'longwatch[desktop]' adds it")
        return
    yield from packages
    lacking = missing(with_display=needs_xcb())
    yield Finding(
        "Qt's libraries",
        f"missing: {', '.join(lacking)}" if lacking else "all there",
        not lacking,
        install_hint(lacking) if lacking else "",
    )


def _package(name: str, advice: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), True)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", False, advice)


def _folder(data_dir: Path) -> Iterator[Finding]:
    existing = next((place for place in (data_dir, *data_dir.parents) if place.exists()), None)
    if existing is None or not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            "data folder",
            f"{data_dir} cannot be written",
            False,
            "Give it to this user, or choose another with LONGWATCH_DATA_DIR or --data-dir.",
        )
        return
    if existing == data_dir:
        mode = stat.S_IMODE(data_dir.stat().st_mode)
        private = os.name == "nt" or not mode & 0o077
        yield Finding(
            "data folder",
            f"{data_dir} (mode {mode:04o})",
            private,
            f"Others can read your jobs and results: chmod 700 {data_dir}",
        )
    else:
        yield Finding("data folder", f"{data_dir} (made at the first start)", True)
    free = shutil.disk_usage(existing).free
    yield Finding(
        "free disk",
        words.size(free),
        free >= _LEAST_FREE_BYTES,
        "Results and spilled data need room; free some, or choose another data folder.",
    )


def _server(data_dir: Path) -> Iterator[Finding]:
    from longwatch.client.discovery import find_local, read_server_file
    from longwatch.protocol.routes import SERVER_FILE

    if not data_dir.is_dir():
        yield Finding("server", "none runs here; the window or `longwatch serve` starts one")
        return
    path = data_dir / SERVER_FILE
    address = find_local(data_dir)
    if address is not None:
        yield Finding("server", f"running at {address.url}", True)
        return
    left = read_server_file(path)
    with locked(data_dir) as free:
        if not free:
            who = f"process {left.pid}" if left is not None else "some process"
            yield Finding(
                "server",
                f"{who} holds the folder and does not answer",
                False,
                "Give it a few seconds if it is starting or stopping; else end it, start again.",
            )
        elif left is not None:
            yield Finding("server", f"none runs; {path.name} is left from one that was killed")
        else:
            yield Finding("server", "none runs here; the window or `longwatch serve` starts one")
