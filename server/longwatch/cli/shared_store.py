"""The PostgreSQL store of a server, as `backup`, `doctor` and `restored` see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longwatch.cli.connection import data_dir_option
from longwatch.cli.exits import Exit, Failure
from longwatch.cli.findings import Finding
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.store.postgres.address import StoreAddress

_NEEDED = "pip install 'longwatch[postgres]'"


def shared_store(data_dir: Path) -> StoreAddress | None:
    """The PostgreSQL store that the environment or the folder's `config.toml` name; `None` where
    jobs are in the folder. Raises `Failure`."""
    from longwatch.settings import SettingsError, load_settings
    from longwatch.store.errors import StoreError

    try:
        url = load_settings(data_dir, {}).store_url()
        if url is None:
            return None
        from longwatch.store.postgres.address import StoreAddress

        return StoreAddress.parse(url)
    except (SettingsError, StoreError) as error:
        raise Failure(str(error), Exit.USAGE) from error
    except ImportError as error:
        raise Failure(
            f"The store is in PostgreSQL, and the package for it is not installed: {_NEEDED}",
            Exit.USAGE,
        ) from error


def refuse_copy(data_dir: Path) -> None:
    """Say how a PostgreSQL store is copied. Raises `Failure` where there is one."""
    address = shared_store(data_dir)
    if address is not None:
        from longwatch.store.errors import StoreElsewhere

        raise Failure(str(StoreElsewhere(address.shown, address.dump_command)), Exit.USAGE)


def findings(address: StoreAddress) -> Iterator[Finding]:
    """What `doctor` says about the store."""
    from longwatch.store.errors import StoreError
    from longwatch.store.postgres.checkup import look

    where = f"PostgreSQL, {address.shown}"
    try:
        found = look(address)
    except StoreError as error:
        yield Finding("job store", where, False, str(error))
        return
    if found.revision is None:
        yield Finding("job store", f"{where}: empty; the next start makes it", True)
        return
    text = f"{words.count(found.jobs)} jobs in {where}, schema {found.revision}"
    if found.is_too_new:
        yield Finding(
            "job store", text, False, "A newer Longwatch wrote it: install that version again."
        )
        return
    text += "" if found.is_current else ", which the next start brings up to date"
    yield Finding("job store", text, True)
    yield Finding("servers on it", words.count(found.servers), found.served or not found.servers)
    yield Finding(
        "durability",
        "PostgreSQL writes what it commits" if found.durable else "fsync is off",
        found.durable,
        "A power cut would lose accepted jobs: set fsync = on in postgresql.conf.",
    )
    if not found.texts_indexed:
        yield Finding(
            "search", "without pg_trgm: slow in a long history; CREATE EXTENSION pg_trgm makes it"
        )


@click.command
@data_dir_option
def restored(data_dir: Path | None) -> int:
    """Make a PostgreSQL store ready that was put back from a dump.

    To be called after pg_restore, before any server starts: jobs that waited or ran when the dump
    was made are over then, so that none runs a second time, and clients begin anew.
    """
    from longwatch.paths import default_data_dir
    from longwatch.store.errors import StoreError

    address = shared_store((data_dir if data_dir is not None else default_data_dir()).absolute())
    if address is None:
        raise Failure(
            "No PostgreSQL store is set. Name it in $LONGWATCH_STORE_FILE or config.toml; what "
            "`longwatch backup` copied needs nothing of this.",
            Exit.USAGE,
        )
    from longwatch.store.postgres.restoring import mark_restored

    try:
        ended = mark_restored(address)
    except StoreError as error:
        raise Failure(str(error), Exit.FAILED) from error
    click.echo(f"{address.shown}: ready; jobs that were not over: {words.count(ended)}")
    return Exit.SUCCEEDED
