"""`longwatch sources` and `longwatch estimate`: what queries run on, and what they may cost."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from longwatch.client.api import AsyncClient
    from longwatch.protocol.catalogue import Estimate
    from longwatch.protocol.sources import Source, SourceDraft, SourceTest

T = TypeVar("T")

_settings = [
    click.option(
        "--option",
        "-o",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help="What the engine needs to know; `longwatch sources engines` lists it. Repeatable.",
    ),
    click.option(
        "--path",
        help="The folder or file, where it lies on the server; short for --option path=…",
    ),
    click.option(
        "--upload",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Send this file to the server, and make the source of it.",
    ),
    click.option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="NAME",
        help="Ask for a secret, such as the password; read from standard input where that is no "
        "terminal. Repeatable.",
    ),
    click.option(
        "--secret-env",
        "variables",
        multiple=True,
        metavar="NAME=VARIABLE",
        help="Take a secret from an environment variable of the server, at each run. Repeatable.",
    ),
    click.option("--title", default="", help="What people call it."),
    click.option("--description", default="", help="What it is."),
    click.option("--max-running", type=click.IntRange(1, 256), help="Queries at once on it."),
    click.option(
        "--queue",
        help="The queue of the workers that have its data; an empty one is the usual one again.",
    ),
]


def _with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_settings):
        command = option(command)
    return command


@click.group(name="sources", invoke_without_command=True)
@click.pass_context
def sources(context: click.Context) -> None:
    """List, add, change, test and remove what queries run against."""
    if context.invoked_subcommand is None:
        context.invoke(list_sources)


@sources.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def list_sources(as_json: bool, where: Where) -> None:
    """List the sources, the default first."""
    found = _call(where, lambda api: api.sources()).sources
    if as_json:
        _print_json(found)
        return
    lines = tables.aligned(
        ["NAME", "ENGINE", "TITLE", "WHERE"],
        [[one.name, one.engine, one.title, _place(one)] for one in found],
        right=frozenset(),
    )
    for line in lines:
        click.echo(words.clean(line))


@sources.command()
@server_options
def engines(where: Where) -> None:
    """List the engines that the server has, and what a source of each needs to know."""
    for one in _call(where, lambda api: api.engines()).engines:
        click.echo(words.clean(f"{one.name}: {one.description}"))
        for option in one.options:
            notes = [option.title, option.kind.value, *(["required"] if option.required else [])]
            notes += [" | ".join(option.choices)] if option.choices else []
            click.echo(words.clean(f"    {option.name:<12} {', '.join(notes)}"))
        if one.free_options:
            click.echo("    and others, as the driver has them")


@sources.command()
@click.argument("name")
@click.argument("engine", default="duckdb")
@_with_settings
@click.option("--no-test", is_flag=True, help="Do not open it before it is added.")
@server_options
def add(name: str, engine: str, where: Where, no_test: bool, **given: Any) -> int:
    """Add a source called NAME, of files (duckdb) unless another ENGINE is named."""
    return _call(where, lambda api: _keep(api, name, engine, given, test=not no_test, new=True))


@sources.command()
@click.argument("name")
@click.argument("engine", default="")
@_with_settings
@click.option("--no-test", is_flag=True, help="Do not open it before it is changed.")
@server_options
def change(name: str, engine: str, where: Where, no_test: bool, **given: Any) -> int:
    """Change the source NAME: what is not mentioned stays as it is."""
    return _call(where, lambda api: _keep(api, name, engine, given, test=not no_test, new=False))


@sources.command()
@click.argument("name")
@server_options
def test(name: str, where: Where) -> int:
    """Open the source NAME and look what there is."""
    return _tell_test(_call(where, lambda api: api.test_source(name)))


@sources.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def show(name: str, as_json: bool, where: Where) -> None:
    """List the tables of the source NAME, with their columns."""
    catalogue = _call(where, lambda api: api.catalogue(name))
    if as_json:
        _print_json(catalogue.tables)
        return
    for table in catalogue.tables:
        about = "" if table.rows is None else f", {'' if table.rows_exact else 'about '}"
        about += "" if table.rows is None else f"{words.count(table.rows)} rows"
        click.echo(words.clean(f"{table.name_in_sql}  ({table.kind}{about})"))
        for column in table.columns:
            click.echo(words.clean(f"    {column.name}  {column.type}"))
    for line in catalogue.left_out:
        click.echo(words.clean(line), err=True)
    if catalogue.truncated:
        click.echo("… and more tables.", err=True)


@sources.command()
@click.argument("name")
@server_options
def remove(name: str, where: Where) -> None:
    """Remove the source NAME. Its jobs and their results stay."""
    _call(where, lambda api: api.remove_source(name))
    click.echo(f"Removed {name}.")


@click.command()
@click.argument("query", metavar="SQL|FILE|-")
@click.option("--source", help="The source to query. Default: the server's own default.")
@click.option(
    "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="As of `run`."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@server_options
def estimate(
    query: str, source: str | None, parameters: tuple[str, ...], as_json: bool, where: Where
) -> int:
    """Say what to expect of a query, without running it."""
    from longwatch.cli.run_query import read_query, read_values
    from longwatch.protocol.sources import EstimateRequest

    sql, _ = read_query(query)
    request = EstimateRequest(sql=sql, source=source, parameters=read_values(parameters))
    found = _call(where, lambda api: api.estimate(request))
    if as_json:
        _print_json([found])
    else:
        _tell_estimate(found)
    return Exit.SUCCEEDED if found.error is None else Exit.FAILED


def _tell_estimate(found: Estimate) -> None:
    if found.error is not None:
        place = f" (line {found.error.line})" if found.error.line else ""
        click.echo(words.clean(f"{found.error.code}{place}: {found.error.message}"), err=True)
        if found.error.hint:
            click.echo(words.clean(found.error.hint), err=True)
        return
    kind = found.kind.value if found.kind else "unknown"
    click.echo(
        f"kind        {kind}" + (f", {found.statements} statements" * (found.statements > 1))
    )
    if found.rows is not None:
        basis = "the last time" if found.rows_known else "as the engine's planner guesses"
        about = "" if found.rows_known else "about "
        click.echo(f"rows        {about}{words.count(found.rows)}, {basis}")
    if found.bytes is not None:
        click.echo(f"bytes       about {words.size(found.bytes)}")
    if found.low_s is not None and found.high_s is not None:
        span = f"{words.duration(found.low_s)} to {words.duration(found.high_s)}"
        click.echo(f"time        {span}, in {found.runs} earlier runs")
    else:
        click.echo("time        unknown: this query has not been run before")
    if found.plan:
        click.echo()
        click.echo(words.clean(found.plan))


async def _keep(
    api: AsyncClient, name: str, engine: str, given: dict[str, Any], *, test: bool, new: bool
) -> int:
    before = None
    if not new:
        all_sources = (await api.sources()).sources
        before = next((one for one in all_sources if one.name == name), None)
        if before is None:
            raise Failure(f"There is no source {name!r}.", Exit.FAILED)
    draft = await _draft(api, name, engine, given, before)
    if test:
        code = _tell_test(await api.try_source(draft))
        if code != Exit.SUCCEEDED:
            click.echo("Nothing was changed. --no-test keeps it all the same.", err=True)
            return code
    if before is None:
        await api.add_source(draft)
        click.echo(f"Added {name}. longwatch run --source {name} 'SELECT …' queries it.")
    else:
        await api.change_source(name, draft)
        click.echo(f"Changed {name}.")
    return Exit.SUCCEEDED


async def _draft(
    api: AsyncClient, name: str, engine: str, given: dict[str, Any], before: Source | None
) -> SourceDraft:
    import msgspec

    from longwatch.protocol.sources import SecretReference, SourceDraft

    options = dict(before.options) if before else {}
    options |= dict(_pair(one, "--option") for one in given["options"])
    if given["path"]:
        options["path"] = _whole(given["path"])
    if given["upload"] is not None:
        options["path"] = (await api.upload(given["upload"])).path
    if not options and (engine or "duckdb") == "duckdb" and before is None:
        raise click.UsageError("Name the folder or file with --path, or send one with --upload.")
    secrets: dict[str, str | SecretReference] = {}
    for one in given["variables"]:
        key, variable = _pair(one, "--secret-env")
        secrets[key] = SecretReference(env=variable)
    for key in given["secrets"]:
        secrets[key] = _ask(key)
    fields = {
        "name": name,
        "engine": engine or (before.engine if before else "duckdb"),
        "title": given["title"] or (before.title if before else ""),
        "description": given["description"] or (before.description if before else ""),
        "options": options,
        "secrets": {key: msgspec.to_builtins(one) for key, one in secrets.items()},
        "max_running": given["max_running"] or (before.max_running if before else None),
        "queue": _queue(given["queue"], before),
    }
    try:
        return msgspec.convert(fields, SourceDraft)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"This cannot be a source: {error}.") from error


def _queue(given: str | None, before: Source | None) -> str | None:
    if given is not None:
        return given or None
    return before.queue if before else None


def _whole(path: str) -> str:
    """A path that is on this machine as a whole one; any other is the server's to find."""
    here = Path(path).expanduser()
    return str(here.absolute()) if here.exists() else path


def _ask(key: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(key, hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.", param_hint=option)
    return name.strip(), value


def _tell_test(found: SourceTest) -> int:
    if found.error is None:
        count = f"{words.count(found.tables)} table{'' if found.tables == 1 else 's'}"
        click.echo(f"It opens: {count}, {found.took_s:.1f} s.")
        return Exit.SUCCEEDED
    click.echo(words.clean(f"It does not open. {found.error.message}"), err=True)
    if found.error.hint:
        click.echo(words.clean(found.error.hint), err=True)
    return Exit.FAILED


def _place(source: Source) -> str:
    shown = [f"{key}={value}" for key, value in source.options.items() if key != "path"]
    shown += [f"{key}=***" for key in source.secrets]
    path = source.options.get("path")
    return " ".join([*([path] if path else []), *shown])


def _print_json(records: list[Any]) -> None:
    import msgspec

    for record in records:
        click.echo(msgspec.json.encode(record))


def _call(where: Where, call: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
    async def go(address: Any) -> T:
        from longwatch.client.api import AsyncClient

        async with AsyncClient(address) as api:
            return await call(api)

    with reach(where) as address:
        return asyncio.run(go(address))
