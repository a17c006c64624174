"""`longwatch backup`: a copy of the jobs, and of their results if asked, while the server runs."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli.connection import data_dir_option
from longwatch.cli.exits import Exit, Failure
from longwatch.cli.shared_store import refuse_copy
from longwatch.durable import sync

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.protocol.backups import Backup

STORE: Final = "jobs.sqlite"
_PATIENCE_S: Final = 3_600.0


@click.command
@click.argument("target", type=click.Path())
@click.option("--results", is_flag=True, help="Copy the results of jobs that are over as well.")
@click.option("--force", is_flag=True, help="Overwrite a backup that is there already.")
@data_dir_option
def backup(target: str, results: bool, force: bool, data_dir: Path | None) -> int:
    """Copy the jobs of this machine's server to TARGET, a file or a folder.

    The server goes on meanwhile; the copy is consistent and checked. Jobs that wait or run are
    over in it, so that none runs a second time when it is put back. To put it back, stop the
    server, copy jobs.sqlite (and the folder jobs) over those in the data folder, delete
    jobs.sqlite-wal and jobs.sqlite-shm there, and start the server.

    Of jobs that are kept in PostgreSQL it only says which pg_dump makes a copy.
    """
    from longwatch.client import words
    from longwatch.paths import default_data_dir

    folder = (data_dir if data_dir is not None else default_data_dir()).absolute()
    refuse_copy(folder)
    if not (folder / STORE).exists():
        raise Failure(f"There are no jobs in {folder}. Choose another --data-dir.", Exit.USAGE)
    path = Path(target).expanduser()
    as_folder = results or path.is_dir() or target.endswith(("/", os.sep))
    file = (path / STORE if as_folder else path).absolute()
    if file.exists() and not force:
        raise Failure(f"{file} exists; --force overwrites it.", Exit.USAGE)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = _copy_store(folder, file)
        text = f"{_number(made.jobs, 'job')}, {words.size(made.bytes)}"
        if results:
            copied, missing = _copy_results(folder / "jobs", file, file.with_name("jobs"))
            text += f", {_number(copied, 'result')}"
            text += f" ({words.count(missing)} expired)" if missing else ""
    except (OSError, sqlite3.Error) as error:
        raise Failure(f"The backup could not be made: {error}.", Exit.FAILED) from error
    click.echo(f"{file}: {text}")
    if made.unfinished:
        click.echo(
            f"{_number(made.unfinished, 'job')} not over yet; in the copy they are.", err=True
        )
    return Exit.SUCCEEDED


def _number(count: int, thing: str) -> str:
    from longwatch.client import words

    return f"{words.count(count)} {thing}{'' if count == 1 else 's'}"


def _copy_store(data_dir: Path, file: Path) -> Backup:
    from longwatch.client.discovery import find_local
    from longwatch.store.backup import BackupFailed, copy_closed

    try:
        address = find_local(data_dir)
        if address is not None:
            return _by_server(address, data_dir, file)
        with locked(data_dir) as mine:
            if not mine:
                raise Failure(
                    f"A process holds {data_dir} and does not answer. `longwatch doctor` says "
                    "what to do.",
                    Exit.UNREACHABLE,
                )
            return copy_closed(data_dir / STORE, file)
    except BackupFailed as error:
        raise Failure(f"The backup could not be made: {error}.", Exit.FAILED) from error


def _by_server(address: Address, data_dir: Path, file: Path) -> Backup:
    """Let the server copy its own store: a second connection that writes or checkpoints could
    damage it (SQLite before 3.51.3). Then take the copy away."""
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.routes import BACKUPS_FOLDER

    async def ask() -> Backup:
        async with AsyncClient(address, timeout_s=_PATIENCE_S) as client:
            return await client.back_up()

    made = asyncio.run(ask())
    source = data_dir / BACKUPS_FOLDER / Path(made.file).name
    try:
        copy_synced(source, file)
    finally:
        source.unlink()
    from longwatch.store.backup import check

    return check(file, name=file.name, made_at=made.made_at, unfinished=made.unfinished)


def copy_synced(source: Path, target: Path) -> None:
    """Copy a file so that `target` is the old one or the new one, whole and on the disk."""
    part = target.with_name(target.name + ".part")
    try:
        with source.open("rb") as read, part.open("wb") as written:
            part.chmod(0o600)
            shutil.copyfileobj(read, written, 2**20)
        sync(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def locked(data_dir: Path) -> Iterator[bool]:
    """The lock of a data folder, as a server takes it; false when somebody holds it."""
    from filelock import FileLock, Timeout

    from longwatch.host import LOCK_FILE

    lock = FileLock(data_dir / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _copy_results(jobs: Path, copy: Path, target: Path) -> tuple[int, int]:
    """Copy the folders that the jobs in the store `copy` have their results in; how many were
    copied, and how many were not there any more."""
    query = "SELECT id, attempt FROM jobs WHERE result IS NOT NULL AND finished_us IS NOT NULL"
    copied = missing = 0
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as store:
        for job_id, attempt in store.execute(query):
            source, to = (folder / job_id / str(attempt) for folder in (jobs, target))
            if not (source / "result" / "index.json").exists():
                missing += 1
                continue
            part = to.with_name(to.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            try:
                shutil.copytree(source, part, ignore=shutil.ignore_patterns("spill"))
            except (shutil.Error, FileNotFoundError):
                if (source / "result" / "index.json").exists():
                    raise
                shutil.rmtree(part, ignore_errors=True)
                missing += 1  # it expired under our hands
                continue
            shutil.rmtree(to, ignore_errors=True)
            part.replace(to)
            copied += 1
    return copied, missing
