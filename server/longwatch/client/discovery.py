"""Finding the server that runs in a data folder of this machine.

A server leaves `server.json` (mode 0600) there while it runs. A file says nothing about life,
so whatever it names is asked before it is believed.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from longwatch.client.address import Address
from longwatch.client.errors import InvalidAddress
from longwatch.protocol import routes
from longwatch.protocol.health import Live
from longwatch.protocol.wire import UNREADABLE

_ANSWER_WITHIN_S: Final = 2.0
_MOST_BYTES: Final = 64 * 1024


class ServerFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the file of a running server holds."""

    url: str
    token: str
    pid: int
    certificate: str = ""
    """PEM, of a server that speaks TLS: the one to expect."""

    @property
    def address(self) -> Address:
        """Where it is. Raises `InvalidAddress` when the file says nonsense."""
        return Address.parse(self.url, self.token, self.certificate)


def read_server_file(path: Path) -> ServerFile | None:
    """What the file holds; `None` when it is missing, unreadable or no such file."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=ServerFile)
    except (OSError, *UNREADABLE):
        return None


def write_server_file(path: Path, content: ServerFile) -> None:
    """Write the file whole or not at all, readable by its owner alone. Raises `OSError`."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        # mkstemp makes it 0600, so the token is at no moment readable by others.
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(content))
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def find_local(data_dir: Path) -> Address | None:
    """The server that runs in this data folder and answers; `None` if there is none.

    Takes a millisecond when there is one or none, two seconds at most when it hangs.
    """
    found = read_server_file(data_dir / routes.SERVER_FILE)
    if found is None:
        return None
    try:
        address = found.address
    except InvalidAddress:
        return None
    return address if address.is_loopback and is_alive(address) else None


def is_alive(address: Address) -> bool:
    """Whether a Longwatch server answers there. The question carries no token."""
    parts = urlsplit(address.url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    # http.client looks at no proxy setting, as it should be for this machine.
    try:
        if address.is_encrypted:
            connection = http.client.HTTPSConnection(
                host, port, timeout=_ANSWER_WITHIN_S, context=address.tls()
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_WITHIN_S)
    except InvalidAddress:
        return False
    try:
        connection.request("GET", parts.path + routes.HEALTH_LIVE)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            return False
        return msgspec.json.decode(answer.read(_MOST_BYTES), type=Live).status == "live"
    except (OSError, http.client.HTTPException, *UNREADABLE):
        return False
    finally:
        connection.close()
