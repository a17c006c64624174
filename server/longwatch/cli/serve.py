"""`longwatch serve`: a server without a window."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from longwatch.cli.connection import data_dir_option
from longwatch.cli.exits import Exit, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from longwatch.client.address import Address

_STOP_WITHIN_S: Final = 10.0
_THRESHOLDS: Final = (700, 10, 100)
"""The last is 10 by default: a full collection each hundred thousand objects that stay."""
_LOOK_S: Final = 0.5
_SIGNALS: Final = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]


@click.command
@click.option("--host", default=None, help="The address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="The port; 0 takes any free one.  [default: 0]",
)
@data_dir_option
@click.option(
    "--store",
    metavar="URL",
    help="Keep jobs in PostgreSQL: postgresql://user@host/database. Other processes can read it "
    "here: name a password in $PGPASSFILE, or the whole URL in $LONGWATCH_STORE_FILE.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Written once the server answers, mode 0600: JSON url, token, pid. Removed at the end.",
)
@click.option(
    "--until-idle",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End by itself once nothing has run, waited or listened for so long.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    envvar="LONGWATCH_BEHIND_PROXY",
    help="A TLS proxy stands before it; needed to listen beyond this machine.",
)
@click.option(
    "--tls-certificate",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Speak TLS with this certificate: a PEM file, its chain behind it.",
)
@click.option(
    "--tls-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The certificate's key, if it is not in the same file.",
)
@click.option(
    "--tls-self-signed",
    is_flag=True,
    help="Speak TLS with a certificate made at the first start; its fingerprint is printed.",
)
@click.option(
    "--executor",
    type=click.Choice(["local", "celery"]),
    default=None,
    help="Who carries queries out: this machine, or Celery workers.  [default: local]",
)
@click.option(
    "--broker",
    metavar="URL",
    default=None,
    help="The broker of Celery workers, as redis://host:6379/0; its password also by "
    "$LONGWATCH_BROKER_PASSWORD(_FILE).",
)
def serve(
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    store: str | None,
    ready_file: Path | None,
    until_idle: float | None,
    behind_proxy: bool,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_self_signed: bool,
    executor: str | None,
    broker: str | None,
) -> int:
    """Run the server until SIGTERM or Ctrl+C, a second one of which does not wait for queries.

    It makes a new token at each start and keeps it, with its URL, in the ready file and in
    server.json of the data folder, both readable by this user alone. $LONGWATCH_TOKEN or
    $LONGWATCH_TOKEN_FILE give it a token of your own.
    """
    from longwatch.host import AlreadyServing, Insecure, ServerThread

    chosen: dict[str, Any] = {
        "host": host,
        "port": port,
        "store": store,
        "behind_proxy": behind_proxy or None,
        "tls_certificate": tls_certificate,
        "tls_key": tls_key,
        "tls_self_signed": tls_self_signed or None,
        "executor": executor,
        "broker": broker,
    }
    settings = {name: value for name, value in chosen.items() if value is not None}
    with stop_signals() as stop:
        server = ServerThread(data_dir, configured_token=True, until_idle_s=until_idle, **settings)
        try:
            address = server.start()
        except AlreadyServing as error:
            raise Failure(
                f"A server already runs in this data folder, at {error.address.url}. Use that "
                "one, or give another --data-dir.",
                Exit.UNREACHABLE,
            ) from error
        except Insecure as error:
            raise Failure(str(error), Exit.USAGE) from error
        _settle()
        try:
            with _ready_file(ready_file, address):
                click.echo(f"Longwatch serves at {address.url}; Ctrl+C stops it.", err=True)
                if server.certificate is not None:
                    fingerprint = server.certificate.fingerprint
                    click.echo(f"Its certificate's SHA-256 fingerprint is {fingerprint}", err=True)
                while not stop.wait(_LOOK_S) and not server.ended.is_set():
                    pass
                click.echo("Stopping.", err=True)
        finally:
            # A second signal means it.
            stop.again = server.hurry
            stopped = server.stop(_STOP_WITHIN_S, wind_down=True)
    if not stopped:
        raise Failure("The server did not stop in time.", Exit.FAILED)
    return Exit.SUCCEEDED


def _settle() -> None:
    """Take what a start has made, and the server keeps, out of the garbage collector's sight.

    A full collection stops every request while it walks all of it: 55 to 90 ms, seen at 200
    submits a second, where the 99th percentile of reading a job went from 7–31 ms to 3 without it.
    What a thousand clients that come back make lives long too: without a higher threshold two full
    collections fall into that second, and hold every request up for 100 ms each.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


class _Stop(threading.Event):
    """Set by the first signal to stop; what a second one does is `again`."""

    again: Callable[[], None] = staticmethod(lambda: None)

    def heard(self) -> None:
        """A signal came."""
        if self.is_set():
            self.again()
        self.set()


@contextlib.contextmanager
def stop_signals() -> Iterator[_Stop]:
    """What the signals to stop set, instead of what they did before."""
    stop = _Stop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    # A server started under nohup ignores SIGHUP, and goes on doing so.
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, lambda *_: stop.heard())
    try:
        yield stop
    finally:
        for number in taken:
            signal.signal(number, before[number])


@contextlib.contextmanager
def _ready_file(path: Path | None, address: Address) -> Iterator[None]:
    """The ready file, for as long as the server answers. Raises `Failure` if it can't be made."""
    if path is None:
        yield
        return
    from longwatch.client.discovery import ServerFile, read_server_file, write_server_file

    mine = ServerFile(
        url=address.url,
        token=address.token,
        pid=os.getpid(),
        certificate=address.certificate,
    )
    try:
        write_server_file(path, mine)
    except OSError as error:
        raise Failure(f"The ready file {path} cannot be written: {error}.", Exit.USAGE) from error
    try:
        yield
    finally:
        # Another server may have been told to use the same file since.
        if read_server_file(path) == mine:
            with contextlib.suppress(OSError):
                path.unlink()
