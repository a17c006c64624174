"""Why no server could be started.

HostError
├── DataDirUnusable   the data folder cannot be made or written
├── AlreadyServing    a server runs in this data folder; `address` says where
├── DataDirBusy       a process holds this data folder and does not answer
├── Insecure          others would reach it without TLS, or the certificate is of no use
├── BindFailed        the address to listen on is taken, or not this machine's
└── StartFailed       the server itself could not start, or not in time
"""

from __future__ import annotations

from pathlib import Path

from longwatch.client.address import Address
from longwatch.client.discovery import read_server_file
from longwatch.protocol.routes import SERVER_FILE


class HostError(Exception):
    """No server could be started."""


class DataDirUnusable(HostError):
    """The data folder cannot be made or written."""

    def __init__(self, data_dir: Path, reason: OSError) -> None:
        super().__init__(
            f"The data folder {data_dir} cannot be used: {reason.strerror or reason}. Give it to "
            "this user, or choose another with --data-dir."
        )


class AlreadyServing(HostError):
    """A server runs in this data folder already."""

    def __init__(self, data_dir: Path, address: Address) -> None:
        super().__init__(f"A server already runs in {data_dir}, at {address.url}.")
        self.address = address


class DataDirBusy(HostError):
    """Another process holds this data folder and does not answer."""

    def __init__(self, data_dir: Path) -> None:
        left = read_server_file(data_dir / SERVER_FILE)
        who = f"Process {left.pid}" if left else "Another process"
        super().__init__(
            f"{who} holds the data folder {data_dir} and does not answer. Wait for it to end, or "
            "end it, then start again."
        )


class BindFailed(HostError):
    """The address cannot be listened on."""

    def __init__(self, host: str, port: int, reason: OSError) -> None:
        super().__init__(
            f"Port {port} of {host} cannot be listened on: {reason.strerror or reason}. Choose "
            "another port; 0 takes any free one."
        )


class Insecure(HostError):
    """The server would protect nobody, or cannot prove who it is; says what to do."""


class StartFailed(HostError):
    """The server could not start."""


def explained(error: BaseException) -> HostError:
    """What a start that failed for `error` raises."""
    if isinstance(error, HostError):
        return error
    from longwatch.security.certificates import CertificateUnusable  # noqa: PLC0415 - if it fails
    from longwatch.security.exposure import Exposed  # noqa: PLC0415

    if isinstance(error, Exposed | CertificateUnusable):
        return Insecure(str(error))
    if isinstance(error, SystemExit):
        return StartFailed("The server could not start; server.log in the data folder says more.")
    return StartFailed(f"The server could not start: {error}")
