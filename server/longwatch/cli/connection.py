"""Which server a command talks to: the options for it, and getting at it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from longwatch.cli.exits import Exit, Failure

if TYPE_CHECKING:
    from longwatch.client.address import Address

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Where:
    """What was said about the server to use."""

    server: str | None
    token_file: Path | None
    data_dir: Path | None
    certificate_file: Path | None = None

    def remote(self) -> Address | None:
        """The server that is named, here or in the environment. Raises `InvalidAddress`."""
        from longwatch.connecting import remote_address

        if self.server is not None and self.data_dir is not None:
            raise click.UsageError("Give either --server or --data-dir, not both.")
        if self.data_dir is not None:
            return None
        return remote_address(
            self.server,
            None,
            token_file=self.token_file,
            certificate_file=self.certificate_file,
            environment=os.environ,
        )


_server_option = click.option(
    "--server",
    metavar="URL",
    help="The server to use. Default: $LONGWATCH_URL, else the one on this machine.",
)
_token_file_option = click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that holds the server's token. Default: $LONGWATCH_TOKEN(_FILE).",
)
_certificate_option = click.option(
    "--certificate",
    "certificate_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="PEM file: the one certificate that the server may show. "
    "Default: $LONGWATCH_CERTIFICATE_FILE, else any that this machine trusts.",
)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The data folder of this machine's server. Default: $LONGWATCH_DATA_DIR or the user's.",
)


def server_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `--server`, `--token-file`, `--certificate` and `--data-dir`, handed over as
    `where`."""

    @functools.wraps(command)
    def with_where(
        *,
        server: str | None,
        token_file: Path | None,
        data_dir: Path | None,
        certificate_file: Path | None,
        **rest: Any,
    ) -> R:
        return command(where=Where(server, token_file, data_dir, certificate_file), **rest)

    wrapped: Callable[..., R] = with_where
    for option in (data_dir_option, _certificate_option, _token_file_option, _server_option):
        wrapped = option(wrapped)
    return wrapped


@contextmanager
def reach(where: Where, *, may_start: bool = True, instead: str = "") -> Iterator[Address]:
    """The server to talk to: the named one, the one that runs in the data folder, or one started
    now and stopped at the end.

    Raises `InvalidAddress`, `longwatch.host.HostError`, and `Failure` when none runs and none
    may be started; it then says what else could be done `instead`.
    """
    from longwatch.connecting import open_local

    address = where.remote()
    if address is not None:
        yield address
        return
    local = open_local(where.data_dir, start=may_start)
    if local is None:
        raise Failure(
            "No server runs on this machine, and one started by this command would end with it. "
            f"Start one with `longwatch serve`, or open the window{instead}.",
            Exit.UNREACHABLE,
        )
    try:
        yield local.address
    finally:
        if local.thread is not None:
            local.thread.stop()
