"""`longwatch token` and `longwatch audit`: who may use the server, and who did what."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from longwatch.cli import tables
from longwatch.cli.connection import Where, server_options
from longwatch.cli.exits import Exit, Failure
from longwatch.client import words

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from longwatch.client.api import AsyncClient
    from longwatch.protocol.people import AuditPage, NewToken, Role, Token

T = TypeVar("T")
_ROLES = ("viewer", "analyst", "admin", "worker")


class People(Protocol):
    """What is asked of a server, or of the data folder of one that does not run."""

    def create_token(
        self, name: str, role: Role, *, expires_days: float | None = None
    ) -> Coroutine[Any, Any, NewToken]: ...

    def tokens(self) -> Coroutine[Any, Any, list[Token]]: ...

    def revoke_token(self, token_id: str) -> Coroutine[Any, Any, Token]: ...

    def audit(
        self, *, cursor: str | None = None, limit: int = 100
    ) -> Coroutine[Any, Any, AuditPage]: ...


@click.group(name="token")
def token() -> None:
    """Make, list and revoke the tokens that people use the server with.

    Of the server that runs in the data folder, or of one elsewhere (--server). Where none runs in
    the data folder they are kept there, for its next start.
    """


@token.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    required=True,
    help="viewer reads; analyst also runs queries; admin may do everything; worker is for workers.",
)
@click.option(
    "--expires-days",
    type=click.FloatRange(min=0, min_open=True, max=3650),
    help="Days after which it is no good any more. Default: it is good until it is revoked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the token and its record as JSON.")
@server_options
def create(name: str, role: str, expires_days: float | None, as_json: bool, where: Where) -> None:
    """Make a token for the person NAME, and print it: this once, for it is not kept."""
    from longwatch.protocol.people import Role

    async def make(people: People) -> NewToken:
        return await people.create_token(name, Role(role), expires_days=expires_days)

    made = _ask(where, make)
    if as_json:
        _print_json([made])
        return
    click.echo(made.secret)
    click.echo(
        f"Made {made.token.id} for {words.clean(made.token.name)}. Give them the line above by a "
        "way that nobody else reads; it will not be shown again.",
        err=True,
    )


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def list_tokens(as_json: bool, where: Where) -> None:
    """List every token there is or was, the newest first."""
    found = _ask(where, lambda people: people.tokens())
    if as_json:
        _print_json(found)
        return
    if not found:
        click.echo("No tokens. Make one with `longwatch token create NAME --role …`.", err=True)
        return
    header = ("ID", "NAME", "ROLE", "BEGINS", "CREATED", "LAST USED", "EXPIRES", "REVOKED")
    rows = [[one.id, one.name, one.role.value, f"lw_{one.prefix}", *_moments(one)] for one in found]
    for line in tables.aligned(header, rows):
        click.echo(words.clean(line))


@token.command()
@click.argument("token_id", metavar="ID")
@server_options
def revoke(token_id: str, where: Where) -> None:
    """Let the token ID in no more. Open feeds and running downloads in its name end at once."""
    revoked = _ask(where, lambda people: people.revoke_token(token_id))
    click.echo(f"Revoked {revoked.id} of {words.clean(revoked.name)}.")


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@server_options
def audit(limit: int, as_json: bool, where: Where) -> None:
    """Show who did what to tokens, sources, backups and the jobs of others, newest first."""

    async def fetch(people: People) -> tuple[list[Any], bool]:
        lines: list[Any] = []
        cursor: str | None = None
        while len(lines) < limit:
            page = await people.audit(cursor=cursor, limit=min(500, limit - len(lines)))
            lines += page.lines
            cursor = page.next
            if cursor is None:
                break
        return lines, cursor is not None

    lines, more = _ask(where, fetch)
    if as_json:
        _print_json(lines)
        return
    header = ("WHEN", "WHO", "ROLE", "WHAT", "TO", "")
    rows = [
        [_moment(one.at), one.who, one.role.value, one.action, one.target, one.detail]
        for one in lines
    ]
    for line in tables.aligned(header, rows):
        click.echo(words.clean(line))
    if more:
        click.echo("There is more; --limit shows it.", err=True)


def _ask(where: Where, call: Callable[[People], Coroutine[Any, Any, T]]) -> T:
    """What a server says, or the data folder of one that does not run."""
    from longwatch.client.discovery import find_local
    from longwatch.paths import default_data_dir

    address = where.remote()
    folder = (where.data_dir or default_data_dir()).expanduser().absolute()
    address = address or find_local(folder)
    if address is None:
        return _at_rest(folder, call)

    async def go() -> T:
        from longwatch.client.api import AsyncClient

        async with AsyncClient(address) as api:
            client: AsyncClient = api
            return await call(client)

    return asyncio.run(go())


def _at_rest(folder: Path, call: Callable[[People], Coroutine[Any, Any, T]]) -> T:
    from longwatch.cli.backup import locked
    from longwatch.cli.people_at_rest import PeopleAtRest, Refused

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(folder) as mine:
            if not mine:
                raise Failure(
                    f"A process holds {folder} and does not answer. `longwatch doctor` says what "
                    "to do.",
                    Exit.UNREACHABLE,
                )
            with PeopleAtRest(folder) as people:
                return asyncio.run(call(people))
    except OSError as error:
        raise Failure(f"The data folder {folder} cannot be used: {error}.", Exit.FAILED) from error
    except Refused as error:
        raise Failure(str(error), error.code) from error


def _moments(token: Token) -> list[str]:
    moments = (token.created_at, token.last_used_at, token.expires_at, token.revoked_at)
    return [_moment(one) if one else "-" for one in moments]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _print_json(records: list[Any]) -> None:
    import msgspec

    for record in records:
        click.echo(msgspec.json.encode(record))
