"""`longwatch runs` and `longwatch accuracy`: what is remembered of runs, and how right what was
told of them was."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.protocol.runs import Run, SourceAccuracy


@dataclass(frozen=True, slots=True)
class _Which:
    """The runs that are meant; all where nothing is said."""

    source: str | None
    digest: str | None


@click.command(name="runs")
@click.option("--source", help="Only runs on this source.")
@click.option("--digest", help="Only runs of queries with this fingerprint.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, without the traces.")
@click.option(
    "--export",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write every run that matches, with its trace, to a .jsonl file.",
)
@click.option("--delete", is_flag=True, help="Forget every run that matches. There is no way back.")
@click.option("--all", "everything", is_flag=True, help="With --delete: whatever they are of.")
@server_options
def list_runs(
    source: str | None,
    digest: str | None,
    limit: int,
    as_json: bool,
    export: Path | None,
    delete: bool,
    everything: bool,
    where: Where,
) -> None:
    """List the runs that the time left of later ones rests on, those that ended last first.

    They stay when their jobs are deleted, and hold no SQL: tables, numbers and how long it took.
    """
    which = _Which(source, digest)
    if delete:
        _delete(where, which, export, everything=everything)
        return
    if everything:
        raise click.UsageError("--all goes with --delete.")
    if export is not None:
        _export(where, which, export)
        return
    with reach(where) as address:
        found, more = asyncio.run(_fetch(address, which, limit))
    if as_json:
        _print_json(found)
        return
    if not found:
        click.echo("No runs are remembered yet: they are when a query has succeeded.", err=True)
        return
    header = ("JOB", "ENDED", "TIME", "ROWS", "BAR OFF BY", "RANGE HELD", "FINGERPRINT", "SOURCE")
    for line in tables.aligned(header, [_row(one) for one in found], right=frozenset({2, 3, 4, 5})):
        click.echo(words.clean(line))
    if more:
        click.echo("There is more; --limit shows it.", err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def accuracy(as_json: bool, where: Where) -> None:
    """Show how right the bars and the times left of each source's runs were.

    BAR OFF BY is how far the bar was from the share of the time that had passed, in percentage
    points, on average: of all runs, of queries that had run before, and of those that had not.
    RANGE HELD is the share of the time in which the range of the time left held what came true,
    which is meant to be 80 %; WIDTH how wide the range was, in the middle, against that.
    """
    with reach(where) as address:
        found = asyncio.run(_accuracy(address))
    if as_json:
        _print_json(found)
        return
    if not found:
        click.echo("No runs are remembered yet: they are when a query has succeeded.", err=True)
        return
    header = (
        "SOURCE",
        "RUNS",
        "REPEATS",
        "BAR OFF BY",
        "IN REPEATS",
        "FIRST TIME",
        "RANGE HELD",
        "WIDTH",
    )
    rows = [_accuracy_row(one) for one in found]
    for line in tables.aligned(header, rows, right=frozenset(range(1, len(header)))):
        click.echo(words.clean(line))


def _row(one: Run) -> tuple[str, ...]:
    told = one.accuracy
    return (
        one.job_id,
        words.clock(one.ended_at),
        words.took(one.duration_s),
        words.count(one.rows),
        _points(told.fraction_error if told else None),
        _share(told.range_held if told else None),
        one.digest,
        one.source,
    )


def _accuracy_row(one: SourceAccuracy) -> tuple[str, ...]:
    return (
        one.source,
        words.count(one.runs),
        words.count(one.repeats),
        _points(one.fraction_error),
        _points(one.fraction_error_repeats),
        _points(one.fraction_error_first),
        _share(one.range_held),
        _share(one.range_width),
    )


def _points(part: float | None) -> str:
    return "-" if part is None else f"{part * 100:.1f} pp"


def _share(part: float | None) -> str:
    return "-" if part is None else words.share(part)


async def _fetch(address: Address, which: _Which, limit: int) -> tuple[list[Run], bool]:
    from longwatch.client.api import AsyncClient

    found: list[Run] = []
    async with (
        AsyncClient(address) as api,
        aclosing(api.each_run(source=which.source, digest=which.digest)) as pages,
    ):
        async for page in pages:
            found += page.runs
            if len(found) > limit:
                break
    return found[:limit], len(found) > limit


async def _accuracy(address: Address) -> list[SourceAccuracy]:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        return await api.accuracy()


def _export(where: Where, which: _Which, path: Path) -> None:
    if path.suffix.lower() != ".jsonl":
        raise click.BadParameter(
            f"{path.name}: the extension must be .jsonl.", param_hint="--export"
        )
    try:
        with reach(where) as address:
            asyncio.run(_write_export(address, which, path))
    except OSError as error:
        raise Failure(f"The runs cannot be written: {error}.", Exit.FAILED) from error
    click.echo(f"written to {path}", err=True)


async def _write_export(address: Address, which: _Which, path: Path) -> None:
    from longwatch.client.api import AsyncClient
    from longwatch.client.results import save

    async with AsyncClient(address) as api:
        await save(api.export_runs(source=which.source, digest=which.digest), path)


def _delete(where: Where, which: _Which, export: Path | None, *, everything: bool) -> None:
    if export is not None:
        raise click.UsageError("Give either --export or --delete; export first what you want.")
    if everything is (which != _Which(None, None)):
        raise click.UsageError("--delete takes --source, --digest or both, or else --all.")
    with reach(where) as address:
        gone = asyncio.run(_forget(address, which, everything=everything))
    click.echo(f"{words.counted(gone, 'run')} forgotten")


async def _forget(address: Address, which: _Which, *, everything: bool) -> int:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        return await api.delete_runs(
            source=which.source, digest=which.digest, everything=everything
        )


def _print_json(records: list[Run] | list[SourceAccuracy]) -> None:
    import msgspec

    for record in records:
        click.echo(msgspec.json.encode(record))
