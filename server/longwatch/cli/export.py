"""`longwatch export`: a result as a file, made by the server."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.client.api import AsyncClient
    from longwatch.protocol.results import ExportFormat, ExportStatus

FORMATS: Final = ("csv", "jsonl", "json", "parquet", "xlsx", "arrow")
_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, and where to; `path` is `None` for standard output. `sort`, `which`
    and `columns` are as in an address."""

    path: Path | None
    form: ExportFormat
    sort: str = ""
    which: str = ""
    columns: tuple[str, ...] = ()
    keep_formulas: bool = False


@click.command(name="export")
@click.argument("job", metavar="JOB")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False, writable=True, allow_dash=True, path_type=Path),
    help="The file to write, or - for standard output.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Default: what the file's name ends with."
)
@click.option("--sort", default="", help="Columns, a minus for the largest first: -delay,carrier")
@click.option(
    "--filter",
    "which",
    default="",
    help='JSON: [{"column": "carrier", "op": "eq", "value": "UA"}]; the README lists them.',
)
@click.option("--column", "columns", multiple=True, help="A column to write; all by default.")
@click.option(
    "--formulas",
    type=click.Choice(["escape", "keep"]),
    default="escape",
    show_default=True,
    help="In CSV, put an apostrophe before a text that a spreadsheet would run.",
)
@server_options
def export(
    job: str,
    *,
    output: Path,
    form: str | None,
    sort: str,
    which: str,
    columns: tuple[str, ...],
    formulas: str,
    where: Where,
) -> int:
    """Write a job's result to a file: .csv .jsonl .json .parquet .xlsx or .arrow.

    JOB is an id, or the start of one. Ctrl+C cancels; the file appears only once it is whole.
    """
    path = None if str(output) == "-" else output
    wanted = Wanted(path, chosen_form(path, form), sort, which, columns, formulas == "keep")
    with reach(where, may_start=True) as address:
        return asyncio.run(_export(address, job, wanted))


def chosen_form(path: Path | None, form: str | None) -> ExportFormat:
    """The format that is meant. Raises `click.BadParameter`."""
    from longwatch.client.results import form_of
    from longwatch.protocol.results import ExportFormat

    if form is not None:
        return ExportFormat(form)
    if path is None:
        return ExportFormat.CSV
    try:
        return form_of(path)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--output") from error


async def _export(address: Address, job: str, wanted: Wanted) -> int:
    from longwatch.cli.jobs import find
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        found = await find(api, job)
        rows = await write(api, found.id, wanted)
    if wanted.path is not None:
        click.echo(f"{words.counted(rows, 'row')} written to {wanted.path}", err=True)
    return Exit.SUCCEEDED


async def write(api: AsyncClient, job_id: str, wanted: Wanted) -> int:
    """Export, with progress on standard error; how many rows. Raises what `api.export_result`
    does, and `Failure` when it comes to nothing."""
    from longwatch.client.errors import NotFound, ServerUnreachable

    export_id = secrets.token_urlsafe(12)
    telling = asyncio.create_task(_tell(api, export_id))
    try:
        await _fetch(api, job_id, wanted, export_id)
        return (await api.export_status(export_id)).rows
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Failure(f"The rows cannot be written: {error}.", Exit.FAILED) from error
    except ServerUnreachable as error:
        with contextlib.suppress(NotFound, ServerUnreachable):
            status = await api.export_status(export_id)
            if status.error is not None:
                raise Failure(status.error, Exit.FAILED) from error
        raise
    finally:
        telling.cancel()


async def _fetch(api: AsyncClient, job_id: str, wanted: Wanted, export_id: str) -> None:
    from longwatch.client.results import save
    from longwatch.protocol.results import Formulas

    pieces = api.export_result(
        job_id,
        wanted.form,
        sort=wanted.sort,
        where=wanted.which,
        columns=wanted.columns,
        formulas=Formulas.KEEP if wanted.keep_formulas else Formulas.ESCAPE,
        export_id=export_id,
    )
    if wanted.path is not None:
        await save(pieces, wanted.path)
        return
    async with aclosing(pieces):
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


async def _tell(api: AsyncClient, export_id: str) -> None:
    """How far it is, twice a second on a terminal."""
    from longwatch.client.errors import LongwatchClientError

    if not sys.stderr.isatty():
        return
    try:
        while True:
            await asyncio.sleep(_LOOK_S)
            with contextlib.suppress(LongwatchClientError):
                click.echo(f"\r{_standing(await api.export_status(export_id))}", err=True, nl=False)
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)


def _standing(status: ExportStatus) -> str:
    if status.total_rows is None:
        return "sorting and filtering …"
    share = f" ({words.share(status.rows / status.total_rows)})" if status.total_rows else ""
    return f"{words.count(status.rows)} of {words.count(status.total_rows)} rows{share}\x1b[K"
