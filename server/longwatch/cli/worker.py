"""`longwatch worker`: carries out what a server elsewhere has; `longwatch workers`: who does."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, reach, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from longwatch.client.address import Address
    from longwatch.protocol.worker import Worker, WorkerList

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")


class _Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them, of which some become parts of names elsewhere."""

    name = "names"

    def convert(
        self,
        value: str | tuple[str, ...],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(one.strip() for one in value.split(",") if one.strip()))
        for one in names:
            if _NAME.fullmatch(one) is None:
                self.fail(
                    f"{one!r}: use letters, digits, hyphens, dots and underscores", param, ctx
                )
        if not names:
            self.fail("name at least one", param, ctx)
        return names


@click.command
@click.option("--server", metavar="URL", help="The server.  [default: $LONGWATCH_URL]")
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that holds a token for workers.  [default: $LONGWATCH_TOKEN(_FILE)]",
)
@click.option(
    "--broker", metavar="URL", envvar="LONGWATCH_BROKER", required=True, help="redis://host:6379/0"
)
@click.option(
    "--broker-password-file",
    envvar="LONGWATCH_BROKER_PASSWORD_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that holds the broker's password; or else $LONGWATCH_BROKER_PASSWORD.",
)
@click.option(
    "--queues",
    type=_Names(),
    default="longwatch",
    show_default=True,
    help="Whose jobs to take: the queues of sources, with commas between them.",
)
@click.option(
    "--concurrency", type=click.IntRange(1, 256), default=1, show_default=True, help="Jobs at once."
)
@click.option("--name", help="What others call it.  [default: the machine's name and a number]")
@click.option(
    "--work-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where queries spill and results begin.  [default: in the data folder]",
)
@click.option(
    "--results-dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The server's `jobs` folder, where this machine sees it too: results are then put there "
    "instead of being sent.",
)
@click.option(
    "--drain",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="When told to stop, give queries that only read back after so long.  [default: never]",
)
@click.option(
    "--plain-http", is_flag=True, help="Speak to another machine without TLS: the network is safe."
)
def worker(
    server: str | None,
    token_file: Path | None,
    broker: str,
    broker_password_file: Path | None,
    queues: tuple[str, ...],
    concurrency: int,
    name: str | None,
    work_dir: Path | None,
    results_dir: Path | None,
    drain: float | None,
    plain_http: bool,
) -> int:
    """Carry out jobs for a server, until SIGTERM or Ctrl+C; what runs then is finished.

    Hints come from the broker, all else from the server: the worker needs its address and a token
    of the role `worker`, and no password of any database. Paths of sources are looked for here.
    """
    address = _address(server, token_file)
    if not (address.is_encrypted or address.is_loopback or plain_http):
        raise Failure(
            f"{address.url} is another machine, and the secrets of sources would cross the network "
            "in the clear. Give its https:// address, or say --plain-http where the network is "
            "safe.",
            Exit.USAGE,
        )
    own = name or f"{_host()}-{os.getpid()}"
    if _NAME.fullmatch(own) is None:
        raise Failure(f"{own!r} is no name for a worker: use letters and digits.", Exit.USAGE)
    try:
        from longwatch.execution.celery_broker import Broker, InvalidBroker
        from longwatch.execution.contract import BrokerRefuses
        from longwatch.worker.options import WorkerOptions
        from longwatch.worker.program import WorkerBusy, run_worker
    except ModuleNotFoundError as error:
        raise Failure(
            f"Workers need the extra `celery` ({error.name} is missing): pip install "
            "'longwatch[celery]'.",
            Exit.USAGE,
        ) from error
    from longwatch.paths import default_data_dir

    try:
        found = Broker.parse(broker, _password(broker_password_file))
    except InvalidBroker as error:
        raise Failure(str(error), Exit.USAGE) from error
    home = (results_dir / ".workers") if results_dir else default_data_dir() / "workers"
    options = WorkerOptions(
        address=address,
        broker=found,
        name=own,
        queues=queues,
        concurrency=concurrency,
        work_dir=(work_dir or home / own).absolute(),
        results_dir=results_dir.absolute() if results_dir else None,
        drain_s=drain,
    )
    many = "" if concurrency == 1 else f", {concurrency} jobs at once"
    click.echo(
        f"Worker {own} takes jobs of {', '.join(queues)} for {address.url}{many}; Ctrl+C stops it.",
        err=True,
    )
    try:
        return run_worker(options)
    except WorkerBusy as error:
        raise Failure(str(error), Exit.UNREACHABLE) from error
    except BrokerRefuses as error:
        told = str(error)
        raise Failure(f"{told[0].upper()}{told[1:]}.", Exit.UNREACHABLE) from error
    except OSError as error:
        raise Failure(f"{options.work_dir} cannot be used: {error}.", Exit.FAILED) from error


@click.command(name="workers")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def list_workers(as_json: bool, where: Where) -> None:
    """List who carries jobs out for the server."""
    with reach(where, may_start=False) as address:
        found = asyncio.run(_fetch(address))
    if found.trouble is not None:
        click.echo(f"The broker: {words.clean(found.trouble)}.", err=True)
    if as_json:
        import msgspec

        for one in found.workers:
            click.echo(msgspec.json.encode(one))
        return
    if found.executor == "local":
        click.echo("This server carries its queries out itself.", err=True)
        return
    if not found.workers:
        click.echo("No workers. Start one with `longwatch worker`.", err=True)
        return
    now = datetime.now(UTC)
    header = ("NAME", "STATE", "JOBS", "QUEUES", "HEARD", "SINCE", "HOST", "VERSION")
    for line in tables.aligned(header, [_row(one, now) for one in found.workers]):
        click.echo(words.clean(line))


def _row(one: Worker, now: datetime) -> tuple[str, ...]:
    state = "draining" if one.draining else "ready"
    return (
        one.name,
        state if one.is_there else "away",
        f"{len(one.jobs)}/{one.concurrency}",
        ",".join(one.queues),
        f"{max(0, round((now - one.heard_at).total_seconds()))} s ago",
        words.clock(one.since),
        one.host,
        one.version,
    )


async def _fetch(address: Address) -> WorkerList:
    from longwatch.client.api import AsyncClient

    async with AsyncClient(address) as api:
        return await api.workers()


def _address(server: str | None, token_file: Path | None) -> Address:
    from longwatch.connecting import remote_address

    address = remote_address(server, None, token_file=token_file, environment=os.environ)
    if address is None:
        raise click.UsageError("Give the --server whose jobs to carry out, or set LONGWATCH_URL.")
    return address


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get("LONGWATCH_BROKER_PASSWORD")
    try:
        return file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(
            f"The broker's password cannot be read from {file}: {error}.", Exit.USAGE
        ) from error


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9\-]", "-", socket.gethostname()).strip("-")[:60] or "worker"
